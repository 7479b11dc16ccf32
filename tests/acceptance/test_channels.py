"""A calendar in a channel, from the command to the last word, by the hands of the people in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.acceptance.acts import (
    about,
    bot_id,
    clock_time,
    connect,
    daytime_zone,
    in_minutes,
    invite,
    now,
    open_channel,
    plain,
)
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.diaries import CalendarServer, Diary, meeting
from tests.acceptance.office import Office
from tests.acceptance.waiting import until

from sekretar.sandbox.human import Human
from sekretar.sandbox.seen import SeenPost

SHOW, CHANGE, STOP = "Показать здесь мой календарь…", "Изменить…", "Больше не показывать"


async def listing(human: Human, channel_id: str) -> SeenPost:
    """What `/calendar channel` answers."""
    return (await human.slash("/calendar channel", channel_id)).posts[0]


async def show(human: Human, channel_id: str, **answers: str | bool) -> SeenPost:
    """Show the calendar in the channel; returns what the channel reads of it."""
    mark = human.mark()
    await human.slash("/calendar канал добавить", channel_id)
    dialog = await human.dialog()
    assert await human.submit_dialog(dialog, answers) == {}
    return await human.wait_for(
        lambda post: post.channel_id == channel_id and "показывает в этом канале" in post.text, since=mark
    )


def here(channel_id: str, *words: str) -> Callable[[SeenPost], bool]:
    """Accepts a post of the channel in which all the words stand."""
    return lambda post: post.channel_id == channel_id and about(*words)(post)


async def test_a_team_sees_the_meetings_of_its_calendar(office: Office, calendars: CalendarServer) -> None:
    anna, boris = await office.hire("anna"), await office.hire("boris")
    diary = await calendars.open(("team", "Команда"))
    await connect(office, anna, diary)
    channel = await open_channel(office, anna, boris)
    assert "пока не показывает" in (await listing(boris, channel)).text

    told = await show(anna, channel)
    assert "**Команда**" in told.text
    assert "по будням в 09:00" in told.text
    event = meeting("Созвон @all", in_minutes(9), place="Переговорная 3")
    await diary.put(event, "team")
    added = await boris.wait_for(here(channel, "Новая встреча: Созвон", "Переговорная 3"))
    reminder = await boris.wait_for(here(channel, "⏰", "Созвон"))
    assert not reminder.root_id
    for post in (added, reminder):
        assert "@all" not in post.text
    await diary.put(replace(event, start=event.start + timedelta(hours=2)), "team")
    moved = await boris.wait_for(here(channel, "Перенесена: Созвон"))
    assert moved.root_id == added.id

    seen = await listing(boris, channel)
    assert anna.username in seen.text
    assert seen.control(STOP) is None, "it is not his"
    assert seen.control(SHOW) is not None
    await anna.click(await listing(anna, channel), STOP)
    await boris.wait_for(here(channel, "больше не показывается"))
    assert "пока не показывает" in (await listing(boris, channel)).text


async def test_a_channel_admin_may_show_less_but_never_more(
    office: Office, calendars: CalendarServer
) -> None:
    boss, anna = await office.hire("boss"), await office.hire("anna")
    diary = await calendars.open()
    await connect(office, anna, diary)
    channel = await open_channel(office, boss, anna)
    await show(anna, channel, reminders="нет", digest="off")

    await boss.click(await listing(boss, channel), CHANGE)
    dialog = await boss.dialog()
    mark = anna.mark()
    assert await boss.submit_dialog(dialog, {"titles": "busy"}) == {}
    told = await anna.wait_for(about("изменил(а)", "только время"), since=mark)
    assert told.channel_id == await office.home(anna)
    await diary.put(meeting("Тайна", in_minutes(200)))
    await boss.wait_for(here(channel, "Новая встреча: Занято"))
    assert "Тайна" not in "".join(post.text for post in await boss.posts(channel))

    await boss.click(await listing(boss, channel), CHANGE)
    narrowed = await boss.dialog()
    assert "titles" not in {one.name for one in narrowed.fields}
    assert await boss.submit_dialog(narrowed, {"changes": False}) == {}
    await boss.click(await listing(boss, channel), STOP)
    await anna.wait_for(about("так решил(а)", "**Команда**"), since=mark)


async def test_who_is_not_there_is_told_how(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire("anna")
    await connect(office, anna, await calendars.open())
    for kind in ("O", "P"):
        channel = await open_channel(office, anna, bot=False, kind=kind)
        answer = await listing(anna, channel)
        assert f"/invite @{office.bot}" in answer.text
        assert answer.control(SHOW) is None
        assert f"/invite @{office.bot}" in (await anna.slash("/calendar channel add", channel)).text
        await invite(office, channel)
        assert (await listing(anna, channel)).control(SHOW) is not None
    assert "в канале или группе" in (await listing(anna, await office.home(anna))).text


async def test_who_has_no_calendar_or_shows_all_of_them_is_told_so(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire("anna")
    channel = await open_channel(office, anna)
    answer = await anna.slash("/calendar channel add", channel)
    assert "не подключён" in answer.text
    await connect(office, anna, await calendars.open())
    await show(anna, channel)
    assert "все ваши календари" in (await anna.slash("/calendar channel add", channel)).text
    errors = await wrong_zone(anna, channel)
    assert "Атлантида" in errors["zone"]


async def wrong_zone(human: Human, channel_id: str) -> dict[str, str]:
    await human.click(await listing(human, channel_id), CHANGE)
    return await human.submit_dialog(await human.dialog(), {"zone": "Атлантида"})


async def test_a_bot_thrown_out_says_so_once_and_comes_back(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    anna = await office.hire("anna")
    diary = await calendars.open()
    await connect(office, anna, diary)
    channel = await open_channel(office, anna, kind="P")
    await show(anna, channel)
    bot = await bot_id(office)
    await office.server.admin.delete(f"/channels/{channel}/members/{bot}")
    await diary.put(meeting("Неслышная", in_minutes(200)))
    await anna.wait_for(about("Новая встреча", "Неслышная"))
    office.clock.ahead += timedelta(minutes=2)
    await anna.wait_for(about("Пока не могу показывать", "Меня нет в канале"))
    await invite(office, channel)
    await anna.wait_for(about("снова показывается"))
    await diary.put(meeting("Слышная", in_minutes(300)))
    await anna.wait_for(here(channel, "Новая встреча: Слышная"))
    said = "".join(post.text for post in await anna.posts(channel))
    assert "Неслышная" not in said


async def test_the_digest_comes_in_the_zone_of_the_channel(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    anna = await office.hire("anna")
    diary = await calendars.open(events=[meeting("Планёрка", now() + timedelta(hours=2), 30)])
    await connect(office, anna, diary)
    channel = await open_channel(office, anna)
    zone, soon = daytime_zone(), in_minutes(2)
    await show(anna, channel, digest="daily", digest_at=clock_time(soon, zone), zone=zone, reminders="нет")
    office.clock.ahead += timedelta(minutes=3)
    digest = await anna.wait_for(here(channel, "📅", "Работа"))
    assert f"Время указано по {zone}" in plain(digest.text)


async def test_disconnecting_says_one_word_in_the_channel(office: Office, calendars: CalendarServer) -> None:
    anna, boris = await office.hire("anna", first_name="Анна"), await office.hire("boris")
    diary: Diary = await calendars.open(("one", "Первый"), ("two", "Второй"))
    await connect(office, anna, diary)
    channel = await open_channel(office, anna, boris)
    for _ in range(2):
        await anna.slash("/calendar channel add", channel)
        dialog = await anna.dialog()
        calendar = dialog.field("calendar").options[0].value
        assert await anna.submit_dialog(dialog, {"calendar": calendar}) == {}
    await until(lambda: _shows(boris, channel, 2), what="two calendars in the list")
    asked = await anna.slash("/calendar disconnect", await office.home(anna))
    await anna.click(asked.posts[0], "Отключить и удалить")
    await boris.wait_for(here(channel, "Анна отключает"))
    said = [post.text for post in await boris.posts(channel)]
    assert sum("отключает" in text for text in said) == 1
    assert "пока не показывает" in (await listing(boris, channel)).text


async def _shows(human: Human, channel_id: str, count: int) -> bool:
    return (await listing(human, channel_id)).text.count("Сводка:") == count


@pytest.mark.parametrize("word", ["channel", "канал"])
async def test_the_words_are_understood(office: Office, word: str) -> None:
    anna = await office.hire("anna")
    channel = await open_channel(office, anna)
    assert "не показывает" in (await anna.slash(f"/calendar {word}", channel)).text
