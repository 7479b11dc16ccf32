"""From the end of a meeting to the reminder of the next: offered, written down, told, asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from tests.integration.calendars.diary import Diary, ics, open_diary, spoken, utc
from tests.integration.mattermost.surface_desk import labels
from tests.integration.tickets.paper import CLOSED_STATUS
from tests.integration.tickets.paper_office import House, open_house

from sekretar.calendars.ending.book import Book
from sekretar.calendars.ending.telling import Ending
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.reminders.reminding import Reminding
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden
from sekretar.kernel.outbox import OutboxRow
from sekretar.kernel.people import PersonRow
from sekretar.tickets.minutes.model import (
    AssignmentPerson,
    TicketAssignment,
    TicketMeeting,
    TicketMinutes,
)

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
MINE = "ORGANIZER;CN=Chris:mailto:chris@example.com"
BORIS = "ATTENDEE;CN=Boris;PARTSTAT=ACCEPTED:mailto:boris@example.com"
VERA = "ATTENDEE;CN=Vera;PARTSTAT=ACCEPTED:mailto:vera@elsewhere.example"
WRITE = "Write down assignments"
TASKS = "1. Order passes @boris by Friday #site\n2. Call the bank @anna #site"


@dataclass
class Team:
    """Chris calls meetings, Boris and Anna come, and have calendars too."""

    house: House
    diary: Diary
    boris: Diary
    noon: datetime

    async def meet(self, title: str = "Planning", *more: str, weekly: bool = False) -> None:
        """A meeting from noon to one stands in the calendars of Chris and Boris."""
        repeats = ["RRULE:FREQ=WEEKLY"] if weekly else []
        lines = [f"DTSTART:{utc(self.noon)}", title, "DURATION:PT1H", *repeats]
        text = ics("m", *lines, *(more or (MINE, BORIS, VERA)))
        for each in (self.diary, self.boris):
            await each.look({"m.ics": text}, silent=True)

    async def later(self, by: timedelta) -> None:
        """Let time pass for every job, as a new process."""
        desk, meetings = self.house.office.desk, self.house.meetings
        self.diary.clock.advance(by)
        await self.house.tickets.minutes.run()
        await Ending(desk, meetings).tell_due()
        await Reminding(desk, meetings).give_due()

    async def offers(self) -> list[dict[str, Any]]:
        return [each for each in await self.house.payloads("chris") if "is over" in each["message"]]

    async def write_down(self, offer: dict[str, Any], **answers: str) -> None:
        """Press, fill in, say yes, and let it be done."""
        await self.house.press(offer, WRITE)
        await self.finish(**answers)

    async def finish(self, **answers: str) -> None:
        answer = await self.house.fill(**{"tasks": TASKS, "text": "We begin in May.", **answers})
        assert answer == {}
        preview = (await self.house.payloads("chris"))[-1]
        await self.house.press(preview, next(each[0] for each in labels(preview)))
        await self.house.work()

    async def reminders(self, name: str) -> list[str]:
        rows = [row for row in await self.house.office.rows() if ":reminder:" in row.key]
        theirs = [row for row in rows if row.payload["user_id"].startswith(name)]
        return [spoken(row) for row in theirs]


@pytest.fixture
async def team(database: Database, clock: ManualClock) -> Team:
    return await open_team(database, clock, await open_house(database, clock))


async def open_team(database: Database, clock: ManualClock, house: House) -> Team:
    """The calendars of a house; its first look at everything is done."""
    house.meetings.book = Book()
    desk = house.office.desk
    diaries = [await open_diary(database, clock, name, desk=desk) for name in ("chris", "boris", "anna")]
    team = Team(house, diaries[0], diaries[1], clock.now() + 3 * HOUR)
    await team.later(timedelta())
    return team


async def test_from_the_offer_to_the_minutes(team: Team) -> None:
    await team.meet()
    await team.later(4 * HOUR)
    (offer,) = await team.offers()
    assert offer["message"] == "**Planning** is over."
    assert "Boris, Vera" in str(offer["props"])
    assert labels(offer) == [[WRITE, "Do not ask after meetings"]]

    await team.house.press(offer, WRITE)
    dialog = team.house.office.server.dialogs[-1]
    assert "@boris, Vera" in dialog["introduction_text"].replace("\u2060", "")
    await team.finish(channel="c" * 26)

    site = team.house.site
    assert site.subjects == ["Order passes", "Call the bank"]
    assert site.links == {("1", "2")}
    assert site.tickets["1"].description == "From the meeting “Planning”, 4 March 2026"
    (posted,) = await team.house.posted()
    assert posted.splitlines()[0] == "📝 **Planning**, 4 March 2026: minutes by Chris"
    assert "We begin in May." in posted
    assert "[\\#1](https://tracker.example.com/issues/1) Order passes · Boris · by 6 March 2026" in posted
    for name in ("boris", "anna"):
        (told,) = await team.house.payloads(name)
        assert "протокол" in told["message"]
        assert "Order passes" in told["message"]
    edits = await team.house.office.edits()
    assert list(edits.values()) == ["**Planning** is over."], "an offer that was taken up is none any more"


async def test_everybody_has_a_line_that_begins_and_is_left_out_when_nothing_is_written(team: Team) -> None:
    await team.meet()
    await team.later(4 * HOUR)
    await team.house.press((await team.offers())[0], WRITE)
    tasks = team.house.office.server.dialogs[-1]["elements"][1]
    assert (tasks["name"], tasks["default"]) == ("tasks", "@boris ")
    answer = await team.house.fill(tasks="@boris ")
    assert list(answer["errors"]) == ["tasks"]
    await team.finish(tasks="@boris \nCall the bank #site")
    assert team.house.site.subjects == ["Call the bank"]
    assert team.house.site.tickets["1"].assignee is None


async def test_one_offer_whatever_restarts(team: Team) -> None:
    await team.meet()
    await team.later(4 * HOUR)
    await team.later(timedelta())
    await team.meet("Planning, prolonged")
    await team.later(MINUTE)
    assert len(await team.offers()) == 1


async def test_nobody_is_asked_who_did_not_call_it_or_was_alone_or_has_no_tracker(team: Team) -> None:
    theirs = "ORGANIZER;CN=Boris:mailto:boris@example.com"
    me = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:chris@example.com"
    await team.meet("Boris calls", theirs, me)
    await team.diary.look({"b.ics": ics("b", team.noon, "Alone")}, silent=True)
    await team.later(4 * HOUR)
    assert await team.offers() == []
    assert await team.house.payloads("boris") == [], "Boris has no tracker"


async def test_an_offer_ends_after_a_day(team: Team) -> None:
    await team.meet()
    await team.later(4 * HOUR)
    await team.later(DAY - MINUTE)
    assert await team.house.office.edits() == {}
    await team.later(MINUTE)
    assert list((await team.house.office.edits()).values()) == ["**Planning** is over."]


async def test_off_and_on(team: Team) -> None:
    await team.meet(weekly=True)
    await team.later(4 * HOUR)
    (offer,) = await team.offers()
    told = await team.house.press(offer, "Do not ask after meetings")
    assert "/task minutes on" in str(told)
    await team.later(7 * DAY)
    assert len(await team.offers()) == 1
    await team.house.slash("minutes on")
    await team.later(7 * DAY)
    assert len(await team.offers()) == 2


async def test_what_is_open_stands_in_the_next_reminder_for_those_it_concerns(team: Team) -> None:
    await team.meet(weekly=True)
    await team.later(4 * HOUR)
    await team.write_down((await team.offers())[0])
    team.house.site.elsewhere("2", status=CLOSED_STATUS)
    await team.later(7 * DAY - HOUR - 25 * MINUTE)
    team.house.site.elsewhere("1", subject="Order 12 passes")
    await team.later(10 * MINUTE)
    team.house.site.down = PeerDown("redmine")
    await team.later(5 * MINUTE)
    (mine,) = (await team.reminders("chris"))[-1:]
    assert mine.endswith(
        "**Still open** since 4 March 2026:\n"
        "* [\\#1](https://tracker.example.com/issues/1) Order 12 passes · Boris · by 6 March 2026"
    ), "what was closed is left out, and the tracker is not waited for"
    (theirs,) = (await team.reminders("boris"))[-1:]
    assert "Order passes" in theirs, "who was given it reads what was written down"
    assert "Не выполнено" in theirs


async def test_others_of_the_meeting_read_nothing_that_is_not_theirs(team: Team) -> None:
    await team.meet(weekly=True)
    await team.later(4 * HOUR)
    await team.write_down((await team.offers())[0], tasks="Call the bank @anna #site")
    await team.later(7 * DAY - HOUR - 10 * MINUTE)
    (theirs,) = (await team.reminders("boris"))[-1:]
    assert "Call the bank" not in theirs


async def test_the_history_of_a_series(team: Team) -> None:
    await team.meet(weekly=True)
    await team.later(4 * HOUR)
    await team.write_down((await team.offers())[0])
    await team.later(7 * DAY)
    await team.write_down((await team.offers())[1], tasks="Paint the door #site", text="")
    assert team.house.site.links == {("1", "2")}
    team.house.site.elsewhere("1", status=CLOSED_STATUS)
    shown = await team.house.slash("minutes plan")
    lines = shown["text"].split("\n")
    assert lines[0] == "**Planning**, 11 March 2026 · open: 1 of 1"
    assert lines[3] == "**Planning**, 4 March 2026 · open: 1 of 2"
    assert lines[4].startswith("* ✅ ~~[\\#1]")
    assert labels(shown) == [[WRITE]]
    theirs = await team.house.slash("minutes план", "boris")
    assert "не было" in theirs["text"]
    theirs = await team.house.slash("minutes planning", "boris")
    assert "Order passes" in theirs["text"]
    assert "Call the bank" not in theirs["text"]


async def test_by_command_one_chooses_or_names_the_meeting(team: Team) -> None:
    assert "no meeting" in (await team.house.slash("minutes"))["text"]
    await team.meet()
    await team.diary.look({"b.ics": ics("b", team.noon + HOUR, "Retro", MINE, BORIS)}, silent=True)
    await team.later(5 * HOUR)
    shown = await team.house.slash("minutes")
    texts = [each["text"] for each in shown["attachments"]]
    assert texts == ["**Retro** · today, 16:00–17:00", "**Planning** · today, 15:00–16:00"]
    assert "nothing was written down" in (await team.house.slash("minutes budget"))["text"]
    await team.house.slash("minutes retro")
    assert "Retro" in team.house.office.server.dialogs[-1]["introduction_text"]
    await team.finish()
    assert team.house.site.tickets["1"].description == "From the meeting “Retro”, 4 March 2026"


async def test_editing_keeps_everything_that_was_typed(team: Team) -> None:
    await team.meet()
    await team.later(4 * HOUR)
    await team.house.press((await team.offers())[0], WRITE)
    channel = "c" * 26
    await team.house.fill(tasks="Who @nobody #site", text="We begin in May.", channel=channel)
    await team.house.press((await team.house.payloads("chris"))[-1], "Edit")
    elements = {
        each["name"]: each.get("default") for each in team.house.office.server.dialogs[-1]["elements"]
    }
    assert (elements["tasks"], elements["text"], elements["channel"]) == (
        "Who @nobody #site",
        "We begin in May.",
        channel,
    )
    await team.finish(tasks="Call the bank #site", text="We begin in June.")
    (posted,) = await team.house.posted()
    assert "June" in posted


async def test_a_channel_where_the_bot_may_not_write_is_told_at_its_field(team: Team) -> None:
    await team.meet()
    await team.later(4 * HOUR)
    await team.house.press((await team.offers())[0], WRITE)
    answer = await team.house.fill(tasks=TASKS, channel="closed")
    assert list(answer["errors"]) == ["channel"]


async def test_tickets_that_cannot_be_tied_are_made_and_told(team: Team) -> None:
    team.house.site.untieable = PeerForbidden("redmine")
    await team.meet()
    await team.later(4 * HOUR)
    await team.write_down((await team.offers())[0])
    result = (await team.house.payloads("chris"))[-1]["message"]
    assert "2 tasks are made" in result
    assert "not tied to each other" in result
    assert len(await team.house.payloads("boris")) == 1


async def test_the_tracker_goes_down_half_way_and_the_minutes_wait(team: Team) -> None:
    def down(draft: Any) -> None:
        if draft.subject == "Call the bank":
            raise PeerDown("redmine")

    team.house.site.before = down
    await team.meet()
    await team.later(4 * HOUR)
    await team.write_down((await team.offers())[0], channel="c" * 26)
    assert await team.house.posted() == []
    team.house.site.before = lambda draft: None
    await team.house.press((await team.house.payloads("chris"))[-1], "Go on")
    await team.house.work()
    (posted,) = await team.house.posted()
    assert "Order passes" in posted
    assert "Call the bank" in posted
    assert team.house.site.links == {("1", "2")}


async def test_what_was_only_offered_goes_with_the_calendar(team: Team, database: Database) -> None:
    """Title and guests of a meeting are no longer known once its calendar is disconnected."""
    await team.meet()
    await team.diary.look({"b.ics": ics("b", team.noon, "Retro", MINE, BORIS)}, silent=True)
    await team.later(4 * HOUR)
    (planning,) = [each for each in await team.offers() if "Planning" in each["message"]]
    await team.house.press(planning, WRITE)
    await team.finish()
    async with database.transaction() as session:
        await team.house.meetings.forget(session, team.diary.person.id, {"m", "b"})
    async with database.reading() as session:
        assert [each.title for each in await session.scalars(select(TicketMeeting))] == ["Planning"]
        left = [str(each.payload) for each in await session.scalars(select(OutboxRow))]
    assert not any("Retro" in each for each in left)
    assert any("Planning" in each for each in left)


async def test_what_was_written_down_outlives_the_calendar_and_goes_with_the_person(
    team: Team, database: Database
) -> None:
    await team.meet()
    await team.later(4 * HOUR)
    await team.write_down((await team.offers())[0])
    async with database.transaction() as session:
        await session.execute(delete(CalendarAccount))
    assert "Order passes" in (await team.house.slash("minutes planning"))["text"]
    async with database.transaction() as session:
        await session.execute(delete(PersonRow).where(PersonRow.username == "chris"))
    async with database.reading() as session:
        for model in (TicketMeeting, TicketMinutes, TicketAssignment, AssignmentPerson):
            assert (await session.scalars(select(model))).all() == []
        assert (await session.scalars(select(OutboxRow))).first() is not None
