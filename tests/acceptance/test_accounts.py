"""Looking after what is connected: how it is doing, a look right now, wishes for one calendar."""

from __future__ import annotations

from tests.acceptance.acts import about, connect, in_minutes, plain, today
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.office import Office
from tests.acceptance.waiting import until

from sekretar.sandbox.human import Human
from sekretar.sandbox.seen import SeenPost

PICK = "Настроить календарь"


async def listed(office: Office, human: Human) -> SeenPost:
    """What `/calendar accounts` answers."""
    return (await human.slash("/calendar accounts", await office.home(human))).posts[0]


async def open_calendar(office: Office, human: Human, name: str) -> None:
    """Choose a calendar below its account."""
    shown = await listed(office, human)
    control = shown.control(PICK)
    assert control is not None
    await human.click(shown, PICK, name)


async def test_a_look_right_now_says_what_came_of_it(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office(sync_seconds=3600)
    anna = await office.hire()
    diary = await calendars.open(("work", "Работа"))
    await connect(office, anna, diary)
    home = await office.home(anna)
    assert "Всё в порядке" in (await anna.slash("/calendar status", home)).text
    await diary.put(meeting("Нежданная", in_minutes(200)))
    mark = anna.mark()
    answers = [await anna.slash("/calendar refresh", home) for _ in range(2)]
    assert all("Смотрю, что изменилось" in each.text for each in answers)
    await anna.wait_for(about("Новая встреча", "Нежданная"), since=mark)
    told = await anna.wait_for(about("Календари проверены: 1 изменение."), since=mark)
    assert told.channel_id == home
    shown = await listed(office, anna)
    await anna.click(shown, "Обновить")
    await anna.wait_for(about("Только что проверено"), since=mark)


async def test_one_calendar_takes_a_smaller_part(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open(("work", "Работа"), ("home", "Личное"))
    await connect(office, anna, diary)
    await open_calendar(office, anna, "Личное")
    dialog = await anna.dialog()
    assert dialog.title == "Личное"
    assert {field.default for field in dialog.fields if field.name != "preferred"} == {"true"}
    mark = anna.mark()
    quiet = {"reminds": False, "tells": False, "preferred": True}
    assert await anna.submit_dialog(dialog, quiet) == {}
    await anna.wait_for(about("Сохранено. **Личное**", "без напоминаний", "новые встречи — сюда"), since=mark)
    await diary.put(meeting("Зубной", in_minutes(9)), "home")
    await diary.put(meeting("Планёрка", in_minutes(9)), "work")
    await anna.wait_for(about("⏰", "Планёрка"), since=mark)

    async def known() -> bool:
        return "Зубной" in await today(office, anna)

    await until(known, what="the meeting of the quiet calendar in the list")
    assert not [post for post in anna.seen(mark) if "Зубной" in post.text and "Планёрка" not in post.text]
    assert "**Личное** · новые встречи — сюда · без напоминаний" in plain((await listed(office, anna)).text)
    await open_calendar(office, anna, "Личное")
    again = await anna.dialog()
    assert again.field("reminds").default != "true"
    assert await anna.submit_dialog(again, {"chosen": False}) == {}
    await open_calendar(office, anna, "Работа")
    assert "хотя бы один" in (await anna.submit_dialog(await anna.dialog(), {"chosen": False}))["chosen"]


async def test_the_wishes_can_be_asked_step_by_step(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    home = await office.home(anna)
    await connect(office, anna, await calendars.open(("work", "Работа")))
    await anna.slash("/sekretar forms steps", home)
    shown = (await anna.slash("/calendar settings calendars", home)).posts[0]
    mark = anna.mark()
    await anna.click(shown, PICK, "Работа")
    for number in range(1, 9):
        question = await anna.wait_for(about(f"({number} из 8)"), since=mark)
        mark = anna.mark()
        await anna.say("нет" if number == 3 else "да", home)
        assert question.buttons
    await anna.wait_for(about("Сохранено. **Работа**", "не в сводке"), since=mark)
