"""The job that reads meetings again in which an address stands that a person has begun or ceased to be known by.

What is stored of a meeting holds the person's own answer, and of a crowd only the attendees worth keeping: both
depend on who the person is. Only the stored texts are looked at, no server is asked, and nothing is announced: the
meetings have not changed. What a crash leaves undone is done after it, because the row that asks for it is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from sqlalchemy import select

from sekretar.calendars.caldav import RemoteObject
from sekretar.calendars.ics.contentlines import unfold
from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject, ChangedAddresses, portions
from sekretar.calendars.sync.applying import BATCH, Applying, Owner
from sekretar.calendars.sync.reading import Reader, Reading, read, unpack
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk

#: Texts looked through at once.
_TEXTS = 500


@dataclass(frozen=True)
class _Work:
    """One account whose person has other addresses than before."""

    person: Person
    account: CalendarAccount
    calendars: Sequence[Calendar]
    #: The addresses that came or went.
    changed: Sequence[str]


@dataclass(frozen=True)
class Recognising:
    """Reads meetings again. `hosts` are the company's own conference hosts."""

    desk: Desk
    hosts: Sequence[str] = ()

    async def run(self) -> datetime | None:
        """Read again whatever somebody's changed addresses ask for."""
        async with self.desk.database.reading() as session:
            query = select(ChangedAddresses.account_id).order_by(ChangedAddresses.account_id)
            accounts = (await session.scalars(query)).all()
        for account_id in accounts:
            while (work := await self._load(account_id)) and not await self._done(work):
                pass
        return None

    async def _load(self, account_id: int) -> _Work | None:
        async with self.desk.database.reading() as session:
            noted = await session.get(ChangedAddresses, account_id)
            account = await session.get(CalendarAccount, account_id)
            if noted is None or account is None:
                return None
            query = select(Calendar).where(Calendar.account_id == account_id, Calendar.chosen.is_(True))
            calendars = (await session.scalars(query.order_by(Calendar.id))).all()
            person = await self.desk.people.by_id(session, account.person_id)
        return _Work(person, account, calendars, noted.addresses) if person else None

    async def _done(self, work: _Work) -> bool:
        """Whether the person's addresses were still the same when all was read."""
        for calendar in work.calendars:
            await self._read_again(work, calendar)
        async with self.desk.database.transaction() as session:
            noted = await session.get(ChangedAddresses, work.account.id, with_for_update=True)
            account = await session.get(CalendarAccount, work.account.id)
            if noted is None or account is None:
                return True
            if (noted.addresses, account.addresses) != (work.changed, work.account.addresses):
                return False
            await session.delete(noted)
        return True

    async def _read_again(self, work: _Work, calendar: Calendar) -> None:
        after = 0
        query = select(CalendarObject).where(CalendarObject.calendar_id == calendar.id)
        query = query.order_by(CalendarObject.id).limit(_TEXTS)
        while True:
            async with self.desk.database.reading() as session:
                rows = (await session.scalars(query.where(CalendarObject.id > after))).all()
            if not rows:
                return
            now = self.desk.now()
            readings = await asyncio.to_thread(self._readings, work, rows, now)
            for some in portions(readings, BATCH):
                await self._store(work, calendar, some, now)
            after = rows[-1].id

    def _readings(self, work: _Work, rows: Sequence[CalendarObject], now: datetime) -> list[Reading]:
        reader = Reader(work.person.zone, frozenset(work.account.addresses), self.hosts)
        texts = ((each, unpack(each.data)) for each in rows)
        return [
            read(RemoteObject(each.href, each.etag, text), reader, now)
            for each, text in texts
            if mentions(text, work.changed)
        ]

    async def _store(
        self, work: _Work, calendar: Calendar, readings: Sequence[Reading], now: datetime
    ) -> None:
        applying = Applying(self.desk, Owner(work.person, work.account.id), calendar, now, silent=True)
        async with self.desk.database.transaction() as session:
            # A look under way at the calendar stores the same: one after the other.
            held = select(Calendar.chosen).where(Calendar.id == calendar.id).with_for_update()
            if not await session.scalar(held):
                return
            query = select(CalendarObject.href, CalendarObject.etag).where(
                CalendarObject.calendar_id == calendar.id,
                CalendarObject.href.in_([each.href for each in readings]),
            )
            etags = {row.href: row.etag for row in await session.execute(query)}
            await applying.upsert(session, [each for each in readings if etags.get(each.href) == each.etag])


def mentions(text: str, addresses: Collection[str]) -> bool:
    """Whether one of these addresses, in lower case, may stand in an object: wrongly yes costs little, no much."""
    whole = unfold(text)
    texts = [whole.lower()]
    if "%" in whole:
        texts.append(unquote(whole).lower())
    return any(address in each for each in texts for address in addresses)
