"""Stands between an adapter and its tracker, passes everything on, and misbehaves when it is told to.

What goes wrong on the way can then be proved on the real tracker: above all an answer that is lost after the tracker
has done what was asked.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict
from yarl import URL

_OWN = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "accept-encoding"}
)


@dataclass(frozen=True)
class Fault:
    """What happens to the next request of this method whose path ends like this."""

    method: str
    path: str
    #: Answered instead of asking the tracker; None asks it and then loses the answer.
    status: int | None = None
    #: What somebody else does between the tracker's work and its answer, which is not lost then.
    meanwhile: Callable[[], Awaitable[object]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Between:
    """A way to a tracker."""

    target: URL
    session: aiohttp.ClientSession
    faults: list[Fault] = field(default_factory=list)
    #: Method and path of every request.
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: URL = field(default_factory=URL)

    def lose_answer(self, method: str, path: str) -> None:
        """Let the tracker do the next such request, and cut the connection instead of answering."""
        self.faults.append(Fault(method, path))

    def meanwhile(self, method: str, path: str, act: Callable[[], Awaitable[object]]) -> None:
        """Somebody does something when the tracker has done the next such request, before we have the answer."""
        self.faults.append(Fault(method, path, meanwhile=act))

    def answer(self, method: str, path: str, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer the next such request like this; the tracker never hears of it."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(method, path, status, headers=given, body=body))

    def answer_json(self, method: str, path: str, said: object) -> None:
        """Answer the next such request with this JSON."""
        self.answer(method, path, 200, json.dumps(said).encode(), Content_Type="application/json")

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        fault = next((each for each in self.faults if _meant(each, request)), None)
        if fault is not None:
            self.faults.remove(fault)
            if fault.status is not None:
                return web.Response(status=fault.status, headers=fault.headers, body=fault.body)
        headers = CIMultiDict(
            (name, value) for name, value in request.headers.items() if name.lower() not in _OWN
        )
        url = URL(f"{self.target}{request.raw_path}", encoded=True)
        async with self.session.request(
            request.method, url, headers=headers, data=await request.read(), allow_redirects=False
        ) as answer:
            body = await answer.read()
        if fault is not None and fault.meanwhile is not None:
            await fault.meanwhile()
        elif fault is not None:
            assert request.transport is not None
            request.transport.abort()
        kept = CIMultiDict(
            (name, value) for name, value in answer.headers.items() if name.lower() not in _OWN
        )
        return web.Response(status=answer.status, headers=kept, body=body)


@contextlib.asynccontextmanager
async def between(tracker: str) -> AsyncIterator[Between]:
    """A way to the tracker at this address, which keeps its path."""
    url = URL(tracker)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True) as session:
        way = Between(url.origin(), session)
        app.router.add_route("*", "/{tail:.*}", way._pass_on)
        server = TestServer(app)
        await server.start_server()
        way.url = server.make_url(url.path)
        try:
            yield way
        finally:
            await server.close()


def _meant(fault: Fault, request: web.Request) -> bool:
    return fault.method == request.method and request.path.endswith(fault.path)
