"""Mattermost as we reach it: there, new enough, ours; and what our token lets us do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerError, PeerForbidden, PeerRefused
from sekretar.mattermost.client import MattermostClient, NewPost
from sekretar.mattermost.doctor import judging
from sekretar.mattermost.doctor.findings import Finding, failure, fine, skipped, warning
from sekretar.mattermost.events import Event
from sekretar.mattermost.models import Channel, ClientConfig, Team, User
from sekretar.mattermost.websocket import Connection, EventStream, StreamState

#: How long the event stream may take to be accepted: the challenge comes after 2 s, an answer within 15 s.
STREAM_WITHIN = timedelta(seconds=20)

_AFTER_SERVER = ("version", "token", "stream", "messages", "teams")
_AFTER_TOKEN = ("stream", "messages", "teams")


@dataclass
class ServerFindings:
    """What was found, and what later checks need of it. Without `me` they say `why_not`."""

    findings: list[Finding] = field(default_factory=list)
    client: MattermostClient | None = None
    config: ClientConfig | None = None
    me: User | None = None
    teams: list[Team] = field(default_factory=list)
    #: The bot's direct channel with itself.
    own_channel: Channel | None = None
    why_not: str = "Mattermost cannot be reached"

    @classmethod
    def unreachable(cls, finding: Finding) -> ServerFindings:
        """Mattermost is not there: nothing else can be looked at."""
        found = cls([finding])
        found.findings += [skipped(name, found.why_not) for name in _AFTER_SERVER]
        return found


class Server:
    """Looks at one server with the token of the bot."""

    def __init__(self, client: MattermostClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def look(self) -> ServerFindings:
        """Look at the server, in the order in which things depend on each other."""
        url = self._client.base_url
        try:
            await self._client.ping()
            config = await self._client.config()
        except PeerRefused:
            config = ClientConfig(settings={})
        except PeerError as error:
            return ServerFindings.unreachable(judging.unreachable(url, error))
        found = ServerFindings(client=self._client, config=config)
        found.findings.append(judging.server(url, config, self._client.clock_difference))
        found.findings.append(judging.version(self._client.server_version))
        found.findings.append(await self._token(found))
        if found.me is None:
            found.findings += [skipped(name, found.why_not) for name in _AFTER_TOKEN]
            return found
        found.findings.append(await self._stream())
        found.findings.append(await self._messages(found, found.me))
        found.findings.append(await self._teams(found))
        return found

    async def _token(self, found: ServerFindings) -> Finding:
        if not self._client.token:
            found.why_not = "there is no token"
            return failure(
                "token",
                "the token of the bot is not set",
                "Run `sekretar setup`; it makes the bot and prints SEKRETAR_MATTERMOST_TOKEN.",
            )
        try:
            me = await self._client.me()
        except PeerRefused:
            found.why_not = "the token is not accepted"
            return failure(
                "token",
                "Mattermost does not accept our token (revoked, or the bot was switched off)",
                "Run `sekretar setup`; it switches the bot on again and makes a new token if need be.",
            )
        except PeerError as error:
            return failure("token", f"Mattermost did not answer: {error.detail}", "Run the doctor again.")
        if me.is_bot:
            found.me = me
        else:
            found.why_not = "the token is not a bot's"
        return judging.token(me)

    async def _stream(self) -> Finding:
        settled: asyncio.Future[StreamState] = asyncio.get_running_loop().create_future()

        def report(state: StreamState) -> None:
            if not settled.done():
                settled.set_result(state)

        stream = EventStream(self._client, self._clock, _ignore, report=report)
        running = asyncio.create_task(stream.run())
        try:
            async with asyncio.timeout(STREAM_WITHIN.total_seconds()):
                state = await settled
        except TimeoutError:
            state = StreamState(Connection.DOWN, self._clock.now(), "no answer")
        finally:
            running.cancel()
            await asyncio.wait([running])
        if state.connection is Connection.CONNECTED:
            return fine("stream", "the WebSocket connects and accepts the token")
        return failure(
            "stream",
            f"the WebSocket does not work: {state.detail}",
            "Have the proxy in front of Mattermost pass WebSockets on (the headers Upgrade and Connection).",
        )

    async def _messages(self, found: ServerFindings, me: User) -> Finding:
        """Write where nobody but the bot can read, and delete it at once."""
        try:
            found.own_channel = await self._client.direct_channel(me.id, me.id)
            post = await self._client.create_post(
                NewPost(found.own_channel.id, "Sekretar's doctor was here; this is deleted at once.")
            )
            await self._client.delete_post(post.id)
        except PeerForbidden as error:
            return failure(
                "messages",
                f"the bot may not write direct messages: {error.detail}",
                "Give all members create_direct_channel and create_post back: System Console, User Management,"
                " Permissions.",
            )
        except PeerError as error:
            return failure("messages", f"writing failed: {error.detail}", "Look into the log of Mattermost.")
        restricted = found.config.settings.get("RestrictDirectMessage", "") if found.config else ""
        if restricted == "team":
            return warning(
                "messages",
                "the bot may write direct messages, but only to people who share a team with it",
                "Nothing to do while the bot is in every team (System Console, Site Configuration, Users and Teams).",
            )
        return fine("messages", "the bot may write direct messages")

    async def _teams(self, found: ServerFindings) -> Finding:
        try:
            found.teams = [team for team in await self._client.my_teams() if team.delete_at is None]
            visible = await self._visible_teams()
        except PeerError as error:
            return failure("teams", f"they could not be read: {error.detail}", "Run the doctor again.")
        return judging.teams(found.teams, visible)

    async def _visible_teams(self) -> list[Team]:
        """The teams that anybody may join: of the others a bot does not know."""
        try:
            return [team for team in await self._client.all_teams() if team.delete_at is None]
        except PeerForbidden:
            return []


def _ignore(_event: Event) -> None:
    """Whoever runs Sekretar has a stream of their own, which hears the same."""
