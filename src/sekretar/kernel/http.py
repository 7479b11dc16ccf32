"""The HTTP client of everything that talks to another server.

There are two sessions. `peers` goes to the servers that the administrator named; `typed` goes where a person
told us to, and refuses to be led inside the network (`addresses.py`). Both share one TLS context, keep no
cookies (a Mattermost cookie turns later writes into CSRF failures) and give up in time.

Proxy variables (`HTTPS_PROXY`, `NO_PROXY`, ...) are honoured when `trust_env` is set. A request through a proxy
is resolved by the proxy: then `typed` can only check addresses written as numbers and names that mean a place
inside, and the rules of the proxy decide about the rest. (With proxy variables set, aiohttp also looks into
`~/.netrc` of the service's user.)
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, Protocol
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from sekretar import __version__
from sekretar.kernel.addresses import AddressGuard, normal_host
from sekretar.kernel.errors import AddressNotAllowed, ConfigurationError, PeerDown, PeerError, PeerInvalid
from sekretar.kernel.health import Metrics
from sekretar.kernel.waiting import Patience

#: How long an exchange with a typed address may take, in seconds, where nobody says.
LONGEST_EXCHANGE = 300.0
#: The longest pause that a peer may ask for.
LONGEST_PAUSE = timedelta(days=1)


@dataclass(frozen=True)
class HttpSettings:
    """How to talk to other servers.

    Attributes:
        connect_timeout: Seconds until a connection must stand.
        total_timeout: Seconds until an answer must be complete.
        user_agent: How we introduce ourselves.
        ca_file: Certificates (PEM) that are trusted besides those of the system.
        allowed_networks: What typed addresses may lead to besides the public internet: networks, addresses or
            host names, the last two with or without a port.
        trust_env: Whether the proxy variables of the environment are honoured.
        connections: The most connections of one session at a time; so many that several servers that do not
            answer leave some for the others.
    """

    connect_timeout: float = 10.0
    total_timeout: float = 30.0
    user_agent: str = f"Sekretar/{__version__}"
    ca_file: Path | str | None = None
    allowed_networks: tuple[str, ...] = ()
    trust_env: bool = True
    connections: int = 400


#: Addresses whose check is remembered; people type far fewer.
_MOST_REMEMBERED = 10_000


class Asking(Protocol):
    """What asks one question and follows no redirect: a session of aiohttp, or the one for typed addresses."""

    def request(
        self,
        method: str,
        url: URL,
        /,
        *,
        data: bytes | None,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
        allow_redirects: Literal[False],
    ) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """One exchange; the answer is closed with the block."""
        ...


class HttpSessions:
    """The two sessions. They are made when first asked for, within the event loop that uses them.

    Raises:
        ConfigurationError: the list of allowed addresses or the file of certificates cannot be read.
    """

    def __init__(self, settings: HttpSettings, metrics: Metrics | None = None) -> None:
        """With `metrics`, requests are counted, those to servers of the administrator and of people apart."""
        self._settings = settings
        self._metrics = metrics
        self._guard = AddressGuard(settings.allowed_networks)
        self._proxies = _proxy_hosts() if settings.trust_env else frozenset()
        self._ssl = _ssl_context(settings.ca_file)
        self._peers: aiohttp.ClientSession | None = None
        self._typed: TypedSession | None = None
        self._closed = False
        #: Scheme, host and port that passed the check; what a name resolves to is checked at each connection.
        self._passed: set[URL] = set()

    @property
    def tls(self) -> ssl.SSLContext:
        """Whose certificates are trusted, for connections that are not HTTP."""
        if not isinstance(self._ssl, ssl.SSLContext):
            self._ssl = ssl.create_default_context()
        return self._ssl

    @property
    def peers(self) -> aiohttp.ClientSession:
        """For servers that the administrator named."""
        if self._peers is None:
            self._peers = self._session("peers", None)
        return self._peers

    @property
    def typed(self) -> TypedSession:
        """For addresses that people type."""
        if self._typed is None:
            resolver = GuardedResolver(self._guard, self._proxies)
            self._typed = TypedSession(self, self._session("typed", resolver))
        return self._typed

    def check_typed(self, url: str | URL) -> None:
        """Refuse an address before anything is asked of it. Names are checked later, once they are resolved.

        Raises:
            AddressNotAllowed: it leads inside, or is no http or https address.
        """
        try:
            parsed = URL(url)
            proxied = self._is_proxied(parsed)
            self._guard.check_url(parsed, resolved_by_proxy=proxied)
        except ValueError as error:
            raise AddressNotAllowed("address", "this is not an address") from error
        if not proxied and normal_host(parsed.raw_host or "") in self._proxies:
            # The resolver lets the proxy's own name pass, or nothing could be reached through it.
            self._guard.check_name(normal_host(parsed.raw_host or ""), parsed.port)

    def pass_typed(self, url: URL) -> None:
        """As `check_typed`, remembering scheme, host and port: most questions go where others went before."""
        origin = url.origin()
        if origin in self._passed:
            return
        self.check_typed(url)
        if len(self._passed) >= _MOST_REMEMBERED:
            self._passed.clear()
        self._passed.add(origin)

    async def is_listed(self, url: str | URL) -> bool:
        """Whether the administrator's list has this place: its name, or every address that the name leads to.

        Only there may a password travel unprotected.
        """
        try:
            parsed = URL(url)
            host, port = normal_host(parsed.raw_host or ""), parsed.port
            if not host or self._guard.is_listed(host, port):
                return bool(host)
            if self._is_proxied(parsed):
                return False
            found = await aiohttp.ThreadedResolver().resolve(host, port or 0)
        except (ValueError, OSError):
            return False
        return bool(found) and all(self._guard.is_listed(host, port, each["host"]) for each in found)

    async def close(self) -> None:
        """Close all connections. The sessions may not be used afterwards."""
        self._closed = True
        for session in (self._peers, self._typed):
            if session is not None:
                await session.close()

    def _session(self, counted_as: str, resolver: AbstractResolver | None) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("the HTTP sessions are closed")
        settings = self._settings
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=self._ssl, resolver=resolver or aiohttp.ThreadedResolver(), limit=settings.connections
            ),
            timeout=aiohttp.ClientTimeout(
                total=settings.total_timeout, sock_connect=settings.connect_timeout
            ),
            headers={"User-Agent": settings.user_agent},
            cookie_jar=aiohttp.DummyCookieJar(),
            # Without proxies to find there, the environment would cost a look into ~/.netrc for each request.
            trust_env=settings.trust_env and bool(getproxies()),
            middlewares=[self._metrics.counting(counted_as)] if self._metrics else (),
        )

    def _is_proxied(self, url: URL) -> bool:
        if not self._settings.trust_env or url.host is None:
            return False
        scheme = {"ws": "http", "wss": "https"}.get(url.scheme, url.scheme)
        return scheme in getproxies() and not proxy_bypass(url.host)


class TypedSession:
    """Asks at addresses that people typed, never inside the network, and follows no redirect.

    It stands before aiohttp, whose own hooks and timers cost a third of a short request, and most are short.
    """

    def __init__(self, sessions: HttpSessions, session: aiohttp.ClientSession) -> None:
        self._sessions = sessions
        self._session = session
        #: For each limit that requests have: who watches the whole, and what aiohttp watches of it.
        self._limits: dict[aiohttp.ClientTimeout, tuple[Patience, aiohttp.ClientTimeout]] = {}

    @contextlib.asynccontextmanager
    async def request(
        self,
        method: str,
        url: URL,
        /,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
        allow_redirects: Literal[False] = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One exchange; a redirect is an answer like any other.

        Raises:
            AddressNotAllowed: the address leads inside; nothing was asked.
        """
        self._sessions.pass_typed(url)
        patience, rest = self._limited(timeout or self._session.timeout)
        with patience.limit():
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=rest, allow_redirects=False
            ) as response:
                yield response

    async def close(self) -> None:
        """Close its connections."""
        await self._session.close()

    def _limited(self, timeout: aiohttp.ClientTimeout) -> tuple[Patience, aiohttp.ClientTimeout]:
        known = self._limits.get(timeout)
        if known is None:
            rest = aiohttp.ClientTimeout(
                connect=timeout.connect, sock_connect=timeout.sock_connect, sock_read=timeout.sock_read
            )
            known = self._limits[timeout] = Patience(timeout.total or LONGEST_EXCHANGE), rest
        return known


class GuardedResolver(AbstractResolver):
    """Resolves names as the system does and refuses those with an address that leads inside.

    The connection is made to the addresses that were checked, so that a second, different answer of the name
    server has no chance. One bad address is enough to refuse a name. The hosts of proxies pass.
    """

    def __init__(
        self,
        guard: AddressGuard,
        proxies: frozenset[str] = frozenset(),
        names: AbstractResolver | None = None,
    ) -> None:
        self._guard = guard
        self._proxies = proxies
        self._names = names or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        if normal_host(host) not in self._proxies:
            for result in found:
                self._guard.check_address(host, port, result["host"])
        return found

    async def close(self) -> None:
        await self._names.close()


def _proxy_hosts() -> frozenset[str]:
    hosts: set[str] = set()
    for address in getproxies().values():
        with contextlib.suppress(ValueError):
            hosts.add(normal_host(URL(address).raw_host or ""))
    return frozenset(hosts - {""})


def _ssl_context(ca_file: Path | str | None) -> ssl.SSLContext | bool:
    """How servers are checked. True is what aiohttp has made already: reading the certificates takes a while."""
    if ca_file is None:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The certificates in {ca_file} cannot be read ({error.strerror or type(error).__name__}).",
            "Name a readable file with certificates in PEM form, or leave the setting empty.",
        ) from error
    return context


@contextlib.contextmanager
def peer_errors(peer: str) -> Iterator[None]:
    """Turn what aiohttp raises into the errors of `errors.py`. No detail quotes a query, a header or a password.

    Raises:
        PeerDown: no connection, no answer in time, or an answer that broke off or makes no sense.
        PeerInvalid: the address is not one.
        AddressNotAllowed: the address leads inside.
    """
    try:
        yield
    except AddressNotAllowed as error:
        raise AddressNotAllowed(peer, error.detail) from error
    except PeerError:
        raise
    except aiohttp.InvalidURL as error:
        raise PeerInvalid(peer, "the address cannot be read") from error
    except (aiohttp.ClientError, OSError, UnicodeError, json.JSONDecodeError) as error:
        raise PeerDown(peer, _describe(error)) from error


def _describe(error: Exception) -> str:
    for kind, description in _DESCRIPTIONS:
        if isinstance(error, kind):
            return description.format(error=error)
    return type(error).__name__


#: What went wrong, from the special to the general.
_DESCRIPTIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "the certificate of {error.host} is not trusted"),
    (aiohttp.ClientConnectorSSLError, "no secure connection to {error.host}:{error.port}"),
    (aiohttp.ClientConnectorDNSError, "the name {error.host} cannot be resolved"),
    (aiohttp.ConnectionTimeoutError, "no connection in time"),
    (TimeoutError, "no answer in time"),
    (aiohttp.ClientProxyConnectionError, "no connection to the proxy {error.host}:{error.port}"),
    (aiohttp.ClientHttpProxyError, "the proxy refused with {error.status}"),
    (aiohttp.ClientConnectorError, "no connection to {error.host}:{error.port}: {error.os_error.strerror}"),
    (aiohttp.ServerDisconnectedError, "the connection was closed without an answer"),
    (aiohttp.ClientPayloadError, "the answer broke off"),
    (aiohttp.WSServerHandshakeError, "the WebSocket was refused with {error.status}"),
    (aiohttp.TooManyRedirects, "too many redirects"),
    (aiohttp.ContentTypeError, "the answer is not of the expected type"),
    (aiohttp.ClientResponseError, "the answer {error.status} makes no sense"),
    (UnicodeError, "the answer is not readable text"),
    (json.JSONDecodeError, "the answer is not JSON"),
    (OSError, "{error.strerror}"),
)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long a `Retry-After` header asks to wait (RFC 9110, section 10.2.3): seconds or a date.

    Returns:
        None when there is no header or it cannot be read; never negative, never more than `LONGEST_PAUSE`.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", value):
        return min(timedelta(seconds=float(value)), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(value)
        pause = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(pause, timedelta()), LONGEST_PAUSE)
