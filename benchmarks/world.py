"""A Sekretar without a Mattermost, with as many people and accounts as a benchmark wants."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from sekretar.calendars.model import AccountState, Calendar, CalendarAccount
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.people import People, PersonRow
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.kernel.signing import Signer
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Renderer
from sekretar.mattermost.profiles import Profiles

SERVER = "http://127.0.0.1:1"


@dataclass(frozen=True)
class World:
    """What a benchmark works with."""

    database: Database
    desk: Desk
    http: HttpSessions

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[World]:
        """An empty world on SQLite, as it is shipped."""
        database = Database.open(f"sqlite:///{folder / 'bench.sqlite3'}")
        await database.migrate()
        http = HttpSessions(HttpSettings(allowed_networks=("127.0.0.0/8",), trust_env=False))
        clock, vault = SystemClock(), Vault([generate_key()])
        people = People(SERVER, "en", ZoneInfo("Europe/Moscow"))
        client = MattermostClient(http.peers, SERVER, "none", clock=clock)
        signer = Signer(vault.derive("bench"))
        desk = Desk(
            database=database,
            clock=clock,
            signer=signer,
            vault=vault,
            catalogues=Catalogues.load(),
            chat=Chat(),
            renderer=Renderer(signer, SERVER),
            people=people,
            profiles=Profiles(client, database, people, clock),
            server=client,
            callback_url=SERVER,
        )
        try:
            yield cls(database, desk, http)
        finally:
            await http.close()
            await database.close()


async def make_people(world: World, count: int) -> None:
    """People with the ids 1 to count."""
    now = world.desk.now()
    people = [
        {"id": number + 1, "server": SERVER, "user_id": f"u{number}", "username": f"p{number}",
         "display_name": f"Person {number}", "email": "", "locale": "ru", "time_zone": "Europe/Moscow",
         "active": True, "first_seen_at": now, "updated_at": now}
        for number in range(count)
    ]  # fmt: skip
    async with world.database.transaction() as session:
        await session.execute(insert(PersonRow), people)


async def make_accounts(world: World, url: str, count: int, ctag: str) -> None:
    """A person, an account and two loaded calendars for each number."""
    await make_people(world, count)
    now, password = world.desk.now(), world.desk.vault.encrypt("x")
    accounts = [
        {"id": number + 1, "person_id": number + 1, "provider": "other", "address": url, "profile": "generic",
         "login": f"p{number}", "password": password, "home_url": f"{url}/p{number}/", "addresses": [],
         "state": AccountState.ACTIVE, "failures": 0, "refusals": 0, "trouble": "", "synced_at": now,
         "next_sync_at": now + timedelta(days=1), "calm_answer": "", "zone": "Europe/Moscow", "created_at": now}
        for number in range(count)
    ]  # fmt: skip
    calendars = [
        {"account_id": number + 1, "href": f"{url}/p{number}/{name}/", "name": name, "colour": "",
         "chosen": True, "ctag": f'"{ctag}"', "sync_token": f"sync-token:1 {ctag}", "trust": 3,
         "verified_at": now, "loaded_at": now}
        for number in range(count)
        for name in ("work", "home")
    ]  # fmt: skip
    async with world.database.transaction() as session:
        await session.execute(insert(CalendarAccount), accounts)
        await session.execute(insert(Calendar), calendars)
