"""How many times of a new series meet something else: the first of them alone says little about a year of Mondays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.booking.draft import Collisions, Draft, Guests, event_of
from sekretar.calendars.editing import Invitee, new_event
from sekretar.calendars.ics.occurrences import occurrences
from sekretar.calendars.ics.reading import parse_object
from sekretar.calendars.views.agenda import Meeting

#: What is further ahead changes before it comes; more is not read ahead either.
WEEKS = 12


def times_of(draft: Draft, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Beginnings and ends of a series in its first weeks, as a calendar would have them; of a single meeting its own.

    Args:
        draft: the meeting.
        zone: in which a series keeps its time of day.
    """
    if draft.repeat is None:
        return [(draft.start, draft.end)]
    event = event_of(replace(draft, guests=Guests()), zone, Invitee(""))
    text = new_event(event, "draft", draft.start)
    window = (draft.start, draft.start + timedelta(weeks=WEEKS))
    return [(each.start, each.end) for each in occurrences(parse_object(text, zone), window, zone)]


def collisions(times: Sequence[tuple[datetime, datetime]], taken: Sequence[Meeting]) -> Collisions | None:
    """How many of the times meet something; None when none does.

    Args:
        times: in order.
        taken: what takes the person's time.
    """
    met = [
        found
        for start, end in times
        if (found := [each for each in taken if each.start < end and each.end > start])
    ]
    return Collisions(len(met), len(times), min(met[0], key=lambda each: each.start)) if met else None
