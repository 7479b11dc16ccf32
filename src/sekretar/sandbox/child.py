"""Servers of the demo that are processes of their own: each ends with who started it, however that ends."""

from __future__ import annotations

import asyncio
import ctypes
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1


async def start(arguments: Sequence[str], log: Path) -> asyncio.subprocess.Process:
    """Run our Python with these arguments; what it says of errors goes into the log."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=log.open("wb"),
        preexec_fn=_end_with_parent,
    )


async def stop(process: asyncio.subprocess.Process | None) -> None:
    """End it, by force when it takes too long."""
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()


def last_words(log: Path) -> str:
    """The end of what it said, for a person who wonders why it did not start."""
    words = log.read_text(errors="replace").strip().splitlines()
    return words[-1] if words else "silence"


def _end_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, even by kill -9 (prctl(2), Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
