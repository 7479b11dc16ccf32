"""Making meetings through the whole surface, on a real calendar server and both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.integration.calendars.booking_house import House, read
from tests.integration.calendars.diary import ics

from sekretar.calendars.booking.drafts import BookingDraft, State
from sekretar.calendars.changing.writing import EventWriter
from sekretar.calendars.model import Calendar, CalendarAccount, StoredOccurrence
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.preferences import Preferences
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden

FILLED = {"title": "Демо", "day": "завтра", "time": "15:00", "length": "45m"}


async def previewed(house: House, **answers: str | bool) -> dict[str, Any]:
    await house.slash("new")
    assert await house.fill(**(FILLED | answers)) == {}
    return await house.office.last()


async def test_from_the_form_to_the_calendar(house: House) -> None:
    shown = await previewed(house, guests="@boris", place="Переговорная 3", repeat="weekly", reminder="10")
    assert "завтра, четверг, 5 марта, 15:00–15:45" in read(shown)
    assert await house.booked() == []
    told = read(await house.press(shown, "Создать"))
    assert "Встреча создана" in told
    assert "Приглашены:** Boris" in told
    (data,) = await house.booked()
    for line in (
        "DTSTART;TZID=Europe/Moscow:20260305T150000", "DTEND;TZID=Europe/Moscow:20260305T154500",
        "SUMMARY:Демо", "LOCATION:Переговорная 3", "RRULE:FREQ=WEEKLY", "TRIGGER:-PT10M",
        "mailto:boris@example.com", "mailto:anna@example.com",
    ):  # fmt: skip
        assert line in data


async def test_what_was_made_is_shown_at_once_and_is_no_news(house: House) -> None:
    shown = await previewed(house)
    before = len(await house.office.rows())
    await house.press(shown, "Создать")
    (stored,) = await house.anna.rows(StoredOccurrence)
    assert (stored.title, stored.starts_at) == ("Демо", house.anna.clock.now() + timedelta(hours=27))
    assert len(await house.office.rows()) == before


async def test_two_clicks_make_one_meeting(house: House) -> None:
    shown = await previewed(house)
    first, second = await asyncio.gather(*(house.press(shown, "Создать") for _ in range(2)))
    assert sorted("уже создана" in read(each) for each in (first, second)) == [False, True]
    assert "уже создана" in read(await house.press(shown, "Создать"))
    assert len(await house.booked()) == 1
    assert len(await house.anna.rows(StoredOccurrence)) == 1


async def test_a_click_after_a_crash_finds_the_meeting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = await previewed(house)
    create = EventWriter.create

    async def dies(self: EventWriter, *args: Any) -> Any:
        await create(self, *args)
        raise PeerDown("caldav")

    monkeypatch.setattr(EventWriter, "create", dies)
    assert "не ответил" in read(await house.press(shown, "Создать"))
    monkeypatch.undo()
    # A look at the calendar may find it first: that is no news to whoever made it.
    before = len(await house.office.rows())
    (data,) = await house.booked()
    (href,) = (await house.client.list_etags(house.calendar)).etags
    await house.anna.look({href: data})
    assert len(await house.office.rows()) == before
    assert "неизвестно" in read(await house.press(shown, "Отмена"))
    assert "неизвестно" in read(await house.press(shown, "Изменить"))
    assert "Встреча создана" in read(await house.press(shown, "Создать"))
    assert len(await house.booked()) == 1
    assert len(await house.anna.rows(StoredOccurrence)) == 1


async def test_a_refusal_is_told_and_leaves_the_draft_to_be_changed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await previewed(house)

    async def refuses(self: EventWriter, *args: Any) -> Any:
        raise PeerForbidden("caldav")

    monkeypatch.setattr(EventWriter, "create", refuses)
    assert "не разрешает добавлять" in read(await house.press(shown, "Создать"))
    (draft,) = await house.anna.rows(BookingDraft)
    assert draft.state == State.OPEN
    assert not (await house.anna.calendar("work")).writable
    assert "в который можно записывать" in read(await house.slash("new Демо завтра 15:00"))


async def test_a_draft_is_changed_and_the_former_preview_makes_nothing(house: House) -> None:
    former = await previewed(house, guests="@boris nobody")
    await house.press(former, "Изменить")
    fields = {each["name"]: each["default"] for each in house.office.server.dialogs[-1]["elements"]}
    assert (fields["title"], fields["day"], fields["time"]) == ("Демо", "05.03.2026", "15:00")
    assert (fields["length"], fields["guests"]) == ("45 мин", "@boris nobody")
    await house.fill(title="Показ")
    latest = await house.office.last()
    assert "последнюю версию" in read(await house.press(former, "Создать"))
    assert "Встреча создана" in read(await house.press(latest, "Создать"))
    (data,) = await house.booked()
    assert "SUMMARY:Показ" in data


async def test_a_cancelled_draft_makes_nothing(house: House) -> None:
    shown = await previewed(house)
    assert "не создана" in read(await house.press(shown, "Отмена"))
    assert "отменён" in read(await house.press(shown, "Создать"))
    assert await house.booked() == []


async def test_the_preview_says_what_speaks_against_it(house: House) -> None:
    start = house.anna.clock.now() + timedelta(hours=27)
    await house.anna.look({"a.ics": ics("a", start + timedelta(minutes=30), "Планёрка")}, silent=True)
    await house.boris.look({"b.ics": ics("b", start, "Тайное дело")}, silent=True)
    told = read(await previewed(house, guests="@boris, @chris @vera @nobody stranger@example.org"))
    assert "Пересекается: Планёрка (15:30–16:30)" in told
    assert "⛔ Boris: время занято" in told
    assert "❔ Chris: календарь мне неизвестен" in told
    assert "❔ stranger@example.org: календарь мне неизвестен" in told
    assert "приглашены не будут: @nobody" in told
    assert "приглашены не будут: @vera" in told
    assert "Тайное" not in told
    free = read(await previewed(house, guests="@boris", time="18:00"))
    assert "✅ Boris: время свободно" in free
    assert "Пересекается" not in free
    assert "уже прошло" in read(await previewed(house, day="сегодня", time="09:00"))


async def test_a_series_is_compared_for_weeks(house: House) -> None:
    start = house.anna.clock.now() + timedelta(days=8, hours=3)
    await house.anna.look({"/a.ics": ics("a", start, "Планёрка", "RRULE:FREQ=WEEKLY;COUNT=2")}, silent=True)
    told = read(await house.slash("new Демо завтра 15:00 every week"))
    assert "пересекаются 2 встречи из 12" in told
    assert "12 марта, Планёрка" in told


async def test_titles_are_shown_of_those_who_allow_it_and_never_of_what_is_private(house: House) -> None:
    start = house.anna.clock.now() + timedelta(hours=27)
    invited = ("ATTENDEE;PARTSTAT=TENTATIVE:mailto:anna@example.com", "ORGANIZER:mailto:o@example.com")
    texts = {
        "a.ics": ics("a", start, "Планёрка"),
        "b.ics": ics("b", start + timedelta(minutes=15), "Врач", "CLASS:PRIVATE"),
        "c.ics": ics("c", start + timedelta(hours=3), "Кружок", *invited),
    }
    await house.boris.look(texts, silent=True)
    closed = read(await previewed(house, guests="@boris"))
    async with house.desk.database.transaction() as session:
        await preferences.write(session, house.boris.person.id, Preferences(show_titles=True))
    shown = read(await previewed(house, guests="@boris"))
    assert "⛔ Boris: время занято" in closed
    assert "⛔ Boris: время занято · Планёрка (15:00–16:00)" in shown
    assert not any(title in closed for title in ("Планёрка", "Врач"))
    assert "Врач" not in shown
    late = read(await previewed(house, guests="@boris", time="18:15"))
    assert "🤔 Boris: время, возможно, занято · Кружок (18:00–19:00) · нерабочее время, там 18:15" in late
    assert "Планёрка" not in read(await house.slash("find @boris 45m завтра"))


async def test_nobody_uses_the_draft_of_another(house: House) -> None:
    shown = await previewed(house)
    told = read(await house.press(shown, "Создать", name="boris"))
    assert "Создана" not in told
    assert await house.booked() == []


async def test_errors_stay_at_their_fields(house: House) -> None:
    await house.slash("new")
    answer = await house.fill(title="", day="30.02", time="25:00", length="вечность")
    assert set(answer["errors"]) == {"title", "day", "time", "length"}


async def test_without_a_calendar_there_is_a_way_to_one(house: House) -> None:
    assert "I need a calendar" in read(await house.slash("new", name="chris"))


async def test_a_calendar_that_is_gone_is_told(house: House, database: Database) -> None:
    shown = await previewed(house)
    async with database.transaction() as session:
        await session.execute(update(Calendar).values(chosen=False))
    assert "больше нет" in read(await house.press(shown, "Создать"))


async def test_only_yandex_makes_rooms(house: House, database: Database) -> None:
    await house.slash("new")
    assert "telemost" not in {each["name"] for each in house.office.server.dialogs[-1]["elements"]}
    async with database.transaction() as session:
        account = update(CalendarAccount).where(CalendarAccount.id == house.anna.account_id)
        await session.execute(account.values(profile="yandex"))
    shown = await previewed(house, telemost=True)
    await house.press(shown, "Создать")
    (data,) = await house.booked()
    assert "X-TELEMOST-REQUIRED:TRUE" in data


async def test_old_drafts_are_forgotten(house: House) -> None:
    shown = await previewed(house)
    house.anna.clock.advance(timedelta(days=1, minutes=1))
    await previewed(house)
    assert len(await house.anna.rows(BookingDraft)) == 1
    assert "больше нет" in read(await house.press(shown, "Создать"))


async def test_a_common_time_becomes_a_meeting(house: House) -> None:
    start = house.anna.clock.now() + timedelta(hours=21)  # nine in Moscow, tomorrow
    await house.anna.look({"a.ics": ics("a", start, "Планёрка")}, silent=True)
    await house.boris.look({"b.ics": ics("b", start + timedelta(hours=2), "Тайное дело")}, silent=True)
    offered = await house.slash("find @boris @chris @nobody 45m завтра")
    told = read(offered)
    assert "(45 мин, завтра, 5 марта)" in told
    assert "**10:00–10:45**" in told
    assert "09:" not in told
    assert "11:" not in told
    assert "Календари мне известны: вы, Boris" in told
    assert "неизвестны, учтено без них: Chris" in told
    assert "приглашены не будут: @nobody" in told
    assert "Тайное" not in told
    for _ in range(2):
        # The first form was left; every offered time can be taken as long as the offer stands.
        await house.press(offered, "10:00")
        fields = {each["name"]: each["default"] for each in house.office.server.dialogs[-1]["elements"]}
    assert (fields["day"], fields["time"], fields["length"]) == ("05.03.2026", "10:00", "45 мин")
    assert fields["guests"] == "@boris @chris @nobody"
    assert await house.fill(title="") != {}
    assert await house.fill(title="Демо") == {}
    shown = await house.office.last()
    assert "10:00–10:45" in read(shown)
    assert "✅ Boris: время свободно" in read(shown)
    assert "Встреча создана" in read(await house.press(shown, "Создать"))
    (data,) = await house.booked()
    assert "DTSTART:20260305T070000Z" in data
    assert "mailto:chris@example.com" in data


async def test_a_time_is_looked_for_with_somebody_in_days_to_come(house: House) -> None:
    assert "с кем встреча" in read(await house.slash("find 45m завтра"))
    assert "уже прошли" in read(await house.slash("find @boris вчера"))
    assert "ещё неизвестны" in read(await house.slash("найти @boris 01.03.2027"))
    assert "Общего свободного времени нет" in read(await house.slash("время @boris суббота"))


async def test_one_line_leads_to_the_same_preview(house: House) -> None:
    shown = await house.slash("new Demo tomorrow 15:00 45m @boris @nobody room 3")
    told = read(shown)
    for words in ("Demo", "завтра, четверг, 5 марта, 15:00–15:45", "✅ Boris", "room 3", "@nobody"):
        assert words in told
    assert await house.booked() == []
    assert "Встреча создана" in read(await house.press(shown, "Создать"))
    (data,) = await house.booked()
    assert "LOCATION:room 3" in data
    assert "Во сколько" in read(await house.slash("создать Демо завтра"))
