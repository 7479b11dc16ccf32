"""One login used by two people, and a calendar that both see: each hears of everything once, and of nothing twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.integration.calendars.diary import Diary, first_lines, ics, open_diary
from tests.integration.calendars.servers import EVERY, Job, fake_server, job, live_on
from tests.unit.calendars.caldav.fake_server import FakeServer

from sekretar.calendars.accounts import connecting
from sekretar.calendars.model import CalendarAccount, StoredOccurrence
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import OutboxRow

HOUR = timedelta(hours=1)


@pytest.fixture
async def anna(database: Database, clock: ManualClock) -> Diary:
    return await open_diary(database, clock, calendars=["work"])


@pytest.fixture
async def boris(database: Database, clock: ManualClock, anna: Diary) -> Diary:
    """He uses the login of anna."""
    diary = await open_diary(database, clock, "boris", ["work"], anna.desk)
    async with database.transaction() as session:
        same = update(CalendarAccount).where(CalendarAccount.id == diary.account_id)
        await session.execute(same.values(login="anna@example.com", addresses=["anna@example.com"]))
    return diary


@pytest.fixture
async def server(database: Database, anna: Diary, boris: Diary) -> AsyncIterator[FakeServer]:
    async with fake_server() as running:
        running.put("old.ics", ics("old", anna.clock.now() + 9 * HOUR, "Old"))
        for diary in (anna, boris):
            await live_on(database, diary, running)
        yield running


@pytest.fixture
async def work(anna: Diary, server: FakeServer) -> AsyncIterator[Job]:
    async with job(anna.desk) as running:
        await running.run()
        await anna.said()
        yield running


async def heard(diary: Diary, work: Job) -> dict[str, list[str]]:
    """What each person is told of the next look."""
    before = {row.id for row in await diary.rows(OutboxRow)}
    diary.clock.advance(2 * EVERY)
    await work.run()
    said: dict[str, list[str]] = {}
    for row in await diary.rows(OutboxRow):
        if row.id not in before:
            said.setdefault(row.payload["user_id"], []).append(row.payload["message"])
    return {user: first_lines(lines) for user, lines in said.items()}


async def test_each_hears_of_everything_once(
    anna: Diary, boris: Diary, server: FakeServer, work: Job
) -> None:
    users = anna.person.user_id, boris.person.user_id
    start = anna.clock.now() + 3 * HOUR
    server.put("a.ics", ics("a", start))
    assert await heard(anna, work) == {user: ["🆕 Новая встреча: Demo"] for user in users}
    server.put("a.ics", ics("a", start + HOUR))
    assert await heard(anna, work) == {user: ["🔁 Перенесена: Demo"] for user in users}
    server.remove("a.ics")
    assert await heard(anna, work) == {user: ["❌ Отменена: Demo"] for user in users}
    assert await heard(anna, work) == {}


async def test_one_who_leaves_takes_nothing_from_the_other(
    anna: Diary, boris: Diary, server: FakeServer, work: Job, database: Database
) -> None:
    async with database.transaction() as session:
        await connecting.disconnect(session, await session.get_one(CalendarAccount, boris.account_id))
    [kept] = await anna.rows(StoredOccurrence)
    assert kept.person_id == anna.person.id
    server.put("a.ics", ics("a", anna.clock.now() + 3 * HOUR))
    assert await heard(anna, work) == {anna.person.user_id: ["🆕 Новая встреча: Demo"]}
