"""Looking at everything in turn: first here, then Mattermost, then the way back."""

from __future__ import annotations

from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError, PeerError
from sekretar.kernel.outbox import Letters, State
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.doctor import judging
from sekretar.mattermost.doctor.findings import Diagnosis, Finding, failure, skipped
from sekretar.mattermost.doctor.foundations import Opened, open_foundations
from sekretar.mattermost.doctor.server import Server, ServerFindings
from sekretar.mattermost.doctor.status import look_at_status
from sekretar.mattermost.doctor.surroundings import Check, Surroundings
from sekretar.mattermost.doctor.web import WebPart


async def examine(around: Surroundings) -> Diagnosis:
    """Look at everything. What a peer or a setting does wrong is a finding and not raised."""
    async with open_foundations(around.settings) as opened:
        server = await _look_at_server(around)
        findings = [
            *opened.findings,
            *server.findings,
            *await WebPart(around, opened, server).look(),
            await look_at_status(around.settings, server),
            *await _look_at_database(around, opened),
            *[await look() for look in around.peers],
        ]
    return Diagnosis(tuple(findings))


async def _look_at_server(around: Surroundings) -> ServerFindings:
    settings = around.settings
    if not settings.mattermost_url:
        return ServerFindings.unreachable(
            failure(
                "mattermost",
                "its address is not set",
                "Set SEKRETAR_MATTERMOST_URL, or try `sekretar demo` first.",
            )
        )
    token = settings.mattermost_token.get_secret_value()
    try:
        client = MattermostClient(around.http.peers, settings.mattermost_url, token, clock=around.clock)
    except ConfigurationError as error:
        return ServerFindings.unreachable(failure("mattermost", error.what, error.remedy))
    return await Server(client, around.clock).look()


async def _look_at_database(around: Surroundings, opened: Opened) -> list[Finding]:
    async def outbox(database: Database) -> Finding:
        counts = await Letters(database, around.clock).counts()
        return judging.outbox(counts[State.DEAD], counts[State.WAITING] + counts[State.SENDING])

    return [await _look(check, opened) for check in (Check("outbox", outbox), *around.checks)]


async def _look(check: Check, opened: Opened) -> Finding:
    if opened.database is None:
        return skipped(check.name, opened.why_no_database)
    try:
        return await check.look(opened.database)
    except PeerError as error:
        return skipped(check.name, f"the database stopped answering: {error.detail}")
