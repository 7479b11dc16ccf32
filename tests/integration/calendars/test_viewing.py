"""Looking at days through the whole surface: the command as it is typed, the answer as Mattermost gets it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from tests.integration.calendars.diary import Diary, ics, open_diary
from tests.integration.mattermost.surface_desk import Office, button, open_office

from sekretar.calendars.model import Calendar, CalendarAccount, StoredOccurrence
from sekretar.calendars.views.periods import day_of
from sekretar.calendars.views.viewing import TODAY, Viewing, meant
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.mattermost.callbacks import Answer
from sekretar.mattermost.chat import Chat, MenuEntry

OPEN = "Открыть встречу…"


@dataclass
class House:
    """Anna (ru) and Chris (en), each with a calendar, in Moscow at noon of Wednesday, 4 March 2026."""

    office: Office
    anna: Diary
    chris: Diary
    clock: ManualClock

    async def ask(self, words: str, name: str = "anna") -> dict[str, Any]:
        return body(await self.office.slash(name, f"/calendar {words}".rstrip()))

    async def press(
        self, shown: dict[str, Any], label: str, name: str = "anna", **more: Any
    ) -> dict[str, Any]:
        return body(await self.office.click(name, button(shown, label), **more))

    async def meet(self, uid: str, start: datetime, title: str, *more: str, **options: Any) -> None:
        await self.anna.look({f"{uid}.ics": ics(uid, start, title, *more, **options)}, silent=True)


def body(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200
    return dict(answer.body or {})


def read(shown: dict[str, Any]) -> str:
    """All that is to be read in an answer or an update."""
    attachments = shown.get("attachments") or shown.get("props", {}).get("attachments", [])
    words = [shown.get("text") or shown.get("message") or shown.get("ephemeral_text") or ""]
    return "\n".join([*words, *(each.get("text", "") for each in attachments)])


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> House:
    chat = Chat()
    Viewing(database).register(chat)
    office = open_office(database, clock, chat)
    anna = await open_diary(database, clock, desk=office.desk)
    chris = await open_diary(database, clock, "chris", desk=office.desk)
    house = House(office, anna, chris, clock)
    now = clock.now()
    await house.meet("standup", now - timedelta(minutes=15), "Планёрка", minutes=30)
    await house.meet("demo", now + timedelta(hours=2), "Демо", "LOCATION:Переговорная 3")
    await house.meet("tomorrow", now + timedelta(days=1), "Завтрашняя")
    await house.meet("friday", now + timedelta(days=2), "Пятничная")
    await house.meet("past", now - timedelta(days=1), "Вчерашняя")
    return house


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("today", {"Планёрка", "Демо"}),
        ("сегодня", {"Планёрка", "Демо"}),
        ("today please", {"Планёрка", "Демо"}),
        ("день", {"Планёрка", "Демо"}),
        ("завтра", {"Завтрашняя"}),
        ("Yesterday", {"Вчерашняя"}),
        ("06.03", {"Пятничная"}),
        ("дата 06.03.2026", {"Пятничная"}),
        ("2026-03-06", {"Пятничная"}),
        ("в пятницу", {"Пятничная"}),
        ("friday", {"Пятничная"}),
        ("06.03 05.03", {"Завтрашняя", "Пятничная"}),
        ("с 5 по 6 марта", {"Завтрашняя", "Пятничная"}),
        ("завтра - пятница", {"Завтрашняя", "Пятничная"}),
        ("today friday", {"Планёрка", "Демо", "Завтрашняя", "Пятничная"}),
        ("week", {"Вчерашняя", "Планёрка", "Демо", "Завтрашняя", "Пятничная"}),
        ("month", {"Вчерашняя", "Планёрка", "Демо", "Завтрашняя", "Пятничная"}),
        ("март", {"Вчерашняя", "Планёрка", "Демо", "Завтрашняя", "Пятничная"}),
        ("следующая неделя", set()),
        ("week next", set()),
    ],
)
async def test_days_are_shown_as_they_are_asked_for(house: House, words: str, titles: set[str]) -> None:
    shown = read(await house.ask(words))
    everything = {"Вчерашняя", "Планёрка", "Демо", "Завтрашняя", "Пятничная"}
    assert {title for title in everything if title in shown} == titles
    assert ("встреч нет" in shown) == (not titles)


async def test_the_day_begins_and_ends_where_the_person_is(house: House) -> None:
    midnight = house.clock.now() + timedelta(hours=12)  # in Moscow
    await house.meet("late", midnight - timedelta(minutes=30), "Полуночная", minutes=30)
    await house.meet("early", midnight, "Заполночная")
    today, tomorrow = read(await house.ask("today")), read(await house.ask("tomorrow"))
    assert "23:30–00:00** Полуночная" in today
    assert "Заполночная" not in today
    assert "00:00–01:00** Заполночная" in tomorrow
    assert "Полуночная" not in tomorrow


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("30.02", "Такого дня"),
        ("01.01.2026 31.12.2026", "не больше чем 62 дня"),
        ("31.12.9999", "не простираются"),
        ("date qqq", "Не понимаю, какие это дни"),
        ("завтра 30.02", "Такого дня"),
    ],
)
async def test_days_that_cannot_be_shown_are_explained(house: House, words: str, told: str) -> None:
    assert told in read(await house.ask(words))


async def test_what_is_no_date_is_still_asked_back(house: House) -> None:
    asked_back = read(await house.ask("севодня"))
    assert "/calendar сегодня" in asked_back
    assert "/calendar дата" in asked_back, "help says how a day is asked for"


async def test_in_direct_messages_a_date_follows_the_word(house: House) -> None:
    await house.office.say("anna", "calendar 06.03")
    assert "Пятница, 6 марта" in (await house.office.said())[-1]


async def test_an_answer_in_a_direct_message_is_turned_in_place(house: House) -> None:
    await house.office.say("anna", "calendar завтра")
    shown = await house.office.last()
    update = (await house.press(shown, "6 марта »"))["update"]
    assert "Пятничная" in read(update)
    update = (await house.press(update, "« Завтра"))["update"]
    assert "Завтрашняя" in read(update)
    update = (await house.press(update, "« Сегодня"))["update"]
    assert "Планёрка" in read(update)


async def test_a_view_that_only_the_person_sees_goes_on_in_direct_messages(house: House) -> None:
    shown = await house.ask("week")
    answer = await house.press(shown, "9–15 марта »")
    assert "update" not in answer
    assert "Неделя 9–15 марта" in (await house.office.said())[-1]


async def test_the_menu_leads_to_the_day(house: House) -> None:
    house.office.desk.chat.menu(MenuEntry("calendars.menu.today", TODAY, 1))
    await house.office.say("anna", "что ты умеешь?")  # the welcome
    await house.office.say("anna", "что ты умеешь?")
    await house.press(await house.office.last(), "Мой день")
    assert "Планёрка" in read(await house.office.last())


async def test_long_days_are_turned_page_by_page(house: House) -> None:
    morning = house.clock.now() - timedelta(hours=12) + timedelta(days=2)
    for number in range(45):
        await house.meet(
            f"m{number}", morning + timedelta(minutes=20 * number), f"Встреча{number:02}.", minutes=10
        )
    await house.office.say("anna", "calendar 06.03")
    page, seen = await house.office.last(), []
    while True:
        seen += [number for number in range(45) if f"Встреча{number:02}." in read(page)]
        try:
            page = (await house.press(page, "Следующие"))["update"]
        except AssertionError:
            break
    assert seen == list(range(45))


async def test_now_is_what_runs_and_what_comes(house: House) -> None:
    shown = read(await house.ask("now"))
    assert "11:45–12:15** Планёрка · _ещё 15 мин_" in shown
    assert "Демо · Переговорная 3 · _через 2 часа_" in shown
    assert "Завтрашняя" not in shown
    house.clock.advance(timedelta(hours=5))
    evening = read(await house.ask("сейчас"))
    assert "Демо" not in evening
    assert "Завтрашняя · _через 19 часов_" in evening


async def test_without_a_calendar_every_view_leads_to_one(house: House, database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(delete(CalendarAccount))
    for words in ("today", "week", "12.03", "now"):
        assert button(await house.ask(words), "Подключить календарь")


# --- one meeting


async def test_a_meeting_is_opened_with_everything_about_it(house: House) -> None:
    await house.meet(
        "invited",
        house.clock.now() + timedelta(hours=4),
        "Смета",
        "LOCATION:Кабинет 204",
        "DESCRIPTION:Итоги\\n# квартала @all",
        "ORGANIZER;CN=Борис:mailto:boris@example.com",
        "ATTENDEE;CN=Анна;PARTSTAT=TENTATIVE:mailto:anna@example.com",
        "ATTENDEE;CN=Борис;PARTSTAT=ACCEPTED:mailto:boris@example.com",
    )
    shown = await house.ask("today")
    value = next(one["value"] for one in button(shown, OPEN)["options"] if "Смета" in one["text"])
    assert "в личные сообщения" in read(await house.press(shown, OPEN, selected=value))
    opened = await house.office.last()
    told = read(opened)
    assert opened["props"]["attachments"][0]["title"] == "Смета"
    for words in (
        "сегодня, среда, 4 марта, 16:00–17:00 (Europe/Moscow)",
        "Кабинет 204",
        "**Организатор:** Борис",
        "❔ возможно, вы придёте",
        "✅ да (1): Борис",
        "\\# квартала",
    ):
        assert words in told
    assert "@all" not in told


async def test_only_ones_own_meetings_can_be_opened(house: House, database: Database) -> None:
    hers = await house.ask("today")
    stolen = button(hers, OPEN)["options"][0]["value"]
    await house.chris.look({"x.ics": ics("x", house.clock.now() + timedelta(hours=1), "Own")}, silent=True)
    his = await house.ask("today", "chris")
    for value in (stolen, "", "1", "0.0", "-1.x", "9" * 30 + ".00000000", "²", stolen.split(".")[0] + ".0"):
        told = read(await house.press(his, "Open a meeting…", "chris", selected=value))
        assert "no longer in your calendar" in told


async def test_a_number_that_was_given_again_opens_nothing(house: House, database: Database) -> None:
    shown = await house.ask("tomorrow")
    value = button(shown, OPEN)["options"][0]["value"]
    async with database.transaction() as session:
        await session.execute(update(StoredOccurrence).values(uid="another"))
    assert "уже нет" in read(await house.press(shown, OPEN, selected=value))


async def test_a_meeting_of_a_hidden_calendar_is_neither_shown_nor_opened(
    house: House, database: Database
) -> None:
    shown = await house.ask("tomorrow")
    value = button(shown, OPEN)["options"][0]["value"]
    async with database.transaction() as session:
        await session.execute(update(Calendar).values(chosen=False))
    assert "уже нет" in read(await house.press(shown, OPEN, selected=value))
    assert "встреч нет" in read(await house.ask("tomorrow"))


async def test_a_cancelled_meeting_leaves_the_view_but_can_still_be_opened(house: House) -> None:
    shown = await house.ask("tomorrow")
    value = button(shown, OPEN)["options"][0]["value"]
    await house.meet("tomorrow", house.clock.now() + timedelta(days=1), "Завтрашняя", "STATUS:CANCELLED")
    assert "встреч нет" in read(await house.ask("tomorrow"))
    assert "Эта встреча отменена" in read(await house.press(shown, OPEN, selected=value))


async def test_views_of_ones_own_cannot_be_turned_by_others(house: House) -> None:
    await house.office.say("anna", "calendar завтра")
    shown = await house.office.last()
    answer = await house.press(shown, "6 марта »", "chris")
    assert "update" not in answer
    assert "This button is for" in read(answer)


# --- words


def test_courtesy_is_no_mistake() -> None:
    today = date(2026, 3, 4)
    assert meant("today please", today) == meant("сегодня", today) == meant("day", today) == day_of(today)
    assert meant("завтра в 15:00", today) == meant("завтра", today)
    with pytest.raises(PersonError):
        meant("дата qqq", today)


@pytest.mark.parametrize(
    "words", ["march april may", "today | tomorrow", "week 2026-W12", "week 77", "неделя 5 6"]
)
def test_other_days_are_no_courtesy(words: str) -> None:
    """Half of what was asked for, shown as if it were all, would be a wrong answer."""
    with pytest.raises(PersonError, match="unread"):
        meant(words, date(2026, 3, 4))
