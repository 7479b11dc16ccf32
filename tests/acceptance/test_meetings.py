"""What people see of their meetings: the day, the reminder, the news."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.acceptance.acts import (
    about,
    account,
    ask_to_connect,
    clock_time,
    connect,
    daytime_zone,
    in_minutes,
    now,
    pressable,
    times_seen,
    today,
    today_at,
)
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.office import Office
from tests.acceptance.waiting import until

from sekretar.sandbox.human import Human

TELEMOST = "https://telemost.yandex.ru/j/12345678901234"

# The day


async def test_everybody_reads_times_in_their_own_zone(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire("anna", zone="Europe/Moscow")
    boris = await office.hire("boris", locale="en", zone="Europe/Berlin")
    for person, zone, title in ((anna, "Europe/Moscow", "Сверка"), (boris, "Europe/Berlin", "Review")):
        start = today_at(12, "UTC" if now().hour < 20 else zone)
        await connect(office, person, await calendars.open(events=[meeting(title, start, 45)]))
        shown = await today(office, person)
        end = start + timedelta(minutes=45)
        assert f"**{clock_time(start, zone)}–{clock_time(end, zone)}** {title}" in shown
        assert zone in shown


async def test_the_day_lists_all_meetings_in_order_with_what_matters(
    office: Office, calendars: CalendarServer
) -> None:
    zone = daytime_zone()
    anna = await office.hire(zone=zone)
    me = f"mailto:{anna.username}@example.com"
    boss = "ORGANIZER;CN=Boss:mailto:boss@example.com"
    events = [
        meeting("Обед", today_at(13, zone), 60, place="Столовая"),
        meeting("Планёрка", today_at(9, zone), 30, more=(f"X-TELEMOST-CONFERENCE:{TELEMOST}",)),
        meeting("Отказ", today_at(10, zone), 30, more=(boss, f"ATTENDEE;PARTSTAT=DECLINED:{me}")),
        meeting("Вопрос", today_at(11, zone), 30, more=(boss, f"ATTENDEE;PARTSTAT=NEEDS-ACTION:{me}")),
        meeting("Обзор", today_at(13, zone) + timedelta(minutes=30), 60),
        meeting("Завтра", today_at(13, zone) + timedelta(days=1), 60),
        meeting("Вчера", today_at(13, zone) - timedelta(days=1), 60),
        meeting("Отменено", today_at(14, zone), 60, more=("STATUS:CANCELLED",)),
    ]
    await connect(office, anna, await calendars.open(events=events))
    lines = (await today(office, anna)).splitlines()
    heading, day = lines[0], lines[1:]
    assert "5 встреч" in heading
    titles = ("Планёрка", "Отказ", "Вопрос", "Обед", "Обзор")
    assert [next(title for title in titles if title in line) for line in day[:5]] == list(titles)
    assert f"({TELEMOST})" in day[0]
    assert "~~Отказ~~" in day[1]
    assert "вы ещё не ответили" in day[2]
    assert "Столовая" in day[3]
    assert ["пересекается" in line for line in day[:5]] == [False, False, False, True, True]


async def test_an_empty_day_is_not_the_same_as_no_calendar(office: Office, calendars: CalendarServer) -> None:
    boris = await office.hire("boris", locale="en")
    home = await office.home(boris)
    nothing = (await boris.slash("/calendar today", home)).posts[0]
    assert "No calendar is connected" in nothing.text
    assert nothing.control("Connect a calendar")
    await connect(office, boris, await calendars.open())
    empty = (await boris.slash("/calendar today", home)).posts[0]
    assert "no meetings" in empty.text
    assert not empty.control("Connect a calendar")
    mark = boris.mark()
    await boris.say("hi", home)
    menu = await boris.wait_for(pressable("My day"), since=mark)
    await boris.click(menu, "My day")
    await boris.wait_for(about("no meetings"), since=mark)


async def test_foreign_text_can_do_nothing_in_the_chat(office: Office, calendars: CalendarServer) -> None:
    zone = daytime_zone()
    anna = await office.hire(zone=zone)
    title = "@all @channel [click](https://evil.example) ~~x~~ **b** `c` |t| <script> #tag :boom:"
    event = meeting(title, today_at(12, zone), place="![i](https://evil.example/i.png)")
    await connect(office, anna, await calendars.open(events=[event]))
    shown = await today(office, anna)
    for harm in (
        "@all",
        "@channel",
        "[click](",
        "![i](",
        "~~x~~",
        " **b**",
        " `c`",
        "<script",
        " #tag",
        " :boom:",
    ):
        assert harm not in shown, harm
    assert "click" in shown


async def test_a_whole_day_has_no_clock_time_and_no_reminder(
    office: Office, calendars: CalendarServer
) -> None:
    zone = daytime_zone()
    anna = await office.hire(zone=zone)
    day = now().astimezone(ZoneInfo(zone)).date()
    diary = await calendars.open()
    event = meeting("Отпуск", today_at(12, zone))
    lines = event.ics(now()).splitlines()
    lines = [f"DTSTART;VALUE=DATE:{day:%Y%m%d}" if one.startswith("DTSTART") else one for one in lines]
    lines = [
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}" if one.startswith("DTEND") else one
        for one in lines
    ]
    await diary.put_text(event.uid, "\r\n".join([*lines, ""]))
    await connect(office, anna, diary)
    assert "**весь день** Отпуск" in await today(office, anna)


# Reminders


async def test_the_reminder_comes_ten_minutes_before_with_the_link_and_once(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    start = (in_minutes(10) + timedelta(seconds=4)).replace(microsecond=0)
    join = (f"X-TELEMOST-CONFERENCE:{TELEMOST}",)
    await diary.put(meeting("Созвон", start, 30, place="Переговорная 3", more=join))
    await anna.wait_for(about("Новая встреча", "Созвон"))
    reminder = await anna.wait_for(about("⏰", "Созвон"))
    assert reminder.text.startswith("⏰ Через 10 минут: Созвон")
    assert "Переговорная 3" in reminder.text
    assert f"({TELEMOST})" in reminder.text
    assert clock_time(start, "Europe/Moscow") in reminder.text
    assert reminder.created >= start - timedelta(minutes=10)
    await diary.put(meeting("Позже", in_minutes(300)))
    await anna.wait_for(about("Новая встреча", "Позже"))
    assert times_seen(anna, "⏰", "Созвон") == 1
    assert times_seen(anna, "Новая встреча", "Созвон") == 1


async def test_declined_and_free_of_reminders(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    me = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{anna.username}@example.com"
    await diary.put(meeting("Без меня", in_minutes(9), more=("ORGANIZER:mailto:boss@example.com", me)))
    await diary.put(meeting("Со мной", in_minutes(9.2)))
    await anna.wait_for(about("⏰", "Со мной"))
    assert times_seen(anna, "⏰", "Без меня") == 0


async def test_a_moved_meeting_is_reminded_of_again(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    event = meeting("Встреча", in_minutes(8))
    await diary.put(event)
    await anna.wait_for(about("⏰", "Встреча"))
    mark = anna.mark()
    await diary.put(replace(event, start=event.start + timedelta(minutes=1)))
    await anna.wait_for(about("⏰", "Встреча"), since=mark)
    mark = anna.mark()
    await diary.put(replace(event, start=event.start + timedelta(minutes=1), title="Встреча с клиентом"))
    await anna.wait_for(about("Изменена", "Встреча с клиентом"), since=mark)
    await diary.put(meeting("Маяк", in_minutes(9)))
    await anna.wait_for(about("⏰", "Маяк"), since=mark)
    assert times_seen(anna, "⏰", "Встреча", since=mark) == 0, "a new title is no new time"


async def test_a_restart_repeats_no_reminder_and_forgets_none(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    await diary.put(meeting("Первая", in_minutes(9)))
    await diary.put(meeting("Вторая", in_minutes(11.5), 60))
    await anna.wait_for(about("⏰", "Первая"))
    await anna.wait_for(about("Новая встреча", "Вторая"))
    await office.stop()
    office.clock.ahead += timedelta(minutes=2)
    mark = anna.mark()
    await office.start()
    await anna.wait_for(about("⏰", "Вторая"), since=mark)
    await office.restart()
    await diary.put(meeting("Маяк", in_minutes(9)))
    await anna.wait_for(about("⏰", "Маяк"), since=mark)
    assert times_seen(anna, "⏰", "Первая") == 1
    assert times_seen(anna, "⏰", "Вторая") == 1


async def test_a_late_reminder_says_so_and_one_that_is_too_late_is_dropped(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    await diary.put(meeting("Короткая", in_minutes(20), 2))
    await diary.put(meeting("Длинная", in_minutes(21), 120))
    await anna.wait_for(about("Новая встреча", "Короткая"))
    await anna.wait_for(about("Новая встреча", "Длинная"))
    await office.stop()
    office.clock.ahead += timedelta(minutes=30)
    await office.start()
    await anna.wait_for(about("⏰ Уже идёт: Длинная"))
    await diary.put(meeting("Маяк", in_minutes(35), 60))
    await anna.wait_for(about("⏰", "Маяк"))
    assert times_seen(anna, "⏰", "Короткая") == 0


# News


async def test_what_happens_to_a_meeting_is_told_in_one_thread(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    event = meeting("Сверка часов", in_minutes(180), place="Переговорная 1")
    await diary.put(event)
    added = await anna.wait_for(about("🆕 Новая встреча: Сверка часов", "Переговорная 1"))
    assert not added.root_id
    moved = replace(event, start=event.start + timedelta(hours=1), place="Переговорная 2")
    await diary.put(moved)
    told = await anna.wait_for(about("🔁 Перенесена: Сверка часов"))
    old, new = (clock_time(each.start, "Europe/Moscow") for each in (event, moved))
    assert f"{old}" in told.text.partition("→")[0]
    assert f"{new}" in told.text.partition("→")[2]
    assert "Место: Переговорная 2" in told.text
    await diary.delete(event.uid)
    cancelled = await anna.wait_for(about("❌ Отменена: Сверка часов"))
    assert {told.root_id, cancelled.root_id} == {added.id}
    assert [post.id for post in await anna.thread(added.id)] == [added.id, told.id, cancelled.id]
    assert "Сверка часов" not in await today(office, anna)


async def test_a_cancelled_meeting_on_the_server_is_told_once(
    office: Office, calendars: CalendarServer
) -> None:
    boris = await office.hire("boris", locale="en", zone="Europe/Berlin")
    diary = await calendars.open()
    event = meeting("Review", in_minutes(200))
    await diary.put(event)
    await connect(office, boris, diary)
    await diary.put(replace(event, more=("STATUS:CANCELLED",)))
    await boris.wait_for(about("Cancelled: Review"))
    await diary.delete(event.uid)
    await diary.put(meeting("Beacon", in_minutes(200)))
    await boris.wait_for(about("New meeting: Beacon"))
    assert times_seen(boris, "Cancelled: Review") == 1


async def test_rewriting_without_a_visible_change_is_no_news(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    event = meeting("Тихая", in_minutes(200))
    await diary.put(event)
    await connect(office, anna, diary)
    mark = anna.mark()
    await diary.put(replace(event, more=("SEQUENCE:7", "X-NOISE:1")))
    await diary.put(meeting("Маяк", in_minutes(200)))
    await anna.wait_for(about("Новая встреча", "Маяк"), since=mark)
    assert times_seen(anna, "Тихая", since=mark) == 0


async def test_a_series_is_one_piece_of_news_and_so_is_one_time_of_it(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    series = meeting("Стендап", in_minutes(60), rule="FREQ=DAILY")
    await diary.put(series)
    added = await anna.wait_for(about("Новая повторяющаяся встреча: Стендап"))
    second = series.start + timedelta(days=1)
    once = replace(
        series, start=second + timedelta(hours=2), rule="", more=(f"RECURRENCE-ID:{second:%Y%m%dT%H%M%SZ}",)
    )
    await diary.put(series, once=once)
    moved = await anna.wait_for(about("🔁", "Стендап"))
    third = series.start + timedelta(days=2)
    await diary.put(replace(series, more=(f"EXDATE:{third:%Y%m%dT%H%M%SZ}",)), once=once)
    gone = await anna.wait_for(about("❌", "Стендап"))
    await diary.delete(series.uid)
    over = await anna.wait_for(about("❌", "вся серия", "Стендап"))
    assert {moved.root_id, gone.root_id, over.root_id} == {added.id}
    assert times_seen(anna, "Стендап") == 4


async def test_each_time_of_a_series_is_reminded_of(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    anna = await office.hire()
    diary = await calendars.open(events=[meeting("Пульс", in_minutes(9), 5, rule="FREQ=HOURLY;COUNT=3")])
    await connect(office, anna, diary)
    for _ in range(3):
        mark = anna.mark()
        await anna.wait_for(about("⏰", "Пульс"), since=mark if office.clock.ahead else 0)
        office.clock.ahead += timedelta(hours=1)
    assert times_seen(anna, "⏰", "Пульс") == 3


# Several people


async def test_two_invitees_of_one_meeting_are_both_told_and_reminded(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire("anna")
    boris = await office.hire("boris", locale="en")
    diaries = [await calendars.open(), await calendars.open()]
    for person, diary in zip((anna, boris), diaries, strict=True):
        await connect(office, person, diary)
    event = meeting("Demo 2.5", in_minutes(9), uid="the-same-uid@invitation")
    for diary in diaries:
        await diary.put(event)
    for person, news in ((anna, "Новая встреча"), (boris, "New meeting")):
        await person.wait_for(about(news, "Demo 2.5"))
        await person.wait_for(about("⏰", "Demo 2.5"))
    await diaries[0].delete(event.uid)
    await anna.wait_for(about("Отменена", "Demo 2.5"))
    assert "Demo 2.5" in await today_with(office, boris, event.title)


async def test_one_account_serves_two_people(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire("anna")
    boris = await office.hire("boris", locale="en")
    shared = await calendars.open()
    await connect(office, anna, shared)
    await connect(office, boris, shared)
    await shared.put(meeting("Общая", in_minutes(9)))
    for person in (anna, boris):
        await person.wait_for(about("⏰", "Общая"))
    asked = await anna.slash("/calendar disconnect")
    await anna.click(asked.posts[0], "Отключить и удалить")
    await anna.wait_for(about("отключена"))
    await shared.put(meeting("После", in_minutes(9)))
    await boris.wait_for(about("⏰", "После"))
    assert times_seen(anna, "После") == 0


async def test_people_of_the_same_name_have_their_own_calendars(
    office: Office, calendars: CalendarServer
) -> None:
    names = {"first_name": "Анна", "last_name": "Смирнова"}
    first, second = await office.hire("anna", **names), await office.hire("anna", **names)
    await connect(office, first, await calendars.open(events=[meeting("Моя", in_minutes(-5), 60)]))
    assert "не подключён" in await today(office, second)
    await connect(office, second, await calendars.open(events=[meeting("Чужая", in_minutes(-5), 60)]))
    assert "Чужая" not in await today(office, first)
    assert "Моя" not in await today(office, second)


async def test_a_renamed_person_keeps_everything(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire("anna", first_name="Анна")
    diary = await calendars.open(events=[meeting("Планёрка", in_minutes(-5), 60)])
    await connect(office, anna, diary)
    name = f"ann.{anna.username.partition('.')[2]}"
    await office.server.admin.put(f"/users/{anna.user_id}/patch", {"username": name, "first_name": "Аня"})
    assert "Планёрка" in await today(office, anna)
    await diary.put(meeting("Новость", in_minutes(200)))
    await anna.wait_for(about("Новая встреча", "Новость"))

    async def greeted_by_the_new_name() -> bool:
        mark = anna.mark()
        await anna.say("привет", await office.home(anna))
        menu = await anna.wait_for(pressable("Мой день"), since=mark)
        return "Аня" in menu.text

    await until(greeted_by_the_new_name, what="the new name")


async def test_a_deactivated_person_gets_nothing_and_can_do_nothing(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire("anna")
    boris = await office.hire("boris", locale="en")
    shared = await calendars.open()
    await connect(office, anna, shared)
    await connect(office, boris, shared)
    home = await office.home(anna)
    dialog = await ask_to_connect(office, anna)
    await office.server.deactivate(anna.user_id)
    before = await said_in(office, home)
    await shared.put(meeting("Для живых", in_minutes(9)))
    await boris.wait_for(about("⏰", "Для живых"))
    await shared.put(meeting("И ещё", in_minutes(9)))
    await boris.wait_for(about("⏰", "И ещё"))
    assert await said_in(office, home) == before
    status, answer = await office.post(
        "/mattermost/dialog",
        json={
            "type": "dialog_submission",
            "callback_id": dialog.callback_id,
            "state": dialog.state,
            "user_id": anna.user_id,
            "channel_id": home,
            "submission": account(shared),
        },
    )
    assert status == 200
    assert "deactivated" in answer or "отключена" in answer
    await office.server.reactivate(anna.user_id)
    back = await office.sign_in(anna.username)
    await shared.put(meeting("С возвращением", in_minutes(200)))
    await back.wait_for(about("Новая встреча", "С возвращением"))


async def said_in(office: Office, channel_id: str) -> list[str]:
    """The ids of the posts of a channel, as the administrator sees them."""
    page = await office.server.admin.get(f"/channels/{channel_id}/posts")
    return list(page["order"])


async def today_with(office: Office, human: Human, title: str) -> str:
    """Today's list once the meeting is in it."""

    async def look() -> str:
        shown = await today(office, human)
        return shown if title in shown else ""

    return await until(look, what=f"{title} in the list")
