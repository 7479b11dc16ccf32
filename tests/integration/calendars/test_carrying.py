"""Answers and changes on the other real calendar server: what is written there is what another program reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.integration.calendars.booking_house import House, read
from tests.integration.calendars.diary import ics
from tests.integration.mattermost.surface_desk import button
from tests.peers_caldav import CalDavServer, running_xandikos

from sekretar.calendars.answers.answering import Answering
from sekretar.calendars.answers.chat import AnsweringChat
from sekretar.calendars.caldav.hrefs import path_of
from sekretar.calendars.changing.carrying import Carrying
from sekretar.calendars.changing.changing import Changing
from sekretar.calendars.changing.chat import ChangingChat
from sekretar.calendars.views.viewing import Viewing
from sekretar.kernel.database import Database

ME = "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:anna@example.com"
DAILY = "RRULE:FREQ=DAILY;COUNT=3"


@pytest.fixture(scope="module")
def calendar_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDavServer]:
    with running_xandikos(tmp_path_factory.mktemp("xandikos")) as running:
        yield running


@pytest.fixture
def house(house: House, database: Database) -> House:
    carrying = Carrying(house.desk, house.http)
    AnsweringChat(Answering(carrying)).register(house.desk.chat)
    ChangingChat(Changing(carrying)).register(house.desk.chat)
    Viewing(database).register(house.desk.chat)
    return house


async def meet(house: House, *more: str) -> None:
    text = ics("a", house.anna.clock.now() + timedelta(hours=3), "Смета", *more)
    await house.server.put_event("anna", house.calendar, "a.ics", text)
    await house.anna.look({f"{path_of(house.calendar)}a.ics": text})


async def held(house: House) -> list[str]:
    return [data.replace("\r\n ", "") for data in await house.booked()]


async def test_an_invitation_to_a_series_is_answered(house: House) -> None:
    await meet(house, "ORGANIZER:mailto:boris@example.com", ME, DAILY)
    asked = await house.press(await house.office.last(), "Не приду")
    once = await house.press(asked["update"], "Только в этот раз")
    assert "❌ Вы не придёте." in read(once)
    (data,) = await held(house)
    assert (data.count("PARTSTAT=DECLINED"), data.count("PARTSTAT=NEEDS-ACTION")) == (1, 1)


async def test_a_series_is_moved_from_a_day_on_and_then_called_off(house: House) -> None:
    await meet(house, DAILY)
    select = button(await house.slash("tomorrow"), "Открыть встречу…")
    await house.office.click("anna", select, selected=select["options"][0]["value"])
    await house.press(await house.office.last(), "Перенести")
    assert await house.fill(time="16:00", reach="following") == {}
    assert len(await held(house)) == 2
    select = button(await house.slash("today"), "Открыть встречу…")
    await house.office.click("anna", select, selected=select["options"][0]["value"])
    await house.press(await house.office.last(), "Отменить встречу")
    await house.press(await house.office.last(), "Всю серию")
    (left,) = await held(house)
    assert "20260305T130000Z" in left
