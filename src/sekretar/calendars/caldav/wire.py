"""One exchange with a calendar server: who is asked, what may come back, and what a failure means.

Redirects are followed by hand, because a PROPFIND that turns into a GET ends on a web page, and because the
password must not follow to another host. Every answer has a limit of size and time. Nothing is ever sent
twice: after a lost answer to a write only reading tells what happened.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from sekretar.calendars.caldav.errors import (
    AnswerTooLarge,
    NotAnAddress,
    NotCalDav,
    Reason,
    RedirectRefused,
    Unreachable,
)
from sekretar.calendars.caldav.hrefs import absolute, trusted
from sekretar.calendars.caldav.values import Credentials
from sekretar.kernel.errors import (
    PeerConflict,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)
from sekretar.kernel.http import Asking, retry_after

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long a server may answer. Bytes after decompression; seconds."""

    small: int = 2 * 1024 * 1024
    listing: int = 32 * 1024 * 1024
    object: int = 4 * 1024 * 1024
    connect_seconds: float = 10
    #: Between two pieces of an answer.
    silence_seconds: float = 30
    total_seconds: float = 90
    #: Objects asked for in one multiget.
    batch: int = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: The address that answered in the end.
    url: str

    @property
    def is_html(self) -> bool:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return kind in ("text/html", "application/xhtml+xml") or self.body[:200].lstrip().lower().startswith(
            (b"<!doctype html", b"<html")
        )


@dataclass(frozen=True, slots=True)
class Wire:
    """The way to one server with the credentials of one account."""

    session: Asking
    #: The address the person or the preset gave; only this host and the partners see the password.
    origin: str
    credentials: Credentials
    partner_domains: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def peer(self) -> str:
        """The name of the server for logs and messages."""
        return urlsplit(self.origin).hostname or self.origin

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> Answer:
        """Send one request and follow redirects with the same method and body.

        Returns any answer below 500 other than 401 and 429. Raises `PeerRefused`, `PeerLimited`,
        `Unreachable`, `RedirectRefused`, `AnswerTooLarge`.
        """
        target = url if url == self.origin else absolute(self.origin, url)
        for _ in range(_MOST_REDIRECTS + 1):
            # The origin itself is where the password belongs; asking about it each minute is what costs.
            if target != self.origin and not trusted(self.origin, target, self.partner_domains):
                raise RedirectRefused(self.peer, f"the password does not go to {_shown(target)}")
            answer = await self._send(method, target, body, headers or {}, most or self.limits.small)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                self._judge(answer)
                return answer
            target = absolute(target, location)
        raise NotCalDav(self.peer, "redirected in a circle")

    async def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> Answer:
        """As `exchange`, and any answer other than 2xx raises the kind of `PeerError` it means."""
        answer = await self.exchange(method, url, body=body, headers=headers, most=most)
        self.expect_success(answer)
        return answer

    def expect_success(self, answer: Answer) -> None:
        """Raise what a 3xx or 4xx status means."""
        status = answer.status
        if 200 <= status < 300:
            return
        text = f"{status} from {_shown(answer.url)}"
        if status < 400:
            raise NotCalDav(self.peer, text)
        kinds = {403: PeerForbidden, 404: PeerNotFound, 410: PeerNotFound, 405: PeerUnsupported}
        conflicts = {409: PeerConflict, 412: PeerConflict, 423: PeerConflict}
        raise (kinds | conflicts).get(status, PeerInvalid)(self.peer, text)

    def _judge(self, answer: Answer) -> None:
        """Raise what concerns the whole server rather than this request."""
        status = answer.status
        if status < 400:
            # Before anything is put into words: nearly every answer is one of these.
            return
        text = f"{status} from {_shown(answer.url)}"
        if status == 401:
            raise PeerRefused(self.peer, text)
        pause = pause_of(answer.headers)
        if status == 429 or (status == 503 and pause is not None):
            raise PeerLimited(self.peer, text, pause)
        if status == 501:
            raise PeerUnsupported(self.peer, text)
        if status in (408, 425) or (status >= 500 and status != 507):
            raise Unreachable(self.peer, Reason.TROUBLE, text)

    async def _send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], most: int
    ) -> Answer:
        sent = {"Authorization": _basic(self.credentials), **headers}
        try:
            url = URL(target, encoded=True)
            async with self.session.request(
                method, url, data=body, headers=sent, allow_redirects=False, timeout=_timeout(self.limits)
            ) as response:
                content = await self._read(response, most)
                return Answer(response.status, response.headers, content, target)
        except (aiohttp.InvalidURL, UnicodeError) as error:
            raise NotAnAddress(self.peer, f"not an address: {error}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(self.peer, _reason(error), type(error).__name__) from error

    async def _read(self, response: aiohttp.ClientResponse, most: int) -> bytes:
        if (response.content_length or 0) > most:
            response.close()
            raise AnswerTooLarge(self.peer, f"{response.content_length} bytes")
        pieces, size = [], 0
        while piece := await response.content.readany():
            size += len(piece)
            if size > most:
                response.close()
                raise AnswerTooLarge(self.peer, f"more than {most} bytes")
            pieces.append(piece)
        return b"".join(pieces)


@cache
def _timeout(limits: Limits) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=limits.total_seconds, sock_connect=limits.connect_seconds, sock_read=limits.silence_seconds
    )


def pause_of(headers: Mapping[str, str]) -> timedelta | None:
    """The pause a server asks for; a date is measured by the clock of the server that wrote it."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    sent = _http_date(headers.get("Date", ""))
    if sent is None and not value.strip().isdecimal():
        return None
    return retry_after(value, sent or datetime.fromtimestamp(0, UTC))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.login}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(pair).decode("ascii")


def _reason(error: Exception) -> Reason:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Reason.NAME
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return Reason.CERTIFICATE
    if isinstance(error, TimeoutError):
        return Reason.TIMEOUT
    if isinstance(error, aiohttp.ClientConnectorError | ConnectionRefusedError):
        return Reason.CONNECTION
    return Reason.BROKEN


def _shown(url: str) -> str:
    """An address for the log: no credentials, no query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
