"""What a look at the server changes in our tables, and what is said of it: in the same transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import status, wording
from sekretar.calendars.changes import Change, between
from sekretar.calendars.keys import change_key, meeting_key
from sekretar.calendars.model import Calendar, CalendarObject, Reminder, StoredOccurrence
from sekretar.calendars.reading import Reading, pack, seen
from sekretar.calendars.reminders import DEFAULT_MINUTES
from sekretar.calendars.reminding import plan_reminders
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.people import Person
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.desk import Desk

#: Objects stored in one transaction: the first look at a calendar must not keep other writers waiting.
BATCH = 200


@dataclass(frozen=True)
class Owner:
    """Whose calendar it is."""

    person: Person
    account_id: int


@dataclass(frozen=True)
class Applying:
    """Brings the stored objects and occurrences of one calendar in step with what was read."""

    desk: Desk
    owner: Owner
    calendar: Calendar
    now: datetime
    #: Nothing is announced: a first look, or only the horizon moves.
    silent: bool

    async def upsert(self, session: AsyncSession, readings: Sequence[Reading]) -> None:
        """Store objects that are new or changed."""
        objects = await self._objects(session, [each.href for each in readings])
        stored = await _occurrences(session, [each.id for each in objects.values()])
        fresh: list[StoredOccurrence] = []
        for reading in readings:
            row = objects.get(reading.href)
            before = stored[row.id] if row else []
            reach = _reach(row, reading)
            if row is None:
                row = CalendarObject(calendar_id=self.calendar.id, href=reading.href)
                session.add(row)
            row.etag, row.data, row.expanded_until = reading.etag, pack(reading.data), reading.until
            await session.flush()
            await self._tell(session, reading.uid, self._compare(before, reading.rows, reach))
            fresh += await self._replace(session, row, before, reading.rows)
        await session.flush()
        await plan_reminders(session, fresh, DEFAULT_MINUTES, self.now)
        wake_after_commit(session, status.TASK)

    async def remove(self, session: AsyncSession, hrefs: Sequence[str]) -> None:
        """Forget objects that are gone from the server."""
        objects = await self._objects(session, hrefs)
        stored = await _occurrences(session, [each.id for each in objects.values()])
        for row in objects.values():
            before = stored[row.id]
            uid = before[0].uid if before else ""
            await self._tell(session, uid, self._compare(before, (), row.expanded_until))
        ids = [each.id for each in objects.values()]
        await session.execute(delete(CalendarObject).where(CalendarObject.id.in_(ids)))
        wake_after_commit(session, status.TASK)

    async def _objects(self, session: AsyncSession, hrefs: Sequence[str]) -> dict[str, CalendarObject]:
        query = select(CalendarObject).where(
            CalendarObject.calendar_id == self.calendar.id, CalendarObject.href.in_(hrefs)
        )
        return {each.href: each for each in await session.scalars(query)}

    def _compare(
        self, before: Sequence[StoredOccurrence], after: Sequence[dict[str, Any]], reach: datetime | None
    ) -> Change | None:
        if self.silent:
            return None
        return between(
            seen(before), seen(after), self.now, reach or datetime.max.replace(tzinfo=self.now.tzinfo)
        )

    async def _tell(self, session: AsyncSession, uid: str, change: Change | None) -> None:
        if change is None or not self.owner.person.active:
            return
        person = self.owner.person
        message = wording.change(change, person, self.desk.translator(person))
        first = meeting_key(self.owner.account_id, self.calendar.id, uid)
        known = bool(await sent.lane_of(session, first))
        await outgoing.direct(
            session,
            key=change_key(self.owner.account_id, self.calendar.id, uid, self.now) if known else first,
            person=person,
            rendered=self.desk.render(message, person),
            now=self.now,
            reply_to=first if known else "",
            expires_at=change.occurrence.end,
        )

    async def _replace(
        self,
        session: AsyncSession,
        row: CalendarObject,
        before: Sequence[StoredOccurrence],
        after: Sequence[dict[str, Any]],
    ) -> list[StoredOccurrence]:
        """Bring the occurrences of one object in step; returns those that need new reminders.

        Occurrences that are still there keep their row, because what was reminded of hangs on it.
        """
        known = {(each.uid, each.recurrence_id): each for each in before}
        fresh: list[StoredOccurrence] = []
        for values in after:
            occurrence = known.pop((values["uid"], values["recurrence_id"]), None)
            if occurrence is None:
                occurrence = StoredOccurrence(
                    object_id=row.id, calendar_id=self.calendar.id, person_id=self.owner.person.id, **values
                )
                session.add(occurrence)
                fresh.append(occurrence)
                continue
            if _must_be_reminded_again(occurrence, values):
                fresh.append(occurrence)
            for name, value in values.items():
                setattr(occurrence, name, value)
        gone = [each.id for each in known.values()]
        if gone:
            await session.execute(delete(Reminder).where(Reminder.occurrence_id.in_(gone)))
            await session.execute(delete(StoredOccurrence).where(StoredOccurrence.id.in_(gone)))
        return fresh


def _must_be_reminded_again(stored: StoredOccurrence, values: dict[str, Any]) -> bool:
    return (stored.starts_at, stored.all_day) != (values["starts_at"], values["all_day"])


def _reach(row: CalendarObject | None, reading: Reading) -> datetime | None:
    """How far both looks at an object reach."""
    ends = [each for each in (row.expanded_until if row else None, reading.until) if each]
    return min(ends, default=None)


async def _occurrences(
    session: AsyncSession, object_ids: Sequence[int]
) -> defaultdict[int, list[StoredOccurrence]]:
    found: defaultdict[int, list[StoredOccurrence]] = defaultdict(list)
    query = select(StoredOccurrence).where(StoredOccurrence.object_id.in_(object_ids))
    for occurrence in await session.scalars(query.order_by(StoredOccurrence.starts_at)):
        found[occurrence.object_id].append(occurrence)
    return found
