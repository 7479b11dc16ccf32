"""Sekretar as a process of its own, which may be killed: `sekretar run` with the settings of an office."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
from tests.acceptance.office import Office
from tests.acceptance.waiting import until

#: A start takes about two seconds, on a machine that does much else ten times as long.
START_SECONDS = 60.0


_ROOT = Path(__file__).parents[2]


class Program:
    """One `sekretar run` after another, on the database of an office that was set up and not started."""

    def __init__(self, office: Office, folder: Path, **settings: str) -> None:
        self._office = office
        self._folder = folder
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._log = folder / f"program{len(list(folder.glob('program*')))}.log"

    async def start(self, *fate: str) -> None:
        """Start it and wait until it is ready; with a fate (see `mortal`) it will kill itself there."""
        process = await self.launch(*fate)

        async def ready() -> bool:
            if process.returncode is not None:
                raise AssertionError(f"it ended with {process.returncode}: {self.said()[-3000:]}")
            try:
                return (await self._office.readiness())[0] == 200
            except aiohttp.ClientError:
                return False

        await until(ready, seconds=START_SECONDS, what="readiness of the program")

    async def launch(self, *fate: str) -> asyncio.subprocess.Process:
        """Start it."""
        module = ["tests.crash.mortal", *fate] if fate else ["sekretar", "run"]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *module,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment(),
            )
        return self._process

    async def ended(self) -> int:
        """The exit status of one that ends by itself."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), START_SECONDS)

    async def kill(self) -> None:
        """kill -9: nothing is tidied up."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """Ask it to end; returns the exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(how)
        return await asyncio.wait_for(process.wait(), START_SECONDS)

    def said(self) -> str:
        """What it wrote, over all its lives."""
        return self._log.read_text(errors="replace")

    def _environment(self) -> dict[str, str]:
        chosen = self._office.settings
        settings = {
            "MATTERMOST_URL": chosen.mattermost_url,
            "MATTERMOST_TOKEN": chosen.mattermost_token.get_secret_value(),
            "OAUTH_CLIENT_ID": chosen.oauth_client_id,
            "OAUTH_CLIENT_SECRET": chosen.oauth_client_secret.get_secret_value(),
            "PUBLIC_URL": chosen.public_url,
            "LISTEN": chosen.listen,
            "DATABASE_URL": chosen.database_url,
            "KEYS": self._office.key,
            "ALLOWED_ADDRESSES": "127.0.0.1",
            "SYNC_SECONDS": "1",
            "USE_PROXY": "false",
            "LOG_LEVEL": "info",
        } | self._settings
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        kept["PYTHONPATH"] = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(_ROOT)])
        return kept | {f"SEKRETAR_{name}": value for name, value in settings.items()}
