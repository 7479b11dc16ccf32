"""The job that looks at accounts: everybody in their rhythm, nobody waiting for somebody else's server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from sqlalchemy import update
from tests.integration.calendars.diary import Diary, first_lines, ics, open_diary
from tests.integration.calendars.servers import (
    EVERY,
    PATIENCE,
    Job,
    busy,
    fake_server,
    job,
    not_found,
    refuse,
    until,
)
from tests.unit.calendars.caldav.fake_server import FakeServer

from sekretar.calendars.accounts import connecting
from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject, Reminder, StoredOccurrence
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.preferences import Preferences
from sekretar.calendars.sync import courtesy, syncing
from sekretar.calendars.sync.courtesy import LONGEST_REST
from sekretar.calendars.sync.health import PAUSE_IN_ATTENTION
from sekretar.calendars.sync.looking import BELIEVED_GONE, LIST_EVERY, SECOND_LOOK
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def diary(database: Database, clock: ManualClock) -> Diary:
    return await open_diary(database, clock, calendars=["work"])


async def account(diary: Diary) -> CalendarAccount:
    [found] = await diary.rows(CalendarAccount)
    return found  # type: ignore[no-any-return]


async def loaded(diary: Diary, server: FakeServer, work: Job) -> None:
    server.put("a.ics", ics("a", diary.clock.now() + 3 * HOUR))
    await work.run()
    await diary.said()


class TestALook:
    async def test_the_first_one_tells_the_day_and_no_news(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        server.put("a.ics", ics("a", diary.clock.now() + 3 * HOUR))
        assert await work.run() == diary.clock.now() + EVERY
        ready, _offer = await diary.said()
        assert "готов" in ready
        assert "Demo" in ready

    async def test_it_says_what_will_be_heard_from_now_on(
        self, diary: Diary, server: FakeServer, work: Job, database: Database
    ) -> None:
        async with database.transaction() as session:
            wanted = Preferences(reminders=(30,), news=frozenset())
            await preferences.write(session, diary.person.id, wanted)
        server.put("a.ics", ics("a", diary.clock.now() + 3 * HOUR))
        await work.run()
        ready, _offer = await diary.said()
        assert "Напоминаю за 30 мин до встречи." in ready
        assert "Об изменениях не сообщаю." in ready

    async def test_what_changes_later_is_told(self, diary: Diary, server: FakeServer, work: Job) -> None:
        await loaded(diary, server, work)
        server.put("b.ics", ics("b", diary.clock.now() + 4 * HOUR, "Retro"))
        diary.clock.advance(2 * EVERY)
        await work.run()
        assert first_lines(await diary.said()) == ["🆕 Новая встреча: Retro"]

    async def test_an_object_that_never_comes_costs_no_storm_of_requests(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        server.put("bad.ics", ics("bad", diary.clock.now() + 3 * HOUR))
        server.habits.multiget_fails.add("bad.ics")
        await loaded(diary, server, work)
        for _ in range(3):
            due = await work.run()
            assert due is not None
            assert due > diary.clock.now()
            diary.clock.advance(due - diary.clock.now())
        await diary.said()
        server.put("b.ics", ics("b", diary.clock.now() + 4 * HOUR, "Retro"))
        diary.clock.advance(EVERY * 2)
        await work.run()
        assert first_lines(await diary.said()) == ["🆕 Новая встреча: Retro"]

    async def test_an_empty_calendar_is_believed_at_the_second_look(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        await loaded(diary, server, work)
        server.remove("a.ics")
        diary.clock.advance(EVERY)
        assert await work.run() == diary.clock.now() + SECOND_LOOK
        assert await diary.said() == []
        diary.clock.advance(SECOND_LOOK)
        await work.run()
        assert first_lines(await diary.said()) == ["❌ Отменена: Demo"]

    async def test_a_person_who_moves_to_another_zone_takes_floating_times_along(
        self, diary: Diary, server: FakeServer, work: Job, database: Database
    ) -> None:
        server.put("a.ics", ics("a", "DTSTART:20260304T150000\r\nDURATION:PT1H"))
        nine = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:PT9H\r\nEND:VALARM"
        server.put("d.ics", ics("d", "DTSTART;VALUE=DATE:20260305", "Day", nine))
        async with database.transaction() as session:
            await preferences.write(session, diary.person.id, Preferences(reminders=(), own_alarms=True))
        await work.run()
        before = await diary.starts()
        (rings,) = await diary.rows(Reminder)
        assert rings.due_at == datetime(2026, 3, 5, 6, tzinfo=UTC)
        async with database.transaction() as session:
            from zoneinfo import ZoneInfo

            await diary.desk.people.set_zone(session, diary.person.id, ZoneInfo("Asia/Vladivostok"))
        await diary.said()
        server.put("c.ics", ics("c", diary.clock.now() - 9 * HOUR))
        diary.clock.advance(EVERY)
        await work.run()
        after = await diary.starts()
        assert before[0] - timedelta(hours=7) in after
        assert before[1] in after
        assert await diary.said() == []
        (rings,) = await diary.rows(Reminder)
        assert rings.due_at == datetime(2026, 3, 4, 23, tzinfo=UTC)


class TestWhatTheServerSaysOfItsCalendars:
    async def test_a_new_name_and_lost_rights_are_followed_within_hours(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        await loaded(diary, server, work)
        assert await known(diary) == ("Work", True)
        server.habits.name, server.habits.privileges = "Team", ("read",)
        diary.clock.advance(EVERY * 2)
        await work.run()
        assert await known(diary) == ("Work", True)
        diary.clock.advance(LIST_EVERY)
        await work.run()
        assert await known(diary) == ("Team", False)
        assert await diary.said() == []

    async def test_a_refused_write_is_remembered_until_the_server_says_otherwise(
        self, diary: Diary, server: FakeServer, work: Job, database: Database
    ) -> None:
        await loaded(diary, server, work)
        async with database.transaction() as session:
            await session.execute(update(Calendar).values(writable=False))
        diary.clock.advance(LIST_EVERY)
        await work.run()
        assert await known(diary) == ("Work", False)
        server.habits.privileges = ("read", "write")
        diary.clock.advance(LIST_EVERY)
        await work.run()
        assert await known(diary) == ("Work", True)


async def known(diary: Diary) -> tuple[str, bool]:
    calendar = await diary.calendar("work")
    return calendar.name, calendar.writable


class TestTroubles:
    async def test_three_refusals_are_told_once_and_so_is_the_end(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        await loaded(diary, server, work)
        server.override = refuse
        said = []
        for _ in range(5):
            diary.clock.advance(2 * HOUR)
            due = await work.run()
            said.append(await diary.said())
        assert [len(each) for each in said] == [0, 0, 1, 0, 0]
        assert "больше не принимает пароль" in said[2][0]
        assert due == diary.clock.now() + PAUSE_IN_ATTENTION
        assert await diary.count(StoredOccurrence) == 1, "nothing is deleted"
        server.override = None
        diary.clock.advance(2 * HOUR)
        await work.run()
        assert await diary.said() == ["**anna@example.com**: календарь снова доступен."]
        diary.clock.advance(2 * HOUR)
        await work.run()
        assert await diary.said() == []

    async def test_a_server_that_asks_for_patience_gets_it(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        await loaded(diary, server, work)
        server.override = busy
        diary.clock.advance(EVERY)
        due = await work.run()
        assert due is not None
        assert due >= diary.clock.now() + HOUR
        assert (await account(diary)).trouble == "limited"
        assert await diary.said() == []

    async def test_pauses_grow_while_a_server_is_down(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        await loaded(diary, server, work)

        async def down(_request: web.Request) -> web.Response:
            return web.Response(status=503)

        server.override = down
        pauses = []
        for _ in range(8):
            diary.clock.advance(HOUR)
            due = await work.run()
            assert due is not None
            pauses.append(due - diary.clock.now())
        assert pauses == sorted(pauses)
        assert pauses[0] >= 2 * EVERY
        assert pauses[-1] >= timedelta(minutes=30)

    async def test_an_error_of_ours_is_a_trouble_of_this_account_alone(
        self, diary: Diary, server: FakeServer, work: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await loaded(diary, server, work)
        server.put("b.ics", ics("b", diary.clock.now() + 4 * HOUR))

        async def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("sekretar.calendars.sync.applying.plan_reminders", broken)
        diary.clock.advance(EVERY)
        due = await work.run()
        assert due is not None
        assert due > diary.clock.now()
        assert (await account(diary)).trouble == "broken"

    async def test_a_look_that_takes_too_long_is_broken_off(
        self, diary: Diary, server: FakeServer, database: Database
    ) -> None:
        async def asleep(_request: web.Request) -> web.Response:
            await asyncio.sleep(PATIENCE)
            return web.Response(status=500)

        server.override = asleep
        async with job(diary.desk, longest_look=timedelta(milliseconds=50)) as work:
            await work.run()
        assert (await account(diary)).trouble == "down"

    async def test_a_calendar_gone_from_its_server_is_forgotten_after_an_hour_and_told(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        await loaded(diary, server, work)
        server.override = not_found
        for _ in range(3):
            diary.clock.advance(BELIEVED_GONE / 4)
            await work.run()
        assert await diary.said() == []
        assert await diary.count(StoredOccurrence) == 1
        diary.clock.advance(BELIEVED_GONE)
        await work.run()
        [told] = await diary.said()
        assert told == "Календаря **Work** больше нет на сервере, поэтому его встреч я больше не показываю."
        assert await diary.count(StoredOccurrence) == 0


class TestInTheMiddle:
    """Things that people do while a look is under way."""

    async def test_disconnecting_leaves_nothing(
        self, diary: Diary, server: FakeServer, work: Job, database: Database
    ) -> None:
        server.put("a.ics", ics("a", diary.clock.now() + 3 * HOUR))
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def wait(request: web.Request) -> None:
            if request.method == "REPORT":
                reached.set()
                await go_on.wait()

        server.override = wait
        await work.syncing.run()
        await asyncio.wait_for(reached.wait(), PATIENCE)
        async with database.transaction() as session:
            await connecting.disconnect(session, await session.get_one(CalendarAccount, diary.account_id))
        go_on.set()
        await work.run()
        assert await diary.left_overs() == {}
        assert await diary.said() == []

    async def test_a_calendar_chosen_anew_is_read_from_the_beginning(
        self, diary: Diary, server: FakeServer, work: Job, database: Database
    ) -> None:
        await loaded(diary, server, work)
        server.put("b.ics", ics("b", diary.clock.now() + 4 * HOUR))
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def wait(request: web.Request) -> None:
            if request.method == "REPORT":
                reached.set()
                await go_on.wait()

        server.override = wait
        diary.clock.advance(EVERY)
        await work.syncing.run()
        await asyncio.wait_for(reached.wait(), PATIENCE)
        for chosen in (frozenset[int](), frozenset(diary.calendars.values())):
            async with database.transaction() as session:
                stored = await session.get_one(CalendarAccount, diary.account_id)
                await connecting.choose(session, stored, chosen, diary.clock.now())
        go_on.set()
        await work.run()
        await work.run()
        assert await diary.count(CalendarObject) == 2
        assert await diary.said() == [], "what was there before is no news"

    async def test_a_password_given_meanwhile_is_tried_at_once(
        self, diary: Diary, server: FakeServer, work: Job, database: Database
    ) -> None:
        await loaded(diary, server, work)
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def wait(_request: web.Request) -> web.Response:
            reached.set()
            await go_on.wait()
            return web.Response(status=401)

        server.override = wait
        diary.clock.advance(EVERY)
        await work.syncing.run()
        await asyncio.wait_for(reached.wait(), PATIENCE)
        async with database.transaction() as session:
            new = update(CalendarAccount).where(CalendarAccount.id == diary.account_id)
            await session.execute(new.values(next_sync_at=diary.clock.now()))
        server.override = None
        go_on.set()
        await work.run()
        await work.run()
        stored = await account(diary)
        assert (stored.refusals, stored.trouble) == (0, "")


class TestManyAccounts:
    async def test_dead_hosts_leave_places_for_one_that_works(
        self,
        diary: Diary,
        server: FakeServer,
        work: Job,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await loaded(diary, server, work)
        server.put("b.ics", ics("b", diary.clock.now() + 4 * HOUR, "Retro"))
        monkeypatch.setattr(syncing, "MOST_AT_ONCE", 24)
        monkeypatch.setattr(courtesy, "MOST_PER_HOST", 12)
        async with fake_server() as one, fake_server() as two, fake_server() as three:

            async def asleep(_request: web.Request) -> None:
                await asyncio.Event().wait()

            for number in range(45):
                dead = (one, two, three)[number % 3]
                dead.override = asleep
                other = await open_diary(
                    database, diary.clock, desk=diary.desk, calendars=["work"], host=f"{number}.example"
                )
                home = str(dead.server.make_url(f"/cal/{number}/"))
                async with database.transaction() as session:
                    moved = update(CalendarAccount).where(CalendarAccount.id == other.account_id)
                    await session.execute(moved.values(home_url=home, next_sync_at=diary.clock.now()))
            diary.clock.advance(EVERY)
            work.wakes.clear()
            due = await work.syncing.run()
            assert due is None or due > diary.clock.now(), "no busy loop while places are taken"
            # The look at the server that works ends, although all the others are stuck.
            await until(lambda: any(wake is None or wake > diary.clock.now() for wake in work.wakes))
            assert first_lines(await diary.said()) == ["🆕 Новая встреча: Retro"]
            assert all(len(dead.asked) <= courtesy.MOST_PER_HOST for dead in (one, two, three))
            await work.syncing.close()

    async def test_a_host_that_refuses_several_is_left_alone(
        self, diary: Diary, server: FakeServer, work: Job, database: Database
    ) -> None:
        for number in range(5):
            other = await open_diary(
                database, diary.clock, desk=diary.desk, calendars=["work"], host=f"{number}.example"
            )
            async with database.transaction() as session:
                home = update(CalendarAccount).where(CalendarAccount.id == other.account_id)
                # One after the other: the first two are refused, the others are due when the host rests.
                await session.execute(
                    home.values(
                        home_url=str(server.server.make_url(f"/cal/{number}/")),
                        next_sync_at=diary.clock.now() + number * MINUTE,
                    )
                )
        server.override = busy
        for _ in range(6):
            await work.run()
            diary.clock.advance(MINUTE)
        assert len(server.asked) == 2
        server.override = None
        diary.clock.advance(LONGEST_REST)
        await work.run()
        assert len(server.asked) > 2

    async def test_two_workers_never_look_at_one_account_at_once(
        self, diary: Diary, server: FakeServer, work: Job
    ) -> None:
        inside = most = 0

        async def count(_request: web.Request) -> None:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

        server.override = count
        async with job(diary.desk) as second:
            await asyncio.gather(*(each.syncing.run() for each in (work, second) * 3))
            await asyncio.gather(work.run(), second.run())
        assert sum("готов" in each for each in await diary.said()) == 1
        assert most == 1
