"""From what was seen to what it means and what to do about it. Nothing is asked here."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import aiohttp

from sekretar.kernel.errors import PeerError
from sekretar.mattermost.doctor.findings import Finding, failure, fine, warning
from sekretar.mattermost.models import ClientConfig, Role, Team, User
from sekretar.mattermost.versions import BASELINE, Feature, ServerVersion

#: Clocks may differ so much before claims and reminders begin to look odd.
LARGEST_CLOCK_DIFFERENCE = timedelta(minutes=1)

#: What an older server makes people, or the log, notice.
_LACKING = {
    Feature.RESUME: "a broken event stream is made good by reading back",
    Feature.DIALOG_DATES: "dates are typed in dialogs instead of picked",
}
#: Any of these lets the bot set the status of others.
_SUFFICIENT = frozenset({"edit_other_users", "manage_system"})


def unreachable(url: str, error: PeerError) -> Finding:
    """Mattermost did not answer: the name, the connection, the certificate, or something in between."""
    name, cause, status = "mattermost", error.__cause__, getattr(error, "status", 0)
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return failure(
            name, f"the name in {url} is not known here", "Correct SEKRETAR_MATTERMOST_URL or the DNS."
        )
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return failure(
            name,
            f"the certificate of {url} is not accepted: {error.detail}",
            "Name your certificate authority in SEKRETAR_CA_FILE, or renew the certificate.",
        )
    if isinstance(cause, aiohttp.ClientSSLError):
        return failure(
            name, f"no TLS at {url}: {error.detail}", "Correct the port, or write http:// if that is meant."
        )
    if isinstance(cause, asyncio.TimeoutError):
        return failure(
            name, f"{url} does not answer in time", "Check the address and the firewalls in between."
        )
    if status:
        return failure(
            name,
            f"something else answers at {url}: {error.detail}",
            "Set SEKRETAR_MATTERMOST_URL to the address of Mattermost itself, sub-path included.",
        )
    return failure(
        name,
        f"{url} cannot be reached: {error.detail}",
        "Start Mattermost, or correct SEKRETAR_MATTERMOST_URL; behind a proxy also HTTPS_PROXY and NO_PROXY.",
    )


def server(url: str, config: ClientConfig, difference: timedelta | None) -> Finding:
    """Mattermost answers; whether it knows its own address and the time."""
    name = "mattermost"
    if difference is not None and abs(difference) > LARGEST_CLOCK_DIFFERENCE:
        seconds = round(abs(difference).total_seconds())
        return warning(
            name, f"{url} answers, but its clock and ours differ by {seconds} s", "Let NTP set both clocks."
        )
    # Servers tell their address to those who are logged in only.
    if config.settings.get("SiteURL") == "":
        return warning(
            name,
            f"{url} answers, but does not know its own address",
            "Set the Site URL: System Console, Environment, Web Server.",
        )
    return fine(name, f"{url} answers")


def version(found: ServerVersion) -> Finding:
    """Whether the server is new enough, and what it lacks."""
    if found < BASELINE:
        return failure(
            "version",
            f"Mattermost {found} is older than {BASELINE}, the oldest that Sekretar works with",
            "Upgrade Mattermost.",
        )
    lacking = [
        f"before {feature.value} {text}" for feature, text in _LACKING.items() if not found.has(feature)
    ]
    return fine("version", f"Mattermost {found}" + (f" ({', '.join(lacking)})" if lacking else ""))


def token(me: User) -> Finding:
    """Whose token it is."""
    if not me.is_bot:
        return failure(
            "token",
            f"the token belongs to @{me.username}, who is a person",
            "Use the token of a bot: `sekretar setup` makes one.",
        )
    if "system_admin" in me.role_names:
        return warning(
            "token",
            f"we are @{me.username}, a system administrator",
            "Take this role from the bot: it needs no rights beyond those of a member.",
        )
    return fine("token", f"we are @{me.username}")


def teams(mine: Sequence[Team], visible: Sequence[Team]) -> Finding:
    """Whether people can use the bot where they are. Teams that the bot may not see are not known to it."""
    absent = sorted({team.display_name or team.name for team in visible} - _names(mine))
    if not mine:
        return failure(
            "teams", "the bot is in no team", "Run `sekretar setup`; it brings the bot into every team."
        )
    seen = f"the bot is in {', '.join(sorted(_names(mine)))}"
    if absent:
        return warning("teams", f"{seen}; not in {', '.join(absent)}", "Run `sekretar setup` again.")
    return fine("teams", seen)


def _names(teams: Sequence[Team]) -> set[str]:
    return {team.display_name or team.name for team in teams}


class Consent(enum.Enum):
    """How it stands with the OAuth 2 application, by which people let Sekretar act for them."""

    READY = "ready"
    SWITCHED_OFF = "switched off"
    NOT_SET_UP = "not set up"
    GONE = "gone"
    OTHER_ADDRESS = "other address"
    WRONG_SECRET = "wrong secret"  # noqa: S105 - no secret


_CONSENT: Mapping[Consent, tuple[str, str]] = {
    Consent.SWITCHED_OFF: (
        "Mattermost's OAuth 2.0 service is off",
        "Switch it on (System Console, Integrations, Integration Management) and run `sekretar setup`, or give the"
        " bot the permission edit_other_users by a role.",
    ),
    Consent.NOT_SET_UP: (
        "there is no OAuth 2 application",
        "Run `sekretar setup`; it registers one and prints SEKRETAR_OAUTH_CLIENT_ID and _SECRET.",
    ),
    Consent.GONE: (
        "Mattermost does not know the OAuth 2 application",
        "Run `sekretar setup`; it registers a new one and prints SEKRETAR_OAUTH_CLIENT_ID and _SECRET.",
    ),
    Consent.OTHER_ADDRESS: (
        "the OAuth 2 application sends people back to another address than SEKRETAR_PUBLIC_URL",
        "Correct SEKRETAR_PUBLIC_URL, or run `sekretar setup`; it gives the application our address.",
    ),
    Consent.WRONG_SECRET: (
        "the secret of the OAuth 2 application is not accepted",
        "Run `sekretar setup`; it prints SEKRETAR_OAUTH_CLIENT_SECRET.",
    ),
}


def status(config: ClientConfig, roles: Collection[Role], consent: Consent) -> Finding:
    """By what the status of people can be set. `roles` are those of the bot."""
    name = "status"
    if config.allows("EnableCustomUserStatuses") is False:
        return warning(
            name,
            "custom statuses are switched off in Mattermost",
            "Switch them on if people want to be shown as busy: System Console, Site Configuration, Users and"
            " Teams, Enable Custom Statuses.",
        )
    if any(not _SUFFICIENT.isdisjoint(role.permissions) for role in roles):
        return fine(name, "the bot may set the status of others")
    if config.allows("EnableOAuthServiceProvider") is False:
        consent = Consent.SWITCHED_OFF
    if consent is Consent.READY:
        return fine(name, "people can let Sekretar set their status, by consent")
    what, remedy = _CONSENT[consent]
    return warning(name, f"statuses cannot be set: {what}", remedy)


def outbox(dead: int, waiting: int) -> Finding:
    """Whether everything could be said."""
    if dead:
        letters = "1 message" if dead == 1 else f"{dead} messages"
        return warning(
            "outbox",
            f"{letters} could not be delivered",
            "Look at them with `sekretar outbox`, then retry or discard them.",
        )
    return fine("outbox", f"nothing undelivered, {waiting} waiting")
