"""The job that looks at calendars: each account in its rhythm, none waiting for another.

A due account is claimed by moving its next look ahead, so that a doubled wake-up, another worker or a crash finds
it taken for a while and then due again. What a look finds is applied calendar by calendar; marks are stored in the
transaction of what they cover. A failure changes nothing but the account's health.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import health
from sekretar.calendars.applying import BATCH, Applying, Owner
from sekretar.calendars.caldav import (
    CalDavClient,
    CalendarState,
    Changes,
    Credentials,
    Marks,
    RemoteCalendar,
    Trust,
    Way,
    changes,
    list_calendars,
    profile_of,
)
from sekretar.calendars.connecting import SYNC, stored_calendar
from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject
from sekretar.calendars.reading import Reader, read
from sekretar.kernel.errors import PeerError, PeerNotFound
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.people import Person
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.desk import Desk

#: How many accounts are looked at at once, and how many of them on one host.
MOST_AT_ONCE = 50
MOST_PER_HOST = 10

#: How long a look may take before the account counts as forgotten by a dead process.
CLAIM = timedelta(minutes=10)

#: An empty calendar that was not empty before is believed when it still is after this long.
SECOND_LOOK = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rhythm:
    """How often accounts are looked at. `chance` spreads them, so that not all come at the same second."""

    every: timedelta
    chance: Callable[[], float] = random.random

    def next_after(self, now: datetime) -> datetime:
        return now + self.every * (0.9 + 0.2 * self.chance())


@dataclass(frozen=True)
class _Work:
    """One account with everything needed to look at it; the password is decrypted only here."""

    account: CalendarAccount
    calendars: Sequence[Calendar]
    person: Person
    client: CalDavClient


@dataclass
class Syncing:
    """The job and the looks that are under way."""

    desk: Desk
    vault: Vault
    http: HttpSessions
    rhythm: Rhythm
    wake: Callable[[str, datetime | None], None]
    hosts: Sequence[str] = ()
    _running: dict[int, asyncio.Task[datetime | None]] = field(default_factory=dict)
    _per_host: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    #: Calendars that were suddenly empty, and when that was seen.
    _suspected: dict[int, datetime] = field(default_factory=dict)

    async def run(self) -> datetime | None:
        """Begin to look at what is due; returns when something will be due next."""
        free = MOST_AT_ONCE - len(self._running)
        for account_id in await self._claim(free):
            task = asyncio.create_task(self._look_safely(account_id), name=f"sync:{account_id}")
            self._running[account_id] = task
            task.add_done_callback(lambda _, done=account_id: self._done(done))  # type: ignore[misc]
        async with self.desk.database.reading() as session:
            due = await session.scalar(select(func.min(CalendarAccount.next_sync_at)))
        return None if len(self._running) >= MOST_AT_ONCE else due

    async def close(self) -> None:
        """End the looks under way; what they had not stored is found again."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _done(self, account_id: int) -> None:
        """A look is over: its place is free, and the account is due again at a moment of its own."""
        was_full = len(self._running) >= MOST_AT_ONCE
        task = self._running.pop(account_id)
        if not task.cancelled():
            self.wake(SYNC, None if was_full else task.result())

    async def _claim(self, most: int) -> Sequence[int]:
        if most <= 0:
            return ()
        now = self.desk.now()
        is_due = CalendarAccount.next_sync_at <= now, CalendarAccount.id.not_in(list(self._running))
        due = select(CalendarAccount.id).where(*is_due).order_by(CalendarAccount.next_sync_at).limit(most)
        async with self.desk.database.reading() as session:
            if not (await session.scalars(due)).first():
                return ()
        async with self.desk.database.transaction() as session:
            ids = (await session.scalars(due.with_for_update(skip_locked=True))).all()
            claimed = update(CalendarAccount).where(CalendarAccount.id.in_(ids))
            await session.execute(claimed.values(next_sync_at=now + CLAIM))
        return ids

    async def _look_safely(self, account_id: int) -> datetime | None:
        """Look at an account, whatever happens; returns when it is due again."""
        try:
            return await self._look(account_id)
        except Exception:
            _log.exception("calendar look failed", account=account_id)
            return self.desk.now() + CLAIM

    async def _look(self, account_id: int) -> datetime | None:
        work = await self._load(account_id)
        if work is None:
            return None
        host = urlsplit(work.account.home_url).netloc
        gate = self._per_host.setdefault(host, asyncio.Semaphore(MOST_PER_HOST))
        try:
            async with gate:
                again = await self._look_at_account(work)
        except PeerError as error:
            return await health.failed(self.desk, account_id, error, self.rhythm.every)
        due = again or self.rhythm.next_after(self.desk.now())
        await health.succeeded(self.desk, account_id, due)
        return due

    async def _load(self, account_id: int) -> _Work | None:
        async with self.desk.database.reading() as session:
            account = await session.get(CalendarAccount, account_id)
            if account is None:
                return None
            query = select(Calendar).where(Calendar.account_id == account_id, Calendar.chosen.is_(True))
            calendars = (await session.scalars(query)).all()
            person = await self.desk.people.by_id(session, account.person_id)
        if person is None or not person.active:
            await health.postpone(self.desk, account_id)
            return None
        credentials = Credentials(account.login, self.vault.decrypt(account.password))
        client = CalDavClient(
            self.http.typed, account.home_url, credentials, profile=profile_of(account.profile)
        )
        return _Work(account, calendars, person, client)

    async def _look_at_account(self, work: _Work) -> datetime | None:
        """Look at all calendars; returns a moment when a sooner look than usual is wanted."""
        marks = await work.client.home_state(work.account.home_url)
        await self._add_new_calendars(work, marks)
        again: list[datetime] = []
        missing: PeerNotFound | None = None
        for calendar in work.calendars:
            known = marks.get(work.client.key(calendar.href))
            try:
                again += await self._look_at_calendar(work, calendar, known)
            except PeerNotFound as error:
                missing = error
        if missing is not None:
            raise missing
        return min(again, default=None)

    async def _look_at_calendar(self, work: _Work, calendar: Calendar, marks: Marks | None) -> list[datetime]:
        now = self.desk.now()
        stored = Marks(calendar.ctag, calendar.sync_token)
        verify = (
            calendar.verified_at is None or now - calendar.verified_at >= work.client.profile.verify_every
        )
        unmoved = marks is not None and marks.unmoved_since(stored) and calendar.trust >= Trust.CTAG
        if unmoved and not verify and calendar.loaded_at is not None:
            return []
        suspected = self._suspected.get(calendar.id)
        found = await changes(
            work.client,
            await self._state(calendar, stored),
            marks=marks,
            verify=verify and calendar.loaded_at is not None,
            confirmed=suspected is not None and now - suspected >= SECOND_LOOK,
        )
        if found.suspicious:
            self._suspected.setdefault(calendar.id, now)
            return [now + SECOND_LOOK]
        self._suspected.pop(calendar.id, None)
        await self._apply(work, calendar, found, now)
        return [] if found.complete else [now]

    async def _state(self, calendar: Calendar, marks: Marks) -> CalendarState:
        query = select(CalendarObject.href, CalendarObject.etag).where(
            CalendarObject.calendar_id == calendar.id
        )
        async with self.desk.database.reading() as session:
            rows = (await session.execute(query)).all()
            etags = {row.href: row.etag for row in rows}
        return CalendarState(calendar.href, marks, etags, Trust(calendar.trust))

    async def _apply(self, work: _Work, calendar: Calendar, found: Changes, now: datetime) -> None:
        owner = Owner(work.person, work.account.id)
        applying = Applying(self.desk, owner, calendar, now, silent=calendar.loaded_at is None)
        reader = Reader(work.person.zone, frozenset(work.account.addresses), self.hosts)
        for start in range(0, len(found.upserts), BATCH):
            batch = found.upserts[start : start + BATCH]
            readings = await asyncio.to_thread(lambda: [read(each, reader, now) for each in batch])  # noqa: B023
            async with self.desk.database.transaction() as session:
                if not await _still_chosen(session, calendar.id):
                    return
                await applying.upsert(session, readings)
        async with self.desk.database.transaction() as session:
            if not await _still_chosen(session, calendar.id):
                return
            await applying.remove(session, sorted(found.deletions))
            await session.execute(
                update(Calendar).where(Calendar.id == calendar.id).values(_new_state(calendar, found, now))
            )

    async def _add_new_calendars(self, work: _Work, marks: Mapping[str, Marks]) -> None:
        """Calendars that were made on the server after the account was connected are shown too."""
        async with self.desk.database.reading() as session:
            query = select(Calendar.href).where(Calendar.account_id == work.account.id)
            known = {work.client.key(href) for href in await session.scalars(query)}
        if not marks.keys() - known:
            return
        remote = await list_calendars(work.client, work.account.home_url)
        new: list[RemoteCalendar] = [each for each in remote if work.client.key(each.href) not in known]
        async with self.desk.database.transaction() as session:
            session.add_all(stored_calendar(work.account, each) for each in new)


async def _still_chosen(session: AsyncSession, calendar_id: int) -> bool:
    """Whether the calendar is still wanted: people disconnect while a look is under way."""
    return bool(await session.scalar(select(Calendar.chosen).where(Calendar.id == calendar_id)))


def _new_state(calendar: Calendar, found: Changes, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"trust": int(found.state.trust)}
    if found.complete:
        values |= {
            "ctag": found.state.marks.ctag,
            "sync_token": found.state.marks.token,
            "loaded_at": calendar.loaded_at or now,
        }
        if found.way in (Way.LISTING, Way.WINDOW):
            values["verified_at"] = now
    return values
