"""A Sekretar without a Mattermost, with as many people and accounts as a benchmark wants."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from sekretar.calendars.model import AccountState, Calendar, CalendarAccount, MorningDigest, portions
from sekretar.calendars.sync.glancing import Calm
from sekretar.kernel.clock import Clock, SystemClock
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
    async def open(cls, database_url: str, key: str) -> AsyncIterator[World]:
        """The world of a database and the key of its secrets."""
        database = Database.open(database_url)
        await database.migrate()
        http = HttpSessions(HttpSettings(allowed_networks=("127.0.0.0/8",), trust_env=False))
        clock, vault = SystemClock(), Vault([key])
        people = People(SERVER, "en", ZoneInfo("Europe/Moscow"))
        client = MattermostClient(http.peers, SERVER, "none", clock=clock)
        desk = make_desk(database, clock, vault, people, Profiles(client, database, people, clock), client)
        try:
            yield cls(database, desk, http)
        finally:
            await http.close()
            await database.close()


def make_desk(
    database: Database, clock: Clock, vault: Vault, people: People, profiles: Any, server: Any
) -> Desk:
    """What features work with; `profiles` and `server` are as much of Mattermost as the benchmark needs."""
    signer = Signer(vault.derive("bench"))
    return Desk(
        database=database,
        clock=clock,
        signer=signer,
        vault=vault,
        catalogues=Catalogues.load(),
        chat=Chat(),
        renderer=Renderer(signer, SERVER),
        people=people,
        profiles=profiles,
        server=server,
        callback_url=SERVER,
    )


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


def fresh(folder: Path) -> tuple[str, str]:
    """The address of a new SQLite database, as it is shipped, and a key for its secrets."""
    return f"sqlite:///{folder / 'bench.sqlite3'}", generate_key()


async def make_accounts(
    world: World,
    url: str,
    count: int,
    ctag: str,
    calm: Callable[[str], Calm | None] = lambda login: None,
    within: timedelta = timedelta(),
) -> None:
    """A person, an account and two loaded calendars for each number.

    Args:
        world: where to.
        url: of their calendar server.
        count: how many.
        ctag: the mark of every calendar.
        calm: what a full look has left behind, by login.
        within: the accounts become due one after the other in this time.
    """
    await make_people(world, count)
    now, password = world.desk.now(), world.desk.vault.encrypt("x")
    async with world.database.transaction() as session:
        for some in portions(range(count)):
            accounts = [_account(number, url, password, now, calm(f"p{number}")) for number in some]
            for number, account in zip(some, accounts, strict=True):
                account["next_sync_at"] = now + within * number / count
            await session.execute(insert(CalendarAccount), accounts)
            calendars = [_calendar(n, name, url, ctag, now) for n in some for name in ("work", "home")]
            await session.execute(insert(Calendar), calendars)
            # Without a row each of them would be a newcomer, for whom the product has work to do.
            digests = [
                {"person_id": n + 1, "next_at": now + timedelta(days=1), "introduced": True} for n in some
            ]
            await session.execute(insert(MorningDigest), digests)


def _account(number: int, url: str, password: str, now: datetime, calm: Calm | None) -> dict[str, Any]:
    return {
        "id": number + 1, "person_id": number + 1, "provider": "other", "address": url, "profile": "generic",
        "login": f"p{number}", "password": password, "home_url": f"{url}/p{number}/", "addresses": [],
        "state": AccountState.ACTIVE, "failures": 0, "refusals": 0, "trouble": "", "synced_at": now,
        "calm_answer": calm.answer if calm else "", "calm_until": calm.until if calm else None,
        "zone": "Europe/Moscow", "created_at": now,
    }  # fmt: skip


def _calendar(number: int, name: str, url: str, ctag: str, now: datetime) -> dict[str, Any]:
    return {
        "account_id": number + 1, "href": f"{url}/p{number}/{name}/", "name": name, "colour": "", "chosen": True,
        "ctag": f'"{ctag}"', "sync_token": f"sync-token:1 {ctag}", "trust": 3, "verified_at": now,
        "loaded_at": now,
    }  # fmt: skip
