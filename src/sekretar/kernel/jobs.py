"""Work that is due by the clock or by a call: the port, and the engine inside the one process.

Due times live in the tables of whoever owns them. A task is a function that does what is due and says when
something will be due next; the engine's only duty is to call it then, or earlier when somebody asks. So a
lost or doubled wake-up is harmless, and nothing is lost with the process.

The port is narrow enough for procrastinate: there, `add` registers a procrastinate task with a queueing lock
(two calls waiting are one) and a periodic deferral for `at_least_every`; the moment a run returns, and
`wake`, become `defer` with `schedule_at`; a `duty` is held by a lease (`kernel.leases`) by one worker at a
time. Tasks claim their rows in the database, so several workers may run one task at once.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from sekretar.kernel.clock import LONGEST_STEP, Clock

#: Does what is due; returns when something will be due next, None when nothing is foreseen.
Task = Callable[[], Awaitable[datetime | None]]
#: Runs for as long as the process does.
Duty = Callable[[], Awaitable[None]]

T = TypeVar("T")

_log = structlog.get_logger(__name__)

#: The pause after a first failure; it doubles with each further one in a row.
FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=1)
#: A duty that held out this long starts over with the first pause.
STEADY = timedelta(minutes=1)
#: A task that keeps saying "due now" is still not called more often than this, in seconds.
_SHORTEST_PAUSE = 0.05


@dataclass(frozen=True)
class TaskStatus:
    """How a task or a duty fares, for health and metrics."""

    name: str
    runs: int = 0
    failures: int = 0
    #: Failures since the last success; 0 is healthy.
    failures_in_a_row: int = 0
    #: Since when it runs; None while it waits.
    running_since: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    #: The class of the last error; its text may hold secrets and is only in the log.
    last_error: str | None = None


class Jobs(Protocol):
    """Where features hang their work."""

    def add(self, name: str, task: Task, *, at_least_every: timedelta) -> None:
        """Call the task at start, when it said something is due, when woken, and at least this often."""
        ...

    def duty(self, name: str, run: Duty) -> None:
        """Keep `run` running in exactly one place; when it returns or fails, it is started again."""
        ...

    def wake(self, name: str, at: datetime | None = None) -> None:
        """Have the task called at that moment, or now. A name that nobody added is ignored."""
        ...

    async def run(self) -> None:
        """Do all of it until cancelled."""
        ...


@dataclass(eq=False)
class _Entry:
    """One task or duty and what is known of it."""

    status: TaskStatus
    #: When somebody asked for a run, as a heap; a run answers all that lie before its beginning.
    alarms: list[datetime] = field(default_factory=list)
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class InProcessJobs:
    """The embedded engine: every task and duty is a loop of its own in the event loop of `run`.

    A failure is logged, counted and tried again after a growing pause; it ends neither the loop nor its
    neighbours. `wake` and `add` may be called from any coroutine of the same event loop, before `run` too.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._loops: dict[str, Callable[[], Awaitable[None]]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._set_back = asyncio.Event()

    def add(self, name: str, task: Task, *, at_least_every: timedelta) -> None:
        if at_least_every <= timedelta():
            raise ValueError("a task cannot run without pause")
        entry = self._register(name)
        self._launch(name, lambda: self._repeat(entry, task, at_least_every))

    def duty(self, name: str, run: Duty) -> None:
        entry = self._register(name)
        self._launch(name, lambda: self._keep(entry, run))

    def wake(self, name: str, at: datetime | None = None) -> None:
        entry = self._entries.get(name)
        if entry is None:
            return
        moment = at or self._clock.now()
        if moment not in entry.alarms[:1]:
            heapq.heappush(entry.alarms, moment)
        entry.woken.set()

    def status(self) -> list[TaskStatus]:
        """How every task and duty fares, in the order they were added."""
        return [entry.status for entry in self._entries.values()]

    async def run(self) -> None:
        if self._group is not None:
            raise RuntimeError("the jobs are running already")
        try:
            async with asyncio.TaskGroup() as self._group:
                for name, loop in self._loops.items():
                    self._group.create_task(_run(loop), name=f"job:{name}")
                self._group.create_task(self._watch_clock(), name="jobs:clock")
        finally:
            self._group = None

    async def _watch_clock(self) -> None:
        """When the clock was set back, have everybody who waits for a moment think again."""
        last = self._clock.now()
        while True:
            await asyncio.sleep(LONGEST_STEP.total_seconds())
            now = self._clock.now()
            if now < last:
                for entry in self._entries.values():
                    entry.woken.set()
                self._set_back.set()
                self._set_back = asyncio.Event()
            last = now

    def _register(self, name: str) -> _Entry:
        if name in self._entries:
            raise ValueError(f"two jobs are called {name!r}")
        entry = self._entries[name] = _Entry(TaskStatus(name))
        return entry

    def _launch(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        self._loops[name] = loop
        if self._group is not None:
            self._group.create_task(_run(loop), name=f"job:{name}")

    async def _repeat(self, entry: _Entry, task: Task, at_least_every: timedelta) -> None:
        while True:
            self._begin(entry)
            try:
                due = await _guarded(task)
            except Exception as error:
                await self._pause(self._failed(entry, error))
            else:
                self._succeeded(entry)
                await self._until_due(entry, due, at_least_every)

    async def _keep(self, entry: _Entry, run: Duty) -> None:
        while True:
            started_at = self._begin(entry)
            try:
                await _guarded(run)
            except Exception as error:
                if self._clock.now() - started_at >= STEADY:
                    entry.status = replace(entry.status, failures_in_a_row=0)
                await self._pause(self._failed(entry, error))
            else:
                # It had no reason to end; without a pause a duty that ends at once would spin.
                self._succeeded(entry)
                await self._pause(FIRST_BACKOFF)

    async def _until_due(self, entry: _Entry, due: datetime | None, at_least_every: timedelta) -> None:
        """Wait for the first of: the due time, an alarm, the longest allowed pause."""
        started = asyncio.get_running_loop().time()
        latest = self._clock.now() + at_least_every
        while True:
            now = self._clock.now()
            # When the clock is set back, a pause is still no longer than a pause may be.
            latest = min(latest, now + at_least_every)
            until = min(moment for moment in (due, latest, *entry.alarms[:1]) if moment is not None)
            if until <= now:
                break
            entry.woken.clear()
            await self._first_of(entry.woken, until)
        asked = bool(entry.alarms) and entry.alarms[0] <= now
        rest = started + _SHORTEST_PAUSE - asyncio.get_running_loop().time()
        await asyncio.sleep(0 if asked else rest)

    async def _pause(self, pause: timedelta) -> None:
        """Wait so long, whoever calls: something is broken, and calling more often does not mend it."""
        until = self._clock.now() + pause
        while (now := self._clock.now()) < until:
            until = min(until, now + pause)
            await self._first_of(self._set_back, until)

    async def _first_of(self, event: asyncio.Event, moment: datetime) -> None:
        waiting: list[asyncio.Task[object]] = [
            asyncio.create_task(_as_object(event.wait())),
            asyncio.create_task(_as_object(self._clock.sleep_until(moment))),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    def _begin(self, entry: _Entry) -> datetime:
        now = self._clock.now()
        while entry.alarms and entry.alarms[0] <= now:
            heapq.heappop(entry.alarms)
        entry.status = replace(entry.status, runs=entry.status.runs + 1, running_since=now)
        return now

    def _succeeded(self, entry: _Entry) -> None:
        entry.status = replace(
            entry.status, running_since=None, last_success=self._clock.now(), failures_in_a_row=0
        )

    def _failed(self, entry: _Entry, error: Exception) -> timedelta:
        """Note the failure; returns the pause that follows it."""
        in_a_row = entry.status.failures_in_a_row + 1
        entry.status = replace(
            entry.status,
            running_since=None,
            failures=entry.status.failures + 1,
            failures_in_a_row=in_a_row,
            last_failure=self._clock.now(),
            last_error=type(error).__name__,
        )
        # 2 ** 10 seconds is beyond the longest pause.
        pause: timedelta = min(FIRST_BACKOFF * 2 ** min(in_a_row - 1, 10), LONGEST_BACKOFF)
        _log.error(
            "job_failed",
            job=entry.status.name,
            in_a_row=in_a_row,
            next_try_in=pause.total_seconds(),
            exc_info=error,
        )
        return pause


class CancelledInside(Exception):
    """A task was cancelled from inside: by something it awaited, not by us."""


async def _guarded(work: Callable[[], Awaitable[T]]) -> T:
    """Tell our own cancellation from one inside the work, and let no failure of the work swallow ours."""
    this = asyncio.current_task()
    assert this is not None
    try:
        return await work()
    except asyncio.CancelledError as error:
        if this.cancelling():
            raise
        raise CancelledInside from error
    except Exception:
        if this.cancelling():
            _log.exception("job_failed_while_stopping")
            raise asyncio.CancelledError from None
        raise


async def _run(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()


async def _as_object(awaitable: Awaitable[object]) -> object:
    return await awaitable
