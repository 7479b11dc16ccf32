"""What changed between the stored state of an object and what was read of it now.

As a rule the stored occurrences are compared with the new ones, as far as both were expanded. What lies beyond the
horizon is known of one text only: to tell a meeting that was moved there from a cancelled one, and a time that was
cancelled from a series that goes on later, both texts are read as far as that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sekretar.calendars.ics.reading import UnreadableObject
from sekretar.calendars.model import CalendarObject, StoredOccurrence
from sekretar.calendars.sync.changes import Change, Seen, between
from sekretar.calendars.sync.reading import FARTHEST, Reader, Reading, horizon, seen, shown, unpack

_FOREVER = datetime.max.replace(tzinfo=UTC)


def removed(before: Sequence[StoredOccurrence], now: datetime) -> tuple[Change, ...]:
    """What it means that the object is gone."""
    return between(seen(before), (), now, _FOREVER)


async def changed(
    row: CalendarObject | None, before: Sequence[StoredOccurrence], reading: Reading, now: datetime
) -> tuple[Change, ...]:
    """What a person would call the difference between what is stored and what was read.

    Args:
        row: what is stored of the object; None when it is new.
        before: its stored occurrences.
        reading: what was read.
        now: what is over by now does not matter.
    """
    if row is None:
        return between((), seen(reading.rows), now, _FOREVER)
    former, current = seen(before), seen(reading.rows)
    reach = min(row.expanded_until or _FOREVER, reading.until or _FOREVER)
    latest = max((each.start for each in (*former, *current)), default=now)
    if latest <= max(reach, horizon(now)) or reading.reader is None:
        return between(former, current, now, reach)
    until = min(latest, now + FARTHEST) + timedelta(days=1)
    texts = unpack(row.data), reading.data
    old, new = await asyncio.to_thread(_both, texts, reading.reader, now, until)
    return between(old, new, now, until)


def _both(texts: Iterable[str], reader: Reader, now: datetime, until: datetime) -> list[list[Seen]]:
    return [_shown(text, reader, now, until) for text in texts]


def _shown(text: str, reader: Reader, now: datetime, until: datetime) -> list[Seen]:
    try:
        return shown(text, reader, now, until)
    except UnreadableObject:
        # Stored before anybody could read it: it showed nothing.
        return []
