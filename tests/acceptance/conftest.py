"""The office and the calendar server that most tests share, each with people of its own; a desk for those that ask.

All of these tests run in one event loop, because the servers live in it. One Sekretar serves most of them, as one
serves a whole company; those that stop it, cut its wires or turn its clock have one of their own.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.acceptance.desks import DeskAtWork, desk_at_work
from tests.acceptance.diaries import CalendarServer, calendar_server
from tests.acceptance.office import Office, running
from tests.peers_chat import ChatServer, chat_server
from tests.peers_mail import Dovecot, require_dovecot, running_dovecot
from tests.peers_smtp import outside_world

from sekretar.kernel import logs

_HERE = Path(__file__).parent

#: Makes an office of the test's own.
MakeOffice = Callable[..., Awaitable[Office]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    one_loop = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(one_loop, append=False)


@pytest.fixture(scope="session")
def written() -> Iterator[io.StringIO]:
    """Everything that is logged in the run."""
    stream = io.StringIO()
    logs.configure("json", "debug", stream)
    yield stream
    logs.configure("console", "warning")


@pytest.fixture
def log(written: io.StringIO) -> Iterator[Callable[[], str]]:
    """What was logged since the test began. No test may leave a traceback in it."""
    begin = len(written.getvalue())

    def read() -> str:
        return written.getvalue()[begin:]

    yield read
    assert "Traceback" not in read()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chat() -> AsyncIterator[ChatServer]:
    """The real Mattermost, where one is given, else a sandbox."""
    async with chat_server() as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def calendars(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CalendarServer]:
    """The calendar server of everybody."""
    async with calendar_server(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def company(
    chat: ChatServer, tmp_path_factory: pytest.TempPathFactory, written: io.StringIO
) -> AsyncIterator[Office]:
    folder = tmp_path_factory.mktemp("company")
    async with running(Office(chat, f"sqlite:///{folder / 'sekretar.sqlite3'}")) as office:
        yield office


@pytest_asyncio.fixture(loop_scope="session")
async def office(company: Office, log: Callable[[], str]) -> AsyncIterator[Office]:
    """The shared office; the people that a test hires leave with it."""
    yield company
    await company.everybody_leaves()


@pytest_asyncio.fixture(loop_scope="session")
async def own_office(chat: ChatServer, tmp_path: Path, log: Callable[[], str]) -> AsyncIterator[MakeOffice]:
    """Makes a team with a Sekretar of its own on the shared server; keywords are settings."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(database_url: str = "", **settings: Any) -> Office:
            url = database_url or f"sqlite:///{tmp_path / 'sekretar.sqlite3'}"
            return await stack.enter_async_context(running(Office(chat, url, settings)))

        yield make


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A mail server of the test's own."""
    require_dovecot()
    with running_dovecot() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    chat: ChatServer, tmp_path: Path, dovecot: Dovecot, log: Callable[[], str]
) -> AsyncIterator[DeskAtWork]:
    """A dispatch desk whose day begins."""
    async with (
        outside_world(login=False) as world,
        desk_at_work(chat, tmp_path, dovecot, world) as work,
    ):
        yield work
