"""A calendar server for the demo and the tests: Radicale, as a process of its own.

Radicale is GPL and is never imported. It is started with a private folder and known people, and it ends with the
process that started it, however that ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import aiohttp

from sekretar.kernel.errors import ConfigurationError
from sekretar.sandbox import child
from sekretar.sandbox.ports import free_port

_START_TRIES = 200
_PAUSE_SECONDS = 0.05


class Radicale:
    """One private Radicale.

    Args:
        folder: where it keeps its configuration and calendars.
        people: password of each login.
        port: 0 takes a free one.
    """

    def __init__(self, folder: Path, people: Mapping[str, str], port: int = 0) -> None:
        self._folder = folder
        self._people = people
        self._port = port or free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ConfigurationError: Radicale is not installed, or it ended at once (its own words are passed on).
        """
        if find_spec("radicale") is None:
            raise ConfigurationError(
                "The demo's calendar server is not installed.",
                "Run `make demo`, which installs it, or `pip install 'sekretar[demo]'`.",
            )
        configuration = str(self._write_configuration())
        log = self._folder / "radicale.log"
        self._process = await child.start(("-m", "radicale", "--config", configuration), log)
        await self._until_it_answers(self._process)

    async def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        await child.stop(process)

    def _write_configuration(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        users = self._folder / "users"
        users.write_text("".join(f"{login}:{password}\n" for login, password in self._people.items()))
        configuration = self._folder / "radicale.ini"
        configuration.write_text(
            f"[server]\nhosts = 127.0.0.1:{self._port}\nmax_connections = 100\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {users}\nhtpasswd_encryption = plain\ndelay = 0\n"
            "[rights]\ntype = owner_only\n"
            f"[storage]\nfilesystem_folder = {self._folder / 'collections'}\n"
            "[web]\ntype = none\n[logging]\nlevel = warning\n"
        )
        return configuration

    async def _until_it_answers(self, process: asyncio.subprocess.Process) -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(_START_TRIES):
                if process.returncode is not None:
                    break
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.url}/.well-known/caldav", allow_redirects=False):
                        return
                await asyncio.sleep(_PAUSE_SECONDS)
        await self.stop()
        words = child.last_words(self._folder / "radicale.log")
        raise ConfigurationError(
            f"The demo's calendar server did not start on port {self._port}: {words}",
            "Choose another port with `--calendar-port`, or look into the log named radicale.log.",
        )
