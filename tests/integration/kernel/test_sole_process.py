"""Two processes on one database do not start together; one that was killed is in nobody's way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.leases import SoleProcess

HOLDER = """
import asyncio, sys
from sekretar.kernel.database import Database
from sekretar.kernel.leases import SoleProcess

async def main():
    async with SoleProcess(Database.open(sys.argv[1])):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def start_holder(url: str) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


async def test_a_second_process_is_refused_and_told_of_the_first(
    database: Database, database_url: str
) -> None:
    holder = start_holder(database_url)
    try:
        with pytest.raises(ConfigurationError, match=f"sekretar {holder.pid} on "):
            async with SoleProcess(database):
                pass
    finally:
        holder.kill()
        holder.communicate()


async def test_after_kill_9_the_next_one_starts_at_once(database: Database, database_url: str) -> None:
    holder = start_holder(database_url)
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    if not database.embedded:
        # PostgreSQL notices the closed socket in its own process, a moment later.
        await _until_session_ends(database, holder.pid)
    async with SoleProcess(database) as sole:
        await sole.check()


async def _until_session_ends(database: Database, pid: int) -> None:
    while True:
        async with database.reading() as session:
            left = await session.scalar(
                text("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE :name"),
                {"name": f"sekretar {pid} on %"},
            )
        if not left:
            return


async def test_it_is_free_again_after_an_orderly_end(database: Database, database_url: str) -> None:
    other = Database.open(database_url)
    async with SoleProcess(database):
        with pytest.raises(ConfigurationError):
            await SoleProcess(other).__aenter__()
    async with SoleProcess(other):
        pass
    await other.close()


@pytest.fixture
def link(database: Database) -> Path:
    path = Path(database.url.database or "")
    link = path.with_suffix(".link")
    link.symlink_to(path)
    return link


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_another_name_of_the_same_file_is_the_same_database(database: Database, link: Path) -> None:
    other = Database.open(f"sqlite:///{link}")
    async with SoleProcess(database):
        with pytest.raises(ConfigurationError):
            await SoleProcess(other).__aenter__()
    await other.close()


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_lock_lost_with_its_connection_is_taken_again_or_missed(
    database: Database, database_url: str, make_database_url: Callable[..., str]
) -> None:
    other, outside = Database.open(database_url), Database.open(make_database_url(empty=True))
    name = database.url.database

    async def break_connections() -> None:
        async with outside.transaction() as session:
            await session.execute(
                text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name"),
                {"name": name},
            )

    async with SoleProcess(database) as sole:
        await break_connections()
        await sole.check()
        with pytest.raises(ConfigurationError):
            await SoleProcess(other).__aenter__()
        await break_connections()
        async with SoleProcess(other):
            for _ in range(2):
                with pytest.raises(ConfigurationError, match="Another process"):
                    await sole.check()
        await sole.check()
    await other.close()
    await outside.close()


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_whoever_is_stopped_in_the_middle_of_a_check_ends_in_peace(database: Database) -> None:
    for steps in range(1, 12):
        async with SoleProcess(database) as sole:
            checking = asyncio.create_task(sole.check())
            for _ in range(steps):
                await asyncio.sleep(0)
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
    async with SoleProcess(database):
        pass
