"""A look that somebody asked for: now instead of in its turn, and with a word about what came of it.

Asking only makes accounts due. They are looked at by the same job, through the same gates, and a server that has
asked for patience gets it. What is found meanwhile is counted where it is told; the person hears the sum when all
their accounts are through, or what is known after a minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts import wording as accounts_wording
from sekretar.calendars.accounts.connecting import SYNC
from sekretar.calendars.accounts.wording import Looked
from sekretar.calendars.keys import refresh_key
from sekretar.calendars.model import AskedRefresh, CalendarAccount, Trouble
from sekretar.calendars.views.agenda import health_of
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk

#: The job that says what came of it.
TASK = "calendars.refreshes"

#: An account is not looked at again on demand before this time is over.
PAUSE = timedelta(seconds=30)

#: Servers that have not answered by then are named instead of waited for.
PATIENCE = timedelta(minutes=1)
#: Until it is tried again when a row is in other hands.
_BUSY = timedelta(seconds=1)


class Standing(Enum):
    """What became of the wish."""

    #: The accounts are being looked at; the outcome will be told.
    BEGUN = "begun"
    #: All of them were looked at a moment ago.
    JUST_DONE = "just_done"


async def ask(session: AsyncSession, accounts: Sequence[CalendarAccount], now: datetime) -> Standing:
    """Have these accounts of one person looked at. One that is being looked at for this reason already joins in."""
    begun = False
    for known in sorted(accounts, key=lambda each: each.id):
        account = await session.get(CalendarAccount, known.id, with_for_update=True, populate_existing=True)
        if account is not None:
            begun = await _ask(session, account, now) or begun
    if begun:
        wake_after_commit(session, SYNC)
        wake_after_commit(session, TASK)
    return Standing.BEGUN if begun else Standing.JUST_DONE


async def _ask(session: AsyncSession, account: CalendarAccount, now: datetime) -> bool:
    row = await session.get(AskedRefresh, account.id)
    if row is not None and (row.told_at is None or now - row.asked_at < PAUSE):
        return row.told_at is None
    if row is None:
        row = AskedRefresh(account_id=account.id)
        session.add(row)
    row.asked_at, row.changes, row.done_at, row.told_at = now, 0, None, None
    if account.trouble == Trouble.LIMITED and account.next_sync_at > now:
        row.done_at = now
    else:
        account.next_sync_at, account.calm_answer, account.listed_at = now, "", None
    return True


async def count_change(session: AsyncSession, account_id: int) -> None:
    """Something has changed that a person would call a change."""
    counted = update(AskedRefresh).where(
        AskedRefresh.account_id == account_id, AskedRefresh.told_at.is_(None)
    )
    await session.execute(counted.values(changes=AskedRefresh.changes + 1))


async def note_done(session: AsyncSession, account_id: int, now: datetime) -> None:
    """A look has ended that nobody has asked to repeat."""
    open_one = AskedRefresh.account_id == account_id, AskedRefresh.done_at.is_(None)
    noted = update(AskedRefresh).where(*open_one).values(done_at=now).returning(AskedRefresh.account_id)
    if (await session.scalars(noted)).all():
        wake_after_commit(session, TASK)


@dataclass(frozen=True)
class Refreshing:
    """Says what came of the looks that were asked for."""

    desk: Desk

    async def tell_due(self) -> datetime | None:
        """Tell everybody whose accounts are through, or who has waited long enough; returns who is next, and when."""
        now = self.desk.now()
        waiting: defaultdict[int, list[AskedRefresh]] = defaultdict(list)
        async with self.desk.database.reading() as session:
            query = select(CalendarAccount.person_id, AskedRefresh).join(
                CalendarAccount, CalendarAccount.id == AskedRefresh.account_id
            )
            for person_id, row in (await session.execute(query.where(AskedRefresh.told_at.is_(None)))).all():
                waiting[person_id].append(row)
        moments = [await self._look(person_id, rows, now) for person_id, rows in waiting.items()]
        return min((each for each in moments if each), default=None)

    async def _look(self, person_id: int, rows: Sequence[AskedRefresh], now: datetime) -> datetime | None:
        until = min(each.asked_at for each in rows) + PATIENCE
        if now < until and any(each.done_at is None for each in rows):
            return until
        async with self.desk.database.transaction() as session:
            person = await self.desk.people.by_id(session, person_id)
            told = person is None or await self._tell(session, person, len(rows), now)
        return None if told else now + _BUSY

    async def _tell(self, session: AsyncSession, person: Person, count: int, now: datetime) -> bool:
        """Returns False when a look, or somebody who leaves, is just busy with one of the rows.

        Nobody is waited for with rows in hand: whoever has the others would wait for these.
        """
        query = (
            select(AskedRefresh)
            .join(CalendarAccount, CalendarAccount.id == AskedRefresh.account_id)
            .where(CalendarAccount.person_id == person.id, AskedRefresh.told_at.is_(None))
            .with_for_update(of=AskedRefresh, skip_locked=True)
        )
        rows = {each.account_id: each for each in await session.scalars(query)}
        if len(rows) < count:
            return False
        looked = [
            Looked(each, rows[each.account_id].changes, through=rows[each.account_id].done_at is not None)
            for each in await health_of(session, person.id)
            if each.account_id in rows
        ]
        for row in rows.values():
            row.told_at = now
        t = self.desk.translator(person)
        message = accounts_wording.refreshed(looked, person.zone, t, now)
        await self.desk.tell(
            session, refresh_key(person.id, now), person, message, expires_at=now + timedelta(hours=1)
        )
        return True
