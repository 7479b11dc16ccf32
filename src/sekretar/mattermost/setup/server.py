"""What is set up once for the whole server: asking people for their consent, and being called."""

from __future__ import annotations

from pydantic import SecretStr

from sekretar.kernel.errors import PeerDown, PeerError, PeerForbidden, PeerRefused, PeerUnsupported
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.consent import CONSENT_PATH
from sekretar.mattermost.models import OAuthApp
from sekretar.mattermost.reachability import SETTING, WHERE, host_of, is_allowed, is_loopback, resolve
from sekretar.mattermost.setup import plan
from sekretar.mattermost.setup.plan import SetupSettings
from sekretar.mattermost.setup.writing import Writing

_PURPOSE = "Shows people as busy while they are in a meeting, if they wish."
_SWITCH_ON = (
    "Switch it on (System Console, Integrations, Integration Management, Enable OAuth 2.0 Service Provider) and run"
    " setup again, or give the bot the permission edit_other_users by a role."
)


async def set_up_consent(admin: MattermostClient, settings: SetupSettings, writing: Writing) -> None:
    """Register Sekretar as an OAuth 2 application, by which people let it set their status."""
    if (await admin.config()).allows("EnableOAuthServiceProvider") is False:
        writing.advise("Sekretar cannot set statuses: Mattermost's OAuth 2.0 service is off.", _SWITCH_ON)
        return
    redirect_uri = settings.public_url + CONSENT_PATH
    try:
        app = await _app(admin, settings, redirect_uri, writing)
    except (PeerDown, PeerRefused):
        raise
    except PeerUnsupported:
        writing.advise("Sekretar cannot set statuses: Mattermost's OAuth 2.0 service is off.", _SWITCH_ON)
        return
    except PeerError as error:
        writing.problem(
            "", f"The OAuth 2 application was not registered: {error.detail}.", "Check SEKRETAR_PUBLIC_URL."
        )
        return
    _tell(app, settings, writing)
    host = host_of(redirect_uri)
    if is_loopback(host, await resolve(host)):
        writing.advise(
            f"People are sent back to {settings.public_url} after consenting: that works on this machine only.",
            "Set SEKRETAR_PUBLIC_URL to the address of Sekretar that browsers reach and run setup again.",
        )


async def _app(
    admin: MattermostClient, settings: SetupSettings, redirect_uri: str, writing: Writing
) -> OAuthApp:
    step = plan.plan_app(await admin.oauth_apps(), settings.oauth_client_id, redirect_uri)
    match step:
        case plan.CreateApp():
            app = await admin.create_oauth_app(plan.APP_NAME, _PURPOSE, settings.public_url, [redirect_uri])
            writing.done("", "the OAuth 2 application was registered")
        case plan.ChangeApp():
            app = await admin.update_oauth_app(
                step.app, callback_urls=[redirect_uri], homepage=settings.public_url
            )
            writing.done("", "the OAuth 2 application got our address")
        case plan.KeepApp():
            app = step.app
            writing.kept("", "the OAuth 2 application is there")
    return app


def _tell(app: OAuthApp, settings: SetupSettings, writing: Writing) -> None:
    if app.id != settings.oauth_client_id:
        writing.set("oauth_client_id", app.id)
    known = settings.oauth_client_secret.get_secret_value() if app.id == settings.oauth_client_id else ""
    if app.client_secret and app.client_secret != known:
        writing.set("oauth_client_secret", SecretStr(app.client_secret))
    elif not app.client_secret and not known:
        writing.problem(
            "",
            "Mattermost does not tell the secret of the OAuth 2 application.",
            "Copy it from Integrations, OAuth 2.0 Applications, to SEKRETAR_OAUTH_CLIENT_SECRET.",
        )


async def set_up_callback(admin: MattermostClient, url: str, writing: Writing, *, change: bool) -> None:
    """Make sure that Mattermost is allowed to call us. Its configuration is changed only when that was asked for."""
    host = host_of(url)
    addresses = await resolve(host)
    remedy = f"Add {host} to {WHERE}, or run setup with --allow-callback."
    try:
        listed = (await admin.server_config()).service.allowed_internal
    except (PeerForbidden, PeerUnsupported) as error:
        if not is_allowed("", host, addresses):
            writing.advise(f"Whether Mattermost may call {host} could not be read: {error.detail}.", remedy)
        return
    allowed = is_allowed(listed, host, addresses)
    if allowed:
        writing.kept("", f"Mattermost is allowed to call {host}")
    elif change:
        await _allow(admin, f"{listed} {host}".strip(), host, writing)
    elif allowed is None:
        writing.advise(
            f"Nothing is known of {host} here; if it is private, Mattermost will not call it.", remedy
        )
    else:
        writing.problem("", f"Mattermost is not allowed to call {host}, a private address.", remedy)


async def _allow(admin: MattermostClient, listed: str, host: str, writing: Writing) -> None:
    try:
        await admin.allow_internal_connections(listed)
    except (PeerForbidden, PeerUnsupported) as error:
        writing.problem(
            "",
            f"Mattermost's configuration could not be changed: {error.detail}.",
            f"Add {host} to {SETTING} where the configuration is kept (config.json or its environment).",
        )
        return
    writing.done("", f"Mattermost was allowed to call {host} ({SETTING})")
