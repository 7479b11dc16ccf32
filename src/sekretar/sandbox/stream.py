"""The event stream of one person's client: it stays connected, and misses nothing that the server still has.

Scenarios cut connections on purpose. A person whose own client then went silent would fail a scenario for the wrong
reason, so this one resumes as official clients do, and asks its owner to read what was missed when the server has
forgotten the connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import aiohttp

PING_SECONDS = 30.0
PAUSE_SECONDS = 0.2
START_SECONDS = 15.0


class EventStream:
    """Reads events and hands each to `receive`.

    `missed` is called when the server could not resume. `check` is called when a socket ended without a word, which
    is what Mattermost does to a token that it no longer knows; the stream ends with what it raises.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        token: str,
        receive: Callable[[Mapping[str, Any]], Awaitable[None]],
        missed: Callable[[], Awaitable[None]],
        check: Callable[[], Awaitable[object]],
    ) -> None:
        self._session = session
        self._url = f"{base_url}/api/v4/websocket"
        self._token = token
        self._receive = receive
        self._missed = missed
        self._check = check
        self._connection_id = ""
        self._next = 0
        self._greeted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and wait for the server's hello; the reason of a refusal or TimeoutError is raised."""
        self._task = asyncio.create_task(self._listen())
        greeted = asyncio.create_task(self._greeted.wait())
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.wait({self._task, greeted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            greeted.cancel()
        if self._task.done():
            self._task.result()

    async def close(self) -> None:
        """Disconnect."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._task

    @property
    def failure(self) -> BaseException | None:
        """Why the stream ended for good; None while it lives."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()

    async def _listen(self) -> None:
        while True:
            try:
                if not await self._read():
                    await self._check()
            except aiohttp.ClientError:
                if not self._greeted.is_set():
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def _read(self) -> bool:
        """One socket from beginning to end; whether anything came through it."""
        heard = False
        resume = {"connection_id": self._connection_id, "sequence_number": str(self._next)}
        async with self._session.ws_connect(
            self._url,
            headers={"Authorization": f"Bearer {self._token}"},
            params=resume if self._connection_id else {},
            heartbeat=PING_SECONDS,
            max_msg_size=0,
        ) as socket:
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    heard = True
                    await self._take(json.loads(frame.data))
        return heard

    async def _take(self, message: Mapping[str, Any]) -> None:
        if "event" not in message:
            return
        if message["event"] == "hello":
            known = message["data"].get("connection_id") or ""
            lost = bool(self._connection_id) and known != self._connection_id
            self._connection_id = known
            self._next = int(message.get("seq") or 0) + 1
            await self._receive(message)
            self._greeted.set()
            if lost:
                await self._missed()
            return
        self._next = int(message.get("seq") or 0) + 1
        await self._receive(message)
