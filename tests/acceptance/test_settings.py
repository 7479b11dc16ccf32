"""What people choose about their calendars, and what comes of it: reminders, the digest, news, status."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.acceptance.acts import (
    about,
    connect,
    daytime_zone,
    in_minutes,
    now,
    times_seen,
    today_at,
)
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.office import Office
from tests.acceptance.test_status import consenting, until_status
from tests.acceptance.waiting import until

from sekretar.sandbox.human import Human
from sekretar.sandbox.seen import DialogSeen

# Asking and showing


async def test_the_settings_are_one_prefilled_dialog(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    await connect(office, anna, await calendars.open())
    home = await office.home(anna)
    dialog = await ask(office, anna, "settings")
    answers = prefilled(dialog)
    assert answers["reminders"] == "10 мин"
    assert answers["digest_days"] == "workdays"
    assert answers["working_hours"] == "пн–пт 09:00–18:00"
    wrong = answers | {"reminders": "скоро", "digest_at": "25:00", "status_emoji": "🦄"}
    errors = await anna.submit_dialog(dialog, wrong)
    assert sorted(errors) == ["digest_at", "reminders", "status_emoji"]
    assert "«скоро»" in errors["reminders"]
    mark = anna.mark()
    assert await anna.submit_dialog(dialog, answers | {"reminders": "за час, 5", "at_start": True}) == {}
    saved = await anna.wait_for(about("Сохранено", "за 1 ч и 5 мин до встречи, в момент начала"), since=mark)
    assert "по будням в 09:00" in saved.text
    again = await ask(office, anna, "settings")
    assert prefilled(again)["reminders"] == "1 ч, 5 мин"
    assert (await anna.slash("/calendar профиль", home)).text.count("до встречи") == 1


async def test_each_part_can_be_asked_alone_and_step_by_step(
    office: Office, calendars: CalendarServer
) -> None:
    boris = await office.hire("boris", locale="en", zone="Europe/Berlin")
    await connect(office, boris, await calendars.open())
    home = await office.home(boris)
    await boris.slash("/sekretar forms steps", home)
    mark = boris.mark()
    await boris.slash("/calendar settings time", home)
    first = await boris.wait_for(about("Working hours", "(1 of 3)"), since=mark)
    assert first.control("Keep: Mon–Fri 09:00–18:00")
    mark = boris.mark()
    await boris.say("from nine to five", home)
    await boris.wait_for(about("I cannot read"), since=mark)
    mark = boris.mark()
    await boris.say("Mon-Thu 10-19, Fri 9-17", home)
    second = await boris.wait_for(about("(2 of 3)"), since=mark)
    mark = boris.mark()
    await boris.click(second, "Skip")
    third = await boris.wait_for(about("Show titles", "(3 of 3)"), since=mark)
    mark = boris.mark()
    await boris.click(third, "Yes")
    saved = await boris.wait_for(about("Saved"), since=mark)
    assert "Mon–Thu 10:00–19:00; Fri 09:00–17:00" in saved.text
    assert "see the titles of your meetings" in saved.text


async def test_the_profile_says_what_is_set_and_leads_to_each_part(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    await connect(office, anna, await calendars.open())
    shown = await anna.slash("/calendar profile", await office.home(anna))
    assert "Напоминаю за 10 мин до встречи" in shown.text
    assert "Europe/Moscow" in shown.text
    await anna.click(shown.posts[0], "Утренняя сводка")
    assert [field.name for field in (await anna.dialog()).fields] == [
        "digest_days",
        "digest_at",
        "digest_only_if_meetings",
    ]


# Reminders


async def test_reminders_come_when_they_were_asked_for(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    home = await office.home(anna)
    start = (in_minutes(3) + timedelta(seconds=5)).replace(microsecond=0)
    await diary.put(meeting("Созвон", start))
    await anna.wait_for(about("⏰", "Созвон"))
    mark = anna.mark()
    assert "за 10 мин и 3 мин" in (await anna.slash("/calendar remind 10 3", home)).text
    second = await anna.wait_for(about("⏰ Через 3 минуты: Созвон"), since=mark)
    assert second.created >= start - timedelta(minutes=3)
    assert "не напоминаю" in (await anna.slash("/calendar remind off", home)).text
    await diary.put(meeting("Тихая", in_minutes(9)))
    await diary.put(meeting("Маяк", in_minutes(300)))
    await anna.wait_for(about("Новая встреча", "Тихая"))
    await anna.wait_for(about("Новая встреча", "Маяк"))
    assert times_seen(anna, "⏰", "Тихая") == 0


async def test_a_reminder_is_put_off_until_the_start(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    await diary.put(meeting("Созвон", in_minutes(9)))
    reminder = await anna.wait_for(about("⏰", "Созвон"))
    assert [button.label for button in reminder.buttons] == ["Напомнить через 5 минут", "Напомнить в начале"]
    mark = anna.mark()
    await anna.click(reminder, "Напомнить в начале")
    settled = await anna.wait_for(about("⏰", "Созвон", "Напомню ещё раз в"), since=mark)
    assert settled.id == reminder.id
    assert not settled.buttons
    mark = anna.mark()
    office.clock.ahead += timedelta(minutes=8, seconds=50)
    await anna.wait_for(about("⏰ Начинается: Созвон"), since=mark)
    assert times_seen(anna, "⏰", "Созвон") == 2


async def test_the_alarms_of_an_event_can_be_used(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    dialog = await ask(office, anna, "settings reminders")
    await anna.submit_dialog(dialog, prefilled(dialog) | {"reminders": "", "own_alarms": True})
    await anna.wait_for(about("Сохранено", "по сигналам самого события"))
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT30M", "END:VALARM")
    await diary.put(meeting("С сигналом", in_minutes(25), more=alarm))
    await diary.put(meeting("Без сигнала", in_minutes(9)))
    await anna.wait_for(about("⏰", "С сигналом"))
    await anna.wait_for(about("Новая встреча", "Без сигнала"))
    assert times_seen(anna, "⏰", "Без сигнала") == 0


# The digest


async def test_the_digest_comes_at_its_hour_once_and_survives_a_restart(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    zone = daytime_zone()
    anna = await office.hire(zone=zone)
    await connect(office, anna, await calendars.open(events=[meeting("Планёрка", today_at(15, zone), 30)]))
    home = await office.home(anna)
    hour = (now() + timedelta(minutes=30)).astimezone(ZoneInfo(zone))
    told = await anna.slash(f"/calendar digest {hour:%H:%M} ежедневно", home)
    assert f"каждый день в {hour:%H:%M}" in told.text
    assert "Следующий: сегодня" in told.text
    mark = anna.mark()
    await office.stop()
    office.clock.ahead += timedelta(minutes=32)
    await office.start()
    digest = await anna.wait_for(about("☀️", "Планёрка"), since=mark)
    assert "1 встреча" in digest.text
    assert "/calendar digest" in digest.text
    assert zone in digest.text
    await office.restart()
    assert "Следующий: завтра" in (await anna.slash("/calendar profile", home)).text
    assert times_seen(anna, "☀️") == 1
    assert "не приходит" in (await anna.slash("/calendar digest off", home)).text


# News


async def test_a_kind_of_news_can_be_switched_off(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    dialog = await ask(office, anna, "settings news")
    await anna.submit_dialog(dialog, prefilled(dialog) | {"news_moved": False})
    await anna.wait_for(about("Сохранено", "Сообщаю о новых встречах, о правках"))
    event = meeting("Сверка", in_minutes(200))
    await diary.put(event)
    await anna.wait_for(about("Новая встреча", "Сверка"))
    moved = replace(event, start=event.start + timedelta(hours=1))
    await diary.put(moved)
    await diary.put(meeting("Маяк", in_minutes(200)))
    await anna.wait_for(about("Новая встреча", "Маяк"))
    await diary.delete(event.uid)
    await anna.wait_for(about("Отменена", "Сверка"))
    assert times_seen(anna, "Перенесена", "Сверка") == 0


# Status


async def test_the_status_speaks_the_persons_own_words_and_keeps_quiet(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await consenting(office, anna, calendars)
    await anna.set_status("online")
    dialog = await ask(office, anna, "settings status")
    assert prefilled(dialog)["status"] is True
    wanted = {"status_text": "Совещаюсь", "status_emoji": ":headphones:", "do_not_disturb": True}
    await anna.submit_dialog(dialog, prefilled(dialog) | wanted)
    await anna.wait_for(about("Сохранено", "Совещаюсь"))
    event = meeting("Созвон", in_minutes(-5), 60)
    await diary.put(event)
    shown = await until_status(anna, "headphones")
    assert shown.text == "Совещаюсь"
    await until_state(anna, "dnd")
    await diary.delete(event.uid)
    await until_state(anna, "online")


async def until_state(human: Human, state: str) -> None:
    async def reached() -> bool:
        return await human.status() == state

    await until(reached, what=f"{human.username} to be {state}")


async def ask(office: Office, human: Human, what: str) -> DialogSeen:
    """The dialog of a calendar command."""
    await human.slash(f"/calendar {what}", await office.home(human))
    return await human.dialog()


def prefilled(dialog: DialogSeen) -> dict[str, str | bool]:
    """What is sent when nothing is changed."""
    return {
        field.name: field.default == "true" if field.type == "bool" else field.default
        for field in dialog.fields
    }
