"""Who has time: from what is stored, so that nobody waits for a calendar server.

Of others only *busy* leaves this module, never what keeps them busy. A person is known when all the calendars they
show have been read and can still be read; of anybody else nothing is claimed. Taken is what a meeting takes: not what
was declined or cancelled, and not what leaves the time free for others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.agenda import DECLINED, WIDEST_OFFSET, Meeting, day_bounds, meetings_between
from sekretar.calendars.booking import Standing
from sekretar.calendars.model import AccountState, Calendar, CalendarAccount, StoredOccurrence
from sekretar.calendars.reading import horizon

#: What is stored of somebody, and where their days begin.
Zones = Mapping[int, ZoneInfo]


@dataclass(frozen=True, slots=True)
class Busy:
    """A stretch of time that is taken."""

    start: datetime
    end: datetime


async def conflicts(
    session: AsyncSession, person_id: int, zone: ZoneInfo, start: datetime, end: datetime
) -> tuple[Meeting, ...]:
    """The person's own meetings that take some of the time."""
    found = await meetings_between(session, person_id, zone, start, end)
    return tuple(each for each in found if each.expected and not each.transparent and each.end > each.start)


async def known(session: AsyncSession, person_ids: Collection[int]) -> frozenset[int]:
    """Those whose calendars are known."""
    query = (
        select(CalendarAccount.person_id, CalendarAccount.state, Calendar.loaded_at)
        .join(Calendar, Calendar.account_id == CalendarAccount.id)
        .where(CalendarAccount.person_id.in_(person_ids), Calendar.chosen.is_(True))
    )
    found: defaultdict[int, list[bool]] = defaultdict(list)
    for person_id, state, loaded_at in (await session.execute(query)).all():
        found[person_id].append(state == AccountState.ACTIVE and loaded_at is not None)
    return frozenset(person_id for person_id, read in found.items() if all(read))


async def busy(session: AsyncSession, zones: Zones, begin: datetime, end: datetime) -> dict[int, list[Busy]]:
    """When these people are busy between two moments, in order; everybody has an entry, known or not."""
    query = (
        select(
            StoredOccurrence.person_id,
            StoredOccurrence.starts_at,
            StoredOccurrence.ends_at,
            StoredOccurrence.all_day,
        )
        .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
        .where(
            StoredOccurrence.person_id.in_(zones),
            StoredOccurrence.starts_at < end + WIDEST_OFFSET,
            StoredOccurrence.ends_at >= begin - WIDEST_OFFSET,
            StoredOccurrence.cancelled.is_(False),
            StoredOccurrence.transparent.is_(False),
            StoredOccurrence.answer != DECLINED,
            Calendar.chosen.is_(True),
        )
        .order_by(StoredOccurrence.starts_at)
    )
    found: dict[int, list[Busy]] = {person_id: [] for person_id in zones}
    for person_id, starts_at, ends_at, all_day in (await session.execute(query)).all():
        taken = _taken(starts_at, ends_at, zones[person_id] if all_day else None)
        if taken.start < end and taken.end > begin and taken.end > taken.start:
            found[person_id].append(taken)
    return found


async def standings(
    session: AsyncSession, zones: Zones, start: datetime, end: datetime, now: datetime
) -> dict[int, Standing]:
    """Whether each of these people has time from one moment to another."""
    certain = await known(session, zones.keys()) if end <= horizon(now) else frozenset()
    taken = await busy(session, zones, start, end)
    return {person_id: _standing(taken[person_id], certain=person_id in certain) for person_id in zones}


def _standing(taken: Sequence[Busy], *, certain: bool) -> Standing:
    if taken:
        return Standing.BUSY
    return Standing.FREE if certain else Standing.UNKNOWN


def _taken(start: datetime, end: datetime, zone: ZoneInfo | None) -> Busy:
    """Whole days are stored at midnight UTC and mean the days where the person is."""
    if zone is None:
        return Busy(start, end)
    return Busy(day_bounds(start.date(), zone)[0], day_bounds(end.date(), zone)[0])
