"""The Mattermost that tests play on: the sandbox, or a real server where one is given.

The real one is named by SEKRETAR_TEST_MATTERMOST_URL and SEKRETAR_TEST_MATTERMOST_ADMIN_TOKEN. Everything is made
through its public API under names of its own, so that a server that people use can be borrowed and is left tidy.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp

from sekretar.kernel.clock import SystemClock
from sekretar.sandbox.mattermost import MattermostSandbox
from sekretar.sandbox.rest import Refused, Rest

URL = os.environ.get("SEKRETAR_TEST_MATTERMOST_URL", "").rstrip("/")
ADMIN_TOKEN = os.environ.get("SEKRETAR_TEST_MATTERMOST_ADMIN_TOKEN", "")

#: Password of everybody that tests make.
PASSWORD = "Correct-horse-1"


@dataclass(frozen=True)
class Account:
    """A user of the server."""

    id: str
    username: str


@dataclass
class ChatServer:
    """A server and the hand of its administrator. `sandbox` is None on a real one."""

    url: str
    admin_token: str
    session: aiohttp.ClientSession
    sandbox: MattermostSandbox | None = None
    _undo: list[tuple[str, str, object]] = field(default_factory=list)

    @property
    def admin(self) -> Rest:
        """The API as the administrator."""
        return Rest(self.session, self.url, self.admin_token)

    async def make_team(self) -> tuple[str, str]:
        """A new open team: its id and its name."""
        name = f"office{secrets.token_hex(4)}"
        team = await self.admin.post("/teams", {"name": name, "display_name": name.title(), "type": "O"})
        self._undo.append(("DELETE", f"/teams/{team['id']}", None))
        return str(team["id"]), name

    async def make_person(
        self,
        name: str,
        team_id: str,
        *,
        locale: str = "en",
        zone: str = "",
        first_name: str = "",
        last_name: str = "",
    ) -> Account:
        """A new user in the team; the name gets a tail of its own."""
        username = f"{name}.{secrets.token_hex(4)}"
        profile = {
            "username": username,
            "email": f"{username}@example.com",
            "password": PASSWORD,
            "locale": locale,
            "first_name": first_name,
            "last_name": last_name,
        }
        user = await self.admin.post("/users", profile)
        if zone:
            chosen = {"useAutomaticTimezone": "true", "automaticTimezone": zone, "manualTimezone": ""}
            await self.admin.put(f"/users/{user['id']}/patch", {"timezone": chosen})
        await self.admin.post(f"/teams/{team_id}/members", {"team_id": team_id, "user_id": user["id"]})
        return Account(str(user["id"]), username)

    async def deactivate(self, user_id: str) -> None:
        """Switch a user off, as an administrator does when somebody leaves."""
        await self.admin.put(f"/users/{user_id}/active", {"active": False})

    async def reactivate(self, user_id: str) -> None:
        """Take somebody back."""
        await self.admin.put(f"/users/{user_id}/active", {"active": True})

    async def retire_bot(self, username: str) -> None:
        """Switch a bot off when the tests are done."""
        bot = await self.admin.get(f"/users/username/{username}")
        self._undo.append(("POST", f"/bots/{bot['id']}/disable", {}))

    async def tidy(self) -> None:
        """Put away what was made on a server that outlives the tests."""
        for method, path, body in self._undo if self.sandbox is None else ():
            with contextlib.suppress(Refused):
                await (self.admin.delete(path) if method == "DELETE" else self.admin.post(path, body))


@contextlib.asynccontextmanager
async def running_sandbox(server_version: str = "10.11.0") -> AsyncIterator[ChatServer]:
    """A sandbox with an administrator."""
    sandbox = MattermostSandbox(clock=SystemClock(), server_version=server_version)
    await sandbox.start()
    try:
        admin = sandbox.add_user("admin", admin=True)
        async with _session() as session:
            yield ChatServer(sandbox.url, sandbox.add_token(admin), session, sandbox)
    finally:
        await sandbox.stop()


@contextlib.asynccontextmanager
async def chat_server() -> AsyncIterator[ChatServer]:
    """The real server that the environment names, else a sandbox."""
    if not (URL and ADMIN_TOKEN):
        async with running_sandbox() as server:
            yield server
        return
    async with _session() as session:
        server = ChatServer(URL, ADMIN_TOKEN, session)
        try:
            yield server
        finally:
            await server.tidy()


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
