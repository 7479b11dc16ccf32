"""The server's side of the event stream, in the few traits that matter to a client."""

from __future__ import annotations

import itertools
import json
from typing import Any

from aiohttp import WSMsgType, web
from tests.unit.mattermost.fakes import TOKEN, FakeServer

from sekretar.mattermost.models import milliseconds

PATH = "/api/v4/websocket"
VERSION = "7.8.0.123.abc.false"


class Line:
    """One connection of the client."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.query = dict(request.query)
        self.header = request.headers.get("Authorization", "")
        self.socket = socket
        self._request = request
        self.actions: list[str] = []
        self.close_code: int | None = None

    async def say(self, frame: Any) -> None:
        await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    def drop(self) -> None:
        """Break the connection without a word."""
        assert self._request.transport is not None
        self._request.transport.abort()


class FakeStream:
    """Says hello, numbers its events, resumes, answers pings; each of it can be switched off."""

    def __init__(self, fake: FakeServer) -> None:
        self._clock = fake.clock
        self.lines: list[Line] = []
        self.token_is_good = True
        self.header_arrives = True
        self.pings_are_answered = True
        self.remembers = True
        self.handshake_status: int | None = None
        self.connection_id = ""
        self.seq = 0
        self._ids = (f"connection{number:016}" for number in itertools.count(1))
        fake.on_socket(PATH, self._serve)

    @property
    def line(self) -> Line:
        """The connection that stands."""
        return self.lines[-1]

    async def event(self, name: str, data: dict[str, Any], **broadcast: Any) -> None:
        """Say the next event on the connection that stands."""
        await self.line.say({"event": name, "data": data, "broadcast": broadcast, "seq": self.seq})
        self.seq += 1

    async def posted(self, post: dict[str, Any], **data: Any) -> None:
        await self.event("posted", {"post": json.dumps(post), "channel_type": "D"} | data)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.handshake_status is not None:
            return web.Response(status=self.handshake_status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        line = Line(request, socket)
        self.lines.append(line)
        authenticated = self.header_arrives and self.token_is_good and line.header == f"Bearer {TOKEN}"
        if authenticated:
            await self._begin(line.query.get("connection_id", ""))
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            asked = json.loads(message.data)
            line.actions.append(asked["action"])
            if asked["action"] == "authentication_challenge":
                if not self.token_is_good or asked["data"]["token"] != TOKEN:
                    break
                authenticated = True
                await self._begin("")
                await line.say({"status": "OK", "seq_reply": asked["seq"]})
            elif authenticated and self.pings_are_answered:
                await line.say(self._pong(asked["seq"]))
        line.close_code = socket.close_code
        return socket

    async def _begin(self, asked_for: str) -> None:
        if asked_for and asked_for == self.connection_id and self.remembers:
            return
        self.connection_id = next(self._ids)
        self.seq = 0
        await self.event("hello", {"connection_id": self.connection_id, "server_version": VERSION})

    def _pong(self, seq: int) -> dict[str, Any]:
        if self.token_is_good:
            data = {"text": "pong", "server_time": milliseconds(self._clock.now())}
            return {"status": "OK", "seq_reply": seq, "data": data}
        refusal = {"id": "api.context.invalid_token.error", "message": f"token={TOKEN}", "status_code": 401}
        return {"status": "FAIL", "seq_reply": seq, "error": refusal}
