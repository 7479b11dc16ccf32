"""How often one token may ask.

Tracker guarantees five searches a second and a little more of everything else, and answers 429 beyond. Sekretar asks
for many people at once, so each token waits for its turn here; a pause that Tracker asked for is kept, and whoever
asks meanwhile is told how long it lasts instead of making it longer.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerLimited

#: Requests a second.
SEARCHES = 5
OTHERS = 8

_SECOND = timedelta(seconds=1)


class Pace:
    """The turns of one token."""

    def __init__(self, clock: Clock, peer: str, searches: int = SEARCHES, others: int = OTHERS) -> None:
        self._clock, self._peer = clock, peer
        self._searches = _Turns(searches)
        self._others = _Turns(others)
        self._paused_until: datetime | None = None

    async def turn(self, *, searching: bool) -> None:
        """Return when a request may be sent. Raises `PeerLimited` while Tracker has asked for a pause."""
        now = self._clock.now()
        if self._paused_until is not None and now < self._paused_until:
            raise PeerLimited(self._peer, "a pause was asked for", self._paused_until - now)
        turns = self._searches if searching else self._others
        await self._clock.sleep_until(turns.next(now))

    def pause(self, pause: timedelta | None) -> None:
        """Tracker asked for a pause; None when it did not say how long."""
        self._paused_until = self._clock.now() + pause if pause else None


class _Turns:
    """At most so many in any second."""

    def __init__(self, most: int) -> None:
        self._taken: deque[datetime] = deque(maxlen=most)
        self._seen: datetime | None = None

    def next(self, now: datetime) -> datetime:
        """Take the next turn; returns its moment."""
        if self._seen is not None and now < self._seen:
            # The clock was set back: turns in what is now the future are nobody's.
            self._taken.clear()
        self._seen = now
        full = len(self._taken) == self._taken.maxlen
        turn = max(now, self._taken[0] + _SECOND) if full else now
        self._taken.append(turn)
        return turn
