"""The server's rate limiter: off by default; a bucket per remote address that leaks a few requests a second."""

from __future__ import annotations

import math

from aiohttp import web

from sekretar.kernel.clock import Clock
from sekretar.sandbox.mattermost.settings import Limits


class RateLimit:
    """A generic cell rate: `rate_per_second` sustained, `rate_burst` at once."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        #: Theoretical arrival time of the next request per address, in seconds.
        self._due: dict[str, float] = {}

    def take(self, request: web.Request) -> tuple[bool, dict[str, str]]:
        """(refused, headers) for a request to the API; the page and the sandbox's own routes are free."""
        rate = self._limits.rate_per_second
        if rate is None or not request.path.startswith("/api/"):
            return False, {}
        now = self._clock.now().timestamp()
        interval = 1 / rate
        tolerance = interval * self._limits.rate_burst
        address = request.remote or ""
        due = max(self._due.get(address, now), now)
        after = due + interval
        refused = after - now > tolerance + interval
        if not refused:
            self._due[address] = after
            due = after
        remaining = 0 if refused else max(0, math.floor((tolerance + interval - (due - now)) / interval))
        headers = {
            "X-RateLimit-Limit": str(self._limits.rate_burst + 1),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(math.ceil(due - now)),
        }
        if refused:
            headers["Retry-After"] = str(max(1, math.ceil(after - now - tolerance - interval)))
        return refused, headers
