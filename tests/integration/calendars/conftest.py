"""Anna's diary on both databases, and every calendar server there is."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from zlib import crc32

import aiohttp
import pytest
from tests.integration.calendars.diary import Diary, open_diary
from tests.peers import missing
from tests.peers_caldav import STARTERS, CalDavServer, lacking

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database


@pytest.fixture
async def diary(database: Database, clock: ManualClock) -> Diary:
    return await open_diary(database, clock)


@pytest.fixture(scope="session", params=sorted(STARTERS))
def _server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CalDavServer | None]:
    if lacking(request.param):
        yield None
        return
    with STARTERS[request.param](tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def caldav_server(_server: CalDavServer | None, request: pytest.FixtureRequest) -> CalDavServer:
    """Runs the test once for each calendar server; they are started once for all tests."""
    if _server is None:
        name = request.node.callspec.params["_server"]
        missing(name, lacking(name))
    return _server


@pytest.fixture
async def caldav_session(caldav_server: CalDavServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that trusts the server."""
    async with caldav_server.session() as session:
        yield session


@pytest.fixture
async def caldav_calendar(caldav_server: CalDavServer, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A calendar of anna's for this test; it goes afterwards, because some servers take a UID only once."""
    url = await caldav_server.make_calendar("anna", f"c{crc32(request.node.nodeid.encode())}", "Work")
    yield url
    with contextlib.suppress(AssertionError):
        await caldav_server.delete("anna", url)
