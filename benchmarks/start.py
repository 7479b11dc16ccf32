"""From `sekretar run` to ready, beside what the interpreter and the libraries alone take."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sekretar
from benchmarks.product import Installation, installation
from benchmarks.scale import Scale
from benchmarks.table import Row

#: What a start with nothing but calendars imports of others: nobody who uses these libraries starts faster.
LIBRARIES = (
    "import aiohttp, babel.dates, cryptography.fernet, lxml.etree, prometheus_client, pydantic_settings,"
    " sqlalchemy.ext.asyncio, starlette.applications, typer, uvicorn, uvloop"
)


def rows(scale: Scale) -> Iterator[Row]:
    """Start with an empty folder, and again with the database that is there."""
    yield from asyncio.run(_measure(scale.runs))


async def _measure(runs: int) -> list[Row]:
    # Installers leave bytecode behind; a working tree may have none, and compiling it takes longer than the rest.
    await _timed([sys.executable, "-m", "compileall", "-q", str(Path(sekretar.__file__).parent)])
    # The best of several: whatever else the machine does only ever adds to a start.
    floor = min([await _timed([sys.executable, "-c", LIBRARIES]) for _ in range(runs)])
    with tempfile.TemporaryDirectory() as folder:
        async with installation(Path(folder)) as made:
            first = await _until_ready(made)
            later = min([await _until_ready(made) for _ in range(runs)])
    said = "the interpreter imports the libraries"
    return [
        Row("start to ready, empty database", first, "s", floor, said, most=2),
        Row(f"start to ready, existing database, best of {runs}", later, "s", floor, said, most=2),
    ]


async def _timed(command: list[str]) -> float:
    begin = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command)
    await process.wait()
    return time.perf_counter() - begin


async def _until_ready(made: Installation) -> float:
    begin = time.perf_counter()
    async with made.running():
        return time.perf_counter() - begin
