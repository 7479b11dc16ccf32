"""Time as a value. Nothing outside this module asks the machine what time it is.

Code that decides takes the moment as an argument; code that waits takes a `Clock`. Wall clocks jump (NTP, a
suspended laptop, an administrator), so waiting is done in short steps that look at the clock anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

#: How long a wait may go on without looking at the wall clock again.
LONGEST_STEP = timedelta(seconds=1)


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return once `now()` has reached the moment."""
        ...


class SystemClock:
    """The clock of the machine."""

    _sleepers: _Sleepers | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        loop = asyncio.get_running_loop()
        if self._sleepers is None or self._sleepers.loop is not loop:
            self._sleepers = _Sleepers(loop, self.now)
        while moment > self.now():
            await self._sleepers.sleep(moment)


class _Sleepers:
    """Those who wait in one event loop: many do all the time, and one timer looks at the clock for all of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], datetime]) -> None:
        self.loop = loop
        self._now = now
        self._moments: dict[asyncio.Future[None], datetime] = {}
        self._timer: asyncio.TimerHandle | None = None
        #: What the timer waits for.
        self._earliest = datetime.max.replace(tzinfo=UTC)

    async def sleep(self, moment: datetime) -> None:
        """Until the moment may have come."""
        woken = self.loop.create_future()
        self._moments[woken] = moment
        if self._timer is None or moment < self._earliest:
            self._look_at(moment)
        try:
            await woken
        finally:
            del self._moments[woken]

    def _look_at(self, moment: datetime) -> None:
        if self._timer:
            self._timer.cancel()
        self._earliest = moment
        remaining = min(moment - self._now(), LONGEST_STEP)
        self._timer = self.loop.call_later(max(0.0, remaining.total_seconds()), self._look)

    def _look(self) -> None:
        self._timer, now, others = None, self._now(), list[datetime]()
        for woken, moment in self._moments.items():
            if woken.done():
                continue
            if moment <= now:
                woken.set_result(None)
            else:
                others.append(moment)
        if others:
            self._look_at(min(others))


class ManualClock:
    """A clock that stands until it is moved: for tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move the clock (backwards too: clocks do that) and wake everyone who waits for it."""
        self._now += by
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, moment: datetime) -> None:
        while self._now < moment:
            await self._moved.wait()
