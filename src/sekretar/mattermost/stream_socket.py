"""One socket of the event stream: who asks, who answers, how it ends.

Two things go on at once. The reader takes every message at its arrival and hands it over. The keeper proves
to the server who we are and then asks it regularly whether it is still there and still knows us.

How an old server treats a token it does not know decides the order of the proof: it accepts the handshake,
answers nothing (not even to a ping) and hangs up after five seconds. So silence after the handshake means
that the header did not arrive or was not good, and the challenge is what tells the two apart.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import aiohttp

from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.errors import MattermostDown, MattermostRefused, scrub

#: The server's own code for "the sequence has a hole".
CLOSE_GAP = 4001

_OPEN = frozenset({aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY})


@dataclass(frozen=True)
class Pace:
    """How often the stream looks after itself, and how long it waits."""

    #: The rhythm of the questions whether the server is there and knows us.
    ping_every: timedelta = timedelta(seconds=30)
    #: A question without an answer for so long means that nobody is there.
    answer_within: timedelta = timedelta(seconds=15)
    #: Silence for so long after the handshake brings the challenge; the server waits 5 s for it.
    challenge_after: timedelta = timedelta(seconds=2)


class Told(Protocol):
    """Who is told what comes over the socket. Every method returns at once."""

    def authenticated(self) -> None:
        """The server has accepted us: an event, or a good answer, has come."""

    def greeted(self, connection_id: str, seq: int, version: object, *, first: bool) -> None:
        """The server says hello: nothing of an earlier connection is continued.

        `first` on this socket; a server that lost a connection says hello twice.
        """

    def happened(self, name: str, seq: int, data: Mapping[str, Any], broadcast: Mapping[str, Any]) -> bool:
        """An event has come. False when its number is not the next one."""

    def alive(self, server_time: object, *, in_step: bool) -> None:
        """A regular ping was answered.

        `in_step`: this socket has shown to continue the sequence or to begin one, so whatever happened before
        the answer has been handed over.
        """

    def ended(self, close_code: int | None, *, resumable: bool) -> None:
        """The socket is closed. `resumable`: the next one may continue the sequence."""


class StreamSocket:
    """One connected socket."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, client: MattermostClient, told: Told, pace: Pace
    ) -> None:
        self._socket = socket
        self._client = client
        self._told = told
        self._pace = pace
        self._seq = 0
        self._answers: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._accepted = asyncio.Event()
        self._challenged = False
        self._greeted = False
        self._in_step = False
        self._resumable = True
        self._gap = False

    async def converse(self) -> None:
        """Read and keep alive until one of the two fails.

        Raises:
            MattermostRefused: the token is not, or no longer, accepted.
            MattermostDown: the socket closed, nobody answers, or events are missing.
        """
        reader = asyncio.create_task(self._read())
        keeper = asyncio.create_task(self._keep())
        try:
            await asyncio.wait({reader, keeper}, return_when=asyncio.FIRST_COMPLETED)
            await self._verdict(reader, keeper)
        finally:
            await _stop(reader, keeper)
            code = CLOSE_GAP if self._gap else self._socket.close_code
            self._told.ended(code, resumable=self._resumable and not self._challenged)

    async def _verdict(self, reader: asyncio.Task[None], keeper: asyncio.Task[None]) -> None:
        """Say why it ended. The reader knows better than the keeper, whose questions die with the socket."""
        if not reader.done():
            keeper.result()
        reader.result()
        if self._challenged and not self._accepted.is_set():
            # Hung up on instead of answered: only REST tells a bad token from a server that is going down.
            await self._client.me()
        raise MattermostDown(f"the event stream was closed (code {self._socket.close_code})")

    # Reading

    async def _read(self) -> None:
        """Take messages until the socket is closed. Raises MattermostDown when events are missing."""
        async for message in self._socket:
            if message.type not in _OPEN:
                continue
            try:
                frame = json.loads(message.data)
            except ValueError:
                continue
            if not isinstance(frame, dict):
                continue
            if isinstance(frame.get("event"), str):
                await self._event(frame)
            elif isinstance(frame.get("seq_reply"), int):
                self._answer(frame)

    async def _event(self, frame: Mapping[str, Any]) -> None:
        name, seq = frame["event"], frame.get("seq")
        data, broadcast = _map(frame, "data"), _map(frame, "broadcast")
        if not isinstance(seq, int):
            return
        self._accept()
        if name == "hello":
            self._told.greeted(
                str(data.get("connection_id") or ""), seq, data.get("server_version"), first=not self._greeted
            )
            self._greeted = self._in_step = True
        elif self._told.happened(name, seq, data, broadcast):
            self._in_step = True
        else:
            # When not even the first event fits, asking again for the same would go on for ever.
            self._gap, self._resumable = True, self._in_step
            await self._socket.close(code=CLOSE_GAP)
            raise MattermostDown(f"the event stream has a gap before event {seq}")

    def _answer(self, frame: Mapping[str, Any]) -> None:
        if frame.get("status") == "OK":
            self._accept()
        waiting = self._answers.pop(frame["seq_reply"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def _accept(self) -> None:
        if not self._accepted.is_set():
            self._accepted.set()
            self._told.authenticated()

    # Keeping alive

    async def _keep(self) -> None:
        """Prove who we are, then ask regularly. Raises MattermostRefused or MattermostDown."""
        await self._prove()
        while True:
            await asyncio.sleep(self._pace.ping_every.total_seconds())
            answer = await self._ask("ping")
            if _is_refusal(answer):
                raise MattermostRefused(scrub(f"the event stream: {_error_id(answer)}"), status=401)
            self._told.alive(_map(answer, "data").get("server_time"), in_step=self._in_step)

    async def _prove(self) -> None:
        first = asyncio.create_task(self._ask("ping"))
        try:
            await self._wait_for_acceptance(first, self._pace.challenge_after)
            if not self._accepted.is_set():
                await self._challenge()
        finally:
            await _stop(first)

    async def _wait_for_acceptance(
        self, answer: asyncio.Task[Mapping[str, Any]], patience: timedelta
    ) -> None:
        """Return once the server has accepted us, has answered, or has been silent for too long."""
        accepted = asyncio.create_task(self._accepted.wait())
        try:
            await asyncio.wait(
                {accepted, answer}, timeout=patience.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            await _stop(accepted)

    async def _challenge(self) -> None:
        self._challenged = True
        answer = asyncio.create_task(self._ask("authentication_challenge", {"token": self._client.token}))
        try:
            await self._wait_for_acceptance(answer, self._pace.answer_within)
            if self._accepted.is_set():
                return
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                raise MattermostRefused(f"the event stream: {_error_id(answer.result())}", status=401)
            raise MattermostDown("the event stream does not answer the challenge")
        finally:
            await _stop(answer)

    async def _ask(self, action: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Send a request and wait for its answer, good or bad. Raises MattermostDown when there is none."""
        self._seq += 1
        seq = self._seq
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[seq] = answer
        try:
            await self._socket.send_str(json.dumps({"seq": seq, "action": action, "data": dict(data or {})}))
            async with asyncio.timeout(self._pace.answer_within.total_seconds()):
                return await answer
        except TimeoutError as error:
            raise MattermostDown(f"the event stream does not answer a {action}") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise MattermostDown(f"the event stream broke: {type(error).__name__}") from error
        finally:
            self._answers.pop(seq, None)


async def _stop(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _map(frame: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = frame.get(name)
    return value if isinstance(value, dict) else {}


def _is_refusal(answer: Mapping[str, Any]) -> bool:
    return answer.get("status") == "FAIL" and _map(answer, "error").get("status_code") == 401


def _error_id(answer: Mapping[str, Any]) -> str:
    return str(_map(answer, "error").get("id") or "the token is not accepted")
