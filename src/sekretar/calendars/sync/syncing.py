"""The job that looks at calendars: each account in its rhythm, none waiting for another.

A due account is claimed by moving its next look ahead, so that a doubled wake-up, another worker or a crash finds
it taken for a while and then due again. A server that is slow or dead takes no more places than its own share.
Most looks end with a glance (`glancing`) and are stored many at a time; what a full look does is written in
`looking`. A failure changes nothing but the account's health.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts.connecting import SYNC
from sekretar.calendars.caldav import Home
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.sync import health
from sekretar.calendars.sync.courtesy import MOST_PER_HOST, Courtesy
from sekretar.calendars.sync.glancing import Glancing, Subject, Unchanged, note_unchanged, subjects
from sekretar.calendars.sync.glancing import subject as subject_of
from sekretar.calendars.sync.health import Claim
from sekretar.calendars.sync.looking import Looking
from sekretar.kernel.errors import PeerDown, PeerError, PeerInvalid
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.desk import Desk

#: How many accounts are taken at once; how many of them on one host is up to `courtesy`.
MOST_AT_ONCE = 800
#: How many requests one host gets at once.
MOST_ASKED = 40
#: Rounds in a rhythm. What becomes due within a round waits for its end, because a round costs a few questions to
#: the database, as much as many looks.
ROUNDS = 30

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

    def round_from(self, now: datetime) -> datetime:
        """When the round that begins now is over."""
        return now + self.every / ROUNDS


@dataclass(frozen=True, slots=True)
class _Taken:
    """An account that was due. `host`: the address that all accounts of one server begin with."""

    claim: Claim
    subject: Subject
    host: str


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
    _running: dict[int, asyncio.Task[datetime | None]] = field(default_factory=dict)
    #: How many accounts of each host are taken, and the gate that they pass a few at a time.
    _places: Counter[str] = field(default_factory=Counter)
    _gates: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(MOST_ASKED))
    )
    _courtesy: Courtesy = field(init=False)
    #: Whether accounts may be due that found no place.
    _crowded: bool = False
    #: Accounts that a glance found unchanged, to be stored together.
    _unchanged: list[Unchanged] = field(default_factory=list)
    _round_ends: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._looking = Looking(self.desk, self.vault, self.http, self.hosts, self.rhythm.every * 2)
        self._glancing = Glancing(self.vault, self.http)
        self._courtesy = Courtesy(self.rhythm.chance)

    async def run(self) -> datetime | None:
        """Begin to look at what is due; returns when something will be due next."""
        now = self.desk.now()
        self._round_ends = self.rhythm.round_from(now)
        if not self._unchanged:
            async with self.desk.database.reading() as session:
                due = await self._next_due(session, self._places)
            if due is None or due > now:
                return due
        taken, due = await self._claim(now)
        for each in taken:
            self._begin(each)
        return max(due, self._round_ends) if due else None

    @property
    def busy(self) -> bool:
        """Whether any look is under way."""
        return bool(self._running)

    async def close(self) -> None:
        """End the looks under way; what they had not stored is found again."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _begin(self, taken: _Taken) -> None:
        account_id = taken.claim.account_id
        task = asyncio.create_task(self._look_safely(taken), name=f"sync:{account_id}")
        self._running[account_id] = task
        self._places[taken.host] += 1
        task.add_done_callback(functools.partial(self._done, account_id, taken.host))

    def _done(self, account_id: int, host: str, ended: asyncio.Task[datetime | None]) -> None:
        """A look is over: its place is free, and the account is due again at a moment of its own."""
        del self._running[account_id]
        self._places[host] -= 1
        if ended.cancelled():
            return
        # Places are given away many at once, because each round costs a few questions to the database.
        half_empty = self._free == MOST_AT_ONCE // 2 or self._places[host] == MOST_PER_HOST // 2
        if self._crowded and (half_empty or not self._running):
            self.wake(SYNC, None)
        elif not self._running:
            self.wake(SYNC, self._round_ends)
        if due := ended.result():
            self.wake(SYNC, due)

    @property
    def _free(self) -> int:
        return MOST_AT_ONCE - len(self._running)

    async def _claim(self, now: datetime) -> tuple[list[_Taken], datetime | None]:
        """Store what was found unchanged and take what is due.

        Returns:
            What was taken, and when something will be due next. Where something was taken, nobody asks the database
            when that is: the next round begins as soon as this one is over.
        """
        noted, self._unchanged = self._unchanged, []
        places = self._places.copy()
        try:
            async with self.desk.database.transaction() as session:
                if noted:
                    await note_unchanged(session, noted, now)
                taken = await self._take(session, now, places)
                if taken:
                    ids = [each.claim.account_id for each in taken]
                    claimed = update(CalendarAccount).where(CalendarAccount.id.in_(ids))
                    # By the connection: a session would look for each of the rows in its own memory.
                    await (await session.connection()).execute(claimed.values(next_sync_at=now + CLAIM))
                due = self._round_ends if taken else await self._next_due(session, places)
        except BaseException:
            self._unchanged += noted
            raise
        self._crowded = places.total() >= MOST_AT_ONCE or bool(self._full(places))
        return taken, due

    async def _take(self, session: AsyncSession, now: datetime, places: Counter[str]) -> list[_Taken]:
        """As many due accounts as there are places, each host no more than its share; counts them into `places`."""
        due = subjects().where(CalendarAccount.next_sync_at <= now)
        due = due.order_by(CalendarAccount.next_sync_at, CalendarAccount.id)
        taken: dict[int, _Taken] = {}
        while free := MOST_AT_ONCE - places.total():
            most = min(free, MOST_PER_HOST)
            query = due.where(*self._elsewhere(places), CalendarAccount.id.not_in(taken)).limit(most)
            rows = (await session.execute(query.with_for_update(skip_locked=True, of=CalendarAccount))).all()
            for row in rows:
                host = _host(row.home_url)
                if self._has_room(host, places):
                    places[host] += 1
                    taken[row.id] = _Taken(Claim(row.id, now + CLAIM), subject_of(row), host)
            if len(rows) < most:
                break
        return list(taken.values())

    def _full(self, places: Counter[str]) -> list[str]:
        """The hosts that have no place left."""
        hosts = places.keys() | self._courtesy.strained()
        return sorted(host for host in hosts if not self._has_room(host, places))

    def _has_room(self, host: str, places: Counter[str]) -> bool:
        return places[host] < self._courtesy.room(host, places, MOST_AT_ONCE, self.desk.now())

    async def _next_due(self, session: AsyncSession, places: Counter[str]) -> datetime | None:
        """When the first account is due that there is a place for; for the others a look that ends wakes us."""
        if places.total() >= MOST_AT_ONCE:
            return None
        query = select(func.min(CalendarAccount.next_sync_at)).where(*self._elsewhere(places))
        due = await session.scalar(query)
        rested = self._courtesy.next_end_of_rest(self.desk.now())
        return min((each for each in (due, rested) if each), default=None)

    def _elsewhere(self, places: Counter[str]) -> list[ColumnElement[bool]]:
        """Accounts that are not being looked at, on hosts that have a place left."""
        full = [CalendarAccount.home_url.startswith(host, autoescape=True) for host in self._full(places)]
        return [CalendarAccount.id.not_in(list(self._running)), *(not_(each) for each in full)]

    async def _look_safely(self, taken: _Taken) -> datetime | None:
        """Look at an account, whatever happens; returns when it is due again, None when others will tell."""
        claim = taken.claim
        try:
            return await self._look(taken)
        except Exception as error:
            _log.exception("calendar look failed", account=claim.account_id)
            fault = PeerInvalid("calendar", type(error).__name__)
        try:
            return await health.failed(self.desk, claim, fault, self.rhythm.every, self.rhythm.chance())
        except Exception:
            # The database is away as well; the claim ends by itself.
            _log.exception("calendar failure not noted", account=claim.account_id)
            return claim.until

    async def _look(self, taken: _Taken) -> datetime | None:
        claim, host = taken.claim, taken.host
        try:
            async with self._gates[host]:
                await self._courtesy.turn(host)
                glance = await self._glancing.glance(taken.subject, self.desk.now())
                if not glance.unchanged:
                    due = await self._look_closely(taken, glance.home)
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

    async def _look_closely(self, taken: _Taken, home: Home | None) -> datetime | None:
        claim = taken.claim
        work = await self._looking.load(claim.account_id)
        if work is None:
            await health.postpone(self.desk, claim.account_id)
            return None
        if not taken.subject.stands_for(work.account):
            # The person has connected it anew since: the answer is another account's.
            home = None
        try:
            async with asyncio.timeout(self.longest_look.total_seconds()):
                seen = await self._looking.look(work, home)
        except TimeoutError:
            raise PeerDown(work.client.peer, "the look took too long") from None
        due = seen.again or self.rhythm.next_after(self.desk.now())
        return await health.succeeded(
            self.desk,
            claim,
            due,
            calm=seen.calm,
            partly=seen.trouble,
            to_be_continued=seen.again is not None,
        )


def _host(home_url: str) -> str:
    """The beginning that all addresses of a server share."""
    scheme, _, rest = home_url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/"
