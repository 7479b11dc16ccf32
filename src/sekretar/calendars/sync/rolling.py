"""The job that rolls the horizon on: series are expanded a little further each week, which announces nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, select

from sekretar.calendars.caldav import RemoteObject
from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject
from sekretar.calendars.sync.applying import Applying, Owner
from sekretar.calendars.sync.reading import Reader, horizon, read, unpack
from sekretar.mattermost.desk import Desk

TASK = "calendars.horizon"

#: A series is expanded again once its horizon is this far behind.
STEP = timedelta(days=7)
BATCH = 50

_Row = Row[CalendarObject, Calendar, CalendarAccount]


@dataclass(frozen=True)
class Rolling:
    """Expands series anew whose horizon has come nearer."""

    desk: Desk
    hosts: Sequence[str] = ()

    async def run(self) -> datetime | None:
        """Expand everything that is due."""
        behind = horizon(self.desk.now()) - STEP
        after = 0
        while rows := await self._due(behind, after):
            for row in rows:
                await self._expand(*row)
            after = rows[-1][0].id
        return None

    async def _due(self, behind: datetime, after: int) -> Sequence[_Row]:
        query = (
            select(CalendarObject, Calendar, CalendarAccount)
            .join(Calendar, Calendar.id == CalendarObject.calendar_id)
            .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
            .where(CalendarObject.expanded_until < behind, CalendarObject.id > after)
            .order_by(CalendarObject.id)
            .limit(BATCH)
        )
        async with self.desk.database.reading() as session:
            return (await session.execute(query)).all()

    async def _expand(self, stored: CalendarObject, calendar: Calendar, account: CalendarAccount) -> None:
        now = self.desk.now()
        async with self.desk.database.reading() as session:
            person = await self.desk.people.by_id(session, account.person_id)
        if person is None:
            return
        reader = Reader(person.zone, frozenset(account.addresses), self.hosts)
        remote = RemoteObject(stored.href, stored.etag, unpack(stored.data))
        reading = await asyncio.to_thread(read, remote, reader, now)
        applying = Applying(self.desk, Owner(person, account.id), calendar, now, silent=True)
        async with self.desk.database.transaction() as session:
            # Whoever changes what the reading depends on waits for it, or is noticed.
            await session.get(Calendar, calendar.id, with_for_update=True)
            current = await session.get(CalendarObject, stored.id)
            if current is not None and current.etag == stored.etag:
                await applying.upsert(session, [reading])
