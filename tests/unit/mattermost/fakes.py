"""A server that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from sekretar.kernel.clock import Clock, ManualClock
from sekretar.mattermost.client import MattermostClient

TOKEN = "w1nt3rt0ken000000000000000"
BOT = "b0tb0tb0tb0tb0tb0tb0tb0tb0"
ANNA = "annaannaannaannaannaannaan"
CHANNEL = "channelchannelchannelchann"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """An answer that is not simply JSON with status 200."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Asked], Any]


def error(status: int, error_id: str, message: str = "no", **headers: str) -> Answer:
    """A refusal as Mattermost writes it."""
    said = {"id": error_id, "message": message, "request_id": "req1", "status_code": status}
    return Answer(status, json.dumps(said).encode(), headers=headers)


class JumpingClock(ManualClock):
    """A clock for which waiting takes no time: it jumps to where somebody wants to wait until."""

    def __init__(self, start: datetime = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)) -> None:
        super().__init__(start)
        self.naps: list[timedelta] = []

    async def sleep_until(self, moment: datetime) -> None:
        nap = moment - self.now()
        self.naps.append(nap)
        if nap > timedelta():
            self.advance(nap)
        await asyncio.sleep(0)


class FakeServer:
    """Routes with answers: the last answer of a route stays."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Any]] = defaultdict(list)
        self._sockets: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self.server = TestServer(app)

    def on(self, method: str, path: str, *answers: Any) -> None:
        """Answer with these, one after the other: JSON values, `Answer`s, or functions of what was asked."""
        self._answers[method, path] = list(answers)

    def answer(self, method: str, path: str) -> Any:
        """What is answered next."""
        return self._answers[method, path][0]

    def on_socket(self, path: str, serve: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self._sockets[path] = serve

    def paths(self, method: str) -> list[str]:
        return [one.path for one in self.asked if one.method == method]

    @property
    def url(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path in self._sockets:
            return await self._sockets[request.path](request)
        asked = Asked(
            request.method,
            request.raw_path.partition("?")[0],
            dict(request.query),
            dict(request.headers),
            await request.read(),
        )
        self.asked.append(asked)
        answers = self._answers.get((asked.method, asked.path))
        if not answers:
            answer: Any = error(404, "api.context.404.app_error")
        else:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer(asked)
        if not isinstance(answer, Answer):
            answer = Answer(body=json.dumps(answer).encode())
        date = format_datetime(self.clock.now(), usegmt=True)
        return web.Response(
            status=answer.status,
            body=answer.body,
            headers={"Date": date, "Content-Type": answer.content_type, **answer.headers},
        )


@asynccontextmanager
async def serving(
    clock: Clock, token: str = TOKEN, prefix: str = ""
) -> AsyncIterator[tuple[FakeServer, MattermostClient]]:
    """A running server and a client for it."""
    fake = FakeServer(clock)
    await fake.server.start_server()
    session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
    try:
        yield fake, MattermostClient(session, fake.url + prefix, token, clock=clock)
    finally:
        await session.close()
        await fake.server.close()


def user(user_id: str = ANNA, **fields: Any) -> dict[str, Any]:
    """A user as Mattermost describes one."""
    return {"id": user_id, "username": "anna", "roles": "system_user", "delete_at": 0} | fields


def post(post_id: str = "post1", **fields: Any) -> dict[str, Any]:
    """A post as Mattermost describes one."""
    return {
        "id": post_id,
        "channel_id": CHANNEL,
        "user_id": ANNA,
        "message": "hello",
        "create_at": 1_772_614_800_000,
        "update_at": 1_772_614_800_000,
        "edit_at": 0,
        "delete_at": 0,
        "root_id": "",
        "type": "",
        "props": {},
    } | fields


async def until(holds: Callable[[], object], seconds: float = 5) -> None:
    """Return once the condition holds."""
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(0.002)
