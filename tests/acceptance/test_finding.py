"""Finding a time with others as a person at a client does: from the question to the meeting in the calendar."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.acceptance.acts import about, connect, now, plain, pressable
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.office import Office

ZONE = "Asia/Yekaterinburg"


def next_workday() -> datetime:
    """Midnight of a day, tomorrow or later, on which people work."""
    day = now().astimezone(ZoneInfo(ZONE)).date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return datetime.combine(day, time(), ZoneInfo(ZONE))


async def test_from_a_question_to_a_meeting_in_the_calendar(
    office: Office, calendars: CalendarServer
) -> None:
    day = next_workday()
    annas = await calendars.open(events=[meeting("Занято у Анны", day + timedelta(hours=9), 60)])
    boriss = await calendars.open(events=[meeting("Тайное дело", day + timedelta(hours=11), 7 * 60)])
    anna = await office.hire("anna", zone=ZONE)
    boris = await office.hire("boris", zone=ZONE)
    await connect(office, anna, annas)
    await connect(office, boris, boriss)

    command = f"/calendar find @{boris.username} stranger@example.org 45m {day:%d.%m.%Y}"
    offered = (await anna.slash(command, await office.home(anna))).posts[-1]
    told = plain(offered.text)
    assert "10:00–10:45" in told
    assert "Тайное дело" not in told
    assert "неизвестны, учтено без них: stranger@example.org" in told

    await anna.click(offered, "10:00")
    dialog = await anna.dialog()
    mark = anna.mark()
    assert await anna.submit_dialog(dialog, {"title": "Показ"}) == {}
    shown = await anna.wait_for(pressable("Создать"), since=mark)
    assert "10:00–10:45" in shown.text
    assert "время свободно" in shown.text
    await anna.click(shown, "Создать")
    await anna.wait_for(about("Встреча создана", "Показ"), since=mark)
    assert "10:00–10:45** Показ" in (await anna.slash(f"/calendar {day:%d.%m.%Y}")).text
