"""Making a meeting as a person at a client does; what counts is what stands on the calendar server."""

from __future__ import annotations

import asyncio

from tests.acceptance.acts import about, connect, pressable
from tests.acceptance.diaries import CalendarServer
from tests.acceptance.office import Office

from sekretar.sandbox.human import Human
from sekretar.sandbox.seen import SeenPost

ZONE = "Asia/Yekaterinburg"


async def filled_in(office: Office, anna: Human, **answers: str | bool) -> SeenPost:
    """The preview of a meeting that was described in the dialog."""
    await anna.slash("/calendar new", await office.home(anna))
    mark = anna.mark()
    assert await anna.submit_dialog(await anna.dialog(), answers) == {}
    return await anna.wait_for(pressable("Создать"), since=mark)


async def test_two_clicks_on_a_preview_make_one_meeting(office: Office, calendars: CalendarServer) -> None:
    diary = await calendars.open()
    anna = await office.hire("anna", zone=ZONE)
    boris = await office.hire("boris", zone=ZONE)
    await connect(office, anna, diary)
    before = (await diary.files()).count(".ics<")
    shown = await filled_in(
        office,
        anna,
        title="Показ",
        day="завтра",
        time="15:00",
        length="45m",
        guests=f"@{boris.username} @nobody-here",
    )
    assert "15:00–15:45" in shown.text
    assert "nobody-here" in shown.text
    assert (await diary.files()).count(".ics<") == before
    mark = anna.mark()
    # The answer to the first takes the buttons away, so the second may find nothing to press.
    clicks = (anna.click(shown, "Создать") for _ in range(2))
    await asyncio.gather(*clicks, return_exceptions=True)
    told = await anna.wait_for(about("создана", "Показ"), since=mark)
    assert told.control("Создать") is None
    assert (await diary.files()).count(".ics<") == before + 1
    assert "15:00–15:45** Показ" in (await anna.slash("/calendar tomorrow")).text


async def test_from_one_line_to_the_calendar(office: Office, calendars: CalendarServer) -> None:
    diary = await calendars.open()
    anna = await office.hire("anna", zone=ZONE)
    boris = await office.hire("boris", zone=ZONE)
    await connect(office, anna, diary)
    before = (await diary.files()).count(".ics<")
    answer = await anna.slash(f"/calendar new Demo tomorrow 15:00 45m @{boris.username} room 3")
    shown = answer.posts[-1]
    assert "15:00–15:45" in shown.text
    assert (await diary.files()).count(".ics<") == before
    mark = anna.mark()
    await anna.click(shown, "Создать")
    await anna.wait_for(about("Встреча создана", "Demo"), since=mark)
    mark = anna.mark()
    # The answer to a command keeps its buttons.
    await anna.click(shown, "Создать")
    await anna.wait_for(about("уже создана"), since=mark)
    assert (await diary.files()).count(".ics<") == before + 1
    assert "15:00–15:45** Demo · room 3" in (await anna.slash("/calendar tomorrow")).text
