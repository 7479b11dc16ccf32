"""Sekretar itself, in a process of its own as people run it, and a Mattermost for it to talk to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from sekretar.kernel.clock import SystemClock
from sekretar.kernel.secrets import generate_key
from sekretar.sandbox.mattermost import MattermostSandbox
from sekretar.sandbox.ports import free_port


@dataclass(frozen=True)
class Installation:
    """What a Sekretar needs to start: a Mattermost with a bot, and a folder for key and database."""

    mattermost_url: str
    token: str
    folder: Path

    @property
    def key(self) -> str:
        """The key of its vault; made when first asked for."""
        file = self.folder / "key"
        if not file.exists():
            file.write_text(generate_key())
        return file.read_text()

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'bench.sqlite3'}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[psutil.Process]:
        """The process, from the moment it is ready."""
        port = free_port()
        environment = os.environ | {
            "SEKRETAR_MATTERMOST_URL": self.mattermost_url,
            "SEKRETAR_MATTERMOST_TOKEN": self.token,
            "SEKRETAR_KEYS": self.key,
            "SEKRETAR_LISTEN": f"127.0.0.1:{port}",
            "SEKRETAR_DATABASE_URL": self.database_url,
            "SEKRETAR_ALLOWED_ADDRESSES": "127.0.0.0/8",
            "SEKRETAR_USE_PROXY": "false",
            "SEKRETAR_LOG_LEVEL": "error",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sekretar", "run", env=environment
        )
        try:
            await _ready(f"http://127.0.0.1:{port}/readyz", process)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            await process.wait()


@contextlib.asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[Installation]:
    """An installation in an empty folder."""
    server = MattermostSandbox(clock=SystemClock())
    await server.start()
    admin = server.add_user("admin", admin=True)
    token = server.add_bot("sekretar", admin).token
    try:
        yield Installation(server.url, token, folder)
    finally:
        await server.stop()


async def _ready(url: str, process: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as session:
        while process.returncode is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.01)
    raise RuntimeError("it ended instead of starting")
