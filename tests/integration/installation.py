"""A Sekretar that is being installed beside a sandbox of Mattermost."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr

from sekretar.app import http_settings
from sekretar.commands.doctor import surroundings
from sekretar.config import Settings
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.doctor import Finding, examine
from sekretar.mattermost.setup import Report, SetupOptions, set_up
from sekretar.sandbox.mattermost import MattermostSandbox
from sekretar.sandbox.ports import free_port


@dataclass(frozen=True)
class Installation:
    """The settings of one Sekretar, and the server it belongs to."""

    server: MattermostSandbox
    settings: Settings
    database: Database
    http: HttpSessions
    admin_token: str

    @property
    def vault(self) -> Vault:
        return Vault(self.settings.encryption_keys())

    def having(self, **changes: object) -> Installation:
        """The same with other settings; addresses and the like are taken as they are."""
        return replace(self, settings=self.settings.model_copy(update=changes))

    def client(self, token: str) -> MattermostClient:
        return MattermostClient(self.http.peers, self.server.url, token, clock=SystemClock())

    async def set_up(self, **options: Any) -> tuple[Installation, Report]:
        """Run setup; returns the installation with the settings that it told to add."""
        report = await set_up(
            self.client(self.admin_token), self.settings, self.database, self.vault, SetupOptions(**options)
        )
        return self.having(**report.settings), report

    async def examine(self) -> dict[str, Finding]:
        """Run the doctor; its findings by name."""
        found = await examine(surroundings(self.settings, self.http))
        return {finding.name: finding for finding in found.findings}


@contextlib.asynccontextmanager
async def installing(database_url: str) -> AsyncIterator[Installation]:
    """A sandbox with its office, and a Sekretar of which it does not know yet."""
    server = MattermostSandbox(clock=SystemClock())
    server.seed_demo()
    await server.start()
    address = f"http://127.0.0.1:{free_port()}"
    settings = Settings(
        _env_file=None,
        mattermost_url=server.url,
        public_url=address,
        listen=address.removeprefix("http://"),
        database_url=database_url,
        keys=(SecretStr(generate_key()),),
        use_proxy=False,
    )
    http = HttpSessions(http_settings(settings))
    database = Database.open(database_url)
    try:
        token = server.add_token(server.add_user("admin", admin=True))
        yield Installation(server, settings, database, http, token)
    finally:
        await database.close()
        await http.close()
        await server.stop()
