"""The meeting that tests of writing write, and how it is read back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.editing import (
    Edit,
    Edited,
    Timed,
    edited,
)
from sekretar.calendars.ics.occurrences import Occurrence, occurrences
from sekretar.calendars.ics.reading import parse_object

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 9, 9, 0, tzinfo=ZONE)
SPAN = Timed(START, START + timedelta(hours=1))
BORIS = ("boris@example.com",)
PEOPLE_LINES = (
    "ORGANIZER:mailto:anna@example.com",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:boris@example.com",
    "X-KEPT:by everybody",
)


def retitled(title: str) -> Callable[[str], Edited]:
    return lambda data: edited(data, Edit(title=title), now=NOW, zone=ZONE)


def meetings(*texts: str) -> list[Occurrence]:
    window = NOW, NOW + timedelta(days=35)
    return sorted(
        (each for text in texts for each in occurrences(parse_object(text, ZONE), window, ZONE)),
        key=lambda each: each.start,
    )
