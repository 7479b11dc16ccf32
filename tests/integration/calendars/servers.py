"""Calendar servers for accounts in a test, and the job that looks at them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy import update
from tests.integration.calendars.diary import Diary
from tests.unit.calendars.caldav.fake_server import CALENDAR, HOME, FakeServer

from sekretar.calendars.model import Calendar, CalendarAccount
from sekretar.calendars.sync.syncing import Rhythm, Syncing
from sekretar.kernel.database import Database
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.mattermost.desk import Desk

EVERY = timedelta(minutes=1)
PATIENCE = 20.0


@asynccontextmanager
async def fake_server() -> AsyncIterator[FakeServer]:
    server = FakeServer()
    await server.server.start_server()
    try:
        yield server
    finally:
        await server.server.close()


@asynccontextmanager
async def job(desk: Desk, longest_look: timedelta = timedelta(minutes=8)) -> AsyncIterator[Job]:
    http = HttpSessions(HttpSettings(allowed_networks=("127.0.0.1",), trust_env=False))
    wakes: list[datetime | None] = []
    syncing = Syncing(
        desk,
        desk.vault,
        http,
        Rhythm(EVERY, lambda: 0.5),
        lambda _, at: wakes.append(at),
        longest_look=longest_look,
    )
    try:
        yield Job(syncing, wakes, http)
    finally:
        await syncing.close()
        await http.close()


@dataclass
class Job:
    """The job, called by hand."""

    syncing: Syncing
    wakes: list[datetime | None]
    http: HttpSessions = field(repr=False)

    async def run(self) -> datetime | None:
        """Begin what is due, wait until it is done; returns when something is due again."""
        await self.syncing.run()
        await until(lambda: not self.syncing.busy)
        return await self.syncing.run()


async def until(reached: Callable[[], bool]) -> None:
    """Let the others work until this is so."""
    async with asyncio.timeout(PATIENCE):
        while not reached():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.002)


async def live_on(database: Database, diary: Diary, server: FakeServer, *, loaded: bool = False) -> None:
    """Let the account of the diary, with its calendar *work* alone, be on this server."""
    calendar_id = diary.calendars["work"]
    marks = {} if loaded else {"loaded_at": None, "verified_at": None}
    async with database.transaction() as session:
        home = str(server.server.make_url(HOME))
        account = update(CalendarAccount).where(CalendarAccount.id == diary.account_id)
        synced = {} if loaded else {"synced_at": None}
        await session.execute(account.values(home_url=home, **synced))
        calendar = update(Calendar).where(Calendar.id == calendar_id)
        await session.execute(calendar.values(href=str(server.server.make_url(CALENDAR)), **marks))


async def refuse(_request: web.Request) -> web.Response:
    return web.Response(status=401)


async def busy(_request: web.Request) -> web.Response:
    return web.Response(status=429, headers={"Retry-After": "3600"})


async def not_found(request: web.Request) -> web.Response | None:
    """The calendar is gone, its home is not."""
    if request.path.startswith(CALENDAR):
        return web.Response(status=404)
    if request.path != HOME:
        return None
    body = (
        '<?xml version="1.0"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response>'
        f"<href>{HOME}other/</href><propstat><prop><resourcetype><collection/><C:calendar/></resourcetype>"
        "<sync-token>t:0</sync-token></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
    )
    return web.Response(status=207, body=body.encode(), content_type="application/xml")
