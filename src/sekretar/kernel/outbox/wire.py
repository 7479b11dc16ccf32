"""The line to one peer: what is on its way, what comes next, and whether the peer asked for a pause.

Each peer has a line of its own, so that a mail server that takes a minute for every answer does not hold up
what must be said in the chat.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter

import structlog

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerError, PeerLimited
from sekretar.kernel.outbox import policy
from sekretar.kernel.outbox.ahead import NotReady
from sekretar.kernel.outbox.effects import State
from sekretar.kernel.outbox.policy import Claimed, Delivery, Noted, Outcome, Receipt
from sekretar.kernel.outbox.store import LEASE
from sekretar.kernel.waiting import Patience

#: Does one effect; returns what is worth keeping. Must be able to run again for the same row: see `Delivery`.
Handler = Callable[[Delivery], Awaitable[Receipt | Noted | None]]

_log = structlog.get_logger(__name__)

#: How long a handler that was told to stop may still take, in seconds.
_LAST_WORDS = 1.0
#: How many rows are held for each that can be on the wire: what waits here is sent without a look at the database.
_HELD_FOR_EACH = 20

_moment = attrgetter("due_at")


@dataclass(frozen=True)
class Terms:
    """How deliveries are made."""

    #: How many deliveries are on one line at once.
    concurrency: int
    #: How long one delivery may take; then it counts as the peer being down.
    patience: timedelta
    #: Gives numbers in [0, 1) that spread the pauses.
    random: Callable[[], float]

    def __post_init__(self) -> None:
        if self.patience >= LEASE:
            raise ValueError("a delivery must end before its lease does")


@dataclass(eq=False)
class Wire:
    """Runs the handlers of one peer's kinds, and reports what became of each row."""

    clock: Clock
    terms: Terms
    report: Callable[[Outcome], None]
    #: Called when it may have become quieter.
    freed: Callable[[], None]
    #: Called with the kind of what was delivered, and how long that took.
    observe: Callable[[str, timedelta], None]
    handlers: dict[str, Handler] = field(default_factory=dict)
    paused_until: datetime | None = None
    #: What was claimed before its moment, the nearest first.
    _held: list[Claimed] = field(default_factory=list)
    _letting_go: asyncio.Task[None] | None = None
    _buffer: deque[Claimed] = field(default_factory=deque)
    #: Who delivers, and what: each goes on with the next row as long as there is one.
    _running: dict[asyncio.Task[None], Claimed] = field(default_factory=dict)
    _stopping: bool = False

    def __post_init__(self) -> None:
        self._patience = Patience(self.terms.patience.total_seconds())

    @property
    def busy(self) -> bool:
        return bool(self._running)

    @property
    def holding(self) -> bool:
        """Whether anything waits here for its moment."""
        return bool(self._held)

    @property
    def rushed(self) -> bool:
        """Whether anything waits for a place, or more than half of the places are taken."""
        return bool(self._buffer) or len(self._running) > self.terms.concurrency // 2

    @property
    def provided(self) -> bool:
        """Whether more than half of what may wait does."""
        return len(self._buffer) > _HELD_FOR_EACH * self.terms.concurrency // 2

    def room(self, now: datetime) -> int:
        """How many rows to claim, so that none of the places on the wire is idle while others are claimed."""
        if self._pauses(now):
            return 0
        self.paused_until = None
        return _HELD_FOR_EACH * self.terms.concurrency - len(self._running) - len(self._buffer)

    def take(self, rows: list[Claimed]) -> None:
        """Deliver these rows, in their order, as places become free, none before its moment."""
        self._stopping = False
        now = self.clock.now()
        self._buffer.extend(row for row in rows if row.due_at <= now)
        self._hold([row for row in rows if row.due_at > now])
        self._start()
        self.freed()

    def halt(self) -> None:
        """Start nothing more."""
        self._stopping = True
        self._buffer.clear()
        self.give_back()

    def give_back(self) -> None:
        """Do not wait for the moments of what was claimed before them."""
        self._end_letting_go()
        for row in self._held:
            self.report(policy.released(row, row.due_at))
        self._held = []

    async def stop(self, last_wait: float) -> None:
        """After `halt`: let what is on the wire finish for so many seconds, then break it off."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=last_wait)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(set(self._running), timeout=_LAST_WORDS)
        for row in self._running.values():
            self.report(policy.interrupted(row, self.clock.now()))

    def _pauses(self, now: datetime) -> bool:
        # A clock that was set back must not make a pause longer than a pause can be.
        return self.paused_until is not None and now < self.paused_until <= now + policy.LONGEST_PAUSE

    def _hold(self, rows: list[Claimed]) -> None:
        if rows:
            self._end_letting_go()
            self._held = sorted([*self._held, *rows], key=_moment)
            self._letting_go = asyncio.create_task(self._let_go(), name="outbox:moments")

    async def _let_go(self) -> None:
        while self._held:
            await self.clock.sleep_until(_moment(self._held[0]))
            now = self.clock.now()
            due = bisect_right(self._held, now, key=_moment)
            rows, self._held = self._held[:due], self._held[due:]
            self._buffer.extend(rows)
            if self._pauses(now):
                self._release_buffer()
            self._start()
            self.freed()

    def _end_letting_go(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()

    def _start(self) -> None:
        while len(self._running) < self.terms.concurrency and (row := self._next()):
            task = asyncio.create_task(self._work(row), name=f"outbox:{row.kind}")
            self._running[task] = row
            task.add_done_callback(self._done)

    def _next(self) -> Claimed | None:
        """The next row that may be delivered."""
        while self._buffer:
            row = self._buffer.popleft()
            now = self.clock.now()
            if row.expires_at is not None and row.expires_at <= now:
                self.report(policy.expired(row, now))
            elif now + self.terms.patience >= row.claimed_at + LEASE:
                # It waited so long that another process could take it in the middle of the delivery.
                self.report(policy.released(row, now))
            else:
                return row
        return None

    async def _work(self, row: Claimed) -> None:
        task = asyncio.current_task()
        following: Claimed | None = row
        while following and task:
            self._running[task] = following
            await self._deliver(following)
            self.freed()
            following = self._next()

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._start()
        self.freed()

    async def _deliver(self, row: Claimed) -> None:
        begun = self.clock.now()
        try:
            with self._patience.limit():
                brought = await (row.ready() if row.ready else self.handlers[row.kind](row.delivery()))
        except NotReady:
            self.report(policy.interrupted(row, self.clock.now()))
        except asyncio.CancelledError as error:
            if self._stopping:
                self.report(policy.interrupted(row, self.clock.now()))
            else:
                # Nobody but `stop` cancels a delivery, so this one comes from inside the handler.
                self.report(self._failed(row, error))
        except Exception as error:
            self.report(self._failed(row, error))
        else:
            ended = self.clock.now()
            self.observe(row.kind, ended - begun)
            self.report(policy.delivered(row, ended, brought))

    def _failed(self, row: Claimed, error: BaseException) -> Outcome:
        outcome = policy.failed(row, error, self.clock.now(), self.terms.random)
        if isinstance(error, PeerLimited):
            self._pause(outcome.due_at)
        # The traceback of a fault of our own is worth reading; a refusal of the peer explains itself.
        trace = None if isinstance(error, PeerError | TimeoutError) else error
        facts = {"kind": row.kind, "key": row.key, "attempt": row.attempts + 1, "error": outcome.last_error}
        if outcome.state is State.WAITING:
            _log.warning("outbox_retry", due_at=outcome.due_at.isoformat(), exc_info=trace, **facts)
        else:
            _log.error(f"outbox_{outcome.state}", exc_info=trace, **facts)
        return outcome

    def _pause(self, until: datetime) -> None:
        """Leave the peer alone: nothing is claimed for it, and what was claimed but not started goes back."""
        self.paused_until = max(until, self.paused_until or until)
        self._release_buffer()

    def _release_buffer(self) -> None:
        while self._buffer:
            self.report(policy.released(self._buffer.popleft(), self.clock.now()))
