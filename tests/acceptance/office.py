"""An office: a team in Mattermost, its people, and a Sekretar that was set up for it as an administrator does.

Sekretar is the whole of it, from the composition root down, in the event loop of the test; people reach it only
through Mattermost, and the tests only through them and through its HTTP port.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from pydantic import SecretStr
from tests.acceptance.waiting import until
from tests.peers_chat import PASSWORD, ChatServer

from sekretar.app import Sekretar, foundation
from sekretar.config import Settings
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.secrets import generate_key
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.setup import SetupOptions, set_up
from sekretar.sandbox.human import Human
from sekretar.sandbox.ports import free_port

#: How long a person waits for anything, in seconds: many times of what it takes on a quiet machine.
PATIENCE = 15.0


class ShiftedClock(SystemClock):
    """The clock of the machine, set ahead: so that an hour can pass in a moment."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass(repr=False)
class Office:
    """One team with one Sekretar. `database_url` is where the latter keeps its things."""

    server: ChatServer
    database_url: str
    changes: dict[str, Any] = field(default_factory=dict)
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    port: int = field(default_factory=free_port)
    key: str = field(default_factory=generate_key)
    bot: str = field(default_factory=lambda: f"sekretar{secrets.token_hex(4)}")
    team_id: str = ""
    team_name: str = ""
    settings: Settings = field(init=False)
    _working: asyncio.Task[None] | None = None
    _people: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    _hired: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        wanted: dict[str, Any] = {
            "mattermost_url": self.server.url,
            "public_url": self.url,
            "listen": f"127.0.0.1:{self.port}",
            "database_url": self.database_url,
            "keys": (SecretStr(self.key),),
            "allowed_addresses": ("127.0.0.1",),
            "sync_seconds": 1,
            "use_proxy": False,
        }
        self.settings = Settings(**(wanted | self.changes))

    @property
    def url(self) -> str:
        """Where Mattermost and browsers reach Sekretar."""
        return f"http://127.0.0.1:{self.port}"

    async def found(self) -> None:
        """Make the team and set Sekretar up in it, as `sekretar setup` does."""
        self.team_id, self.team_name = await self.server.make_team()
        async with foundation(self.settings) as base:
            admin = MattermostClient(
                base.http.peers, self.settings.mattermost_url, self.server.admin_token, clock=base.clock
            )
            options = SetupOptions(bot=self.bot, teams=(self.team_name,))
            report = await set_up(admin, self.settings, base.database, base.vault, options)
        assert not report.problems, report.problems
        self.settings = self.settings.model_copy(update=dict(report.settings))
        await self.server.retire_bot(self.bot)

    # Sekretar

    async def start(self, *, ready: bool = True) -> None:
        """Start Sekretar; with `ready`, wait until it says that it is. What it fails with is raised."""
        assert self._working is None, "it runs"
        self._working = asyncio.create_task(self._work(), name="sekretar")
        await until(lambda: self._answers(ready=ready), seconds=PATIENCE, what="Sekretar")

    async def stop(self) -> None:
        """End it in order."""
        working, self._working = self._working, None
        if working is not None:
            working.cancel()
            await asyncio.wait([working])

    async def restart(self) -> None:
        """End it and start it anew on the same database."""
        await self.stop()
        await self.start()

    async def _work(self) -> None:
        async with foundation(self.settings, self.clock) as base:
            await Sekretar(base).run()

    async def _answers(self, *, ready: bool) -> bool:
        if self._working is not None and self._working.done():
            working, self._working = self._working, None
            await working
        try:
            status, _ = await self.readiness()
        except aiohttp.ClientError:
            return False
        return status == 200 or not ready

    async def readiness(self) -> tuple[int, dict[str, Any]]:
        """The status and the body of /readyz."""
        async with self.server.session.get(f"{self.url}/readyz") as answer:
            return answer.status, await answer.json()

    async def until_ready(self, *, seconds: float = PATIENCE) -> None:
        """Wait for 200 of /readyz."""

        async def look() -> bool:
            try:
                return (await self.readiness())[0] == 200
            except aiohttp.ClientError:
                return False

        await until(look, seconds=seconds, what="readiness")

    async def until_unready(self, component: str, *words: str, seconds: float = PATIENCE) -> str:
        """Wait for 503 of /readyz with these words about the component; returns what it says of it."""

        async def look() -> str:
            status, said = await self.readiness()
            part = said["components"][component]
            fits = status == 503 and not part["ready"] and all(word in part["detail"] for word in words)
            return str(part["detail"]) if fits else ""

        return await until(look, seconds=seconds, what=f"{component} to be unready with {words}")

    async def post(self, path: str, **options: Any) -> tuple[int, str]:
        """A request straight at Sekretar's port, as anybody who reaches it can send."""
        async with self.server.session.post(f"{self.url}{path}", **options) as answer:
            return answer.status, await answer.text()

    # People

    async def hire(
        self,
        name: str = "anna",
        *,
        locale: str = "ru",
        zone: str = "Europe/Moscow",
        first_name: str = "",
        last_name: str = "",
    ) -> Human:
        """A new person of the team, at their client."""
        account = await self.server.make_person(
            name, self.team_id, locale=locale, zone=zone, first_name=first_name, last_name=last_name
        )
        self._hired.append(account.id)
        return await self.sign_in(account.username)

    async def sign_in(self, username: str) -> Human:
        """Somebody of the team at one more client."""
        human = Human.login(self.server.url, username, PASSWORD, wait=PATIENCE)
        return await self._people.enter_async_context(human)

    async def home(self, human: Human) -> str:
        """The id of the person's direct channel with the bot."""
        return await human.direct_channel(self.bot)

    async def everybody_leaves(self) -> None:
        """The end of a test: nobody is left whose calendar has to be looked at."""
        await self._people.aclose()
        self._people = contextlib.AsyncExitStack()
        hired, self._hired = self._hired, []
        for user_id in hired:
            await self.server.deactivate(user_id)


@contextlib.asynccontextmanager
async def running(office: Office) -> AsyncIterator[Office]:
    """An office that is open for business."""
    await office.found()
    try:
        await office.start()
        yield office
    finally:
        await office.everybody_leaves()
        await office.stop()
