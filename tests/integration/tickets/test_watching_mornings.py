"""What is due is listed in the morning, once, and beside the meetings of the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import update
from tests.integration.calendars.diary import Diary, ics, open_diary
from tests.integration.mattermost.surface_desk import user_id
from tests.integration.tickets.watch import Watch, texts

from sekretar.calendars.digest.digesting import Digesting
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.preferences import Preferences
from sekretar.kernel.errors import PeerDown


class TestMorning:
    async def morning(self, watch: Watch, day: int) -> list[str]:
        """Nine o'clock in Moscow on that day of March; returns what Boris was told so far."""
        watch.clock.advance(datetime(2026, 3, day, 6, tzinfo=UTC) - watch.clock.now())
        await watch.tickets.reminding.give_due()
        return [each.splitlines()[-1] for each in await watch.told("boris")]

    async def each_by_itself(self, watch: Watch) -> None:
        await watch.office.slash("boris", "/task settings")
        await watch.fill("boris", together=False)

    async def lists(self, watch: Watch) -> list[str]:
        """The lists of due tickets that Boris was given, above or below what else a message says."""
        rows = [row for row in await watch.office.rows() if row.payload.get("user_id") == user_id("boris")]
        return [
            each.partition("**Задачи**\n")[2]
            for row in rows
            for each in (row.payload["message"], *texts(row.payload))
            if "**Задачи**" in each
        ]

    async def test_a_last_day_is_told_when_it_is_near_and_when_it_has_passed_and_anew_when_it_moves(
        self, watch: Watch
    ) -> None:
        await self.each_by_itself(watch)
        watch.site.put("Long ago", to="boris", due=date(2026, 2, 1))
        assert await self.morning(watch, 5) == [], "what was overdue before is no news"
        key = watch.site.put("Mast", to="boris", due=date(2026, 3, 8)).ref.key
        near = "⏰ Срок: 8 марта"
        assert await self.morning(watch, 6) == [near], "Sunday comes before the morning of Monday"
        assert await self.morning(watch, 6) == [near]
        late = "⚠️ Просрочена, срок был 8 марта"
        assert await self.morning(watch, 9) == [near, late]
        assert await self.morning(watch, 10) == [near, late]
        watch.site.elsewhere(key, due=date(2026, 3, 12))
        assert (await self.morning(watch, 11))[2:] == ["⏰ Срок: завтра"]

    async def test_a_dead_tracker_is_asked_again_the_same_morning(self, watch: Watch) -> None:
        await self.each_by_itself(watch)
        await self.morning(watch, 5)
        watch.site.put("Mast", to="boris", due=date(2026, 3, 6))
        watch.site.down = PeerDown("redmine")
        assert await self.morning(watch, 6) == []
        watch.site.down = None
        watch.clock.advance(timedelta(minutes=10))
        await watch.tickets.reminding.give_due()
        assert len(await watch.told("boris")) == 1

    async def test_a_list_comes_by_itself_to_whoever_has_no_calendar_while_something_is_near(
        self, watch: Watch
    ) -> None:
        watch.site.put("Long ago", to="boris", due=date(2026, 2, 1))
        await self.morning(watch, 5)
        assert await self.lists(watch) == [], "what was overdue before is no reason"
        watch.site.put("Mast", to="boris", due=date(2026, 3, 6))
        watch.site.put("Sail", to="boris", due=date(2026, 3, 9))
        assert await self.morning(watch, 6) == [], "no ticket is told by itself too"
        page = "https://tracker.example.com/issues"
        (said,) = await self.lists(watch)
        assert said.splitlines() == [
            "⚠️ Просрочены",
            f"- [\\#1]({page}/1) Long ago — 1 февраля",
            "⏰ Срок сегодня",
            f"- [\\#2]({page}/2) Mast",
            "📅 Скоро срок",
            f"- [\\#3]({page}/3) Sail — 9 марта",
        ]
        for day, lists in ((6, 1), (8, 1), (9, 2), (10, 3), (11, 3)):
            await self.morning(watch, day)
            assert len(await self.lists(watch)) == lists, day

    async def test_a_list_is_asked_for_again_when_no_tracker_answered(self, watch: Watch) -> None:
        await self.morning(watch, 5)
        watch.site.put("Mast", to="boris", due=date(2026, 3, 6))
        watch.site.down = PeerDown("redmine")
        await self.morning(watch, 6)
        watch.site.down = None
        await watch.tickets.reminding.give_due()
        assert await self.lists(watch) == [], "it is left alone for a while"
        watch.clock.advance(timedelta(minutes=10))
        await watch.tickets.reminding.give_due()
        assert len(await self.lists(watch)) == 1

    async def test_who_has_no_digest_is_told_of_each_ticket_by_itself(self, watch: Watch) -> None:
        await self.choose(watch, Preferences(digest_at=None))
        await self.morning(watch, 5)
        watch.site.put("Mast", to="boris", due=date(2026, 3, 6))
        assert await self.morning(watch, 6) == ["⏰ Срок: сегодня"]
        assert await self.lists(watch) == []

    async def choose(self, watch: Watch, wanted: Preferences) -> None:
        async with watch.office.desk.database.transaction() as session:
            person = await watch.office.desk.people.by_user_id(session, user_id("boris"))
            assert person is not None
            await preferences.write(session, person.id, wanted)

    async def digest(self, watch: Watch) -> None:
        await Digesting(watch.office.desk, watch.morning).give_due()

    async def with_a_meeting(self, watch: Watch, day: int) -> Diary:
        """Boris has a calendar with one meeting that day; both jobs have had their first look before."""
        diary = await open_diary(watch.office.desk.database, watch.clock, "boris", desk=watch.office.desk)
        await diary.look({"a.ics": ics("a", datetime(2026, 3, day, 11, tzinfo=UTC), "Demo")}, silent=True)
        await self.digest(watch)
        await self.morning(watch, day - 1)
        await self.digest(watch)
        return diary

    async def test_the_digest_carries_the_list_and_nothing_is_told_twice(self, watch: Watch) -> None:
        await self.with_a_meeting(watch, 6)
        watch.site.put("Mast", to="boris", due=date(2026, 3, 6))
        await self.morning(watch, 6)
        assert await self.lists(watch) == [], "the digest is about to come"
        await self.digest(watch)
        (said,) = await self.lists(watch)
        assert "Mast" in said
        watch.clock.advance(timedelta(minutes=2))
        await watch.tickets.reminding.give_due()
        assert await watch.told("boris") == []
        assert len(await self.lists(watch)) == 1

    async def test_a_dead_tracker_keeps_no_digest_and_the_list_follows(self, watch: Watch) -> None:
        await self.with_a_meeting(watch, 6)
        watch.site.put("Mast", to="boris", due=date(2026, 3, 6))
        watch.site.down = PeerDown("redmine")
        await self.morning(watch, 6)
        await self.digest(watch)
        given = [row.key for row in await watch.office.rows() if row.key.startswith("digest:")]
        assert given[-1].endswith(":2026-03-06")
        watch.site.down = None
        watch.clock.advance(timedelta(minutes=1))
        await watch.tickets.reminding.give_due()
        assert await self.lists(watch) == []
        watch.clock.advance(timedelta(minutes=10))
        await watch.tickets.reminding.give_due()
        assert len(await self.lists(watch)) == 1

    async def test_a_day_without_meetings_has_the_list_by_itself(self, watch: Watch) -> None:
        diary = await self.with_a_meeting(watch, 6)
        await diary.look({"a.ics": None}, silent=True)
        watch.site.put("Mast", to="boris", due=date(2026, 3, 6))
        async with watch.office.desk.database.transaction() as session:
            await session.execute(update(CalendarAccount).values(synced_at=None))
        await self.morning(watch, 6)
        await self.digest(watch)
        assert await self.lists(watch) == []
        watch.clock.advance(timedelta(minutes=1))
        await watch.tickets.reminding.give_due()
        assert len(await self.lists(watch)) == 1
