"""Fixtures for everyone: both databases, migrated and clean; a clock that stands still."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from sqlalchemy.engine import make_url

# Test modules share helpers as `tests.…`; with --import-mode=importlib nothing else makes them importable.
sys.path.insert(0, str(Path(__file__).parent.parent))

from tests import peers

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

_numbers = itertools.count(1)

# In CI the same examples each time, so that a red run means a change; at home new ones, which find more.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "home")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not peers.NOT_PROVEN:
        return
    terminalreporter.section("not proven", red=True, bold=True)
    for (peer, reason), tests in sorted(peers.NOT_PROVEN.items()):
        terminalreporter.line(f"{peer}: {reason} ({len(tests)} tests, for example {tests[0]})")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "postgresql" in item.nodeid.partition("[")[2]:
            item.add_marker("postgres")


@pytest.fixture
def clock() -> ManualClock:
    """A Wednesday noon in Moscow."""
    return ManualClock(datetime(2026, 3, 4, 9, 0, tzinfo=UTC))


class PostgreSql:
    """A server for the whole run: makes databases by the dozen, empty or copied from a migrated one."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._template: str | None = None

    def create(self, template: str = "template0") -> str:
        name = f"sekretar_test_{os.getpid()}_{next(_numbers)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def create_migrated(self) -> str:
        if self._template is None:
            self._template = self.create()
            _migrate(self.url_of(self._template))
        return self.create(self._template)

    def drop(self, name: str) -> None:
        self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        if self._template:
            self.drop(self._template)

    def url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        url = self._url.render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())


def _migrate(url: str) -> None:
    async def migrate() -> None:
        database = Database.open(url)
        try:
            await database.migrate()
        finally:
            await database.close()

    # In a thread of its own: fixtures may be asked for while the loop of a test runs.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, migrate()).result()


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[PostgreSql | None]:
    """The server named by SEKRETAR_TEST_POSTGRES_URL, else a private one; None when there is none."""
    given = os.environ.get("SEKRETAR_TEST_POSTGRES_URL")
    if given:
        server = PostgreSql(given)
        yield server
        server.close()
        return
    binaries = peers.postgresql_binaries()
    if binaries is None:
        yield None
        return
    with peers.private_postgresql(binaries) as url:
        yield PostgreSql(url)


@pytest.fixture(scope="session")
def postgresql(_postgresql: PostgreSql | None) -> PostgreSql:
    """A PostgreSQL server that databases can be made on."""
    if _postgresql is None:
        peers.missing("PostgreSQL", "install the package postgresql or set SEKRETAR_TEST_POSTGRES_URL")
    return _postgresql


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy from: an SQLite database with every table and no rows."""
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Runs the test once for each kind of database."""
    return str(request.param)


@pytest.fixture
def make_database_url(
    database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., str]]:
    """Makes URLs of new databases: `make_database_url()` is migrated, `make_database_url(empty=True)` is not."""
    if database_kind == "sqlite":

        def new_file(*, empty: bool = False) -> str:
            path = tmp_path / f"{next(_numbers)}.db"
            if not empty:
                shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
            return f"sqlite:///{path}"

        yield new_file
        return
    server: PostgreSql = request.getfixturevalue("postgresql")
    names: list[str] = []

    def new_database(*, empty: bool = False) -> str:
        names.append(server.create() if empty else server.create_migrated())
        return server.url_of(names[-1])

    yield new_database
    for name in names:
        server.drop(name)


@pytest.fixture
def database_url(make_database_url: Callable[..., str]) -> str:
    """The URL of a migrated, clean database: the test runs on SQLite and on PostgreSQL."""
    return make_database_url()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, clean database: the test runs on SQLite and on PostgreSQL."""
    database = Database.open(database_url)
    yield database
    await database.close()
