"""What exchanges with any tracker have in common: how much is read, and what a lost answer means."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote

import aiohttp

from sekretar.kernel.errors import PeerDown, PeerLimited
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
