"""What exchanges with any tracker have in common: how much is read, what a status or a lost answer means."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from sekretar.kernel.errors import (
    PeerConflict,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)
from sekretar.kernel.http import peer_errors, retry_after
from sekretar.trackers.errors import FateUnknown, NotATracker

#: Bytes of an answer; a page of a hundred tickets with long descriptions stays below.
LARGEST_ANSWER: Final = 16 * 1024 * 1024

#: A file may take longer than an answer; what counts is that it moves.
UPLOADING: Final = aiohttp.ClientTimeout(total=600, sock_connect=10, sock_read=60)

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_page(self) -> bool:
        """Whether this is a page for people: a sign-in, a proxy, or an address that the tracker does not have."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return kind in ("text/html", "application/xhtml+xml")


#: What refusals mean by their status alone. An adapter may know better.
REFUSALS: Final[Mapping[int, type[PeerError]]] = {
    401: PeerRefused,
    403: PeerForbidden,
    404: PeerNotFound,
    405: PeerUnsupported,
    408: PeerDown,
    409: PeerConflict,
    410: PeerNotFound,
    412: PeerConflict,
    501: PeerUnsupported,
}


async def exchange(
    session: aiohttp.ClientSession,
    peer: str,
    method: str,
    url: str,
    timeout: aiohttp.ClientTimeout | None = None,
    **sent: Any,
) -> Answer:
    """One request and its answer, whatever its status. Raises `PeerDown` when there is none."""
    with peer_errors(peer):
        async with session.request(
            method,
            URL(url, encoded=True),
            allow_redirects=False,
            timeout=timeout or session.timeout,
            **sent,
        ) as response:
            return Answer(response.status, response.headers, await read(response, peer))


def succeeded(answer: Answer, peer: str, what: str) -> bool:
    """Whether it is a success; False for a refusal, of which the tracker may say more.

    Raises:
        NotATracker: something else has answered.
        PeerLimited: the tracker asks for a pause.
        PeerDown: it fails.
    """
    status = answer.status
    if 200 <= status < 300 and not (answer.is_page and answer.body):
        return True
    text = f"{what}: {status}"
    if status < 400 or (status == 404 and answer.is_page):
        where = answer.headers.get("Location", "")
        raise NotATracker(peer, f"{text}, {f'leads to {where}' if where else 'a page for people'}")
    if status == 429 or (status == 503 and "Retry-After" in answer.headers):
        raise PeerLimited(peer, text, retry_after(answer.headers.get("Retry-After"), date_of(answer.headers)))
    if status >= 500 and status != 501:
        raise PeerDown(peer, text)
    return False


def json_of(answer: Answer, peer: str) -> Any:
    """The JSON of an answer, its texts as they can be stored. Raises `NotATracker` when it is none."""
    try:
        said = json.loads(answer.body)
    except ValueError as error:
        raise NotATracker(peer, "the answer is not JSON") from error
    return _storable(said) if _PERHAPS_ODD.search(answer.body) else said


def _storable(said: Any) -> Any:
    """The same without halves of characters, which no database stores, and zero bytes, which PostgreSQL does not."""
    match said:
        case str():
            return said.encode(errors="ignore").decode().replace("\0", "")
        case list():
            return [_storable(each) for each in said]
        case dict():
            return {_storable(name): _storable(each) for name, each in said.items()}
    return said


#: Only escapes can say such things.
_PERHAPS_ODD: Final = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")


def json_if_any(answer: Answer, peer: str) -> Any:
    """The JSON of an answer to a write; None when it has none."""
    return json_of(answer, peer) if answer.body.strip() else None


def as_json(body: object) -> bytes:
    """A body to be sent."""
    return json.dumps(body, ensure_ascii=False).encode()


@contextlib.contextmanager
def shaped(peer: str) -> Iterator[None]:
    """Read an answer: what has not its usual shape is no conclusion, and raises `PeerDown`."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PeerDown(peer, f"an answer without its usual shape: {type(error).__name__} {error}") from error


async def read(response: aiohttp.ClientResponse, peer: str) -> bytes:
    """The body of an answer. Raises `PeerDown` when it is larger than any answer should be."""
    found = bytearray()
    async for piece in response.content.iter_chunked(_CHUNK):
        found += piece
        if len(found) > LARGEST_ANSWER:
            raise PeerDown(peer, f"the answer is larger than {LARGEST_ANSWER} bytes")
    return bytes(found)


@contextlib.contextmanager
def fate_unknown(peer: str) -> Iterator[None]:
    """Send a write: a failure after the tracker may have done it raises `FateUnknown`."""
    try:
        yield
    except (PeerLimited, NotATracker):
        raise
    except PeerDown as error:
        if isinstance(error.__cause__, aiohttp.ClientConnectorError):
            raise
        raise FateUnknown(peer, error.detail) from error


def part(text: str) -> str:
    """A part of a path. It may come from a person: it cannot leave its place, and dots lead nowhere."""
    return quote(text, safe="") if text.strip(".") else "-"


def date_of(headers: Mapping[str, str]) -> datetime:
    """The moment by the server's clock; a pause that is a date is measured by it."""
    try:
        moment = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
