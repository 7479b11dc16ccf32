"""A meeting that goes to another calendar, or to another account of the person, is neither cancelled nor new."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.integration.calendars.diary import Diary, first_lines, ics, open_diary
from tests.integration.calendars.servers import EVERY, Job, fake_server, job, live_on
from tests.peers_caldav import PEOPLE, CalDavServer, running_radicale
from tests.unit.calendars.caldav.fake_server import FakeServer

from sekretar.calendars.model import Calendar, CalendarAccount, StoredOccurrence
from sekretar.calendars.sync.looking import MOVED_WITHIN
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


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDavServer]:
    with running_radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


async def test_within_an_account_it_may_be_away_for_a_moment(
    database: Database, clock: ManualClock, radicale: CalDavServer
) -> None:
    """Some programs delete it here before they write it there."""
    diary = await open_diary(database, clock)
    urls = {name: await radicale.make_calendar("anna", name, name) for name in diary.calendars}
    async with database.transaction() as session:
        account = await session.get_one(CalendarAccount, diary.account_id)
        account.home_url, account.login = radicale.home_url("anna"), "anna"
        account.password = diary.desk.vault.encrypt(PEOPLE["anna"])
        for name, number in diary.calendars.items():
            calendar = await session.get_one(Calendar, number)
            calendar.href, calendar.verified_at = urls[name], None
    text = ics("a", clock.now() + 3 * HOUR)
    await radicale.put_event("anna", urls["work"], "a.ics", text)
    for name, url in urls.items():
        await radicale.put_event("anna", url, "kept.ics", ics(name, clock.now() + 5 * HOUR, name))
    async with job(diary.desk) as work:
        await work.run()
        assert len(await diary.said()) == 3
        await radicale.delete("anna", urls["work"] + "a.ics")
        clock.advance(2 * EVERY)
        assert await work.run() == clock.now() + MOVED_WITHIN
        await radicale.put_event("anna", urls["home"], "b.ics", text)
        clock.advance(MOVED_WITHIN)
        await work.run()
        clock.advance(2 * EVERY)
        await work.run()
    assert await diary.said() == []
    kept = [each.calendar_id for each in await diary.rows(StoredOccurrence) if each.uid == "a"]
    assert kept == [diary.calendars["home"]]
    for url in urls.values():
        await radicale.delete("anna", url)
