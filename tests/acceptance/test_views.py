"""Looking around in one's calendar, as a person at a client does: words, buttons, lists."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.acceptance.acts import about, connect, now, pressable
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.office import Office

from sekretar.sandbox.human import Human
from sekretar.sandbox.samples import SampleEvent
from sekretar.sandbox.seen import SeenPost, Select

ZONE = "Asia/Yekaterinburg"
OPEN = "Открыть встречу…"


def at(days: int, hour: float) -> datetime:
    """An hour of a day from today on, where the person is."""
    midnight = datetime.combine(
        now().astimezone(ZoneInfo(ZONE)).date() + timedelta(days=days), time(), ZoneInfo(ZONE)
    )
    return midnight + timedelta(hours=hour)


def day(days: int) -> str:
    return f"{at(days, 0):%d.%m.%Y}"


async def settled(office: Office, calendars: CalendarServer, *events: SampleEvent) -> Human:
    """Somebody whose calendar is connected and read."""
    diary = await calendars.open(events=events)
    anna = await office.hire("anna", zone=ZONE)
    await connect(office, anna, diary)
    return anna


def options(post: SeenPost) -> dict[str, str]:
    """What the list under a view offers: value by text."""
    select = post.control(OPEN)
    assert isinstance(select, Select)
    return {option.text: option.value for option in select.options}


async def test_days_by_words_dates_and_ranges(office: Office, calendars: CalendarServer) -> None:
    anna = await settled(
        office,
        calendars,
        meeting("Вчерашняя", at(-1, 12)),
        meeting("Утренняя", at(0, 0.5)),
        meeting("Завтрашняя", at(1, 12)),
        meeting("Далёкая", at(20, 12)),
    )
    expected = {
        "/calendar yesterday": ["Вчерашняя"],
        "/calendar сегодня": ["Утренняя"],
        "/calendar tomorrow": ["Завтрашняя"],
        f"/calendar {day(20)}": ["Далёкая"],
        f"/calendar {at(20, 0):%Y-%m-%d}": ["Далёкая"],
        f"/calendar {at(20, 0):%d.%m}": ["Далёкая"],
        f"/calendar {day(20)} {day(1)}": ["Завтрашняя", "Далёкая"],
        f"/calendar с {day(-1)} по {day(1)}": ["Вчерашняя", "Утренняя", "Завтрашняя"],
        "/calendar через 20 дней": ["Далёкая"],
        f"/calendar {day(30)}": [],
    }
    for typed, titles in expected.items():
        text = (await anna.slash(typed)).text
        found = [title for title in ("Вчерашняя", "Утренняя", "Завтрашняя", "Далёкая") if title in text]
        assert found == titles, typed
        assert ("встреч нет" in text) == (not titles), typed
    assert "Завтрашняя" in (await anna.slash("/calendar week")).text or at(1, 0).weekday() == 0
    assert "Утренняя" in (await anna.slash("/calendar month")).text
    assert "00:30–01:00** Утренняя" in (await anna.slash("/calendar today")).text
    assert ZONE in (await anna.slash("/calendar today")).text
    assert "не больше чем 62 дня" in (await anna.slash(f"/calendar {day(0)} {day(100)}")).text


async def test_buttons_lead_through_the_days_in_one_post(office: Office, calendars: CalendarServer) -> None:
    anna = await settled(
        office, calendars, meeting("Завтрашняя", at(1, 12)), meeting("Вчерашняя", at(-1, 12))
    )
    home, mark = await office.home(anna), anna.mark()
    await anna.say("calendar завтра", home)
    shown = await anna.wait_for(lambda post: "Завтра, " in post.text and post.channel_id == home, since=mark)
    for label, title in (("« Сегодня", "Сегодня, "), ("« Вчера", "Вчерашняя"), ("Сегодня »", "Сегодня, ")):
        mark = anna.mark()
        await anna.click(shown, label)
        shown = await anna.wait_for(lambda post, title=title: title in post.text, since=mark)
        assert shown.sighting == "edited"
    posts = [post for post in await anna.posts(home) if post.id == shown.id]
    assert len(posts) == 1


async def test_a_long_day_is_paged(office: Office, calendars: CalendarServer) -> None:
    events = [meeting(f"Встреча-{number:02}", at(1, 8 + number / 4), 10) for number in range(30)]
    anna = await settled(office, calendars, *events)
    mark = anna.mark()
    await anna.say("calendar завтра", await office.home(anna))
    first = await anna.wait_for(pressable("Следующие"), since=mark)
    assert "30 встреч" in first.text
    assert "Встреча-19" in first.text
    assert "Встреча-20" not in first.text
    mark = anna.mark()
    await anna.click(first, "Следующие")
    second = await anna.wait_for(pressable("Предыдущие"), since=mark)
    assert "Встреча-20" in second.text
    assert "Встреча-29" in second.text
    assert "Встреча-19" not in second.text


async def test_a_meeting_is_opened_from_the_list(office: Office, calendars: CalendarServer) -> None:
    invitation = meeting(
        "Смета [важно](http://evil)",
        at(1, 12),
        place="Кабинет 204",
        description="Цифры\n@all смотрите",
        rule="FREQ=DAILY;COUNT=3",
        more=(
            "ORGANIZER;CN=Борис:mailto:boris@example.com",
            "ATTENDEE;CN=Борис;PARTSTAT=ACCEPTED:mailto:boris@example.com",
            "ATTENDEE;CN=Вера;PARTSTAT=DECLINED:mailto:vera@example.com",
            "X-TELEMOST-CONFERENCE:https://telemost.yandex.ru/j/12345678901234",
        ),
    )
    anna = await settled(office, calendars, invitation)
    shown = (await anna.slash("/calendar tomorrow")).posts[-1]
    (label,) = options(shown)
    assert label == "12:00 Смета [важно](http://evil)"
    mark = anna.mark()
    await anna.click(shown, OPEN, label)
    opened = await anna.wait_for(about("Борис"), since=mark)
    assert opened.ephemeral
    for words in ("Когда", "12:00–12:30", ZONE, "Повторяется", "Кабинет 204", "telemost", "✅ да (1): Борис",
                  "❌ нет (1): Вера", "Цифры"):  # fmt: skip
        assert words in opened.text
    assert "@all" not in opened.text
    assert "[важно](http" not in opened.text


async def test_nobody_opens_the_meetings_of_others(office: Office, calendars: CalendarServer) -> None:
    anna = await settled(office, calendars, meeting("Тайная", at(1, 12)))
    boris = await settled(office, calendars, meeting("Своя", at(1, 12)))
    hers = (await anna.slash("/calendar tomorrow")).posts[-1]
    his = (await boris.slash("/calendar tomorrow")).posts[-1]
    (stolen,) = options(hers).values()
    mark = boris.mark()
    await boris.click(his, OPEN, stolen)
    told = await boris.wait_for(about("уже нет"), since=mark)
    assert "Тайная" not in told.text


async def test_now_and_what_comes_next(office: Office, calendars: CalendarServer) -> None:
    running = meeting("Идущая", now() - timedelta(minutes=10), 120)
    later = meeting("Будущая", now() + timedelta(minutes=60), 30)
    anna = await settled(office, calendars, running, later)
    text = (await anna.slash("/calendar now")).text
    assert "Идущая" in text
    assert "ещё 1 ч 4" in text
    assert "Будущая" in text
    assert "через" in text


async def test_reading_does_not_wait_for_the_calendar_server(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await settled(office, calendars, meeting("Завтрашняя", at(1, 12)))
    await calendars.stop()
    try:
        assert "Завтрашняя" in (await anna.slash("/calendar tomorrow")).text
    finally:
        await calendars.start()
