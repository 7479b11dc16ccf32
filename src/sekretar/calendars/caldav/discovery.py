"""From what a person types to their calendars (RFC 6764, RFC 5397, RFC 4791 §6.2.1).

A person gives an address, a host name, or only a mail address; the server leads from there by redirects and
properties. DNS records (SRV and TXT of RFC 6764 §3) are not asked: Sekretar has no resolver library for them,
and the providers that publish such records are presets. What is tried instead: the address itself,
`/.well-known/caldav`, and the paths the provider's profile knows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from sekretar.calendars.caldav import xml
from sekretar.calendars.caldav.client import CalDavClient, marks_of
from sekretar.calendars.caldav.errors import NotAnAddress, NotCalDav
from sekretar.calendars.caldav.hrefs import absolute, path_of, trusted
from sekretar.calendars.caldav.providers import MAILRU, PROVIDERS, Provider, ServerProfile
from sekretar.calendars.caldav.values import Credentials, RemoteCalendar
from sekretar.calendars.caldav.wire import Limits
from sekretar.kernel.errors import (
    PeerConflict,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerNotFound,
    PeerUnsupported,
)
from sekretar.kernel.http import Asking

logger = logging.getLogger(__name__)

#: Answers that only mean *not here*; anything else (a refused password above all) ends the search.
_NOT_HERE = (PeerForbidden, PeerNotFound, PeerInvalid, PeerUnsupported, PeerConflict)

_WRITES = frozenset(xml.tag(f"d:{name}") for name in ("write", "write-content", "bind", "all"))


@dataclass(frozen=True, slots=True)
class Discovered:
    """An account that was found and let us in."""

    principal_url: str
    #: The collection that holds the calendars; the client of the account is made with this as its base.
    home_url: str
    display_name: str
    #: The person's own addresses, lower case, without `mailto:`.
    addresses: tuple[str, ...]
    #: The classes of the DAV header; a hint, not a promise.
    features: frozenset[str]
    profile: ServerProfile


async def discover(
    session: Asking,
    provider: Provider,
    address: str,
    credentials: Credentials,
    *,
    limits: Limits | None = None,
) -> Discovered:
    """Find the principal and the calendar home.

    `address` is a URL, a host or a mail address; it may be empty for a provider with a fixed one. Raises
    `PeerRefused` (the password), `Unreachable` (the server), `NotCalDav` (neither).
    """
    provider = _preset_for(provider, address)
    base = base_url(provider, address or credentials.login)
    client = CalDavClient(session, base, credentials, profile=provider.profile, limits=limits)
    said: PeerError | None = None
    for url in _candidates(base, provider.profile, credentials.login):
        try:
            return await _look(client, url, credentials)
        except _NOT_HERE as error:
            logger.debug("no principal at %s: %s", urlsplit(url).path, error)
            said = error if said is None or isinstance(error, PeerForbidden) else said
    if isinstance(said, PeerForbidden):
        raise said
    raise NotCalDav(client.peer, said.detail if said else "nothing to ask")


async def list_calendars(client: CalDavClient, home_url: str) -> list[RemoteCalendar]:
    """The calendars of a home that hold events, in the server's order; equal names stay two calendars."""
    url, found = await client.propfind(
        home_url,
        "d:resourcetype",
        "d:displayname",
        "a:calendar-color",
        "cs:getctag",
        "d:sync-token",
        "c:supported-calendar-component-set",
        "d:current-user-privilege-set",
        "d:supported-report-set",
        "c:schedule-calendar-transp",
        depth=1,
        most=client.limits.listing,
    )
    calendars = (_calendar(url, item) for item in found.responses if _holds_events(item))
    return [
        calendar
        for calendar in calendars
        if trusted(client.base_url, calendar.href, client.profile.partner_domains)
    ]


def base_url(provider: Provider, address: str) -> str:
    """The address to start from. Raises `NotCalDav` for what cannot be one."""
    if provider.base_url:
        return provider.base_url
    text = address.strip()
    if "://" not in text:
        host, slash, path = text.partition("/")
        text = f"https://{host.rpartition('@')[2]}{slash}{path}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or any(char.isspace() for char in text):
        raise NotAnAddress("caldav", "not an address")
    return parts._replace(path=parts.path or "/", fragment="", query="").geturl()


def _preset_for(provider: Provider, address: str) -> Provider:
    """The preset that an address typed under *other* belongs to, so that its quirks are known."""
    if provider.base_url:
        return provider
    text = address if "://" in address else f"https://{address.rpartition('@')[2]}"
    try:
        host = urlsplit(text).hostname or ""
    except ValueError:
        return provider
    for preset in PROVIDERS.values():
        if preset.base_url and (host == urlsplit(preset.base_url).hostname or host in preset.mail_domains):
            return preset
    return provider


def _candidates(base: str, profile: ServerProfile, login: str) -> Iterator[str]:
    tried: set[str] = set()
    for url in _possible(base, profile, login):
        if url not in tried:
            tried.add(url)
            yield url


def _possible(base: str, profile: ServerProfile, login: str) -> Iterator[str]:
    path = urlsplit(base).path
    if path != "/":
        yield base
        # A Nextcloud below a path is typed without its DAV part.
        for known in profile.paths:
            if known != "/":
                yield absolute(base, path.rstrip("/") + known)
    yield absolute(base, "/.well-known/caldav")
    for known in profile.paths:
        yield absolute(base, known)
    local, _, domain = login.rpartition("@")
    if profile.principal_guess and local:
        guess = profile.principal_guess.format(local=quote(local), domain=quote(domain))
        yield absolute(base, guess)


async def _look(client: CalDavClient, url: str, credentials: Credentials) -> Discovered:
    """Follow one address to the home. Raises one of `_NOT_HERE` when it leads nowhere."""
    where, found = await client.propfind(
        url, "d:current-user-principal", "d:principal-URL", "d:resourcetype", "c:calendar-home-set"
    )
    item = next(iter(found.responses), None)
    if item is None:
        raise PeerNotFound(client.peer, f"nothing is said about {path_of(where)}")
    is_principal = xml.tag("d:principal") in item.children("d:resourcetype")
    principal = item.href_in("d:current-user-principal") or item.href_in("d:principal-URL")
    if principal is None and (is_principal or item.href_in("c:calendar-home-set")):
        principal = item.href
    if principal is None:
        raise PeerNotFound(client.peer, f"no principal at {path_of(where)}")
    return await _enter(client, absolute(where, principal), credentials)


async def _enter(client: CalDavClient, principal_url: str, credentials: Credentials) -> Discovered:
    where, found = await client.propfind(
        principal_url, "c:calendar-home-set", "d:displayname", "c:calendar-user-address-set"
    )
    item = next(iter(found.responses), None)
    if item is None:
        raise PeerNotFound(client.peer, f"no principal at {path_of(where)}")
    home = item.href_in("c:calendar-home-set")
    if home is None:
        if client.profile is not MAILRU:
            raise PeerNotFound(client.peer, f"{path_of(where)} names no calendar home")
        home = path_of(where).rstrip("/") + "/calendars/"
    home_url = absolute(where, home)
    if not trusted(client.base_url, home_url, client.profile.partner_domains):
        raise NotCalDav(client.peer, "the calendar home is on another host")
    name = item.text("d:displayname") or credentials.login
    addresses = addresses_of(_said(item), credentials.login, client.profile)
    return Discovered(where, home_url, name, addresses, await _features(client, home_url), client.profile)


async def _features(client: CalDavClient, url: str) -> frozenset[str]:
    try:
        return await client.features(url)
    except _NOT_HERE:
        return frozenset()


def _said(item: xml.Response) -> Iterator[str]:
    """The mail addresses that the server knows of the person."""
    for href in item.hrefs_in("c:calendar-user-address-set"):
        if href.lower().startswith("mailto:"):
            yield unquote(href[7:])


def addresses_of(said: Iterable[str], login: str, profile: ServerProfile) -> tuple[str, ...]:
    """The person's own addresses, lower case: what the server has said first, then the login and what else the
    provider calls the same mailbox.
    """
    local, _, domain = login.strip().lower().rpartition("@")
    if not local:
        local, domain = domain, next(iter(profile.mailbox_domains), "")
    names, domains = [local], [domain]
    if domain in profile.mailbox_domains:
        domains += profile.mailbox_domains
        if profile.points_are_hyphens:
            names += [local.replace("-", "."), local.replace(".", "-")]
    own = [f"{name}@{each}" for name in names for each in domains if each]
    return tuple(dict.fromkeys(mail for mail in (*(each.strip().lower() for each in said), *own) if mail))


def _holds_events(item: xml.Response) -> bool:
    kinds = item.children("d:resourcetype")
    if xml.tag("c:calendar") not in kinds or (item.status or 200) >= 300:
        return False
    refused = {f"{{{xml.NEXTCLOUD}}}deleted-calendar", f"{{{xml.NEXTCLOUD}}}trash-bin"}
    boxes = {xml.tag("c:schedule-inbox"), xml.tag("c:schedule-outbox")}
    if kinds & (refused | boxes):
        return False
    components = _components(item)
    return not components or "VEVENT" in components


def _components(item: xml.Response) -> frozenset[str]:
    element = item.props.get(xml.tag("c:supported-calendar-component-set"))
    if element is None:
        return frozenset()
    return frozenset(comp.get("name", "").upper() for comp in element.iter(xml.tag("c:comp")))


def _calendar(base: str, item: xml.Response) -> RemoteCalendar:
    privileges = _inside(item, "d:current-user-privilege-set", "d:privilege")
    return RemoteCalendar(
        href=absolute(base, item.href),
        name=item.text("d:displayname") or unquote(path_of(item.href).rstrip("/").rpartition("/")[2]),
        colour=_colour(item.text("a:calendar-color")),
        marks=marks_of(item),
        components=_components(item),
        writable=bool(privileges & _WRITES) if privileges else None,
        transparent=xml.tag("c:transparent") in item.children("c:schedule-calendar-transp"),
        reports=frozenset(
            name.rpartition("}")[2] for name in _inside(item, "d:supported-report-set", "d:report")
        ),
    )


def _inside(item: xml.Response, prop: str, holder: str) -> frozenset[str]:
    """The names of the elements wrapped in `holder` elements inside a property."""
    element = item.props.get(xml.tag(prop))
    if element is None:
        return frozenset()
    return frozenset(
        child.tag for wrap in element.iter(xml.tag(holder)) for child in wrap if isinstance(child.tag, str)
    )


def _colour(text: str | None) -> str | None:
    """`#rrggbb` of what servers write, often with an alpha channel."""
    if text is None:
        return None
    digits = text.strip().lstrip("#")[:6].lower()
    return f"#{digits}" if len(digits) == 6 and all(char in "0123456789abcdef" for char in digits) else None
