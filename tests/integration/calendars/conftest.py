"""Anna's diary on both databases, and every calendar server there is."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from zlib import crc32

import aiohttp
import pytest
from tests.integration.calendars.booking_house import House, open_house
from tests.integration.calendars.diary import Diary, open_diary
from tests.integration.calendars.servers import Job, fake_server, job, live_on
from tests.peers import missing
from tests.peers_caldav import STARTERS, CalDavServer, lacking, running_radicale
from tests.unit.calendars.caldav.fake_server import FakeServer

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database


@pytest.fixture
async def diary(database: Database, clock: ManualClock) -> Diary:
    return await open_diary(database, clock)


@pytest.fixture
def noon(clock: ManualClock) -> datetime:
    """Noon in Greenwich, 15:00 in Moscow: in three hours."""
    return clock.now() + timedelta(hours=3)


@pytest.fixture
async def server(database: Database, diary: Diary) -> AsyncIterator[FakeServer]:
    """The server of the diary's only calendar, called *work*; it says what the test wants."""
    async with fake_server() as running:
        await live_on(database, diary, running)
        yield running


@pytest.fixture
async def work(diary: Diary) -> AsyncIterator[Job]:
    """The job that looks at the accounts."""
    async with job(diary.desk) as running:
        yield running


@pytest.fixture(scope="module")
def calendar_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDavServer]:
    """A real one, for tests to which it does not matter which."""
    with running_radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture
async def house(
    database: Database, clock: ManualClock, calendar_server: CalDavServer, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """The office, with a calendar of anna's that is for this test alone."""
    name = f"c{crc32(request.node.nodeid.encode())}"
    calendar = await calendar_server.make_calendar("anna", name, "Работа")
    async with open_house(database, clock, calendar_server, calendar) as opened:
        yield opened


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
