"""Making a meeting as a person at a client does; what counts is what stands on the calendar server."""

from __future__ import annotations

import asyncio

from tests.acceptance.acts import about, connect, open_channel, pressable, times_seen
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


async def test_a_message_becomes_a_meeting_by_an_emoji(office: Office, calendars: CalendarServer) -> None:
    diary = await calendars.open()
    anna = await office.hire("anna", zone=ZONE)
    boris = await office.hire("boris", zone=ZONE)
    await connect(office, anna, diary)
    channel = await open_channel(office, boris, anna)
    first = await boris.say("Обсудим смету завтра в 15:00?", channel)
    mark = anna.mark()
    await anna.react(first, "calendar")
    offer = await anna.wait_for(pressable("Заполнить остальное"), since=mark)
    await anna.click(offer, "Заполнить остальное")
    dialog = await anna.dialog()
    filled = {each.name: each.default for each in dialog.fields}
    assert (filled["title"], filled["time"]) == ("Обсудим смету", "15:00")
    assert filled["guests"] == f"@{boris.username}"
    mark = anna.mark()
    assert await anna.submit_dialog(dialog, {}) == {}
    await anna.click(await anna.wait_for(pressable("Создать"), since=mark), "Создать")
    await anna.wait_for(about("Встреча создана", "Обсудим смету"), since=mark)

    # In its thread the form is about the message too; old servers do not say where a command was typed.
    if office.server.sandbox is not None:
        await anna.slash("/calendar new", channel, root_id=first.id)
        again = {each.name: each.default for each in (await anna.dialog()).fields}
        assert again["title"] == "Обсудим смету"

    mark = anna.mark()
    second = await boris.say("А отчёт послезавтра", channel)
    await office.stop()
    await anna.react(second, "calendar")
    await office.start()
    await anna.wait_for(about("Встреча по", "А отчёт"), since=mark)
    await office.restart()
    third = await boris.say("И итоги в пятницу", channel)
    await anna.react(third, "calendar")
    await anna.wait_for(about("Встреча по", "И итоги"), since=mark)
    assert times_seen(anna, "Встреча по", "А отчёт", since=mark) == 1
