"""The job that looks at calendars: each account in its rhythm, none waiting for another.

A due account is claimed by moving its next look ahead, so that a doubled wake-up, another worker or a crash finds
it taken for a while and then due again. A server that is slow or dead takes no more places than its own share.
What a look does is written in `looking`; a failure changes nothing but the account's health.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urljoin

import structlog
from sqlalchemy import ColumnElement, func, not_, select, update

from sekretar.calendars import health
from sekretar.calendars.connecting import SYNC
from sekretar.calendars.health import Claim
from sekretar.calendars.looking import Looking
from sekretar.calendars.model import CalendarAccount
from sekretar.kernel.errors import PeerDown, PeerError, PeerInvalid
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.desk import Desk

#: How many accounts are looked at at once, and how many of them on one host.
MOST_AT_ONCE = 50
MOST_PER_HOST = 10

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
    _running: dict[int, _Running] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._looking = Looking(self.desk, self.vault, self.http, self.hosts)

    async def run(self) -> datetime | None:
        """Begin to look at what is due; returns when something will be due next."""
        for claim, host in await self._claim():
            task = asyncio.create_task(self._look_safely(claim), name=f"sync:{claim.account_id}")
            self._running[claim.account_id] = _Running(host, task)
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
        ended = self._running[account_id]
        others_wait = self._free == 0 or ended.host in self._full_hosts()
        del self._running[account_id]
        if not ended.task.cancelled():
            self.wake(SYNC, None if others_wait else ended.task.result())

    @property
    def _free(self) -> int:
        return MOST_AT_ONCE - len(self._running)

    def _full_hosts(self, also: Sequence[str] = ()) -> set[str]:
        hosts = [*(each.host for each in self._running.values()), *also]
        return {host for host in hosts if hosts.count(host) >= MOST_PER_HOST}

    async def _next_due(self) -> datetime | None:
        """When the first account is due that there is a place for; for the others a look that ends wakes us."""
        if self._free == 0:
            return None
        query = select(func.min(CalendarAccount.next_sync_at)).where(*self._elsewhere(self._full_hosts()))
        async with self.desk.database.reading() as session:
            return await session.scalar(query)

    async def _claim(self) -> list[tuple[Claim, str]]:
        """Take as many due accounts as there are places, each host no more than its share."""
        now = self.desk.now()
        is_due = CalendarAccount.next_sync_at <= now
        async with self.desk.database.reading() as session:
            if not await session.scalar(select(CalendarAccount.id).where(is_due).limit(1)):
                return []
        due = select(CalendarAccount.id, CalendarAccount.home_url).where(is_due)
        due = due.order_by(CalendarAccount.next_sync_at, CalendarAccount.id)
        taken: dict[int, str] = {}
        async with self.desk.database.transaction() as session:
            while free := self._free - len(taken):
                full = self._full_hosts(tuple(taken.values()))
                query = due.where(*self._elsewhere(full), CalendarAccount.id.not_in(taken)).limit(free)
                rows = (await session.execute(query.with_for_update(skip_locked=True))).all()
                if not rows:
                    break
                for account_id, home_url in rows:
                    host = _host(home_url)
                    if host not in self._full_hosts(tuple(taken.values())):
                        taken[account_id] = host
            claimed = update(CalendarAccount).where(CalendarAccount.id.in_(taken))
            await session.execute(claimed.values(next_sync_at=now + CLAIM))
        return [(Claim(account_id, now + CLAIM), host) for account_id, host in taken.items()]

    def _elsewhere(self, full_hosts: set[str]) -> list[ColumnElement[bool]]:
        """Accounts that are not being looked at, on hosts that have a place left."""
        there = [CalendarAccount.home_url.startswith(host, autoescape=True) for host in sorted(full_hosts)]
        return [CalendarAccount.id.not_in(list(self._running)), *(not_(each) for each in there)]

    async def _look_safely(self, claim: Claim) -> datetime | None:
        """Look at an account, whatever happens; returns when it is due again."""
        try:
            return await self._look(claim)
        except Exception as error:
            _log.exception("calendar look failed", account=claim.account_id)
            fault = PeerInvalid("calendar", type(error).__name__)
        try:
            return await health.failed(self.desk, claim, fault, self.rhythm.every)
        except Exception:
            # The database is away as well; the claim ends by itself.
            _log.exception("calendar failure not noted", account=claim.account_id)
            return claim.until

    async def _look(self, claim: Claim) -> datetime | None:
        work = await self._looking.load(claim.account_id)
        if work is None:
            await health.postpone(self.desk, claim.account_id)
            return None
        try:
            async with asyncio.timeout(self.longest_look.total_seconds()):
                seen = await self._looking.look(work)
        except TimeoutError:
            late = PeerDown(work.client.peer, "the look took too long")
            return await health.failed(self.desk, claim, late, self.rhythm.every)
        except PeerError as error:
            if error.peer == "database":
                raise
            return await health.failed(self.desk, claim, error, self.rhythm.every)
        due = seen.again or self.rhythm.next_after(self.desk.now())
        return await health.succeeded(self.desk, claim, due, seen.trouble)


def _host(home_url: str) -> str:
    return urljoin(home_url, "/")
