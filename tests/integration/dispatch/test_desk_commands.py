"""How a desk is looked after by commands: people, shifts, types, letters, hours; and handing over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

from tests.integration.dispatch.house import DeskServer, House, open_house
from tests.integration.dispatch.slash import rows_of, said, type_id, typed
from tests.integration.mattermost.surface_desk import button

from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.letters.templating import template_of
from sekretar.dispatch.letters.values import Purpose
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.calendars import ruled_days
from sekretar.dispatch.sla.hours import DayKind
from sekretar.dispatch.sla.settings import HoursSettings, SlaSettings
from sekretar.kernel.database import Database


@asynccontextmanager
async def led_house(database: Database, **settings: Any) -> AsyncIterator[House]:
    """A desk whose channel Anna looks after."""
    desk = DeskSettings(name="towers", prefix="NT", channel="work/desk", **settings)
    async with open_house(database, desk) as house:
        server = house.office.server
        assert isinstance(server, DeskServer)
        server.admins.add("anna")
        yield house


async def test_people_are_added_and_taken_out_by_who_looks_after_the_channel(database: Database) -> None:
    async with led_house(database) as house:
        assert "Пока никого" in await said(house, "anna", "люди")
        assert "кто ведёт канал" in await said(house, "boris", "люди добавить @boris")
        assert "channel" in await said(house, "chris", "people")
        assert "Chris" in await said(house, "anna", "people add @chris")
        shown = await said(house, "anna", "люди добавить @boris 5")
        assert rows_of(shown) == [["Boris", "диспетчер", "—", "0", "5"]]
        shown = await said(house, "anna", "people add @anna head")
        assert [row[1] for row in rows_of(shown)] == ["руководитель", "диспетчер"]
        async with house.database.reading() as session:
            assert await house.dispatch.team.heads(session, "towers") == [await house.person_id("anna")]
        shown = await said(house, "anna", "люди убрать @anna")
        assert [row[0] for row in rows_of(shown)] == ["Boris"]


async def test_shifts_leaves_and_swaps(database: Database) -> None:
    async with led_house(database) as house:
        await said(house, "anna", "people add @anna @boris")
        # Wednesday, noon.
        shown = await said(house, "anna", "смены задать @boris ежедневно 9-18")
        assert shown.count("Boris 09:00–18:00") == 7
        assert "**Boris** до 18:00" in await said(house, "anna", "дежурные")
        assert "кто ведёт канал" in await said(house, "boris", "смены задать пн 9-18")
        shown = await said(house, "boris", "смены подмена @anna завтра")
        assert "Anna 09:00–18:00" in shown
        assert shown.count("Boris 09:00–18:00") == 6
        number = shown.split("№ ")[1].split()[0].rstrip("\\")
        shown = await said(house, "boris", "смены отпуск 6.03-8.03 дача")
        assert shown.count("Boris 09:00–18:00") == 3
        assert "дача" in shown
        assert "кто ведёт канал" in await said(house, "boris", "shifts leave @anna tomorrow")
        shown = await said(house, "anna", f"смены отменить {number}")
        assert "Anna" not in shown
        assert shown.count("Boris 09:00–18:00") == 4
        await said(house, "anna", "shifts extra завтра 18-20")
        assert "Anna 18:00–20:00" in await said(house, "anna", "shifts")
        assert "Boris" not in (await said(house, "anna", "shifts clear @boris")).split("Что отлич")[0]
        for wrong in (
            "shifts dance",
            "shifts swap @anna",
            "shifts cancel 999",
            "shifts extra 12.03",
            "shifts leave",
        ):
            assert "смены ближайших дней" not in await said(house, "anna", wrong)
        async with house.database.reading() as session:
            members = await house.dispatch.team.members(session, "towers", house.clock.now())
        boris = next(each for each in members if each.person.display_name == "Boris")
        assert boris.schedule.spans(house.clock.now(), house.clock.now() + timedelta(days=7)) == []


async def test_what_is_left_at_the_end_of_a_shift_is_told_once(database: Database) -> None:
    async with led_house(database) as house:
        await said(house, "anna", "people add @anna @boris")
        await said(house, "anna", "shifts set @boris daily 9-18")
        await said(house, "anna", "shifts set @anna daily 17-9")
        boris, fibre = await house.person_id("boris"), await type_id(house, "Угроза")
        calm = await house.open("спокойный", responsible_id=boris)
        urgent = await house.open("срочный", responsible_id=boris, type_id=fibre)
        done = await house.open("готовый", responsible_id=boris, type_id=fibre)
        await house.change(done.id, status=Status.IN_PROGRESS)
        await house.change(done.id, status=Status.CLOSED)
        await house.dispatch.handing_over.look(house.desk)
        house.clock.advance(timedelta(hours=6, minutes=1))
        await house.dispatch.handing_over.look(house.desk)
        await house.dispatch.handing_over.look(house.desk)

        def notes(texts: list[str]) -> list[str]:
            return [text for text in texts if "сдаёт смену" in text]

        [note] = notes([each["message"] for each in await house.posts()])
        assert "Boris" in note
        assert note.index(urgent.code) < note.index(calm.code)
        assert done.code not in note
        # Whoever goes, and whoever is there.
        assert notes(await house.office.said()) == [note, note]
        assert "узнали" in await said(house, "boris", "сдать ключи у охраны")
        assert "ключи у охраны" in (await house.posts())[-1]["message"]


async def test_types_are_added_changed_and_put_away(database: Database) -> None:
    async with led_house(database) as house:
        assert "кто ведёт канал" in await said(house, "boris", "типы добавить Пожар 30")
        assert "8) Пожар: 30 мин" in await said(house, "anna", "типы добавить Пожар 30")
        incident = await house.open(type_id=await type_id(house, "Пожар"))
        shown = await said(house, "anna", "типы изменить 8 Пожар на объекте 2ч")
        assert "8) Пожар на объекте: 2 ч" in shown
        async with house.database.reading() as session:
            clocks = (await house.dispatch.slas.of(session, [incident], house.clock.now()))[incident.id]
        assert clocks.dispatcher.left == timedelta(hours=2)
        shown = await said(house, "anna", "types retire пожар")
        assert "Больше не предлагаются: Пожар на объекте" in shown
        assert "8)" not in shown
        assert "8) Пожар" in await said(house, "anna", "типы вернуть Пожар на объекте")
        for wrong in (
            "types add Пожар на объекте 30",
            "types add Потоп",
            "types edit 8",
            "types edit 99 x",
            "types dance",
        ):
            assert "8)" not in await said(house, "anna", wrong)


async def test_letters_in_the_desks_own_words(database: Database) -> None:
    async with led_house(database) as house:

        async def text() -> str:
            async with house.database.reading() as session:
                t = house.office.desk.catalogues.translator("ru")
                return await template_of(session, "towers", Purpose.ACCEPTED, t)

        usual = await text()
        assert "кто ведёт канал" in await said(house, "boris", "шаблоны")
        answer = await typed(house, "anna", "шаблоны")

        async def window() -> dict[str, Any]:
            house.office.server.dialogs.clear()
            await house.office.click("anna", button(answer, "Принят в работу"))
            await house.office.surface.deadline.drain()
            return house.office.server.dialogs[0]

        shown = await window()
        assert shown["elements"][0]["default"] == usual
        wrong = await house.office.submit("anna", shown, {"text": "Привет, {nobody}", "rest": ""})
        assert "nobody" in wrong.body["errors"]["text"]
        await house.office.submit("anna", shown, {"text": "Инцидент {code} наш.", "rest": "{signature}"})
        assert await text() == "Инцидент {code} наш.\n\n{signature}"
        assert "Принят в работу: свой текст" in await said(house, "anna", "templates ru")
        assert "Принят в работу: обычный текст" in await said(house, "anna", "templates en")
        await house.office.submit("anna", await window(), {"text": "", "rest": ""})
        assert await text() == usual


async def test_single_days_differ_from_the_working_hours(database: Database) -> None:
    async with led_house(database, sla=SlaSettings(hours=HoursSettings())) as house:
        shown = await said(house, "boris", "часы")
        assert "Понедельник: 09:00-18:00" in shown
        assert "кто ведёт канал" in await said(house, "boris", "часы 12.06 выходной")
        await said(house, "anna", "часы 9.03-10.03 выходной")
        await said(house, "anna", "hours 11.03 9-15")
        shown = await said(house, "anna", "часы 10.03 -")
        assert "9 марта**: выходной" in shown
        assert "11 марта**: 09:00-15:00" in shown
        async with house.database.reading() as session:
            ruled = await ruled_days(session, "towers")
        assert {day: rule.kind for day, rule in ruled.items()} == {
            date(2026, 3, 9): DayKind.OFF,
            date(2026, 3, 11): DayKind.OWN,
        }
        for wrong in ("hours 12.06", "hours 12.06 maybe", "hours 1.05-1.09 off"):
            assert "Понедельник" not in await said(house, "anna", wrong)
