"""A look that somebody asked for: at once, once, and with a word about what came of it; on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.integration.calendars.diary import Diary, first_lines, ics, open_diary
from tests.integration.calendars.servers import (
    EVERY,
    Job,
    busy,
    job,
    refuse,
)
from tests.unit.calendars.caldav.fake_server import FakeServer

from sekretar.calendars.accounts import connecting
from sekretar.calendars.model import AskedRefresh, CalendarAccount
from sekretar.calendars.sync import refreshing
from sekretar.calendars.sync.refreshing import PATIENCE, PAUSE, Refreshing, Standing
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import OutboxRow

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NOTHING = ["Календари проверены, изменений нет."]


@pytest.fixture
async def diary(database: Database, clock: ManualClock) -> Diary:
    return await open_diary(database, clock, calendars=["work"])


@pytest.fixture
async def work(diary: Diary, server: FakeServer) -> AsyncIterator[Job]:
    async with job(diary.desk) as running:
        server.put("a.ics", ics("a", diary.clock.now() + 3 * HOUR))
        await running.run()
        await diary.said()
        diary.clock.advance(SECOND)
        yield running


async def ask(diary: Diary) -> Standing:
    async with diary.desk.database.transaction() as session:
        theirs = await connecting.accounts_of(session, diary.person.id)
        return await refreshing.ask(session, theirs, diary.clock.now())


async def told(diary: Diary) -> list[str]:
    await Refreshing(diary.desk).tell_due()
    return await diary.said()


async def test_what_changed_is_counted_however_little_of_it_is_told(
    diary: Diary, server: FakeServer, work: Job
) -> None:
    server.put("b.ics", ics("b", diary.clock.now() + 4 * HOUR, "Retro"))
    server.put("a.ics", ics("a", diary.clock.now() + 5 * HOUR))
    assert await ask(diary) is Standing.BEGUN
    assert await told(diary) == []
    await work.run()
    said = first_lines(await told(diary))
    assert sorted(said[:2]) == ["🆕 Новая встреча: Retro", "🔁 Перенесена: Demo"]
    assert said[2:] == ["Календари проверены: 2 изменения."]
    assert await told(diary) == []


async def test_nothing_new_is_said_to_be_nothing(diary: Diary, server: FakeServer, work: Job) -> None:
    before = len(server.asked)
    await ask(diary)
    await work.run()
    assert first_lines(await told(diary)) == NOTHING
    assert len(server.asked) > before, "not even a minute after the last look"


async def test_two_wishes_are_one_look_and_one_answer(diary: Diary, server: FakeServer, work: Job) -> None:
    assert [await ask(diary), await ask(diary)] == [Standing.BEGUN] * 2
    await work.run()
    assert first_lines(await told(diary)) == NOTHING
    before = len(server.asked)
    assert await ask(diary) is Standing.JUST_DONE
    await work.run()
    assert len(server.asked) == before
    diary.clock.advance(PAUSE)
    assert await ask(diary) is Standing.BEGUN


async def test_a_wish_during_a_look_is_answered_by_the_next_one(
    diary: Diary, server: FakeServer, work: Job
) -> None:
    diary.clock.advance(2 * EVERY)
    await work.syncing.run()
    await ask(diary)
    server.put("b.ics", ics("b", diary.clock.now() + 4 * HOUR, "Retro"))
    await work.run()
    await work.run()
    assert "Календари проверены: 1 изменение." in first_lines(await told(diary))


async def test_what_is_wrong_is_told_with_the_way_to_mend_it(
    diary: Diary, server: FakeServer, work: Job
) -> None:
    server.override = refuse
    await ask(diary)
    await work.run()
    [said] = await told(diary)
    assert "Проверить календари сейчас не удалось." in said
    assert "больше не принимает пароль" in said
    assert "новый пароль приложения" in said
    row = max(await diary.rows(OutboxRow), key=lambda each: each.id)
    assert "Ввести пароль заново" in str(row.payload)


async def test_a_server_that_asked_for_patience_is_left_alone(
    diary: Diary, server: FakeServer, work: Job
) -> None:
    server.override = busy
    diary.clock.advance(2 * EVERY)
    await work.run()
    before = len(server.asked)
    await ask(diary)
    await work.run()
    assert len(server.asked) == before
    [said] = await told(diary)
    assert "просит подождать" in said


async def test_nobody_waits_longer_than_a_minute(diary: Diary, server: FakeServer, work: Job) -> None:
    await ask(diary)
    diary.clock.advance(PATIENCE - SECOND)
    assert await told(diary) == []
    diary.clock.advance(SECOND)
    [said] = await told(diary)
    assert "ещё не ответил" in said


async def test_disconnecting_forgets_the_wish_and_the_answer(
    diary: Diary, server: FakeServer, work: Job, database: Database
) -> None:
    server.override = refuse
    await ask(diary)
    await work.run()
    await told(diary)
    async with database.transaction() as session:
        await connecting.disconnect(session, await session.get_one(CalendarAccount, diary.account_id))
    assert await diary.count(AskedRefresh) == 0
    assert await diary.rows(OutboxRow) == []
