"""The job that looks at calendars: each account in its rhythm, none waiting for another.

A due account is claimed by moving its next look ahead, so that a doubled wake-up, another worker or a crash finds
it taken for a while and then due again. A server that is slow or dead takes no more places than its own share.
Most looks end with a glance (`glancing`) and are stored many at a time; what a full look does is written in
`looking`. A failure changes nothing but the account's health.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, not_, select, update

from sekretar.calendars import health
from sekretar.calendars.connecting import SYNC
from sekretar.calendars.courtesy import MOST_PER_HOST, Courtesy
from sekretar.calendars.glancing import Glancing, Subject, Unchanged, note_unchanged, subjects
from sekretar.calendars.glancing import subject as subject_of
from sekretar.calendars.health import Claim
from sekretar.calendars.looking import Looking
from sekretar.calendars.model import CalendarAccount
from sekretar.kernel.errors import PeerDown, PeerError, PeerInvalid
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.desk import Desk

#: How many accounts are taken at once; how many of them on one host is up to `courtesy`.
MOST_AT_ONCE = 800
#: How many requests one host gets at once.
MOST_ASKED = 40

#: How long a look may take before the account counts as forgotten by a dead process.
CLAIM = timedelta(minutes=10)
#: A look that takes longer is broken off; what it has stored stays, and the next one goes on from there.
LONGEST_LOOK = timedelta(minutes=8)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rhythm:
    """How often accounts are looked at. `chance` spreads them, so that not all come at the same second."""

    every: timedelta
    chance: Callable[[], float] = random.random

    def next_after(self, now: datetime) -> datetime:
        return now + self.every * (0.9 + 0.2 * self.chance())


@dataclass(frozen=True)
class _Running:
    """A look under way. `host`: the address that all accounts of one server begin with."""

    host: str
    task: asyncio.Task[datetime | None]


@dataclass
class Syncing:
    """The job and the looks that are under way."""

    desk: Desk
    vault: Vault
    http: HttpSessions
    rhythm: Rhythm
    wake: Callable[[str, datetime | None], None]
    hosts: Sequence[str] = ()
    longest_look: timedelta = LONGEST_LOOK
    _looking: Looking = field(init=False)
    _glancing: Glancing = field(init=False)
    _running: dict[int, _Running] = field(default_factory=dict)
    #: How many accounts of each host are taken, and the gate that they pass a few at a time.
    _places: Counter[str] = field(default_factory=Counter)
    _gates: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _courtesy: Courtesy = field(init=False)
    #: Accounts that a glance found unchanged, to be stored together.
    _unchanged: list[Unchanged] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._looking = Looking(self.desk, self.vault, self.http, self.hosts, self.rhythm.every * 2)
        self._glancing = Glancing(self.vault, self.http)
        self._courtesy = Courtesy(self.rhythm.chance)

    async def run(self) -> datetime | None:
        """Begin to look at what is due; returns when something will be due next."""
        for claim, subject in await self._claim():
            task = asyncio.create_task(self._look_safely(claim, subject), name=f"sync:{claim.account_id}")
            host = _host(subject.home_url)
            self._running[claim.account_id] = _Running(host, task)
            self._places[host] += 1
            task.add_done_callback(lambda _, done=claim.account_id: self._done(done))  # type: ignore[misc]
        return await self._next_due()

    @property
    def busy(self) -> bool:
        """Whether any look is under way."""
        return bool(self._running)

    async def close(self) -> None:
        """End the looks under way; what they had not stored is found again."""
        running = [each.task for each in self._running.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _done(self, account_id: int) -> None:
        """A look is over: its place is free, and the account is due again at a moment of its own."""
        ended = self._running.pop(account_id)
        self._places[ended.host] -= 1
        if ended.task.cancelled():
            return
        # Places are given away many at once, because each round costs a few questions to the database.
        half_empty = self._free == MOST_AT_ONCE // 2 or self._places[ended.host] == MOST_PER_HOST // 2
        if half_empty or not self._running:
            self.wake(SYNC, None)
        elif due := ended.task.result():
            self.wake(SYNC, due)

    @property
    def _free(self) -> int:
        return MOST_AT_ONCE - len(self._running)

    def _full_hosts(self, taken: Counter[str] | None = None) -> set[str]:
        places = self._places + taken if taken else self._places
        hosts = places.keys() | self._courtesy.strained()
        return {host for host in hosts if not self._has_room(host, places)}

    def _has_room(self, host: str, places: Counter[str]) -> bool:
        return places[host] < self._courtesy.room(host, places, MOST_AT_ONCE, self.desk.now())

    async def _next_due(self) -> datetime | None:
        """When the first account is due that there is a place for; for the others a look that ends wakes us."""
        if self._free == 0:
            return None
        query = select(func.min(CalendarAccount.next_sync_at)).where(*self._elsewhere(self._full_hosts()))
        async with self.desk.database.reading() as session:
            due = await session.scalar(query)
        rested = self._courtesy.next_end_of_rest(self.desk.now())
        return min((each for each in (due, rested) if each), default=None)

    async def _claim(self) -> list[tuple[Claim, Subject]]:
        """Take as many due accounts as there are places, each host no more than its share."""
        now = self.desk.now()
        is_due = CalendarAccount.next_sync_at <= now
        if not self._unchanged:
            async with self.desk.database.reading() as session:
                if not await session.scalar(select(CalendarAccount.id).where(is_due).limit(1)):
                    return []
        due = subjects().where(is_due).order_by(CalendarAccount.next_sync_at, CalendarAccount.id)
        taken: dict[int, Subject] = {}
        hosts: Counter[str] = Counter()
        noted, self._unchanged = self._unchanged, []
        async with self.desk.database.transaction() as session:
            if noted:
                await note_unchanged(session, noted, now)
            while free := self._free - len(taken):
                query = due.where(*self._elsewhere(self._full_hosts(hosts)), CalendarAccount.id.not_in(taken))
                locked = query.limit(free).with_for_update(skip_locked=True, of=CalendarAccount)
                rows = (await session.execute(locked)).all()
                if not rows:
                    break
                for row in rows:
                    host = _host(row.home_url)
                    if self._has_room(host, self._places + hosts):
                        taken[row.id] = subject_of(row)
                        hosts[host] += 1
            if taken:
                claimed = update(CalendarAccount).where(CalendarAccount.id.in_(taken))
                await session.execute(claimed.values(next_sync_at=now + CLAIM))
        return [(Claim(account_id, now + CLAIM), subject) for account_id, subject in taken.items()]

    def _elsewhere(self, full_hosts: set[str]) -> list[ColumnElement[bool]]:
        """Accounts that are not being looked at, on hosts that have a place left."""
        there = [CalendarAccount.home_url.startswith(host, autoescape=True) for host in sorted(full_hosts)]
        return [CalendarAccount.id.not_in(list(self._running)), *(not_(each) for each in there)]

    async def _look_safely(self, claim: Claim, subject: Subject) -> datetime | None:
        """Look at an account, whatever happens; returns when it is due again, None when others will tell."""
        try:
            return await self._look(claim, subject)
        except Exception as error:
            _log.exception("calendar look failed", account=claim.account_id)
            fault = PeerInvalid("calendar", type(error).__name__)
        try:
            return await health.failed(self.desk, claim, fault, self.rhythm.every, self.rhythm.chance())
        except Exception:
            # The database is away as well; the claim ends by itself.
            _log.exception("calendar failure not noted", account=claim.account_id)
            return claim.until

    async def _look(self, claim: Claim, subject: Subject) -> datetime | None:
        host = _host(subject.home_url)
        gate = self._gates.setdefault(host, asyncio.Semaphore(MOST_ASKED))
        try:
            async with gate:
                await self._courtesy.turn(host)
                if not await self._glancing.is_unchanged(subject, self.desk.now()):
                    due = await self._look_closely(claim)
                    self._courtesy.answered(host)
                    return due
            self._courtesy.answered(host)
            due = self.rhythm.next_after(self.desk.now())
            self._unchanged.append(Unchanged(claim.account_id, claim.until, due))
            return None
        except PeerError as error:
            if error.peer == "database":
                raise
            self._courtesy.failed(host, claim.account_id, error, self.desk.now())
            return await health.failed(self.desk, claim, error, self.rhythm.every, self.rhythm.chance())

    async def _look_closely(self, claim: Claim) -> datetime | None:
        work = await self._looking.load(claim.account_id)
        if work is None:
            await health.postpone(self.desk, claim.account_id)
            return None
        try:
            async with asyncio.timeout(self.longest_look.total_seconds()):
                seen = await self._looking.look(work)
        except TimeoutError:
            raise PeerDown(work.client.peer, "the look took too long") from None
        due = seen.again or self.rhythm.next_after(self.desk.now())
        return await health.succeeded(self.desk, claim, due, calm=seen.calm, partly=seen.trouble)


def _host(home_url: str) -> str:
    """The beginning that all addresses of a server share."""
    scheme, _, rest = home_url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/"
