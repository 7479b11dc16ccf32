"""The stream of events: connected, kept alive, resumed, and honest about what it may have missed.

`EventStream.run` never ends by itself. It connects with the token in the handshake (only then can a broken
stream be resumed), and falls back to the challenge where a proxy strips the header. While connected it
sends a ping every half minute: that is the only way to learn that the token was revoked, for the server
then goes on sending events. Every event has a number; a gap closes the socket, and the next one resumes
with the number that is missing. When the server has forgotten us, its greeting carries another connection
id, and a `Lost` tells the owner from when on to look by REST.

The reader only reads and hands over: `on_event` must return at once.

Sources: server/channels/api4/websocket.go, server/channels/app/platform/web_conn.go, and the back-off of
webapp/platform/client/src/websocket.ts, all of mattermost/mattermost.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from yarl import URL

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerError, PeerRefused
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.errors import MattermostDown, MattermostRefused, scrub
from sekretar.mattermost.events import Event, Lost, event_of
from sekretar.mattermost.models import moment
from sekretar.mattermost.stream_socket import CLOSE_GAP, Pace, StreamSocket

_log = structlog.get_logger(__name__)

#: Events that were on their way, and clocks that differ: `Lost` looks back a little further than it must.
MARGIN = timedelta(seconds=10)
#: A message larger than this is no event: props of a post are limited to 800,000 characters.
LARGEST_FRAME = 16 * 1024 * 1024

_FIRST_DELAYS = 7


class Connection(enum.Enum):
    """How the stream stands."""

    #: Never connected yet.
    STARTING = "starting"
    CONNECTED = "connected"
    #: Not connected; being tried again.
    DOWN = "down"
    #: The token is not accepted; being tried again, but somebody has to act.
    REFUSED = "refused"


@dataclass(frozen=True)
class StreamState:
    """How the stream stands, and since when. `detail` is for the log and for administrators."""

    connection: Connection
    since: datetime
    detail: str = ""


def delay_before(attempt: int, chance: float) -> timedelta:
    """How long to wait before connecting for the `attempt`-th time after a loss, counted from 0.

    At once, then seven times 3 s, then growing with the square of the attempts up to 300 s; up to 2 s more by
    `chance` (0 to 1), so that all clients of a restarted server do not come at the same moment.
    """
    if attempt == 0:
        return timedelta()
    seconds = 3.0 if attempt <= _FIRST_DELAYS else min(3.0 * (attempt - _FIRST_DELAYS + 1) ** 2, 300.0)
    return timedelta(seconds=seconds + 2 * chance)


class EventStream:
    """The events of one user, for as long as it runs."""

    def __init__(
        self,
        client: MattermostClient,
        clock: Clock,
        on_event: Callable[[Event], None],
        *,
        report: Callable[[StreamState], None] | None = None,
        heard_until: datetime | None = None,
        pace: Pace | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`heard_until`: what an earlier process heard to; the first connection reports a `Lost` from
        there.
        """
        self._client = client
        self._clock = clock
        self._on_event = on_event
        self._report = report
        self._pace = pace or Pace()
        self._chance = chance
        self._connection_id = ""
        self._expected = 0
        self._heard_until = heard_until
        self._close_code: int | None = None
        self._attempt = 0
        self._settled = True
        self._ahead: timedelta | None = None
        self.state = StreamState(Connection.STARTING, clock.now())

    async def run(self) -> None:
        """Listen until cancelled, whatever happens."""
        while True:
            await self._clock.sleep_until(self._clock.now() + delay_before(self._attempt, self._chance()))
            self._attempt += 1
            try:
                await self._listen_once()
            except PeerRefused as refused:
                self._become(Connection.REFUSED, str(refused))
            except PeerError as error:
                self._become(Connection.DOWN, str(error))
            except Exception as error:
                # A mistake of ours in one message must not end the listening for good.
                _log.exception("mattermost_stream_failed")
                self._become(Connection.DOWN, type(error).__name__)

    @property
    def heard_until(self) -> datetime | None:
        """Up to when (the server's clock) everything has been handed over; None before the first
        connection.
        """
        return self._heard_until

    async def _listen_once(self) -> None:
        """One socket, from the handshake to its end. Always raises."""
        try:
            async with self._client.session.ws_connect(
                self._address(), headers=self._client.authorization, max_msg_size=LARGEST_FRAME
            ) as socket:
                await StreamSocket(socket, self._client, self, self._pace).converse()
        except aiohttp.WSServerHandshakeError as error:
            if error.status == 401:
                raise MattermostRefused("the event stream refuses the token", status=401) from error
            raise MattermostDown(
                f"no WebSocket at this address ({error.status}): a proxy in between must pass `Upgrade` on",
                status=error.status,
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise MattermostDown(scrub(f"event stream: {type(error).__name__} {error}")) from error

    def _address(self) -> URL:
        base = URL(f"{self._client.base_url}/api/v4/websocket", encoded=True)
        url = base.with_scheme("wss" if base.scheme == "https" else "ws")
        if not self._connection_id:
            return url
        resume = {"connection_id": self._connection_id, "sequence_number": str(self._expected)}
        if self._close_code is not None and (
            1000 <= self._close_code <= 1016 or self._close_code == CLOSE_GAP
        ):
            resume["disconnect_err_code"] = str(self._close_code)
        return url.with_query(resume)

    def _become(self, connection: Connection, detail: str = "") -> None:
        if (connection, detail) == (self.state.connection, self.state.detail):
            return
        self.state = StreamState(connection, self._clock.now(), detail)
        _log.info("mattermost_stream", state=connection.value, detail=detail)
        if self._report is not None:
            self._report(self.state)

    # What the socket tells (`stream_socket.Told`)

    def authenticated(self) -> None:
        if self._settled:
            # A stream that stood is taken up again at once; one that breaks again right away is not.
            self._settled, self._attempt = False, 0
        self._become(Connection.CONNECTED)

    def greeted(self, connection_id: str, seq: int, version: object, *, first: bool) -> None:
        self._client.learn_version(version)
        if first and self._heard_until is not None:
            self._on_event(Lost(self._heard_until - MARGIN))
        self._connection_id = connection_id
        self._expected = seq + 1
        self._heard()

    def happened(self, name: str, seq: int, data: Mapping[str, Any], broadcast: Mapping[str, Any]) -> bool:
        if seq != self._expected:
            return False
        self._expected += 1
        self._on_event(event_of(name, data, broadcast))
        self._heard()
        return True

    def alive(self, server_time: object, *, in_step: bool) -> None:
        self._settled, self._attempt = True, 0
        theirs = moment(server_time)
        if theirs is not None:
            self._ahead = theirs - self._clock.now()
        if in_step:
            self._heard()

    def ended(self, close_code: int | None, *, resumable: bool) -> None:
        self._close_code = close_code
        if not resumable:
            self._connection_id = ""

    def _heard(self) -> None:
        ahead = self._client.clock_difference if self._ahead is None else self._ahead
        self._heard_until = self._clock.now() + (ahead or timedelta())
