"""What trackers have to say by themselves: news, last days, channels that listen, assignments after a meeting."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.acceptance.acts import about, connect, in_minutes, now, open_channel, plain, times_seen
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.trackers import a_tracker, act, link, settings_of

MOSCOW = ZoneInfo("Europe/Moscow")


def next_morning() -> datetime:
    """Ten on the next working day in Moscow: lists come at nine, after the message of the day."""
    day = now().astimezone(MOSCOW).date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return datetime.combine(day, time(10), MOSCOW)


async def test_news_last_days_and_a_channel_that_listens(own_office: MakeOffice) -> None:
    async with a_tracker() as tracker:
        office = await own_office(trackers=(settings_of(tracker),), tickets_seconds=5)
        anna, boris = await office.hire("anna"), await office.hire("boris")
        channel = await open_channel(office, anna, boris)
        for human, name in ((anna, "anna"), (boris, "boris")):
            await link(human, await office.home(human), f"token-{name}")
            await human.wait_for(about("Готово: в work вы"))
        assert "кто ведёт канал" in (await boris.slash("/task subscribe desk", channel)).text
        await anna.slash("/task subscribe desk", channel)
        assert await anna.submit_dialog(await anna.dialog(), {"comments": False}) == {}
        await boris.wait_for(about("подписывает этот канал", "Стойка"))
        morning = next_morning()
        await act(
            tracker, "boris", "POST", "/issues",
            queue="DESK", summary="Протекает кран", assignee="anna", deadline=f"{morning:%Y-%m-%d}",
        )  # fmt: skip
        news = await anna.wait_for(about("Протекает кран", "Назначена на вас", "Борис Иванов"))
        assert news.channel_id == await office.home(anna)
        told = await boris.wait_for(about("Протекает кран", "Новая, автор"))
        assert told.channel_id == channel
        await act(tracker, "boris", "POST", "/issues/DESK-1/comments", text="Лестница в *подвале*")
        comment = await anna.wait_for(about("Пишет", "подвале"))
        assert comment.root_id == news.id
        mark = boris.mark()
        await act(tracker, "anna", "POST", "/issues/DESK-1/transitions/start_progress/_execute")
        await boris.wait_for(lambda post: post.channel_id == channel and "В работе" in post.text, since=mark)
        home = await office.home(boris)
        await boris.wait_for(lambda post: post.channel_id == home and "В работе" in post.text, since=mark)

        await office.stop()
        office.clock.ahead += morning - now()
        mark = anna.mark()
        await office.start()
        await anna.wait_for(about("Срок сегодня", "Протекает кран"), since=mark)
        await office.restart()
        await act(tracker, "boris", "POST", "/issues/DESK-1/comments", text="Маяк")
        await anna.wait_for(about("Маяк"), since=mark)
        assert times_seen(anna, "Срок сегодня") == 1
        at_home = [post.text for post in await anna.posts(news.channel_id)]
        assert not any("В работе" in text for text in at_home), "what one does oneself is no news"


async def test_assignments_of_a_meeting_until_the_next_one(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    async with a_tracker() as tracker:
        office = await own_office(trackers=(settings_of(tracker),), tickets_seconds=5)
        anna, boris = await office.hire("anna"), await office.hire("boris", first_name="Борис")
        channel = await open_channel(office, anna, boris)
        for human, name in ((anna, "anna"), (boris, "boris")):
            await link(human, await office.home(human), f"token-{name}")
        diary = await calendars.open()
        await connect(office, anna, diary)
        people = (
            f"ORGANIZER:mailto:{anna.username}@example.com",
            f"ATTENDEE;CN=Борис;PARTSTAT=ACCEPTED:mailto:{boris.username}@example.com",
        )
        start = in_minutes(5)
        await diary.put(meeting("Планёрка", start, 10, rule="FREQ=WEEKLY", more=people))
        await anna.wait_for(about("Планёрка"))
        await office.stop()
        office.clock.ahead += timedelta(minutes=20)
        await office.start()
        offer = await anna.wait_for(about("Планёрка", "закончилась"))
        await anna.click(offer, "Записать поручения")
        dialog = await anna.dialog()
        assert f"@{boris.username}" in plain(dialog.introduction)
        answers = {
            "tasks": f"Заказать пропуска @{boris.username} #desk\nПолить цветы @{anna.username} #desk",
            "text": "Начинаем в мае.",
            "channel": channel,
        }
        mark = anna.mark()
        assert await anna.submit_dialog(dialog, answers) == {}
        preview = await anna.wait_for(about("Заказать пропуска", "Полить цветы"), since=mark)
        assert tracker.world.issues == {}
        await anna.click(preview, "Завести все 2")
        minutes = await boris.wait_for(
            lambda post: post.channel_id == channel and about("протокол", "Начинаем в мае")(post)
        )
        assert "Заказать пропуска" in minutes.text
        home = await office.home(boris)
        await boris.wait_for(lambda post: post.channel_id == home and about("протокол", "пропуска")(post))
        passes = next(each for each in tracker.world.issues.values() if "пропуска" in each.values["summary"])
        assert "Со встречи «Планёрка»" in passes.values["description"]
        await act(
            tracker, "anna", "POST", f"/issues/{passes.key}/transitions/close/_execute", resolution="fixed"
        )
        history = await anna.slash("/task minutes планёрка", await office.home(anna))
        assert "открыто: 1 из 2" in history.text
        await office.stop()
        office.clock.ahead += start + timedelta(days=7, minutes=-10) - now() - office.clock.ahead
        mark = anna.mark()
        await office.start()
        reminder = await anna.wait_for(about("⏰", "Планёрка", "Не выполнено", "Полить цветы"), since=mark)
        assert "пропуска" not in reminder.text
