"""How often somebody may ask: a bucket of requests that fills again evenly.

Kept in memory, each process for itself: a limit protects the machine, it is no accounting.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_MINUTE = timedelta(minutes=1)
#: Callers that are remembered; whoever asked longest ago is forgotten first.
_MOST_CALLERS = 10_000


@dataclass(frozen=True)
class Allowance:
    """Requests a minute; as many may come at once after a rest."""

    a_minute: int

    def refilled(self, left: float, rest: timedelta) -> float:
        """What is in the bucket after a rest; a clock that went back adds nothing."""
        return min(float(self.a_minute), left + max(rest, timedelta()) / _MINUTE * self.a_minute)

    def wait(self, left: float) -> timedelta:
        """Until the next request is allowed."""
        return max(1 - left, 0.0) / self.a_minute * _MINUTE


#: For an address without a token; and for a token.
STRANGER: Final = Allowance(60)
PROGRAM: Final = Allowance(600)


class Limiter:
    """The buckets of all callers."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, caller: str, allowance: Allowance, now: datetime) -> timedelta | None:
        """Count a request; None when it is allowed, else how long to wait."""
        left, since = self._buckets.pop(caller, (float(allowance.a_minute), now))
        left = allowance.refilled(left, now - since)
        allowed = left >= 1
        self._buckets[caller] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return None if allowed else allowance.wait(left)
