"""A meeting that goes to another calendar, or to another account of the person, is neither cancelled nor new."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.integration.calendars.diary import Diary, first_lines, ics, open_diary
from tests.integration.calendars.servers import EVERY, Job, fake_server, job, live_on
from tests.unit.calendars.caldav.fake_server import FakeServer

from sekretar.calendars.model import CalendarAccount, StoredOccurrence
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

HOUR = timedelta(hours=1)


@pytest.fixture
async def diary(database: Database, clock: ManualClock) -> Diary:
    return await open_diary(database, clock, calendars=["work"])


@pytest.fixture
async def servers(database: Database, diary: Diary) -> AsyncIterator[tuple[FakeServer, FakeServer]]:
    """Two servers, on each of them an account of the same person that was read."""
    second = await open_diary(database, diary.clock, calendars=["work"], desk=diary.desk, host="two.example")
    async with fake_server() as one, fake_server() as two, job(diary.desk) as first_look:
        for house, server in ((diary, one), (second, two)):
            await live_on(database, house, server)
            server.put("kept.ics", ics(f"kept {server.url}", diary.clock.now() + 2 * HOUR, "Kept"))
        one.put("a.ics", ics("a", diary.clock.now() + 3 * HOUR))
        await first_look.run()
        await diary.said()
        yield one, two


@pytest.fixture
async def work(diary: Diary) -> AsyncIterator[Job]:
    async with job(diary.desk) as running:
        yield running


async def watch(diary: Diary, work: Job, database: Database, order: tuple[int, ...]) -> list[str]:
    """Let five minutes pass in which the accounts are looked at in this order."""
    said = []
    for _ in range(10):
        diary.clock.advance(EVERY / 2)
        for host in order:
            # Only one of them at a time is due, so that the order is certain.
            async with database.transaction() as session:
                later = update(CalendarAccount).where(CalendarAccount.id != host)
                await session.execute(later.values(next_sync_at=diary.clock.now() + HOUR))
                now = update(CalendarAccount).where(CalendarAccount.id == host)
                await session.execute(now.values(next_sync_at=diary.clock.now()))
            await work.run()
        said += first_lines(await diary.said())
    return said


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_to_another_account_it_moves_in_silence(
    diary: Diary,
    servers: tuple[FakeServer, FakeServer],
    work: Job,
    database: Database,
    order: tuple[int, ...],
) -> None:
    one, two = servers
    two.put("b.ics", one.texts["a.ics"])
    one.remove("a.ics")
    assert await watch(diary, work, database, order) == []
    assert await diary.count(StoredOccurrence) == 3


async def test_one_that_turns_up_nowhere_was_cancelled(
    diary: Diary, servers: tuple[FakeServer, FakeServer], work: Job, database: Database
) -> None:
    one, _ = servers
    one.remove("a.ics")
    assert await watch(diary, work, database, (1, 2)) == ["❌ Отменена: Demo"]
    assert await diary.count(StoredOccurrence) == 2


async def test_one_that_comes_back_was_never_away(
    diary: Diary, servers: tuple[FakeServer, FakeServer], work: Job, database: Database
) -> None:
    one, _ = servers
    text = one.texts["a.ics"]
    one.remove("a.ics")
    diary.clock.advance(EVERY * 2)
    await work.run()
    one.put("a.ics", text)
    assert await watch(diary, work, database, (1, 2)) == []


async def test_an_empty_calendar_is_believed_as_well(
    diary: Diary, servers: tuple[FakeServer, FakeServer], work: Job, database: Database
) -> None:
    one, _ = servers
    for name in list(one.texts):
        one.remove(name)
    said = await watch(diary, work, database, (1, 2))
    assert sorted(said) == ["❌ Отменена: Demo", "❌ Отменена: Kept"]
