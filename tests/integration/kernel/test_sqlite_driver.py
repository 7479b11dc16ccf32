"""The driver of SQLite: how a connection ends when several want it to."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from sekretar.kernel.database import Database
from sekretar.kernel.sqlite_driver import connect


async def test_a_connection_is_closed_by_two_at_once(tmp_path: Path) -> None:
    connection = await connect(str(tmp_path / "a.sqlite3"), set(), busy_timeout=1)
    async with asyncio.timeout(5):
        await asyncio.gather(connection.close(), connection.close(), return_exceptions=True)


async def test_a_connection_that_is_stopped_is_closed_too_and_its_thread_has_ended_then(
    tmp_path: Path,
) -> None:
    endings: set[asyncio.Future[Any]] = set()
    connection = await connect(str(tmp_path / "a.sqlite3"), endings, busy_timeout=1)
    held = threading.Event()
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    connection._tx.put((None, lambda: held.wait(10)))
    connection.stop()
    done, _ = await asyncio.wait([closing], timeout=0.1)
    assert not done
    held.set()
    async with asyncio.timeout(5):
        await closing
    assert not endings


async def test_a_connection_that_nobody_waits_for_any_more_ends_before_the_database_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread would answer to a loop that is closed by then."""
    begun, let_go, connect_really = asyncio.Event(), threading.Event(), sqlite3.connect
    loop = asyncio.get_running_loop()

    def connect_slowly(*about: Any, **more: Any) -> sqlite3.Connection:
        loop.call_soon_threadsafe(begun.set)
        let_go.wait(10)
        return connect_really(*about, **more)

    monkeypatch.setattr(sqlite3, "connect", connect_slowly)
    database = Database.open(f"sqlite:///{tmp_path / 'a.sqlite3'}")
    reading = asyncio.create_task(_read(database))
    await begun.wait()
    reading.cancel()
    await asyncio.wait([reading])
    closing = asyncio.create_task(database.close())
    done, _ = await asyncio.wait([closing], timeout=0.1)
    assert not done
    let_go.set()
    await closing


async def _read(database: Database) -> None:
    async with database.reading():
        pass
