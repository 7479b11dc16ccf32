"""What happens in a tracker reaches those it concerns: once, only what they see, never what they did themselves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.calendars.diary import Diary, ics, open_diary
from tests.integration.mattermost.surface_desk import FakeServer, Office, button, open_office, user_id
from tests.integration.tickets.paper import CLOSED_STATUS, MEMBERS, SITE, PaperSite

from sekretar.calendars.digest import digesting
from sekretar.calendars.digest.digesting import Digesting
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.preferences import Preferences
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerInvalid, PeerLimited
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.morning import Hour, Morning
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.models import Channel, ChannelMember, Role, TeamMember, User
from sekretar.tickets.feature import Tickets
from sekretar.tickets.watching import told
from sekretar.tickets.watching.model import TicketCursor
from sekretar.tickets.watching.settings import WatchSettings
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.requests import Draft
from sekretar.trackers.values import Field, FieldChange

MINUTE = timedelta(minutes=1)


def texts(payload: dict[str, Any]) -> list[str]:
    return [each.get("text", "") for each in payload.get("props", {}).get("attachments", ())]


class Server(FakeServer):
    """Everybody is in the channel; Chris looks after it."""

    member = True

    async def channel(self, channel_id: str) -> Channel:
        return Channel(id=channel_id, type="O", team_id="team", display_name="Town Square")

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        if wanted == "me" and not self.member:
            raise PeerForbidden("mattermost")
        roles = "channel_user channel_admin" if wanted == user_id("chris") else "channel_user"
        return ChannelMember(channel_id=channel_id, user_id=wanted, roles=roles)

    async def team_member(self, team_id: str, wanted: str) -> TeamMember:
        return TeamMember(team_id=team_id, user_id=wanted, roles="team_user")

    async def user(self, wanted: str) -> User:
        return User(id=wanted, username=wanted.rstrip("0"), roles="system_user")

    async def roles(self, names: Any) -> list[Role]:
        return [Role(id=name, name=name, permissions=("create_post",)) for name in names]


@dataclass
class Watch:
    """An office whose three people are connected to a tracker on paper."""

    office: Office
    server: Server
    tickets: Tickets
    site: PaperSite
    clock: ManualClock
    morning: Morning

    async def ticket(self, by: str, to: str | None, subject: str = "Mast") -> str:
        """Made in the tracker itself; nothing is announced of it yet."""
        given = MEMBERS[to].id if to else None
        draft = Draft(SITE.id, subject, "1", assignee=given)
        return (await self.site.owner(by).create(draft, f"{subject}{len(self.site.tickets)}")).ticket.ref.key

    async def look(self, after: timedelta = 2 * MINUTE) -> None:
        """Let time pass, and the job run."""
        self.clock.advance(after)
        await self.tickets.polling.poll(self.site.name)

    async def told(self, name: str) -> list[str]:
        """What somebody was told of tickets, in order."""
        rows = [row for row in await self.office.rows() if row.key.startswith("tickets:news:")]
        return [row.payload["message"] for row in rows if row.payload.get("user_id") == user_id(name)]

    async def posted(self) -> list[str]:
        rows = [row for row in await self.office.rows() if row.kind == "mattermost.post"]
        return [row.payload["message"] for row in rows]

    async def fill(self, name: str, **answers: Any) -> dict[str, Any]:
        dialog = self.server.dialogs[-1]
        filled = {each["name"]: each.get("default", "") for each in dialog["elements"]}
        return dict((await self.office.submit(name, dialog, filled | answers)).body or {})

    async def cursors(self) -> list[TicketCursor]:
        async with self.office.desk.database.reading() as session:
            return list(await session.scalars(select(TicketCursor).order_by(TicketCursor.eyes)))


async def hour_of(session: AsyncSession, person_id: int) -> Hour | None:
    schedule = (await preferences.read(session, person_id)).schedule
    return Hour(schedule.at, schedule.days) if schedule else None


def open_watch(database: Database, clock: ManualClock, site: PaperSite) -> Watch:
    """An office with this tracker, to which nobody is connected yet."""
    chat, server, morning = Chat(), Server(), Morning()
    morning.keep(hour_of, digesting.pending)
    office = open_office(database, clock, chat)
    office = replace(office, server=server)
    object.__setattr__(office.desk, "server", server)
    settings = WatchSettings(MINUTE, {site.name: "s3cret"})
    tickets = Tickets(
        office.desk,
        {site.name: cast(TrackerSite, site)},
        InProcessJobs(clock),
        Meetings(),
        watch=settings,
        morning=morning,
    )
    return Watch(office, server, tickets, site, clock, morning)


@pytest.fixture
async def watch(database: Database, clock: ManualClock) -> Watch:
    watch = open_watch(database, clock, PaperSite())
    for name in ("anna", "boris", "chris"):
        await watch.office.slash(name, "/task connect redmine")
        await watch.fill(name, key=name)
    return watch


async def test_the_first_look_announces_nothing_and_the_next_only_what_is_new(watch: Watch) -> None:
    key = await watch.ticket("chris", "boris")
    watch.site.happens(key, "chris", comment="Long ago")
    await watch.look()
    assert await watch.told("boris") == []
    watch.site.happens(key, "chris", comment="Is it *done*, @all?")
    await watch.look()
    (said,) = await watch.told("boris")
    assert said.startswith("**[\\#1](https://tracker.example.com/issues/1)** Mast\nПишет **Chris**:\n> ")
    assert "Long ago" not in said
    assert "@all" not in said
    assert await watch.told("chris") == [], "one's own words are no news"
    await watch.look()
    assert len(await watch.told("boris")) == 1


async def test_one_message_for_a_ticket_and_a_look_and_later_ones_in_its_thread(watch: Watch) -> None:
    key = await watch.ticket("chris", None)
    await watch.look()
    watch.site.happens(
        key, "boris", FieldChange(Field.ASSIGNEE, None, MEMBERS["anna"].id), assignee=MEMBERS["anna"]
    )
    watch.site.happens(key, "boris", FieldChange(Field.DUE, None, "2026-03-06"), comment="Hurry")
    await watch.look()
    (said,) = await watch.told("anna")
    assert said.splitlines()[1:3] == [
        "Назначена на вас (**Boris**)",
        "**Boris**: срок нет → **6 марта 2026 г.**",
    ]
    watch.site.happens(key, "anna", FieldChange(Field.STATUS, "1", "5"), status=CLOSED_STATUS)
    await watch.look()
    assert len(await watch.told("anna")) == 1
    first, second = [
        row for row in await watch.office.rows()
        if row.key.startswith("tickets:news:") and row.payload["user_id"] == user_id("chris")
    ]  # fmt: skip
    assert "closed it: Closed" in second.payload["message"]
    assert (first.payload["reply_to"], second.payload["reply_to"]) == ("", first.key)


async def test_what_somebody_does_not_see_is_not_told_them(watch: Watch) -> None:
    key = await watch.ticket("chris", "boris")
    await watch.look()
    watch.site.hidden = {("boris", key)}
    watch.site.happens(key, "anna", comment="Secret")
    await watch.look()
    assert await watch.told("boris") == []
    assert len(await watch.told("chris")) == 1


async def test_what_sekretar_has_told_at_the_making_is_not_told_again(watch: Watch) -> None:
    await watch.look()
    answer = await watch.office.slash("chris", "/task list Order passes @boris #site")
    shown = cast(dict[str, Any], answer.body)
    create = shown["attachments"][0]["actions"][0]
    await watch.office.click("chris", create)
    await watch.tickets.creating.run()
    watch.site.happens("1", "chris", created=True)
    await watch.look()
    assert await watch.told("boris") == []
    watch.site.happens("1", "anna", FieldChange(Field.ASSIGNEE, MEMBERS["boris"].id, None), assignee=None)
    await watch.look()
    assert len(await watch.told("boris")) == 1


async def test_a_look_between_the_making_and_its_claim_waits_for_the_claim(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch.look()
    claiming, looking = told.claim, list[asyncio.Task[None]]()

    async def late(*claim: Any) -> set[int]:
        if not looking:
            watch.site.happens("1", "chris", created=True)
            looking.append(asyncio.create_task(watch.look()))
            await asyncio.wait(looking, timeout=0.2)
        return await claiming(*claim)

    monkeypatch.setattr(told, "claim", late)
    answer = await watch.office.slash("chris", "/task list Order passes @boris #site")
    await watch.office.click("chris", cast(Any, answer.body)["attachments"][0]["actions"][0])
    await watch.tickets.creating.run()
    await looking[0]
    assert await watch.told("boris") == []


async def test_whoever_was_told_of_a_ticket_whose_answer_was_lost_is_not_told_again(watch: Watch) -> None:
    def lost(draft: Draft) -> None:
        raise PeerDown("redmine")

    await watch.look()
    watch.site.after = lost
    shown = (await watch.office.slash("chris", "/task list Order passes @boris #site")).body
    await watch.office.click("chris", button(cast(Any, shown), "Create 1"))
    await watch.tickets.creating.run()
    watch.site.happens("1", "chris", created=True)
    await watch.look()
    assert len(await watch.told("boris")) == 1
    rows = await watch.office.rows()
    (waiting,) = [row.payload for row in rows if "Go on" in str(row.payload)]
    await watch.office.click("chris", button(waiting, "Go on"))
    await watch.tickets.creating.run()
    assert len(watch.site.tickets) == 1
    since = (await watch.office.rows())[len(rows) :]
    assert [row.key for row in since if row.payload.get("user_id") == user_id("boris")] == []


async def test_each_kind_can_be_switched_off(watch: Watch) -> None:
    key = await watch.ticket("chris", "boris")
    await watch.look()
    await watch.office.slash("boris", "/task settings")
    await watch.fill("boris", commented=False)
    watch.site.happens(key, "chris", FieldChange(Field.PRIORITY, "1", "3"), comment="Hurry")
    await watch.look()
    (said,) = await watch.told("boris")
    assert "приоритет Low → **High**" in said
    assert "Hurry" not in said
    await watch.office.slash("boris", "/task settings")
    on = {each["name"] for each in watch.server.dialogs[-1]["elements"] if each.get("default") == "true"}
    assert "status" in on
    assert "commented" not in on


async def test_a_tracker_that_fails_is_left_alone_for_longer_and_longer_and_nothing_is_lost(
    watch: Watch,
) -> None:
    key = await watch.ticket("chris", "boris")
    await watch.look()
    watch.site.happens(key, "chris", comment="Meanwhile")
    watch.site.down = PeerDown("redmine")
    rests = []
    for _ in range(3):
        await watch.look(timedelta(hours=1))
        (row,) = await watch.cursors()
        rests.append(row.next_at - watch.clock.now())
    assert timedelta(seconds=45) <= rests[0] <= timedelta(seconds=75)
    assert timedelta(minutes=3) <= rests[2] <= timedelta(minutes=5)
    watch.site.down = PeerLimited("redmine", retry_after=timedelta(hours=2))
    await watch.look(timedelta(hours=1))
    (row,) = await watch.cursors()
    assert row.next_at - watch.clock.now() >= timedelta(hours=2)
    watch.site.down = None
    await watch.look(timedelta(hours=1))
    assert await watch.told("boris") == [], "it is left alone as long as it asked for"
    await watch.look(timedelta(hours=1, minutes=1))
    assert len(await watch.told("boris")) == 1


async def test_a_cursor_that_is_never_accepted_is_given_up(watch: Watch) -> None:
    await watch.look()
    watch.site.down = PeerInvalid("redmine")
    for _ in range(5):
        await watch.look(timedelta(hours=1))
    watch.site.down = None
    await watch.look(timedelta(hours=1))
    (row,) = await watch.cursors()
    assert (row.cursor, row.failures) == ("0", 0)


async def test_the_cursor_moves_with_the_words_or_not_at_all(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await watch.ticket("chris", "boris")
    await watch.look()
    before = [row.cursor for row in await watch.cursors()]
    watch.site.happens(key, "chris", comment="Once")

    async def dies(*_: object) -> None:
        raise RuntimeError("the process ends here")

    with monkeypatch.context() as patched:
        patched.setattr("sekretar.tickets.watching.channels.ChannelTelling.write", dies)
        with pytest.raises(RuntimeError):
            await watch.look()
    assert await watch.told("boris") == []
    assert [row.cursor for row in await watch.cursors()] == before
    await watch.look()
    assert len(await watch.told("boris")) == 1


async def test_without_a_service_account_everybody_looks_for_themselves(watch: Watch) -> None:
    watch.site.serving = False
    key = await watch.ticket("chris", "boris")
    await watch.look()
    assert len(await watch.cursors()) == 3
    watch.site.happens(key, "anna", comment="Hello")
    watch.site.refused.add("boris")
    await watch.look()
    assert len(await watch.told("chris")) == 1
    assert await watch.told("boris") == []
    refused = [row for row in await watch.office.rows() if row.key.startswith("tickets:refused:")]
    assert [row.payload["user_id"] for row in refused] == [user_id("boris")]
    await watch.look()
    assert len(await watch.cursors()) == 2


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


class TestChannels:
    async def subscribe(self, watch: Watch, name: str = "chris", **kinds: bool) -> Any:
        body = (await watch.office.slash(name, "/task subscribe site")).body
        return body or await watch.fill(name, **kinds)

    async def test_only_who_looks_after_the_channel_and_only_what_they_see(self, watch: Watch) -> None:
        said = (await watch.office.slash("boris", "/task subscribe site")).body
        assert "кто ведёт канал" in str(said)
        watch.site.unseen = {("chris", SITE.id)}
        said = (await watch.office.slash("chris", "/task subscribe site")).body
        assert "no project" in str(said)
        assert watch.server.dialogs[-1]["callback_id"] != "tickets.subscribe"

    async def test_a_channel_hears_of_its_project_until_it_is_ended(self, watch: Watch) -> None:
        await self.subscribe(watch, comments=False)
        await watch.look()
        key = await watch.ticket("boris", "anna")
        watch.site.happens(key, "boris", comment="Not for them", created=True)
        secret = await watch.ticket("boris", None, "Salaries")
        watch.site.happens(secret, "boris", created=True, private=True)
        hidden = await watch.ticket("boris", None, "Hidden")
        watch.site.happens(hidden, "boris", created=True)
        watch.site.hidden = {("chris", hidden)}
        await watch.look()
        begun, made, private = await watch.posted()
        assert "subscribed this channel to **Website**: new, closed, status" in begun
        assert made.splitlines()[1] == "New, by **Boris** · for Anna"
        assert "[\\#2]" in private
        assert "Salaries" not in private
        watch.site.happens(key, "anna", FieldChange(Field.STATUS, "1", "5"), status=CLOSED_STATUS)
        await watch.look()
        row = [row for row in await watch.office.rows() if row.kind == "mattermost.post"][-1]
        assert "closed it: Closed" in row.payload["message"]
        assert row.payload["reply_to"].endswith(f":redmine:{key}")
        await watch.office.slash("chris", "/task unsubscribe")
        assert "ended the subscription" in (await watch.posted())[-1]
        assert "hears of no project" in str((await watch.office.slash("chris", "/task subscriptions")).body)

    async def test_it_pauses_visibly_with_the_rights_of_the_subscriber_and_goes_on(
        self, watch: Watch
    ) -> None:
        await self.subscribe(watch)
        await watch.look()
        watch.site.unseen = {("chris", SITE.id)}
        await watch.look(timedelta(hours=2))
        assert "@chris does not see it" in (await watch.posted())[-1]
        key = await watch.ticket("boris", None)
        watch.site.happens(key, "boris", created=True)
        await watch.look()
        assert len(await watch.posted()) == 2
        watch.site.unseen.clear()
        await watch.look(timedelta(minutes=11))
        assert "again" in (await watch.posted())[-1]

    async def test_where_the_bot_was_removed_the_subscriber_is_told(self, watch: Watch) -> None:
        await self.subscribe(watch)
        watch.server.member = False
        await watch.look(timedelta(hours=2))
        assert len(await watch.posted()) == 1
        assert "I am not in the channel" in (await watch.office.last())["message"]


class TestHooks:
    async def test_a_call_with_the_secret_has_the_tracker_read_soon(self, watch: Watch) -> None:
        await watch.look()
        (row,) = await watch.cursors()
        assert row.next_at - watch.clock.now() > timedelta(seconds=50)
        hooks = watch.tickets.hooks
        assert await hooks.receive("redmine", "s3cret", "10.0.0.1") == 200
        (row,) = await watch.cursors()
        assert row.next_at - watch.clock.now() == timedelta(seconds=5)
