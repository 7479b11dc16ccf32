"""Time as a value. Nothing outside this module asks the machine what time it is.

Code that decides takes the moment as an argument; code that waits takes a `Clock`. Wall clocks jump (NTP, a
suspended laptop, an administrator), so waiting is done in short steps that look at the clock anew.
"""

from __future__ import annotations

import asyncio
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

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        while (remaining := moment - self.now()) > timedelta():  # noqa: ASYNC110 - wall clocks jump unasked
            await asyncio.sleep(min(remaining, LONGEST_STEP).total_seconds())


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
