"""The driver of SQLite: how a connection ends when several want it to."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sekretar.kernel.sqlite_driver import connect


async def test_a_connection_is_closed_by_two_at_once(tmp_path: Path) -> None:
    connection = await connect(str(tmp_path / "a.sqlite3"), busy_timeout=1)
    async with asyncio.timeout(5):
        await asyncio.gather(connection.close(), connection.close(), return_exceptions=True)


async def test_a_connection_that_is_stopped_is_closed_too(tmp_path: Path) -> None:
    connection = await connect(str(tmp_path / "a.sqlite3"), busy_timeout=1)
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    connection.stop()
    async with asyncio.timeout(5):
        await closing
