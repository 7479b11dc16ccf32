"""An office with a bot, an integration that answers as told, and clients for both: what the sandbox's tests share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

from sekretar.sandbox.mattermost import MattermostSandbox
from sekretar.sandbox.mattermost.state import User

Json = dict[str, Any]

#: Paths that are not below /api/v4.
ROOTED = (
    "/api/",
    "/oauth/authorize",
    "/oauth/access_token",
    "/oauth/deauthorize",
    "/hooks/",
    "/sandbox/",
    "/.well-known/",
    "/static/",
)


class Client:
    """The API with one token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str | None) -> None:
        self._session = session
        self.url = url
        self.token = token
        self.headers: Any = {}

    async def send(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """(status, JSON or text) of a request; paths without /api, /oauth, … are below /api/v4."""
        prefix = "" if path.startswith(ROOTED) else "/api/v4"
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        async with self._session.request(
            method, f"{self.url}{prefix}{path}", headers=headers, allow_redirects=False, **options
        ) as response:
            self.headers = response.headers
            text = await response.text()
            return response.status, json.loads(text) if "json" in response.content_type else text

    async def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The answer of a request that must succeed."""
        status, answer = await self.send(
            method, path, **({"json": body} if body is not None else {}), **options
        )
        assert status < 300, (method, path, status, answer)
        return answer

    async def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """(status, error id) of a request that must fail in the server's error shape."""
        status, answer = await self.send(
            method, path, **({"json": body} if body is not None else {}), **options
        )
        assert status >= 400, (method, path, status, answer)
        assert set(answer) == {"id", "message", "detailed_error", "request_id", "status_code"}
        assert answer["status_code"] == status
        return status, answer["id"]


class Listener:
    """A WebSocket of one client that keeps what it hears."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.heard: list[Json] = []

    async def next(self, name: str, matching: Callable[[Json], bool] = lambda event: True) -> Json:
        """The next event of this name; what comes before it is kept in `heard`."""
        async with asyncio.timeout(5):
            while True:
                event = await self.any()
                if event.get("event") == name and matching(event):
                    return event

    async def reply(self, action: str, data: Json | None = None, seq: int = 1) -> Json:
        """Send a request and return the answer to it."""
        await self.socket.send_json({"seq": seq, "action": action, "data": data or {}})
        async with asyncio.timeout(5):
            while True:
                event = await self.any()
                if event.get("seq_reply") == seq:
                    return event

    async def any(self) -> Json:
        message = await self.socket.receive(timeout=5)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(f"the socket ended: {message.type.name} {self.socket.close_code}")
        event: Json = json.loads(message.data)
        self.heard.append(event)
        return event

    async def quiet_until(self, marker: Callable[[], Any]) -> list[str]:
        """The names of events that come before the answer to a ping sent after `marker` has run."""
        before = len(self.heard)
        await marker()
        await self.reply("ping", seq=99)
        return [event["event"] for event in self.heard[before:] if "event" in event]


class Integration:
    """What commands, clicks and dialogs call. Set `answer`; read `calls`."""

    def __init__(self) -> None:
        self.answer: Callable[[web.Request], web.Response] = lambda request: web.json_response({})
        self.calls: list[tuple[str, str, Any]] = []
        self.headers: list[Any] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    def say(self, value: Any, status: int = 200) -> None:
        """Answer with this JSON from now on."""
        self.answer = lambda request: web.json_response(value, status=status)

    async def start(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.calls.append(
            (request.method, request.path_qs, json.loads(body) if body.startswith("{") else body)
        )
        self.headers.append(request.headers)
        return self.answer(request)


class Office:
    """A running sandbox with the demo's people and a bot in the team."""

    def __init__(
        self, sandbox: MattermostSandbox, session: aiohttp.ClientSession, integration: Integration
    ) -> None:
        self.sandbox = sandbox
        self.session = session
        self.integration = integration
        sandbox.seed_demo()
        self.anna, self.boris, self.vera, self.admin_user = map(
            self.person, ("anna", "boris", "vera", "admin")
        )
        team = sandbox.world.teams.first("name", "office")
        assert team is not None
        self.team = team
        self.bot_user = sandbox.add_bot("sekretar", self.admin_user, teams=(team,))
        self.town = sandbox.channel(team, "town-square")
        self.leads = sandbox.channel(team, "leads")

    def person(self, name: str) -> User:
        user = self.sandbox.world.users.first("username", name)
        assert user is not None
        return user

    def client(self, token: str | None) -> Client:
        return Client(self.session, self.sandbox.url, token)

    def as_(self, user: User) -> Client:
        return self.client(self.sandbox.add_session(user))

    @property
    def bot(self) -> Client:
        return self.client(self.bot_user.token)

    @property
    def admin(self) -> Client:
        return self.as_(self.admin_user)

    async def direct(self, user: User) -> str:
        """The id of the bot's direct channel with the user."""
        channel = await self.bot.ok("POST", "/channels/direct", [self.bot_user.user.id, user.id])
        return str(channel["id"])

    async def listen(self, client: Client, query: str = "") -> Listener:
        socket = await self.session.ws_connect(
            f"{self.sandbox.url}/api/v4/websocket{query}", headers={"Authorization": f"Bearer {client.token}"}
        )
        return Listener(socket)
