"""Moving, changing and cancelling one's own meetings, on a real calendar server and both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.integration.calendars.booking_house import House, read
from tests.integration.calendars.diary import ics
from tests.integration.mattermost.surface_desk import button, labels

from sekretar.calendars.caldav.hrefs import path_of
from sekretar.calendars.changing.carrying import Carrying, Target
from sekretar.calendars.changing.changing import Changing
from sekretar.calendars.changing.chat import ChangingChat
from sekretar.calendars.changing.writing import Written
from sekretar.calendars.model import CalendarObject, StoredOccurrence
from sekretar.calendars.sync import own_edits
from sekretar.calendars.views.viewing import Viewing
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

GUEST = ("ORGANIZER:mailto:anna@example.com", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:boris@example.com")
DAILY = "RRULE:FREQ=DAILY;COUNT=3"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OPEN = "Открыть встречу…"


@pytest.fixture
def house(house: House, database: Database) -> House:
    ChangingChat(Changing(Carrying(house.desk, house.http))).register(house.desk.chat)
    Viewing(database).register(house.desk.chat)
    return house


async def meet(house: House, start: datetime, *more: str, uid: str = "a") -> None:
    """The meeting is on the server, and known."""
    text = ics(uid, start, "Смета", *more)
    await house.server.put_event("anna", house.calendar, f"{uid}.ics", text)
    await house.anna.look({f"{path_of(house.calendar)}{uid}.ics": text}, silent=True)
    etags = (await house.client.list_etags(house.calendar)).etags
    async with house.desk.database.transaction() as session:
        for href, etag in etags.items():
            known = update(CalendarObject).where(CalendarObject.href == path_of(href))
            await session.execute(known.values(etag=etag))


async def opened(house: House, day: str = "today") -> dict[str, Any]:
    """The details of the first meeting of a day."""
    select = button(await house.slash(day), OPEN)
    await house.office.click("anna", select, selected=select["options"][0]["value"])
    return await house.office.last()


async def starts(house: House) -> list[datetime]:
    rows: list[StoredOccurrence] = await house.anna.rows(StoredOccurrence)
    return sorted(each.starts_at for each in rows if not each.cancelled)


class TestMoving:
    async def test_to_another_time(self, house: House, noon: datetime) -> None:
        await meet(house, noon, *GUEST)
        shown = await opened(house)
        assert labels(shown)[-1] == ["Перенести", "Изменить", "Отменить встречу"]
        await house.press(shown, "Перенести")
        assert await house.fill(day="завтра", time="18:30", length="45") == {}
        said = read(await house.office.last())
        assert "Перенесена: Смета" in said
        assert "завтра, четверг, 5 марта, 18:30–19:15" in said
        assert await starts(house) == [noon + DAY + 3.5 * HOUR]
        (data,) = await house.booked()
        assert "20260305T153000Z" in data.replace("\r\n ", "")
        assert "PARTSTAT=NEEDS-ACTION" in data.replace("\r\n ", "")
        assert "🔁" not in " ".join(await house.office.said()), "it is no news to whoever moved it"

    async def test_to_the_same_time(self, house: House, noon: datetime) -> None:
        await meet(house, noon)
        await house.press(await opened(house), "Перенести")
        assert "и так назначена" in str(await house.fill())
        assert await starts(house) == [noon]

    @pytest.mark.parametrize(
        ("reach", "moved"), [("this", (0, 1, 0)), ("following", (0, 1, 1)), ("all", (1, 1, 1))]
    )
    async def test_as_much_of_a_series_as_is_meant(
        self, house: House, noon: datetime, reach: str, moved: tuple[int, ...]
    ) -> None:
        await meet(house, noon, DAILY)
        await house.press(await opened(house, "tomorrow"), "Перенести")
        assert await house.fill(time="16:00", reach=reach) == {}
        assert await starts(house) == [noon + number * DAY + by * HOUR for number, by in enumerate(moved)]
        assert len(await house.booked()) == (2 if reach == "following" else 1)
        assert not [each for each in await house.office.said() if each.startswith(("🔁", "🆕", "✏️"))]

    async def test_whole_days(self, house: House, clock: ManualClock) -> None:
        text = ics("d", "DTSTART;VALUE=DATE:20260304\r\nDTEND;VALUE=DATE:20260306", "Смета")
        await house.server.put_event("anna", house.calendar, "d.ics", text)
        await house.anna.look({f"{path_of(house.calendar)}d.ics": text}, silent=True)
        await house.press(await opened(house), "Перенести")
        dialog = house.office.server.dialogs[-1]
        assert {each["name"]: each.get("default") for each in dialog["elements"]}["days"] == "2"
        assert "и так назначена" in str(await house.fill())
        assert await house.fill(day="10.03.2026", days="1") == {}
        (data,) = await house.booked()
        assert "DTSTART;VALUE=DATE:20260310" in data


class TestChanging:
    async def test_words_and_guests(self, house: House, noon: datetime) -> None:
        await meet(house, noon, *GUEST, "X-KEPT:1")
        await house.press(await opened(house), "Изменить")
        dialog = house.office.server.dialogs[-1]
        assert {each["name"]: each.get("default") for each in dialog["elements"]}[
            "guests"
        ] == "boris@example.com"
        assert await house.fill(title="Бюджет", place="Кабинет 204", guests="@chris @nobody") == {}
        said = read(await house.office.last())
        assert "Изменена: Бюджет" in said
        assert "Не нашлись, приглашены не будут: @nobody" in said
        (data,) = await house.booked()
        for line in ("SUMMARY:Бюджет", "LOCATION:Кабинет 204", "mailto:chris@example.com", "X-KEPT:1"):
            assert line in data.replace("\r\n ", "")
        assert "mailto:boris@example.com" not in data
        assert "Бюджет" in read(await house.slash("today"))
        assert not [each for each in await house.office.said() if each.startswith("✏️")]

    async def test_nothing(self, house: House, noon: datetime) -> None:
        await meet(house, noon, *GUEST)
        await house.press(await opened(house), "Изменить")
        assert "Ничего не изменилось" in str(await house.fill())


class TestCancelling:
    async def test_asked_and_done(self, house: House, noon: datetime) -> None:
        await meet(house, noon, *GUEST)
        await house.press(await opened(house), "Отменить встречу")
        sure = await house.office.last()
        assert "Участники узнают" in read(sure)
        assert labels(sure) == [["Отменить", "Оставить"]]
        assert "Отменена: Смета" in read(await house.press(sure, "Отменить"))
        assert await house.booked() == []
        assert await starts(house) == []
        assert "уже нет" in read(await house.press(sure, "Отменить"))
        assert not [each for each in await house.office.said() if each.startswith("❌")]

    async def test_not_meant(self, house: House, noon: datetime) -> None:
        await meet(house, noon)
        await house.press(await opened(house), "Отменить встречу")
        assert "Остаётся: Смета" in read(await house.press(await house.office.last(), "Оставить"))
        assert await starts(house) == [noon]

    @pytest.mark.parametrize(
        ("label", "left"), [("Отменить эту", (0, 2)), ("Эту и следующие", (0,)), ("Всю серию", ())]
    )
    async def test_as_much_of_a_series_as_is_meant(
        self, house: House, noon: datetime, label: str, left: tuple[int, ...]
    ) -> None:
        await meet(house, noon, DAILY)
        await house.press(await opened(house, "tomorrow"), "Отменить встречу")
        await house.press(await house.office.last(), label)
        assert await starts(house) == [noon + number * DAY for number in left]

    async def test_a_version_that_nobody_has_seen_is_not_deleted(
        self, house: House, noon: datetime, database: Database
    ) -> None:
        await meet(house, noon)
        await house.press(await opened(house), "Отменить встречу")
        sure = await house.office.last()
        await house.server.put_event("anna", house.calendar, "a.ics", ics("a", noon, "Важная"))
        assert "тем временем изменили" in read(await house.press(sure, "Отменить"))
        assert len(await house.booked()) == 1


class TestOthersMeanwhile:
    """What others do between the look and the click is neither overwritten nor taken for one's own doing."""

    async def test_answers_of_guests_are_told(self, house: House, noon: datetime) -> None:
        await meet(house, noon, *GUEST)
        declined = [each.replace("ACCEPTED", "DECLINED") for each in GUEST]
        await house.press(await opened(house), "Изменить")
        await house.server.put_event("anna", house.calendar, "a.ics", ics("a", noon, "Смета", *declined))
        assert await house.fill(place="Кабинет 204") == {}
        said = " ".join(await house.office.said())
        assert "Ответы: Смета" in said
        assert "✏️" not in said
        (data,) = await house.booked()
        assert "LOCATION:Кабинет 204" in data
        assert "PARTSTAT=DECLINED" in data

    @pytest.mark.parametrize("label", ["Перенести", "Изменить"])
    @pytest.mark.parametrize("seen", [True, False])
    async def test_a_form_does_not_undo_what_it_does_not_show(
        self, house: House, noon: datetime, label: str, seen: bool
    ) -> None:
        await meet(house, noon, *GUEST)
        await house.press(await opened(house), label)
        text = ics("a", noon + HOUR, "Смета", *GUEST)
        await house.server.put_event("anna", house.calendar, "a.ics", text)
        if seen:
            await house.anna.look({f"{path_of(house.calendar)}a.ics": text})
        change = {"length": "45"} if label == "Перенести" else {"title": "Бюджет"}
        assert "тем временем изменили" in str(await house.fill(**change))
        assert await starts(house) == [noon + HOUR]
        assert [each.startswith("🔁") for each in await house.office.said()].count(True) == 1
        (data,) = await house.booked()
        assert "SUMMARY:Смета" in data


async def test_the_second_half_of_a_series_is_no_news_either(
    house: House, noon: datetime, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await meet(house, noon, DAILY)

    async def look_first(self: Carrying, target: Target, outcome: Written) -> None:
        further = outcome.further
        assert further is not None
        await house.anna.said()
        assert await house.anna.look({path_of(further.href): further.data}) == []
        await keep(self, target, outcome)

    keep = Carrying.keep
    monkeypatch.setattr(Carrying, "keep", look_first)
    await house.press(await opened(house, "tomorrow"), "Перенести")
    assert await house.fill(time="16:00", reach="following") == {}
    assert await starts(house) == [noon, noon + DAY + HOUR, noon + 2 * DAY + HOUR]


async def test_only_ones_own_meetings_can_be_changed(house: House, noon: datetime) -> None:
    await meet(house, noon, *GUEST)
    shown = await opened(house)
    boss = "ORGANIZER:mailto:boris@example.com"
    text = ics("a", noon, "Смета", boss, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.com")
    await house.anna.look({f"{path_of(house.calendar)}a.ics": text}, silent=True)
    for label in ("Перенести", "Изменить", "Отменить встречу"):
        assert "только тот, кто её назначил" in read(await house.press(shown, label))


async def test_a_look_that_is_quicker_than_the_click_says_nothing(
    house: House, noon: datetime, database: Database
) -> None:
    await meet(house, noon)
    person, now = house.anna.person, house.anna.clock.now()
    async with database.transaction() as session:
        await own_edits.begin(session, person.id, ["a"], now)
    name = f"{path_of(house.calendar)}a.ics"
    assert await house.anna.look({name: ics("a", noon + HOUR, "Смета")}) == []
    house.anna.clock.advance(own_edits.LASTS)
    (said,) = await house.anna.look({name: ics("a", noon, "Смета")})
    assert said.startswith("🔁"), "a mark that was left behind does not last"
