"""The calendars in tests/data/ics, each for one habit of a program or one bug of another product."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sekretar.calendars.ics.occurrences import Expansion, expand
from sekretar.calendars.ics.reading import parse_object

ICS = Path(__file__).parents[2] / "data" / "ics"
MOSCOW = ZoneInfo("Europe/Moscow")
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


def expansion(name: str, window: tuple[datetime, datetime] = MARCH) -> Expansion:
    return expand(parse_object((ICS / f"{name}.ics").read_bytes(), MOSCOW), window, MOSCOW)


def shown(name: str, window: tuple[datetime, datetime] = MARCH) -> list[str]:
    """The occurrences as `identity | beginning - end | title`, in UTC."""
    return [
        f"{each.recurrence_id or '-'} | {each.start:%m-%d %H:%M} - {each.end:%m-%d %H:%M} | {each.title}"
        for each in expansion(name, window).occurrences
    ]
