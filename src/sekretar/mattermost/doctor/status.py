"""By what the status of people can be set: consent, a right of the bot, or nothing."""

from __future__ import annotations

from sekretar.kernel.errors import PeerError, PeerInvalid, PeerNotFound, PeerUnsupported
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.consent import CONSENT_PATH
from sekretar.mattermost.doctor import judging
from sekretar.mattermost.doctor.findings import Finding, failure, skipped
from sekretar.mattermost.doctor.server import ServerFindings
from sekretar.mattermost.doctor.surroundings import DoctorSettings
from sekretar.mattermost.errors import MattermostError

#: Mattermost's answer to an application that it does not know, or whose secret is another one.
_CREDENTIALS = "api.oauth.get_access_token.credentials.app_error"
#: Has the shape of a refresh token and is none.
_NO_TOKEN = "0" * 26


async def look_at_status(settings: DoctorSettings, server: ServerFindings) -> Finding:
    """Find out by what Sekretar can act for people."""
    if server.client is None or server.me is None or server.config is None:
        return skipped("status", server.why_not)
    try:
        roles = await server.client.roles(server.me.role_names)
        consent = await _consent(server.client, settings)
    except PeerError as error:
        return failure("status", f"it could not be found out: {error.detail}", "Run the doctor again.")
    return judging.status(server.config, roles, consent)


async def _consent(client: MattermostClient, settings: DoctorSettings) -> judging.Consent:
    client_id = settings.oauth_client_id
    if not client_id:
        return judging.Consent.NOT_SET_UP
    try:
        app = await client.oauth_app_info(client_id)
    except PeerNotFound:
        return judging.Consent.GONE
    except PeerUnsupported:
        return judging.Consent.SWITCHED_OFF
    if settings.public_url + CONSENT_PATH not in app.callback_urls:
        return judging.Consent.OTHER_ADDRESS
    try:
        await client.refresh_token(client_id, settings.oauth_client_secret.get_secret_value(), _NO_TOKEN)
    except MattermostError as error:
        if error.error_id == _CREDENTIALS:
            return judging.Consent.WRONG_SECRET
        if not isinstance(error, PeerInvalid | PeerNotFound):
            raise
    return judging.Consent.READY
