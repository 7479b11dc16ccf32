"""Misbehaviour on demand: the next requests of a kind fail the way networks and servers fail.

A fault meets a number of requests and is then used up. What it does happens before the server has processed the
request, except `reset_after` and `slow_after`, where the work is done and only the answer is lost or late: the caller
cannot know.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from aiohttp import web

Kind = Literal["status", "slow", "slow_after", "reset_before", "reset_after", "html"]
KINDS: tuple[Kind, ...] = ("status", "slow", "slow_after", "reset_before", "reset_after", "html")

_HTML = "<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
#: Not even faults may lock the door through which they are lifted.
_SPARED = "/sandbox/"


@dataclass
class Fault:
    """What happens to the next `times` requests that match both expressions.

    `method` and `path` are regular expressions for the whole method and anywhere in the path. `status` and
    `retry_after` (seconds) belong to the kind *status*, `seconds` to *slow* and *slow_after*.
    """

    kind: Kind
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    status: int = 500
    retry_after: int | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind}")
        re.compile(self.method)
        re.compile(self.path)

    def meets(self, request: web.Request) -> bool:
        return (
            self.times > 0
            and re.fullmatch(self.method, request.method) is not None
            and re.search(self.path, request.path) is not None
        )


class Faults:
    """The faults in waiting, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        #: How many requests met a fault.
        self.met = 0

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def limit(
        self, *, method: str = ".*", path: str = ".*", times: int = 1, retry_after: int | None = 1
    ) -> None:
        """Answer 429, with `Retry-After` unless that is None."""
        self.add(Fault("status", method, path, times, status=429, retry_after=retry_after))

    def fail(self, status: int = 500, *, method: str = ".*", path: str = ".*", times: int = 1) -> None:
        """Answer with a status and no sense."""
        self.add(Fault("status", method, path, times, status=status))

    def slow(self, seconds: float, *, method: str = ".*", path: str = ".*", times: int = 1) -> None:
        """Process only after so many seconds of real time."""
        self.add(Fault("slow", method, path, times, seconds=seconds))

    def slow_after(self, seconds: float, *, method: str = ".*", path: str = ".*", times: int = 1) -> None:
        """Process at once and answer only after so many seconds of real time."""
        self.add(Fault("slow_after", method, path, times, seconds=seconds))

    def reset_before(self, *, method: str = ".*", path: str = ".*", times: int = 1) -> None:
        """Break the connection and process nothing."""
        self.add(Fault("reset_before", method, path, times))

    def reset_after(self, *, method: str = ".*", path: str = ".*", times: int = 1) -> None:
        """Process, then break the connection instead of answering."""
        self.add(Fault("reset_after", method, path, times))

    def html(self, *, method: str = ".*", path: str = ".*", times: int = 1) -> None:
        """Answer 200 with a page, as a misplaced proxy does."""
        self.add(Fault("html", method, path, times))

    def clear(self) -> None:
        self._waiting.clear()

    def waiting(self) -> list[dict[str, Any]]:
        """The faults that are not used up, as JSON."""
        return [asdict(fault) for fault in self._waiting]

    async def through(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Handle the request, or let it meet the first fault that waits for it."""
        fault = self._take(request)
        if fault is None:
            return await handler(request)
        self.met += 1
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return await handler(request)
        if fault.kind == "slow_after":
            answer = await handler(request)
            await asyncio.sleep(fault.seconds)
            return answer
        if fault.kind == "html":
            return web.Response(text=_HTML, content_type="text/html")
        if fault.kind == "status":
            return _refusal(fault)
        if fault.kind == "reset_after":
            await handler(request)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _take(self, request: web.Request) -> Fault | None:
        if request.path.startswith(_SPARED):
            return None
        fault = next((fault for fault in self._waiting if fault.meets(request)), None)
        if fault is None:
            return None
        fault.times -= 1
        if not fault.times:
            self._waiting.remove(fault)
        return fault


def _refusal(fault: Fault) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    text = "limit exceeded" if fault.status == 429 else "sandbox fault"
    return web.Response(status=fault.status, text=text, headers=headers)
