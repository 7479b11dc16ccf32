"""The benchmarks still run. What they measure with a handful of everything proves nothing and is not looked at."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks.__main__ import ALL

ROOT = Path(__file__).parents[2]


def test_every_benchmark_is_among_all() -> None:
    modules = {file.stem for file in (ROOT / "benchmarks").glob("*.py") if "\ndef rows(" in file.read_text()}
    assert modules == set(ALL)


async def test_all_of_them_run_to_the_end() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks",
        "quick",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    lines = said.decode().splitlines()
    assert process.returncode == 0, "\n".join(lines[-20:])
    for what in (
        "start to ready",
        "idle accounts",
        "changed event",
        "reminders due",
        "/calendar today",
        "asset lookup",
    ):
        assert any(what in line for line in lines)
