"""From `sekretar run` to ready, beside what the interpreter and the libraries alone take."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from benchmarks.table import Row
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.secrets import generate_key
from sekretar.sandbox.mattermost import MattermostSandbox
from sekretar.sandbox.ports import free_port

RUNS = 5

#: What Sekretar imports of others: nobody who uses these libraries starts faster.
LIBRARIES = (
    "import aiohttp, alembic, sqlalchemy.ext.asyncio, fastapi, uvicorn, pydantic, cryptography.fernet, babel"
)


def rows() -> Iterator[Row]:
    """Start with an empty folder, and again with the database that is there."""
    yield from asyncio.run(_measure())


async def _measure() -> list[Row]:
    floors = [await _timed([sys.executable, "-c", LIBRARIES]) for _ in range(RUNS)]
    server = MattermostSandbox(clock=SystemClock())
    await server.start()
    admin = server.add_user("admin", admin=True)
    token = server.add_bot("sekretar", admin).token
    try:
        with tempfile.TemporaryDirectory() as folder:
            first = await _until_ready(server.url, token, Path(folder))
            later = [await _until_ready(server.url, token, Path(folder)) for _ in range(RUNS)]
    finally:
        await server.stop()
    floor = statistics.median(floors)
    said = "interpreter and libraries"
    return [
        Row("start to ready, empty database", first, "s", "≤ 2 s", floor, said),
        Row(
            "start to ready, existing database (median)", statistics.median(later), "s", "≤ 2 s", floor, said
        ),
    ]


async def _timed(command: list[str]) -> float:
    begin = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command)
    await process.wait()
    return time.perf_counter() - begin


async def _until_ready(url: str, token: str, folder: Path) -> float:
    key = folder / "key"
    if not key.exists():
        key.write_text(generate_key())
    port = free_port()
    environment = os.environ | {
        "SEKRETAR_MATTERMOST_URL": url,
        "SEKRETAR_MATTERMOST_TOKEN": token,
        "SEKRETAR_KEYS_FILE": str(key),
        "SEKRETAR_LISTEN": f"127.0.0.1:{port}",
        "SEKRETAR_DATABASE_URL": f"sqlite:///{folder / 'sekretar.sqlite3'}",
        "SEKRETAR_LOG_LEVEL": "error",
    }
    begin = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "sekretar", "run", env=environment)
    try:
        await _ready(f"http://127.0.0.1:{port}/readyz", process)
        return time.perf_counter() - begin
    finally:
        process.terminate()
        await process.wait()


async def _ready(url: str, process: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as session:
        while process.returncode is None:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.01)
    raise RuntimeError("it ended instead of starting")
