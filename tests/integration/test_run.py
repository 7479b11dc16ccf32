"""`sekretar run` as a service manager sees it: a process that starts, answers, and ends when told."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from sekretar.kernel.secrets import generate_key
from sekretar.sandbox.ports import free_port


@asynccontextmanager
async def running(folder: Path, port: int, key: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, with a Mattermost that is not there."""
    environment = {
        "PATH": os.environ["PATH"],
        "SEKRETAR_MATTERMOST_URL": "http://127.0.0.1:1",
        "SEKRETAR_MATTERMOST_TOKEN": "w1nt3rt0ken",
        "SEKRETAR_KEYS": key,
        "SEKRETAR_LISTEN": f"127.0.0.1:{port}",
        "SEKRETAR_LOG_FORMAT": "json",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sekretar",
        "run",
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answering(port: int, process: asyncio.subprocess.Process) -> int:
    """Wait until it is alive; the status of its readiness."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while process.returncode is None:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    return response.status
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)
    raise AssertionError("it ended by itself")


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
async def test_it_starts_without_mattermost_and_ends_when_told(tmp_path: Path, told: signal.Signals) -> None:
    port = free_port()
    async with running(tmp_path, port, generate_key()) as process:
        assert await answering(port, process) == 503
        process.send_signal(told)
        async with asyncio.timeout(20):
            _, log = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in log
    assert b"w1nt3rt0ken" not in log


async def test_a_second_one_is_refused(tmp_path: Path) -> None:
    port, key = free_port(), generate_key()
    async with running(tmp_path, port, key) as first:
        await answering(port, first)
        async with running(tmp_path, port, key) as second, asyncio.timeout(20):
            _, said = await second.communicate()
    assert second.returncode == 78
    assert f"Port {port} on 127.0.0.1 is taken" in said.decode()
