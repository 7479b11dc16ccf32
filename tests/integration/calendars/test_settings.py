"""What follows when somebody changes what they want: reminders, news, buttons, quiet times, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.calendars.diary import Diary, first_lines, ics, open_diary
from tests.integration.mattermost.surface_desk import Office, button, labels, open_office

from sekretar.calendars.model import Reminder, StoredOccurrence
from sekretar.calendars.reminders.snoozing import Snoozing
from sekretar.calendars.settings import changing as settings
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.chat import SettingsChat
from sekretar.calendars.settings.preferences import News, Preferences
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import OutboxRow
from sekretar.mattermost.chat import Chat

MINUTE = timedelta(minutes=1)


async def choose(diary: Diary, wanted: Preferences) -> None:
    async with diary.desk.database.transaction() as session:
        await settings.change(session, diary.person, wanted, diary.clock.now())


async def planned(diary: Diary) -> dict[int, bool]:
    """The reminders by their minutes, and whether each was given."""
    rows = sorted(await diary.rows(Reminder), key=lambda row: -row.minutes)
    return {row.minutes: row.given_at is not None for row in rows}


# --- which reminders there are


async def test_several_offsets_and_the_start(diary: Diary, noon: datetime) -> None:
    await choose(diary, Preferences(reminders=(30, 10), at_start=True))
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    assert await planned(diary) == {30: False, 10: False, 0: False}
    said = [await diary.remind(moment) for moment in (150 * MINUTE, 20 * MINUTE, 10 * MINUTE)]
    assert [first_lines(each) for each in said] == [
        ["⏰ Через 30 минут: Demo"],
        ["⏰ Через 10 минут: Demo"],
        ["⏰ Начинается: Demo"],
    ]


async def test_other_wishes_replan_what_was_not_given(diary: Diary, noon: datetime) -> None:
    await choose(diary, Preferences(reminders=(30, 10)))
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(150 * MINUTE)
    await choose(diary, Preferences(reminders=(60, 30, 5), at_start=True))
    assert await planned(diary) == {30: True, 5: False, 0: False}
    assert await diary.remind() == []
    assert first_lines(await diary.remind(25 * MINUTE)) == ["⏰ Через 5 минут: Demo"]


async def test_reminders_can_be_switched_off_and_on(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await choose(diary, Preferences(reminders=()))
    assert await planned(diary) == {}
    await diary.look({"b.ics": ics("b", noon)}, silent=True)
    assert await planned(diary) == {}
    await choose(diary, Preferences())
    assert await diary.count(Reminder) == 2


async def test_whoever_was_not_reminded_is_at_once(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(168 * MINUTE)
    await choose(diary, Preferences(reminders=(15,)))
    assert first_lines(await diary.remind()) == ["⏰ Через 12 минут: Demo"]
    assert await diary.remind(5 * MINUTE) == []


async def test_what_is_over_and_whole_days_are_not_replanned(diary: Diary, noon: datetime) -> None:
    whole_day = ics("d", "DTSTART;VALUE=DATE:20260306\r\nDTEND;VALUE=DATE:20260307")
    past = ics("p", noon - timedelta(hours=5))
    await diary.look({"d.ics": whole_day, "p.ics": past}, silent=True)
    await choose(diary, Preferences(reminders=(5,)))
    assert await planned(diary) == {}


async def test_other_people_keep_theirs(diary: Diary, noon: datetime, database: Database) -> None:
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    boris = (await diary.desk.profiles.person("boris".ljust(26, "0"))).id
    async with database.transaction() as session:
        person = await diary.desk.people.by_id(session, boris)
        assert person is not None
        await settings.change(session, person, Preferences(reminders=()), diary.clock.now())
    assert await planned(diary) == {10: False}


def alarm(trigger: str) -> str:
    return f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER{trigger}\r\nEND:VALARM"


async def test_alarms_of_the_event_come_on_top_where_they_are_wanted(diary: Diary, noon: datetime) -> None:
    with_alarms = ics("a", noon, "Demo", alarm(":-PT45M"), alarm(":-P1D"), alarm(":PT5M"), alarm(":PT0S"))
    await diary.look({"a.ics": with_alarms}, silent=True)
    (stored,) = await diary.rows(StoredOccurrence)
    assert stored.alarms == [1440, 45, 0]
    assert await planned(diary) == {10: False}
    await choose(diary, Preferences(own_alarms=True))
    # A day ahead is over; the nearest of what has passed is given at once.
    assert await planned(diary) == {1440: False, 45: False, 10: False, 0: False}


async def test_an_alarm_at_a_moment_rings_once_in_a_series(diary: Diary, noon: datetime) -> None:
    moment = noon - timedelta(minutes=20)
    absolute = alarm(f";VALUE=DATE-TIME:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    await choose(diary, Preferences(reminders=(), own_alarms=True))
    await diary.look({"a.ics": ics("a", noon, "Demo", "RRULE:FREQ=DAILY;COUNT=5", absolute)}, silent=True)
    assert sorted(each.alarms for each in await diary.rows(StoredOccurrence)) == [[], [], [], [], [20]]
    assert await planned(diary) == {20: False}


async def test_whole_days_are_reminded_of_by_their_own_alarms_alone(
    diary: Diary, noon: datetime, database: Database
) -> None:
    """At 18:00 the day before and at 9:00 on the day, by the clock of the person; it is noon in Moscow."""
    days = "DTSTART;VALUE=DATE:20260305\r\nDTEND;VALUE=DATE:20260307"
    text = ics("d", days, "Audit", alarm(":-PT6H"), alarm(":PT9H"), alarm(":PT40H"))
    await diary.look({"d.ics": text}, silent=True)
    assert await planned(diary) == {}
    await choose(diary, Preferences(own_alarms=True))
    assert await planned(diary) == {360: False, -540: False}
    assert await diary.remind(timedelta(hours=6) - MINUTE) == []
    said = await diary.remind(MINUTE)
    assert said == ["⏰ Завтра, весь день: Audit\n5–6 марта"]
    assert first_lines(await diary.remind(timedelta(hours=15))) == ["⏰ Сегодня, весь день: Audit"]
    await choose(diary, Preferences(own_alarms=True, reminders=(5,)))
    assert await planned(diary) == {360: True, -540: True}


async def test_an_alarm_that_is_set_later_is_heeded(diary: Diary, noon: datetime) -> None:
    await choose(diary, Preferences(own_alarms=True))
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    assert await diary.look({"a.ics": ics("a", noon, "Demo", alarm(":-PT5M"))}) == []
    assert await planned(diary) == {10: True, 5: False}
    assert first_lines(await diary.remind(5 * MINUTE)) == ["⏰ Через 5 минут: Demo"]


# --- which changes are told


@pytest.mark.parametrize("silenced", [News.ADDED, News.MOVED, News.EDITED, News.CANCELLED])
async def test_each_kind_of_news_can_be_switched_off(diary: Diary, noon: datetime, silenced: News) -> None:
    await choose(diary, Preferences(news=frozenset(News) - {silenced}))
    looks = (ics("a", noon), ics("a", noon + MINUTE), ics("a", noon + MINUTE, "Retro"), None)
    told: list[str] = []
    for text in looks:
        diary.clock.advance(MINUTE)
        told += first_lines(await diary.look({"a.ics": text}))
    lines = {
        News.ADDED: "🆕 Новая встреча: Demo",
        News.MOVED: "🔁 Перенесена: Demo",
        News.EDITED: "✏️ Изменена: Retro",
        News.CANCELLED: "❌ Отменена: Retro",
    }
    assert told == [line for kind, line in lines.items() if kind is not silenced]


async def test_a_meeting_that_nobody_is_told_of_is_still_reminded_of(diary: Diary, noon: datetime) -> None:
    await choose(diary, Preferences(news=frozenset()))
    assert await diary.look({"a.ics": ics("a", noon)}) == []
    assert len(await diary.remind(170 * MINUTE)) == 1


# --- commands, form and buttons


@dataclass
class Room:
    """Anna's diary with the surface of the chat before it."""

    diary: Diary
    office: Office

    async def reminder(self) -> dict[str, Any]:
        rows = [row for row in await self.office.rows() if row.key.startswith("calendar:")]
        return dict(rows[-1].payload)

    async def press(self, label: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        shown = payload or await self.reminder()
        return (await self.office.click("anna", button(shown, label))).body or {}


@pytest.fixture
async def room(database: Database, clock: ManualClock) -> Room:
    chat = Chat()
    SettingsChat(database).register(chat)
    Snoozing(database).register(chat)
    office = open_office(database, clock, chat)
    return Room(await open_diary(database, clock, desk=office.desk), office)


LATER, AT_START = "Напомнить через 5 минут", "Напомнить в начале"


async def test_a_reminder_is_put_off_for_five_minutes(room: Room, noon: datetime) -> None:
    diary = room.diary
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    assert labels(await room.reminder()) == [[LATER, AT_START]]
    body = await room.press(LATER)
    assert "⏰ Через 10 минут: Demo" in body["update"]["message"]
    assert labels(body["update"]) == [[], []]
    assert "Напомню ещё раз в **14:55**." in str(body["update"]["props"])
    assert await diary.remind(5 * MINUTE - timedelta(seconds=1)) == []
    assert first_lines(await diary.remind(timedelta(seconds=1))) == ["⏰ Через 5 минут: Demo"]
    assert labels(await room.reminder()) == [[AT_START]]


async def test_until_the_start_and_no_further(room: Room, noon: datetime) -> None:
    diary = room.diary
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    shown = await room.reminder()
    await room.press(AT_START)
    assert first_lines(await diary.remind(10 * MINUTE)) == ["⏰ Начинается: Demo"]
    assert labels(await room.reminder()) == [[]]
    assert "уже началась" in (await room.press(AT_START, shown))["ephemeral_text"]


async def test_pressing_many_times_is_one_reminder(room: Room, noon: datetime) -> None:
    diary = room.diary
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    shown = await room.reminder()
    bodies = await asyncio.gather(*(room.press(LATER, shown) for _ in range(4)))
    assert all("14:55" in str(body) for body in bodies)
    assert await planned(diary) == {10: True, 5: False}
    assert len(await diary.remind(5 * MINUTE)) == 1


async def test_it_joins_the_reminder_that_is_due_then_anyway(room: Room, noon: datetime) -> None:
    diary = room.diary
    await choose(diary, Preferences(reminders=(10, 5)))
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    await room.press(LATER)
    assert await planned(diary) == {10: True, 5: False}
    assert len(await diary.remind(5 * MINUTE)) == 1


async def test_one_put_off_survives_other_wishes(room: Room, noon: datetime) -> None:
    diary = room.diary
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    await room.press(LATER)
    await choose(diary, Preferences(reminders=()))
    assert first_lines(await diary.remind(5 * MINUTE)) == ["⏰ Через 5 минут: Demo"]


async def test_put_off_beyond_the_start_it_says_that_the_meeting_runs(room: Room, noon: datetime) -> None:
    diary = room.diary
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    shown = await room.reminder()
    diary.clock.advance(7 * MINUTE)
    await room.press(LATER, shown)
    assert first_lines(await diary.remind(5 * MINUTE)) == ["⏰ Уже идёт: Demo"]


async def test_a_button_of_a_meeting_that_is_no_longer_so(room: Room, noon: datetime) -> None:
    diary = room.diary
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    shown = await room.reminder()
    await diary.look({"a.ics": ics("a", noon + timedelta(hours=2))}, silent=True)
    assert "перенесли или отменили" in (await room.press(LATER, shown))["ephemeral_text"]
    await diary.look({"a.ics": None}, silent=True)
    assert "перенесли или отменили" in (await room.press(LATER, shown))["ephemeral_text"]
    assert await planned(diary) == {}


async def test_a_button_after_the_meeting(room: Room, noon: datetime) -> None:
    diary = room.diary
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    shown = await room.reminder()
    diary.clock.advance(timedelta(hours=2))
    assert "уже закончилась" in (await room.press(LATER, shown))["ephemeral_text"]


async def test_nobody_puts_off_the_reminder_of_another(room: Room, noon: datetime) -> None:
    diary = room.diary
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await diary.remind(170 * MINUTE)
    answer = await room.office.click("boris", button(await room.reminder(), LATER))
    assert "@anna" in (answer.body or {})["ephemeral_text"].replace("\u2060", "")
    assert await planned(diary) == {10: True}


def text_of(answer: Any) -> str:
    return str(answer.body).replace("\u2060", "")


@pytest.mark.parametrize(
    ("command", "says", "minutes"),
    [
        ("remind 10 1", "за 10 мин и 1 мин до встречи", {10, 1}),
        ("remind за час", "за 1 ч до встречи", {60}),
        ("напоминания 5, 0", "за 5 мин до встречи, в момент начала", {5, 0}),
        ("remind off", "О встречах не напоминаю", set()),
    ],
)
async def test_the_short_form_of_reminders(
    room: Room, noon: datetime, command: str, says: str, minutes: set[int]
) -> None:
    await room.diary.look({"a.ics": ics("a", noon)}, silent=True)
    assert says in text_of(await room.office.slash("anna", f"/calendar {command}"))
    assert set(await planned(room.diary)) == minutes


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("digest 8:30", "по будням в 08:30"),
        ("дайджест 10 ежедневно", "каждый день в 10:00"),
        ("digest 9 пн, ср", "пн, ср в 09:00"),
        ("digest off", "не приходит"),
        ("digest on", "по будням в 09:00"),
        ("digest скоро", "скоро"),
        ("remind скоро", "Не понимаю «скоро»"),
        ("settings погода", "Настроек «погода» нет"),
    ],
)
async def test_other_short_forms(room: Room, command: str, says: str) -> None:
    assert says in text_of(await room.office.slash("anna", f"/calendar {command}"))


async def test_the_form_is_prefilled_checked_and_carried_out(room: Room, noon: datetime) -> None:
    diary, office = room.diary, room.office
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    await office.slash("anna", "/calendar remind 15")
    await office.slash("anna", "/calendar settings")
    dialog = office.server.dialogs[-1]
    answers = {each["name"]: each["default"] for each in dialog["elements"]}
    assert answers["reminders"] == "15 мин"
    refused = await office.submit("anna", dialog, answers | {"reminders": "скоро", "working_hours": "18-9"})
    assert set((refused.body or {})["errors"]) == {"reminders", "working_hours"}
    assert await planned(diary) == {15: False}
    accepted = await office.submit("anna", dialog, answers | {"reminders": "20", "news_moved": "false"})
    assert not (accepted.body or {}).get("errors")
    assert await planned(diary) == {20: False}
    told = await office.last()
    assert told["message"].startswith("Сохранено")
    assert "за 20 мин до встречи" in str(told["props"])
    await office.slash("anna", "/calendar settings")
    dialog = office.server.dialogs[-1]
    await office.submit("anna", dialog, {each["name"]: each["default"] for each in dialog["elements"]})
    assert (await office.last())["message"].startswith("Ничего не изменилось")


async def test_each_part_opens_from_the_profile(room: Room) -> None:
    shown = (await room.office.slash("anna", "/calendar profile")).body or {}
    parts, apart = labels(shown)
    assert apart == ["Мои календари"]
    assert parts == ["Напоминания", "Утренняя сводка", "Изменения", "Статус", "Рабочее время"]
    for part in parts:
        await room.office.click("anna", button(shown, part))
    asked = [[each["name"] for each in dialog["elements"]] for dialog in room.office.server.dialogs]
    assert [names[0] for names in asked] == [
        "reminders",
        "digest_days",
        "news_added",
        "status",
        "working_hours",
    ]


async def test_a_dialog_opened_earlier_changes_only_what_it_asks(room: Room, database: Database) -> None:
    await room.office.slash("anna", "/calendar settings reminders")
    dialog = room.office.server.dialogs[-1]
    await room.office.slash("anna", "/calendar digest off")
    await room.office.submit("anna", dialog, {"reminders": "5", "at_start": False, "own_alarms": False})
    async with database.reading() as session:
        wanted = await preferences.read(session, room.diary.person.id)
    assert (wanted.reminders, wanted.schedule) == ((5,), None)


# --- what is stored


async def test_preferences_come_back_and_leave_no_row_where_nothing_was_chosen(
    diary: Diary, database: Database
) -> None:
    wanted = Preferences(reminders=(15, 5), status=True, status_text="Занят", news=frozenset({News.MOVED}))
    await choose(diary, wanted)
    async with database.reading() as session:
        assert await preferences.read(session, diary.person.id) == wanted
        assert await preferences.read(session, diary.person.id + 1) == Preferences()
        assert (await session.scalars(select(OutboxRow.id))).all() == []
    assert diary.clock.now().tzinfo is UTC
