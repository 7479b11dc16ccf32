"""What other features ask about people's meetings, answered from what is stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.booking.people_search import people_by_address
from sekretar.calendars.ending.rules import addresses, meeting_of, takes_place
from sekretar.calendars.model import Calendar, CalendarAccount, Reminder, StoredOccurrence, portions
from sekretar.kernel.meetings import Meeting
from sekretar.kernel.people import Person

#: In one answer.
MOST = 200


@dataclass(frozen=True)
class Book:
    """The `MeetingBook` of the calendars."""

    async def between(
        self, session: AsyncSession, person: Person, begin: datetime, end: datetime
    ) -> list[Meeting]:
        query = (
            select(StoredOccurrence, CalendarAccount.addresses)
            .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
            .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
            .where(
                StoredOccurrence.person_id == person.id,
                StoredOccurrence.starts_at >= begin,
                StoredOccurrence.starts_at < end,
                Calendar.chosen.is_(True),
            )
            .order_by(StoredOccurrence.starts_at, StoredOccurrence.id)
            .limit(MOST)
        )
        rows = [row for row in (await session.execute(query)).all() if takes_place(row[0])]
        people = await people_by_address(session, addresses(row[0] for row in rows))
        found: dict[tuple[str, str], Meeting] = {}
        for stored, mine in rows:
            meeting = meeting_of(stored, mine, people)
            if meeting.others:
                found.setdefault((meeting.uid, meeting.recurrence_id), meeting)
        return list(found.values())

    async def reminded(
        self, session: AsyncSession, people: Collection[int], until: datetime
    ) -> set[tuple[int, str]]:
        found: set[tuple[int, str]] = set()
        for some in portions(sorted(people)):
            query = (
                select(StoredOccurrence.person_id, StoredOccurrence.uid)
                .join(Reminder, Reminder.occurrence_id == StoredOccurrence.id)
                .where(
                    Reminder.given_at.is_(None),
                    Reminder.due_at <= until,
                    StoredOccurrence.person_id.in_(some),
                )
            )
            found |= {(person_id, uid) for person_id, uid in (await session.execute(query)).all()}
        return found
