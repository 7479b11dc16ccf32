"""When a glance is enough, and when only a full look will do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from sekretar.calendars.caldav import CalDavClient, Credentials
from sekretar.calendars.model import AccountState, CalendarAccount
from sekretar.calendars.sync.glancing import (
    Calm,
    Glancing,
    Subject,
    Unchanged,
    note_unchanged,
    subject,
    subjects,
)
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerRefused
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.kernel.people import PersonRow
from sekretar.kernel.secrets import Vault, generate_key

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@dataclass
class Server:
    """Answers every PROPFIND alike, and counts them."""

    url: str = ""
    body: str = '<multistatus xmlns="DAV:"/>'
    status: int = 207
    asked: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        assert request.headers["Authorization"] == aiohttp.encode_basic_auth("anna", "secret")
        return web.Response(status=self.status, text=self.body, content_type="application/xml")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("PROPFIND", "/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/anna/"
    yield made
    await runner.cleanup()


@pytest_asyncio.fixture
async def glancing() -> AsyncIterator[Glancing]:
    http = HttpSessions(HttpSettings(allowed_networks=("127.0.0.0/8",), trust_env=False))
    yield Glancing(Vault([generate_key()]), http)
    await http.close()


def known(glancing: Glancing, server: Server, calm: Calm | None) -> Subject:
    return Subject(1, server.url, "anna", glancing.vault.encrypt("secret"), "generic", calm)


async def answer_of(glancing: Glancing, server: Server) -> str:
    client = CalDavClient(glancing.http.typed, server.url, Credentials("anna", "secret"))
    return (await client.home(server.url)).digest


async def test_the_same_answer_spares_the_look(glancing: Glancing, server: Server) -> None:
    calm = Calm(await answer_of(glancing, server), LATER)
    assert (await glancing.glance(known(glancing, server, calm), NOW)).unchanged


async def test_one_other_byte_does_not(glancing: Glancing, server: Server) -> None:
    calm = Calm(await answer_of(glancing, server), LATER)
    server.body += " "
    assert not (await glancing.glance(known(glancing, server, calm), NOW)).unchanged


async def test_what_was_not_settled_is_looked_at_without_asking(glancing: Glancing, server: Server) -> None:
    assert not (await glancing.glance(known(glancing, server, None), NOW)).unchanged
    assert server.asked == 0


async def test_belief_ends(glancing: Glancing, server: Server) -> None:
    calm = Calm(await answer_of(glancing, server), LATER)
    assert not (await glancing.glance(known(glancing, server, calm), LATER)).unchanged


async def test_a_refusal_is_told(glancing: Glancing, server: Server) -> None:
    calm = Calm(await answer_of(glancing, server), LATER)
    server.status = 401
    with pytest.raises(PeerRefused):
        await glancing.glance(known(glancing, server, calm), NOW)


@pytest_asyncio.fixture
async def account(database: Database) -> int:
    async with database.transaction() as session:
        person = PersonRow(
            server="s", user_id="u", username="anna", display_name="Anna", email="", locale="ru",
            time_zone="Europe/Moscow", active=True, first_seen_at=NOW, updated_at=NOW,
        )  # fmt: skip
        session.add(person)
        await session.flush()
        row = CalendarAccount(
            person_id=person.id, provider="other", address="", profile="generic", login="anna",
            password="x", home_url="https://cal.example/", addresses=[], zone="Europe/Moscow",
            state=AccountState.ACTIVE, trouble="", next_sync_at=NOW, created_at=NOW, synced_at=NOW,
            calm_answer="abc", calm_until=LATER,
        )  # fmt: skip
        session.add(row)
        await session.flush()
        return row.id


async def calm_of(database: Database) -> Calm | None:
    async with database.reading() as session:
        return subject((await session.execute(subjects())).one()).calm


async def test_an_account_in_order_may_be_glanced_at(database: Database, account: int) -> None:
    assert await calm_of(database) == Calm("abc", LATER)


@pytest.mark.parametrize(
    "change", [{"calm_answer": ""}, {"failures": 1}, {"trouble": "down"}, {"state": AccountState.ATTENTION}]
)
async def test_one_that_is_not_may_not(database: Database, account: int, change: dict[str, object]) -> None:
    async with database.transaction() as session:
        row = await session.get_one(CalendarAccount, account)
        for name, value in change.items():
            setattr(row, name, value)
    assert await calm_of(database) is None


@pytest.mark.parametrize(
    "change", [{"chosen_zone": "Asia/Omsk"}, {"time_zone": "Asia/Omsk"}, {"active": False}]
)
async def test_nor_one_whose_person_moved_or_left(
    database: Database, account: int, change: dict[str, object]
) -> None:
    async with database.transaction() as session:
        row = await session.get_one(PersonRow, 1)
        for name, value in change.items():
            setattr(row, name, value)
    assert await calm_of(database) is None


async def test_many_are_noted_at_once_but_not_what_changed_meanwhile(
    database: Database, account: int
) -> None:
    noted = [Unchanged(account, NOW, LATER), Unchanged(account + 1, NOW, LATER)]
    async with database.transaction() as session:
        await note_unchanged(session, noted, NOW + timedelta(minutes=1))
    async with database.reading() as session:
        row = await session.get_one(CalendarAccount, account)
    assert (row.synced_at, row.next_sync_at) == (NOW + timedelta(minutes=1), LATER)
    async with database.transaction() as session:
        await note_unchanged(session, [Unchanged(account, NOW, NOW)], NOW)
    async with database.reading() as session:
        assert (await session.get_one(CalendarAccount, account)).next_sync_at == LATER
