"""What a channel hears of a calendar it shows, and when it hears nothing any more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from tests.integration.calendars.diary import Diary, ics, open_diary, spoken

from sekretar.calendars.accounts import connecting
from sekretar.calendars.channels import news as channels_news
from sekretar.calendars.channels import subscriptions as channels
from sekretar.calendars.channels.giving import ChannelTelling
from sekretar.calendars.channels.subscriptions import ChannelReminder, ChannelSubscription, Wishes
from sekretar.calendars.channels.watch import LOOK_WHILE_PAUSED, ChannelWatch
from sekretar.calendars.model import Calendar, CalendarAccount
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerNotFound
from sekretar.kernel.outbox import OutboxRow, State
from sekretar.mattermost.models import Channel, ChannelMember, Role, TeamMember, User

MOSCOW = ZoneInfo("Europe/Moscow")
ROOM = "room"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def subscribe(
    diary: Diary, calendar: str = "work", channel: str = ROOM, **wishes: object
) -> ChannelSubscription:
    async with diary.desk.database.transaction() as session:
        stored = await session.get_one(Calendar, diary.calendars[calendar])
        wanted = replace(Wishes(MOSCOW), **wishes)  # type: ignore[arg-type]
        return await channels.subscribe(session, stored, diary.person, channel, wanted, diary.clock.now())


async def told(diary: Diary, channel: str = ROOM) -> list[str]:
    """Everything that was said in the channel so far."""
    rows = sorted(await diary.rows(OutboxRow), key=lambda row: row.id)
    return [spoken(row) for row in rows if row.payload.get("channel_id") == channel]


async def let_pass(diary: Diary, length: timedelta = timedelta()) -> list[str]:
    """Let time pass and give what is due; returns what is new in the channel."""
    before = await told(diary)
    diary.clock.advance(length)
    await ChannelTelling(diary.desk).give_due()
    return (await told(diary))[len(before) :]


class TestReminders:
    async def test_it_comes_at_its_minute_and_once(self, diary: Diary, noon: datetime) -> None:
        await subscribe(diary)
        await diary.look({"a.ics": ics("a", noon, "Demo", "LOCATION:Room 3")}, silent=True)
        telling = ChannelTelling(diary.desk)
        assert await telling.give_due() == noon - 10 * MINUTE
        assert await let_pass(diary, 170 * MINUTE - timedelta(seconds=1)) == []
        assert await let_pass(diary, timedelta(seconds=1)) == [
            "⏰ Через 10 минут: Demo\n15:00–16:00 · Room 3"
        ]
        assert await let_pass(diary) == []
        assert await let_pass(diary, HOUR) == []

    async def test_it_is_apart_from_those_of_the_owner(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        await subscribe(diary, reminders=(30, 0))
        due = sorted(noon - each.due_at for each in await diary.rows(ChannelReminder))
        assert due == [timedelta(), 30 * MINUTE]

    async def test_a_moved_meeting_is_reminded_of_again_and_a_new_title_is_not(
        self, diary: Diary, noon: datetime
    ) -> None:
        await subscribe(diary, changes=False)
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        assert len(await let_pass(diary, 175 * MINUTE)) == 1
        await diary.look({"a.ics": ics("a", noon, "Retro")}, silent=True)
        assert await let_pass(diary) == []
        await diary.look({"a.ics": ics("a", noon + HOUR, "Retro")}, silent=True)
        assert await let_pass(diary) == []
        assert await let_pass(diary, HOUR) == ["⏰ Через 5 минут: Retro\n16:00–17:00"]

    @pytest.mark.parametrize("gone", [None, "STATUS:CANCELLED"])
    async def test_a_cancelled_meeting_is_not_reminded_of(
        self, diary: Diary, noon: datetime, gone: str | None
    ) -> None:
        await subscribe(diary, changes=False)
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        await diary.look({"a.ics": ics("a", noon, "Demo", gone) if gone else None}, silent=True)
        assert await let_pass(diary, 3 * HOUR) == []

    async def test_one_that_was_put_back_is(self, diary: Diary, noon: datetime) -> None:
        await subscribe(diary, changes=False)
        await diary.look({"a.ics": ics("a", noon, "Demo", "STATUS:CANCELLED")}, silent=True)
        assert await let_pass(diary, 171 * MINUTE) == []
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        assert len(await let_pass(diary)) == 1

    async def test_a_late_one_says_so_and_one_that_is_over_is_dropped(
        self, diary: Diary, noon: datetime
    ) -> None:
        await subscribe(diary, changes=False)
        await diary.look({"a.ics": ics("a", noon, minutes=10), "b.ics": ics("b", noon, "Long")}, silent=True)
        assert await let_pass(diary, 3 * HOUR + 20 * MINUTE) == ["⏰ Уже идёт: Long\n15:00–16:00"]

    async def test_changing_the_wishes_repeats_nothing(self, diary: Diary, noon: datetime) -> None:
        subscription = await subscribe(diary, reminders=(30,))
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        assert len(await let_pass(diary, 150 * MINUTE)) == 1
        async with diary.desk.database.transaction() as session:
            row = await session.get_one(ChannelSubscription, subscription.id)
            await channels.change(session, row, replace(row.wishes, reminders=(60, 5)), diary.clock.now())
        assert await let_pass(diary) == []
        assert await let_pass(diary, 25 * MINUTE) == ["⏰ Через 5 минут: Demo\n15:00–16:00"]

    async def test_two_calendars_with_the_same_meeting_are_one_reminder(
        self, diary: Diary, noon: datetime
    ) -> None:
        await subscribe(diary, changes=False)
        await subscribe(diary, "home", changes=False)
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        await diary.look({"a.ics": ics("a", noon)}, "home", silent=True)
        assert len(await let_pass(diary, 171 * MINUTE)) == 1

    async def test_a_meeting_that_goes_to_another_calendar_is_no_longer_the_channels(
        self, diary: Diary, noon: datetime
    ) -> None:
        await subscribe(diary, changes=False)
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        await diary.look({"b.ics": ics("a", noon)}, "home", silent=True, leaving=[("work", "a.ics")])
        assert await let_pass(diary, 171 * MINUTE) == []


class TestWhatIsSeen:
    async def test_nothing_of_a_stranger_does_anything(self, diary: Diary, noon: datetime) -> None:
        await subscribe(diary)
        title = "@all @channel [x](https://evil.example) #tag"
        await diary.look({"a.ics": ics("a", noon, title, "LOCATION:@here")})
        said = await told(diary) + await let_pass(diary, 171 * MINUTE)
        assert len(said) == 2
        for harm in ("@all", "@channel", "@here", "[x](https://evil.example)", " #tag"):
            assert harm not in "\n".join(said)

    @pytest.mark.parametrize("private", [True, False])
    async def test_busy_is_all_there_is(self, diary: Diary, noon: datetime, private: bool) -> None:
        await subscribe(diary, titles=private, digest_at=time(12, 30))
        secret = ("LOCATION:Clinic", "DESCRIPTION:Secret", "URL:https://zoom.us/j/123456789")
        more = (*secret, "CLASS:PRIVATE") if private else secret
        await diary.look({"a.ics": ics("a", noon, "Doctor", *more)})
        diary.clock.advance(MINUTE)
        await diary.look({"a.ics": ics("a", noon, "Surgeon", *more)})
        diary.clock.advance(MINUTE)
        await diary.look({"a.ics": ics("a", noon + HOUR, "Surgeon", *more)})
        said = await told(diary) + await let_pass(diary, HOUR) + await let_pass(diary, 3 * HOUR - 10 * MINUTE)
        assert [each.partition("\n")[0] for each in said] == [
            "🆕 Новая встреча: Занято",
            "🔁 Перенесена: Занято",
            "📅 **work**, среда, 4 марта",
            "⏰ Через 8 минут: Занято",
        ]
        for word in ("Doctor", "Surgeon", "Clinic", "Secret", "zoom"):
            assert word not in "\n".join(said)

    async def test_what_was_private_is_not_told_when_it_no_longer_is(
        self, diary: Diary, noon: datetime
    ) -> None:
        """The word of a change quotes what was there before."""
        await subscribe(diary)
        await diary.look({"a.ics": ics("a", noon, "Layoffs", "CLASS:PRIVATE")})
        diary.clock.advance(MINUTE)
        await diary.look({"a.ics": ics("a", noon, "Town hall")})
        diary.clock.advance(MINUTE)
        await diary.look({"a.ics": ics("a", noon + HOUR, "Town hall")})
        said = await told(diary)
        assert [each.partition("\n")[0] for each in said] == [
            "🆕 Новая встреча: Занято",
            "🔁 Перенесена: Town hall",
        ]
        assert "Layoffs" not in "\n".join(said)

    async def test_what_the_owner_declined_is_nobodys(self, diary: Diary, noon: datetime) -> None:
        await subscribe(diary, changes=False, digest_at=time(12, 30))
        me = "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com"
        text = ics("a", noon, "Demo", "ORGANIZER:mailto:boss@example.com", me)
        await diary.look({"a.ics": text}, silent=True)
        assert await let_pass(diary, 175 * MINUTE) == []


class TestNews:
    async def test_the_life_of_a_meeting_is_one_thread(self, diary: Diary, noon: datetime) -> None:
        await subscribe(diary)
        for text in (ics("a", noon), ics("a", noon + HOUR), None):
            await diary.look({"a.ics": text})
            diary.clock.advance(MINUTE)
        rows = [row for row in await diary.rows(OutboxRow) if row.payload.get("channel_id") == ROOM]
        first, *later = sorted(rows, key=lambda row: row.id)
        assert [spoken(row).partition("\n")[0] for row in (first, *later)] == [
            "🆕 Новая встреча: Demo", "🔁 Перенесена: Demo", "❌ Отменена: Demo",
        ]  # fmt: skip
        assert [row.payload["reply_to"] for row in later] == [first.key, first.key]
        assert all(row.key.startswith(f"calendar:{diary.account_id}:") for row in rows)

    async def test_only_channels_that_want_it_hear(self, diary: Diary, noon: datetime) -> None:
        await subscribe(diary, changes=False)
        await subscribe(diary, channel="other")
        await diary.look({"a.ics": ics("a", noon)})
        assert await told(diary) == []
        assert len(await told(diary, "other")) == 1

    async def test_a_meeting_of_two_people_is_told_once_and_in_one_thread(
        self, diary: Diary, noon: datetime, database: Database, clock: ManualClock
    ) -> None:
        boris = await open_diary(database, clock, "boris", desk=diary.desk)
        for each in (diary, boris):
            await subscribe(each)
        await diary.look({"a.ics": ics("a", noon)})
        await boris.look({"a.ics": ics("a", noon)})
        assert len(await told(diary)) == 1
        clock.advance(MINUTE)
        await boris.look({"a.ics": ics("a", noon + HOUR)})
        await diary.look({"a.ics": ics("a", noon + HOUR)})
        assert len(await told(diary)) == 2
        await diary.look({"a.ics": None})
        assert len(await told(diary)) == 2, "it still takes place for Boris"
        clock.advance(MINUTE)
        await boris.look({"a.ics": None})
        assert (await told(diary))[2].startswith("❌ Отменена")
        rows = [row for row in await diary.rows(OutboxRow) if row.payload.get("channel_id") == ROOM]
        first, *later = sorted(rows, key=lambda row: row.id)
        assert {row.payload["reply_to"] for row in later} == {first.key}


class TestDigest:
    async def test_it_comes_at_its_hour_with_whose_it_is(self, diary: Diary, noon: datetime) -> None:
        await subscribe(diary, digest_at=time(9), reminders=())
        tomorrow = noon + timedelta(days=1)
        await diary.look(
            {"a.ics": ics("a", tomorrow, "Demo", "LOCATION:Room 3"), "b.ics": ics("b", tomorrow + HOUR)},
            silent=True,
        )
        assert await let_pass(diary, 21 * HOUR - MINUTE) == []
        assert await let_pass(diary, MINUTE) == [
            "📅 **work**, четверг, 5 марта\n**15:00–16:00** Demo · Room 3\n**16:00–17:00** Demo\n"
            "⚠️ Последний раз календарь удалось прочитать среда, 4 марта, 12:00: с тех пор он мог измениться.\n"
            "_Календарь: Anna. Время указано по Europe/Moscow._"
        ]
        assert await let_pass(diary, HOUR) == []

    async def test_nothing_is_said_of_an_empty_day_unless_wanted(self, diary: Diary) -> None:
        await subscribe(diary, digest_at=time(12, 30))
        await subscribe(diary, "home", digest_at=time(12, 30), digest_always=True)
        assert [each.split("\n")[:2] for each in await let_pass(diary, HOUR)] == [
            ["📅 **home**, среда, 4 марта", "Встреч нет."]
        ]

    async def test_it_is_caught_up_the_same_day_while_something_is_ahead(
        self, diary: Diary, noon: datetime
    ) -> None:
        await subscribe(diary, digest_at=time(12, 30), reminders=())
        await subscribe(diary, "home", digest_at=time(12, 30), reminders=(), digest_always=True)
        await diary.look({"a.ics": ics("a", noon + 6 * HOUR)}, silent=True)
        await diary.look({"b.ics": ics("b", noon)}, "home", silent=True)
        said = await let_pass(diary, 8 * HOUR)
        assert [each.partition("\n")[0] for each in said] == ["📅 **work**, среда, 4 марта"]

    async def test_yesterdays_is_not_given_today(self, diary: Diary, noon: datetime) -> None:
        await subscribe(diary, digest_at=time(13), reminders=())
        await diary.look({"a.ics": ics("a", noon, minutes=60 * 30)}, silent=True)
        said = await let_pass(diary, timedelta(days=1))
        assert said == [], "at noon of the next day none is due yet"
        assert "четверг" in (await let_pass(diary, HOUR))[0]

    async def test_it_rests_at_the_weekend(self, diary: Diary) -> None:
        await subscribe(diary, digest_always=True)
        await subscribe(diary, "home", digest_always=True, every_day=True)
        given = await let_pass(diary, 21 * HOUR)
        for _ in range(6):
            given += await let_pass(diary, timedelta(days=1))
        days = [each.partition("\n")[0].split(", ")[1] for each in given if "**work**" in each]
        assert days == ["четверг", "пятница", "понедельник", "вторник", "среда"]
        assert sum("**home**" in each for each in given) == 7

    async def test_nine_o_clock_stays_nine_when_the_clocks_change(
        self, database: Database, clock: ManualClock
    ) -> None:
        diary = await open_diary(database, clock)
        berlin = ZoneInfo("Europe/Berlin")
        await subscribe(diary, zone=berlin, digest_always=True, every_day=True)
        clock.advance(datetime(2026, 3, 28, 9, 30, tzinfo=UTC) - clock.now())
        telling = ChannelTelling(diary.desk)
        assert await telling.give_due() == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)

    async def test_the_hour_of_today_that_is_over_is_not_caught_up_for_a_new_one(
        self, diary: Diary, noon: datetime
    ) -> None:
        subscription = await subscribe(diary, digest_at=time(9), digest_always=True)
        assert await let_pass(diary) == []
        assert subscription.digest_day == date(2026, 3, 4)


class TestTheEnd:
    async def test_disconnecting_ends_it_with_one_word_to_each_channel(
        self, diary: Diary, noon: datetime
    ) -> None:
        await subscribe(diary)
        await subscribe(diary, "home")
        await subscribe(diary, channel="other")
        await diary.look({"a.ics": ics("a", noon)})
        async with diary.desk.database.transaction() as session:
            account = await session.get_one(CalendarAccount, diary.account_id)
            await channels_news.say_goodbye(session, account.id, diary.person, diary.clock.now())
            await connecting.disconnect(session, account)
        for channel in (ROOM, "other"):
            (word,) = await told(diary, channel)
            assert word.startswith("Anna отключает")
            assert "work" not in word
        for model in (ChannelSubscription, ChannelReminder):
            assert await diary.count(model) == 0

    async def test_unsubscribing_says_nothing_more(self, diary: Diary, noon: datetime) -> None:
        subscription = await subscribe(diary)
        await diary.look({"a.ics": ics("a", noon)})
        async with diary.desk.database.transaction() as session:
            row = await session.get_one(ChannelSubscription, subscription.id)
            await channels.unsubscribe(session, row, diary.account_id)
        assert await told(diary) == []
        assert await let_pass(diary, 3 * HOUR) == []

    async def test_a_person_who_left_the_company_is_silent(
        self, diary: Diary, noon: datetime, database: Database
    ) -> None:
        await subscribe(diary, digest_at=time(12, 30), digest_always=True)
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        async with database.transaction() as session:
            await diary.desk.people.deactivate(session, diary.person.user_id, noon)
        assert await let_pass(diary, 175 * MINUTE) == []


@dataclass
class FakeChannels:
    """One channel, and whether the bot can write there."""

    member: bool = True
    archived: bool = False
    mute: bool = False
    there: bool = True
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def channel(self, channel_id: str) -> Channel:
        self.asked.append(channel_id)
        if self.down:
            raise PeerDown("mattermost")
        if not self.there:
            raise PeerNotFound("mattermost")
        archived = datetime(2026, 3, 4, tzinfo=UTC) if self.archived else None
        return Channel(id=channel_id, type="P", team_id="team", display_name="Комната", delete_at=archived)

    async def channel_member(self, channel_id: str, user_id: str) -> ChannelMember:
        if not self.member:
            raise PeerForbidden("mattermost")
        return ChannelMember(channel_id=channel_id, user_id=user_id, roles="channel_user")

    async def team_member(self, team_id: str, user_id: str) -> TeamMember:
        return TeamMember(team_id=team_id, user_id=user_id, roles="team_user")

    async def user(self, user_id: str) -> User:
        return User(id=user_id, username="sekretar", roles="system_user")

    async def roles(self, names: list[str]) -> list[Role]:
        allowed = {"channel_user": () if self.mute else ("create_post",)}
        return [Role(id=name, name=name, permissions=allowed.get(name, ())) for name in names]


@dataclass
class Watched:
    diary: Diary
    server: FakeChannels
    subscription: ChannelSubscription

    async def fails(self) -> None:
        """A message could not be delivered for good."""
        async with self.diary.desk.database.transaction() as session:
            await session.execute(
                update(OutboxRow)
                .where(OutboxRow.payload["channel_id"].as_string() == ROOM, OutboxRow.state == State.WAITING)
                .values(state=State.DEAD, finished_at=self.diary.clock.now())
            )

    async def watch(self) -> list[str]:
        """Look after the channels; returns what the owner is told of it."""
        before = await self._said()
        self.diary.desk = replace(self.diary.desk, server=self.server)  # type: ignore[arg-type]
        await ChannelWatch(self.diary.desk).watch()
        return (await self._said())[len(before) :]

    async def _said(self) -> list[str]:
        rows = sorted(await self.diary.rows(OutboxRow), key=lambda row: row.id)
        return [spoken(row) for row in rows if row.kind == "mattermost.direct"]

    async def paused(self) -> str:
        async with self.diary.desk.database.reading() as session:
            return (await session.scalars(select(ChannelSubscription.paused))).one()


@pytest.fixture
async def watched(diary: Diary) -> Watched:
    return Watched(diary, FakeChannels(), await subscribe(diary, digest_at=None))


class TestWatch:
    @pytest.mark.parametrize(
        ("trouble", "paused", "words"),
        [
            ({"member": False}, "removed", "Меня нет в канале"),
            ({"archived": True}, "archived", "в архиве"),
            ({"mute": True}, "muted", "нельзя писать"),
            ({"there": False}, "gone", "больше нет"),
        ],
    )
    async def test_a_channel_that_cannot_be_told_pauses_and_goes_on(
        self, watched: Watched, noon: datetime, trouble: dict[str, bool], paused: str, words: str
    ) -> None:
        diary = watched.diary
        for name, value in trouble.items():
            setattr(watched.server, name, value)
        await diary.look({"a.ics": ics("a", noon)})
        assert await watched.watch() == [], "nobody asks while nothing has failed"
        diary.clock.advance(MINUTE)
        await watched.fails()
        (word,) = await watched.watch()
        assert "**work**" in word
        assert words in word
        assert await watched.paused() == paused
        assert await watched.watch() == [], "once is enough"
        dead = [row for row in await diary.rows(OutboxRow) if row.state == State.DEAD]
        assert dead == [], "nobody else has to look at it"
        await diary.look({"b.ics": ics("b", noon)})
        assert await let_pass(diary, 171 * MINUTE) == []

        watched.server = FakeChannels()
        diary.clock.advance(LOOK_WHILE_PAUSED)
        (word,) = await watched.watch()
        assert "снова показывается в канале **Комната**" in word
        assert await watched.paused() == ""
        await diary.look({"c.ics": ics("c", noon + 5 * HOUR)})
        assert "Новая встреча" in (await told(diary))[-1]

    async def test_nothing_follows_from_no_answer(self, watched: Watched, noon: datetime) -> None:
        watched.server.down = True
        await watched.diary.look({"a.ics": ics("a", noon)})
        watched.diary.clock.advance(MINUTE)
        await watched.fails()
        assert await watched.watch() == []
        assert watched.server.asked == [ROOM]
        assert await watched.paused() == ""

    async def test_a_failure_of_another_kind_stays_with_the_administrator(
        self, watched: Watched, noon: datetime
    ) -> None:
        await watched.diary.look({"a.ics": ics("a", noon)})
        watched.diary.clock.advance(MINUTE)
        await watched.fails()
        assert await watched.watch() == []
        assert await watched.paused() == ""
        assert [row.state for row in await watched.diary.rows(OutboxRow)].count(State.DEAD) == 1
        asked = len(watched.server.asked)
        await watched.watch()
        assert len(watched.server.asked) == asked, "the same failure is looked at once"
