"""The job that tells other features that meetings have ended, once for each person and time of a meeting.

How far it got is a row, moved on in the transaction in which is told: a crash tells nothing twice and leaves nothing
out, and after a long pause only what ended lately is told. A meeting that stands in two calendars of a person, or is
prolonged after its end, has ended once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.booking.people_search import people_by_address
from sekretar.calendars.ending.rules import addresses, earliest, meeting_of, takes_place
from sekretar.calendars.model import Calendar, CalendarAccount, EndedMeeting, EndsTold, StoredOccurrence
from sekretar.kernel.database import insert_into
from sekretar.kernel.meetings import Meetings
from sekretar.mattermost.desk import Desk

TASK = "calendars.ended"

#: How many are told in one transaction: many meetings end on the full hour.
BATCH = 200

#: Nobody prolongs a meeting after that.
KEPT = timedelta(days=3)

_ONLY = 1

_Row = Row[StoredOccurrence, list[str]]


@dataclass(frozen=True)
class Ending:
    """Tells the ends of meetings."""

    desk: Desk
    meetings: Meetings

    async def tell_due(self) -> datetime | None:
        """Tell all ends up to now; returns when the next meeting ends."""
        while await self._tell_batch() == BATCH:
            pass
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            await session.execute(delete(EndedMeeting).where(EndedMeeting.told_at < now - KEPT))
            return await session.scalar(
                select(func.min(StoredOccurrence.ends_at)).where(StoredOccurrence.ends_at > now)
            )

    async def _tell_batch(self) -> int:
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            told = await _told(session, now)
            rows = await _ended(session, told, now)
            counting = [row for row in rows if takes_place(row[0])]
            people = await people_by_address(session, addresses(row[0] for row in counting))
            for stored, mine in counting:
                if await _is_first(session, stored, now):
                    await self.meetings.ended(session, meeting_of(stored, mine, people), now)
            if len(rows) == BATCH:
                told.until, told.occurrence_id = rows[-1][0].ends_at, rows[-1][0].id
            else:
                told.until, told.occurrence_id = now, 0
        return len(rows)


async def _told(session: AsyncSession, now: datetime) -> EndsTold:
    """How far it got; at the very first time, until now."""
    first = insert_into(session, EndsTold).values(id=_ONLY, until=now, occurrence_id=0)
    await session.execute(first.on_conflict_do_nothing())
    return await session.get_one(EndsTold, _ONLY, with_for_update=True)


async def _ended(session: AsyncSession, told: EndsTold, now: datetime) -> Sequence[_Row]:
    query = (
        select(StoredOccurrence, CalendarAccount.addresses)
        .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .where(
            _after(earliest(told.until, now), told.occurrence_id),
            StoredOccurrence.ends_at <= now,
            Calendar.chosen.is_(True),
            Calendar.follows_up.is_(True),
        )
        .order_by(StoredOccurrence.ends_at, StoredOccurrence.id)
        .limit(BATCH)
    )
    return (await session.execute(query)).all()


def _after(moment: datetime, occurrence_id: int) -> ColumnElement[bool]:
    at_that_moment = and_(StoredOccurrence.ends_at == moment, StoredOccurrence.id > occurrence_id)
    return or_(StoredOccurrence.ends_at > moment, at_that_moment)


async def _is_first(session: AsyncSession, stored: StoredOccurrence, now: datetime) -> bool:
    """Note that this end is told; False where it was already."""
    mark = insert_into(session, EndedMeeting).values(
        person_id=stored.person_id, uid=stored.uid, recurrence_id=stored.recurrence_id, told_at=now
    )
    fresh = await session.execute(mark.on_conflict_do_nothing().returning(EndedMeeting.uid))
    return fresh.first() is not None
