"""Who listens, and what they get: the WebSocket side of the server.

A connection outlives its socket. What was sent stays in a dead queue of 128 events, what comes meanwhile waits in
the send queue; a client that returns within five minutes with the connection's id and the sequence number it
expects next goes on without a gap, or is told by a new `hello` that it lost something.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from sekretar.kernel.clock import Clock
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.settings import Limits
from sekretar.sandbox.mattermost.state import Json, World


@dataclass(frozen=True)
class Event:
    """Something to tell. With `user_id` only that user hears it, else the channel, else the team, else everyone."""

    name: str
    data: Json
    user_id: str = ""
    channel_id: str = ""
    team_id: str = ""
    omit_users: tuple[str, ...] = ()
    #: What single users get in addition, by user id.
    extra: dict[str, Json] = field(default_factory=dict)
    #: A last filter on the user id.
    only: Callable[[str], bool] | None = None

    def payload(self, user_id: str) -> Json:
        return {
            "event": self.name,
            "data": {**self.data, **self.extra.get(user_id, {})},
            "broadcast": {
                "omit_users": dict.fromkeys(self.omit_users, True) or None,
                "user_id": self.user_id,
                "channel_id": self.channel_id,
                "team_id": self.team_id,
                "connection_id": "",
                "omit_connection_id": "",
            },
        }


class Connection:
    """One client's stream of events, with or without a socket at this moment."""

    def __init__(self, user_id: str, token: str, limits: Limits) -> None:
        self.id = new_id()
        self.user_id = user_id
        self.token = token
        self.sequence = 0
        self.socket: web.WebSocketResponse | None = None
        self.left_at: datetime | None = None
        self._transport: asyncio.BaseTransport | None = None
        self._queue: deque[tuple[bool, Json]] = deque()
        self._capacity = limits.socket_queue
        self._dead: deque[Json] = deque(maxlen=limits.dead_queue)
        self._wake = asyncio.Event()

    def event(self, payload: Json) -> bool:
        """Queue an event; False when the queue is full, which ends the connection."""
        return self._enqueue(True, payload)

    def reply(self, payload: Json) -> bool:
        """Queue an answer to the client's request: it has no sequence number of the stream."""
        return self._enqueue(False, payload)

    def _enqueue(self, counted: bool, payload: Json) -> bool:
        if len(self._queue) >= self._capacity:
            return False
        self._queue.append((counted, payload))
        self._wake.set()
        return True

    def resume_from(self, sequence: int, hello: Callable[[], Json]) -> None:
        """Arrange what the returning client gets first. `sequence` is the number it expects next.

        Zero repeats nothing and greets nobody, as on the real server.
        """
        self.sequence = sequence
        if sequence == 0:
            return
        again = [event for event in self._dead if event["seq"] >= sequence]
        if again and again[0]["seq"] == sequence:
            self.sequence = sequence
            for event in again:
                self._dead.remove(event)
            bare = [(True, {k: v for k, v in event.items() if k != "seq"}) for event in again]
            self._queue.extendleft(reversed(bare))
        elif self._dead and self._dead[-1]["seq"] != sequence - 1:
            self._dead.clear()
            self.id = new_id()
            self.sequence = 0
            self._queue.appendleft((True, hello()))
        self._wake.set()

    async def pump(self, socket: web.WebSocketResponse) -> None:
        """Write what is queued for as long as the socket is this connection's."""
        while not socket.closed and self.socket is socket:
            while self._queue and self.socket is socket:
                counted, payload = self._queue.popleft()
                if counted:
                    payload = {**payload, "seq": self.sequence}
                    self.sequence += 1
                    self._dead.append(payload)
                await socket.send_str(json.dumps(payload, ensure_ascii=False))
            self._wake.clear()
            if not self._queue:
                await self._wake.wait()

    def attach(self, socket: web.WebSocketResponse, transport: asyncio.BaseTransport | None) -> None:
        """From now on the stream goes to this socket."""
        self.socket = socket
        self._transport = transport

    def detach(self) -> None:
        """The socket is gone: wake the pump so that it sees it."""
        self.socket = None
        self._transport = None
        self._wake.set()

    def abort(self) -> None:
        """Break the socket without a goodbye."""
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()


class Hub:
    """All connections."""

    def __init__(self, world: World, limits: Limits, clock: Clock, is_valid: Callable[[str], bool]) -> None:
        self._world = world
        self._limits = limits
        self._clock = clock
        self._is_valid = is_valid
        self._connections: dict[str, Connection] = {}
        self._hello: Callable[[Connection], Json] = lambda connection: {}
        #: Servers before 6.0 go on sending to a connection whose token was revoked.
        self.sends_to_revoked = False

    def greet_with(self, hello: Callable[[Connection], Json]) -> None:
        """Set what the first event of a new connection says."""
        self._hello = hello

    def publish(self, event: Event) -> None:
        """Queue the event for everyone whom it concerns."""
        for connection in list(self._connections.values()):
            if self._concerns(event, connection) and not connection.event(event.payload(connection.user_id)):
                self._drop(connection)

    def open(self, user_id: str, token: str) -> Connection:
        """A new connection, greeted."""
        connection = Connection(user_id, token, self._limits)
        self._connections[connection.id] = connection
        connection.event(self._hello(connection))
        return connection

    def find_left(self, connection_id: str, user_id: str) -> Connection | None:
        """The connection that lost its socket and may be resumed by this user."""
        self._bury()
        connection = self._connections.get(connection_id)
        if connection is None or connection.user_id != user_id or connection.socket is not None:
            return None
        return connection

    def resume(self, connection: Connection, token: str, sequence: int) -> None:
        """Let the client go on at `sequence`; the connection gets a new id when something was lost."""
        self._connections.pop(connection.id, None)
        connection.token = token
        connection.left_at = None
        connection.resume_from(sequence, lambda: self._hello(connection))
        self._connections[connection.id] = connection

    def leave(self, connection: Connection) -> None:
        """The socket is gone; the connection stays for a while."""
        connection.detach()
        connection.left_at = self._clock.now()

    def is_connected(self, user_id: str) -> bool:
        return any(c.user_id == user_id and c.socket is not None for c in self._connections.values())

    def count(self) -> int:
        """Open sockets."""
        return sum(c.socket is not None for c in self._connections.values())

    def drop_sockets(self, user_id: str | None = None) -> int:
        """Break the sockets (of one user, or all) without a goodbye; says how many."""
        found = [
            c for c in self._connections.values() if c.socket is not None and user_id in (None, c.user_id)
        ]
        for connection in found:
            connection.abort()
        return len(found)

    def forget(self) -> None:
        """Lose all resumable state, as a restarted server does. Sockets break too."""
        self.drop_sockets()
        self._connections.clear()

    def _concerns(self, event: Event, connection: Connection) -> bool:
        user_id = connection.user_id
        if not self.sends_to_revoked and not self._is_valid(connection.token):
            return False
        if event.user_id:
            return user_id == event.user_id
        if user_id in event.omit_users or (event.only is not None and not event.only(user_id)):
            return False
        if event.channel_id:
            return self._world.channel_member(event.channel_id, user_id) is not None
        if event.team_id:
            return self._world.team_member(event.team_id, user_id) is not None
        return True

    def _drop(self, connection: Connection) -> None:
        self._connections.pop(connection.id, None)
        connection.abort()

    def _bury(self) -> None:
        latest = self._clock.now() - self._limits.dead_queue_lifetime
        for connection in list(self._connections.values()):
            if connection.left_at is not None and connection.left_at < latest:
                del self._connections[connection.id]
