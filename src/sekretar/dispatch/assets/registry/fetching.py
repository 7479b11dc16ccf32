"""Getting a list: from an address or a file of the administrator, into a temporary file of bounded size.

Nothing is decided before the whole list is here; a connection that breaks off is a list that was not got.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import IO

import aiohttp

from sekretar.dispatch.assets.registry.reading import Unreadable
from sekretar.dispatch.settings import FeedSettings
from sekretar.kernel.errors import (
    PeerDown,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
)
from sekretar.kernel.http import peer_errors, retry_after

#: In bytes. The lists of 60,000 poles and 100,000 stations have some ten millions.
LARGEST = 256 * 1024 * 1024
_CHUNK = 256 * 1024
#: In memory up to here, beyond on the disk.
_IN_MEMORY = 4 * 1024 * 1024

#: Lists are made when they are asked for, which takes their server its time, in seconds.
_PATIENCE = aiohttp.ClientTimeout(total=900, sock_connect=15, sock_read=180)

_STATUSES = {401: PeerRefused, 403: PeerForbidden, 404: PeerNotFound, 410: PeerNotFound}


@contextlib.asynccontextmanager
async def fetched(
    session: aiohttp.ClientSession, settings: FeedSettings, peer: str, now: datetime
) -> AsyncIterator[IO[bytes]]:
    """The whole list, opened for reading.

    Raises:
        Unreadable: the file is not there or may not be read, or the list is too large.
        PeerError: the server did not give it.
    """
    if settings.file is not None:
        source = await asyncio.to_thread(_opened, settings.file)
        with source:
            yield source
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        with peer_errors(peer):
            async with session.get(settings.url, timeout=_PATIENCE) as response:
                _check(response, peer, now)
                await _copy(response, copy)
        copy.seek(0)
        yield copy


async def look_at(session: aiohttp.ClientSession, settings: FeedSettings, peer: str, now: datetime) -> None:
    """Whether the list is there, without reading it. Errors as with `fetched`."""
    if settings.file is not None:
        (await asyncio.to_thread(_opened, settings.file)).close()
        return
    with peer_errors(peer):
        async with session.get(settings.url, timeout=_PATIENCE) as response:
            _check(response, peer, now)


def _opened(file: Path) -> IO[bytes]:
    try:
        if file.stat().st_size > LARGEST:
            raise Unreadable("dispatch.registry.too_large", limit=LARGEST // 1024 // 1024)
        return file.open("rb")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unreadable("dispatch.registry.no_file", file=str(file), reason=reason) from error


async def _copy(response: aiohttp.ClientResponse, copy: tempfile.SpooledTemporaryFile[bytes]) -> None:
    size = 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > LARGEST:
            raise Unreadable("dispatch.registry.too_large", limit=LARGEST // 1024 // 1024)
        await asyncio.to_thread(copy.write, chunk)


def _check(response: aiohttp.ClientResponse, peer: str, now: datetime) -> None:
    """Only a plain 200 is a list."""
    status = response.status
    if status == 200:
        return
    said = f"answered with {status}"
    if kind := _STATUSES.get(status):
        raise kind(peer, said)
    if status in (429, 503):
        raise PeerLimited(peer, said, retry_after(response.headers.get("Retry-After"), now))
    raise (PeerDown if status >= 500 else PeerInvalid)(peer, said)
