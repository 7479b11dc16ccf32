"""Trackers that call us: what they say is taken as a hint to look, and never believed.

A trigger carries no proof of what it says but a header that we have chosen, so nothing in its body is used. It wakes
the look that would have come anyway; losing one costs some seconds.
"""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

import structlog

from sekretar.kernel.clock import Clock

#: The header that holds the secret.
HEADER = "X-Webhook-Secret"

#: Calls within `WINDOW`: those with the right secret by tracker, those with a wrong one by caller.
MOST_GOOD, MOST_WRONG = 120, 20
WINDOW = timedelta(minutes=1)
#: Callers whose wrong secrets are counted at the same time.
_MOST_CALLERS = 1000

_log = structlog.get_logger(__name__)


class Verdict(IntEnum):
    """The HTTP status of the answer."""

    HEARD = 200
    #: A wrong secret, or none is configured, or there is no such tracker: a stranger cannot tell which.
    REFUSED = 403
    TOO_MANY = 429


@dataclass
class Allowance:
    """How many calls there may be within `WINDOW`, counted by whoever calls."""

    most: int
    _calls: dict[str, deque[float]] = field(default_factory=dict)

    def used_up(self, caller: str, now: float) -> bool:
        """Whether this caller has called too often."""
        return len(self._recent(caller, now)) >= self.most

    def count(self, caller: str, now: float) -> None:
        """One more call."""
        recent = self._recent(caller, now)
        recent.append(now)
        self._calls.pop(caller, None)
        self._calls[caller] = recent
        if len(self._calls) > _MOST_CALLERS:
            del self._calls[next(iter(self._calls))]

    def _recent(self, caller: str, now: float) -> deque[float]:
        calls = self._calls.get(caller, deque(maxlen=self.most))
        while calls and calls[0] <= now - WINDOW.total_seconds():
            calls.popleft()
        return calls


@dataclass
class TrackerHooks:
    """Decides about calls. `secrets`: by the name of the tracker; `hint` has it looked at."""

    secrets: Mapping[str, str]
    hint: Callable[[str], Awaitable[None]]
    clock: Clock
    #: Who wants to know of it too.
    also: list[Callable[[str], Awaitable[None]]] = field(default_factory=list)
    _good: Allowance = field(default_factory=lambda: Allowance(MOST_GOOD))
    _wrong: Allowance = field(default_factory=lambda: Allowance(MOST_WRONG))

    async def receive(self, tracker: str, secret: str, caller: str) -> Verdict:
        """A call for this tracker with this secret, from this address."""
        now = self.clock.now().timestamp()
        if self._wrong.used_up(caller, now):
            return Verdict.TOO_MANY
        expected = self.secrets.get(tracker, "")
        if not hmac.compare_digest(secret.encode(), expected.encode()) or not expected:
            self._wrong.count(caller, now)
            _log.warning("tracker hook refused", tracker=tracker[:40], configured=bool(expected))
            return Verdict.REFUSED
        if self._good.used_up(tracker, now):
            return Verdict.TOO_MANY
        self._good.count(tracker, now)
        for hint in (self.hint, *self.also):
            await hint(tracker)
        return Verdict.HEARD
