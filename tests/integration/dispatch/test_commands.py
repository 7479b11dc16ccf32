"""What dispatchers type: `/incident …` on a whole desk, on both databases."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from tests.integration.dispatch.house import MAILED, NOW, open_house
from tests.integration.dispatch.slash import add_pole, dialog, rows, said, thread_of, type_id, typed
from tests.integration.mattermost.surface_desk import button, labels, user_id

from sekretar.dispatch.incidents.values import Applicant, EventKind, Incident, LinkKind, Status
from sekretar.dispatch.letters.model import ResetRow
from sekretar.dispatch.mail.model import LetterRow
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import Database
from sekretar.mattermost.models import Post


async def test_the_queue_has_mine_and_nobodys_the_most_urgent_first(database: Database) -> None:
    async with open_house(database) as house:
        long, short = await type_id(house, "доступа"), await type_id(house, "Угроза")
        anna, boris = await house.person_id("anna"), await house.person_id("boris")
        mine = await house.open("долгий", type_id=long, responsible_id=anna)
        await house.open("чужой", type_id=short, responsible_id=boris)
        untyped = await house.open("неясный")
        urgent = await house.open("срочный", type_id=short)
        done = await house.open("сделан", type_id=short, responsible_id=anna)
        await house.change(done.id, status=Status.IN_PROGRESS)
        await house.change(done.id, status=Status.CLOSED)
        answer = await typed(house, "anna", "очередь")
        assert [row[0] for row in rows(answer)] == [urgent.code, mine.code, untyped.code]
        assert rows(answer)[0][1:] == [
            "Угроза гибели / гибель объекта: срочный", "", "Новый", "🟦 16:00, осталось 4 ч", "—"
        ]  # fmt: skip
        assert [row[0] for row in rows(await typed(house, "anna", "мои"))] == [mine.code]
        house.clock.advance(timedelta(hours=5))
        assert [row[5] for row in rows(await typed(house, "anna", "list overdue"))] == ["Boris", "—"]
        assert "Ничего нет" in await said(house, "anna", "mine overdue")


async def test_lists_are_filtered_and_turned_page_by_page(database: Database) -> None:
    async with open_house(database) as house:
        fibre = await type_id(house, "ВОЛС")
        for number in range(12):
            await house.open(f"обрыв {number}", type_id=fibre)
        await house.open("нет света")
        answer = await typed(house, "anna", "список тип:волс сегодня")
        assert len(rows(answer)) == 10
        assert "1–10 из 12" in answer["text"]
        # What answers a command cannot be changed, so the next page comes by itself.
        await house.office.click("anna", button(answer, "Ещё"))
        second = await house.office.last()
        assert "11–12 из 12" in second["message"]
        assert [each[0] for each in labels(second)] == ["Показать…"]
        assert "Ничего нет" in await said(house, "anna", "list yesterday")
        assert "нескольким типам" in await said(house, "anna", "list type:авария")
        # Whoever is not in the channel reads nothing, also not by somebody else's button.
        assert "канал" in await said(house, "chris", "list") or "channel" in await said(
            house, "chris", "list"
        )


async def test_what_is_found(database: Database) -> None:
    async with open_house(database) as house:
        await add_pole(house, "41960-P-43-1-1")
        one = await house.open("Нет питания")
        await said(house, "anna", f"asset {one.code} 41960")
        two = await house.open("Обрыв кабеля в Кирове")
        await house.change(two.id, status=Status.IN_PROGRESS)
        await house.change(two.id, type_id=await type_id(house, "ВОЛС"))
        await house.change(two.id, status=Status.CLOSED)
        for words, found in ((two.code, two), ("2", two), ("41960", one), ("кабел киров", two)):
            assert [row[0] for row in rows(await typed(house, "anna", f"найти {words}"))] == [found.code]
        chosen = button(await typed(house, "anna", "find питания"), "Показать…")
        await house.office.click("anna", chosen, selected=str(one.id))
        assert one.code in (await house.office.last())["props"]["attachments"][0]["title"]


async def test_one_incident_from_new_to_closed_by_words_alone(database: Database) -> None:
    async with open_house(database) as house:
        await add_pole(house, "41960-P-43-1-1")
        boris = await house.person_id("boris")
        answer = await said(
            house, "anna", "new Нет питания на 41960-P-43-1-1 тип:волс от:ivan@operator.example"
        )
        assert "NT-1" in answer
        assert "Место: 41960-P-43-1-1" in answer
        async with house.database.reading() as session:
            incident = await house.incidents.by_code(session, "NT-1")
        assert incident is not None
        assert incident.applicant == Applicant("", "ivan@operator.example")
        assert None not in (incident.pole_id, incident.type_id)
        assert incident.summary == "Нет питания на 41960-P-43-1-1"
        # In its thread the code is left out; outside, the number is enough.
        here = await thread_of(house, incident)
        assert "теперь ваш" in await said(house, "anna", "взять", **here)
        # On a Russian keyboard it is the same code.
        assert "теперь ваш" in await said(house, "anna", "взять НТ-1")
        for written in ("nt1", "НТ01", "#NT1"):
            assert "Ответственный за **NT-1**" in await said(house, "anna", f"назначить {written} me")
        assert "Какой инцидент?" in await said(house, "anna", "назначить KI0075 me")
        assert "NT-1" in str((await typed(house, "anna", "find нт-1"))["attachments"])
        assert "Boris" in await said(house, "anna", "assign 1 @boris мне пора")
        assert (await house.now(incident.id)).responsible_id == boris
        assert "Chris" in await said(house, "anna", "назначить @chris", **here)
        await said(house, "anna", "asset -", **here)
        assert (await house.now(incident.id)).pole_id is None
        assert "доступ" in await said(house, "boris", "тип доступа", **here)
        choices = button(await typed(house, "boris", "type", **here), "Тип…")["options"]
        assert len(choices) == 7
        # What stands in the channel changes; what one person was shown does not, so there it is said.
        take = button(await typed(house, "anna", "show", **here), "Ждать")
        clicked = await house.office.click("anna", take)
        assert "Готово" in clicked.body["ephemeral_text"]
        assert (await house.now(incident.id)).status is Status.AWAITING_CONFIRMATION
        other = await house.office.click("boris", take)
        assert "Готово" not in str(other.body)
        await said(house, "boris", "status closure notified", **here)
        assert "Закрыть" in labels(await typed(house, "boris", "статус", **here))[0]
        assert "Закрыт" in await said(house, "boris", "статус закрыть", **here)
        assert (await house.now(incident.id)).status is Status.CLOSED
        assert "только снова взять" in await said(house, "boris", "status handed-over", **here)
        async with house.database.reading() as session:
            told = await house.incidents.history(session, incident.id)
        assert {each.actor.name for each in told if each.actor.person_id} == {"Anna", "Boris"}
        assert "мне пора" in {each.why for each in told}


async def test_a_pole_and_a_station_that_contradict_each_other_are_asked_about(database: Database) -> None:
    async with open_house(database) as house:
        await add_pole(house, "41960-P-43-1-1", "KI0075")
        await add_pole(house, "47175-P-62-1-1")
        incident = await house.open()
        for command in (
            "asset 1 KI0075 47175-P-62-1-1",
            "new Нет питания объект:KI0075 опора:47175",
        ):
            answer = await said(house, "anna", command)
            for code in ("KI0075", "47175-P-62-1-1", "41960-P-43-1-1"):
                assert code in answer, command
        assert (await house.now(incident.id)).pole_id is None
        # Nobody can be asked about what is only told: it is entered, and said.
        assert "⚠️" in await said(house, "anna", "new Нет питания, 47175-P-62-1-1, БС KI0075")
        async with house.database.reading() as session:
            entered = await house.incidents.by_code(session, "NT-2")
            assert entered is not None
            history = await house.incidents.history(session, entered.id)
        assert any("KI0075" in each.why and each.kind is EventKind.POLE for each in history)
        assert entered.station_id is None


async def test_only_the_people_of_the_desk_work_there(database: Database) -> None:
    async with open_house(database) as house:
        incident = await house.open()
        for command in ("take 1", "assign NT-1 me", "type NT-1 3", "status NT-1 in-progress", "show NT-1",
                        "asset NT-1 x", "reply NT-1 hello", "new x", "stats", "queue", "link NT-1 NT-1"):  # fmt: skip
            assert "channel" in await said(house, "chris", command), command
        assert (await house.now(incident.id)).version == incident.version


async def test_the_form_of_a_new_incident_begins_with_the_message_of_its_thread(database: Database) -> None:
    async with open_house(database) as house:
        house.office.server.posts["p" * 26] = Post(
            id="p" * 26,
            channel_id="townsquare",
            user_id=user_id("boris"),
            message="**Звонили из Кирова.**\nНет света.",
        )
        house.office.server.members.add("anna")
        shown = await dialog(house, "anna", "создать", root_id="p" * 26)
        values = {each["name"]: each.get("default", "") for each in shown["elements"]}
        assert values["summary"] == "Звонили из Кирова"
        assert values["description"].startswith("**Звонили")
        wrong = {**values, "place": "77777", "responsible": ""}
        refused = await house.office.submit("anna", shown, wrong)
        assert "77777" in refused.body["errors"]["place"]
        wrong = {**values, "responsible": user_id("chris")}
        assert "Chris" in (await house.office.submit("anna", shown, wrong)).body["errors"]["responsible"]
        right = {
            **values,
            "applicant": "Иван",
            "responsible": user_id("boris"),
            "type": str(await type_id(house, "ВОЛС")),
        }
        await house.office.submit("anna", shown, right)
        await house.office.submit("anna", shown, right)
        async with house.database.reading() as session:
            incident = await house.incidents.by_code(session, "nt-1")
            assert await house.incidents.by_code(session, "NT-2") is None
        assert incident is not None
        assert (incident.applicant.name, incident.opened_at) == ("Иван", NOW)
        assert incident.responsible_id == await house.person_id("boris")
        assert "NT-1" in (await house.office.said())[0]


async def test_incidents_are_tied_untied_and_merged(database: Database) -> None:
    async with open_house(database, chat_url="https://chat.example") as house:
        one, two, three = [await house.open(f"номер {number}") for number in range(3)]

        async def links(incident: Incident) -> list[tuple[LinkKind, str]]:
            async with house.database.reading() as session:
                return [
                    (each.kind, each.other.code) for each in await house.incidents.links(session, incident.id)
                ]

        await said(house, "anna", f"связать {one.code} ждёт {two.code}")
        assert await links(two) == [(LinkKind.BLOCKS, one.code)]
        here = await thread_of(house, one)
        await said(house, "anna", f"link {three.code}", **here)
        assert (LinkKind.RELATED, three.code) in await links(one)
        assert "больше не связаны" in await said(house, "anna", f"unlink {two.code}", **here)
        assert await links(two) == []
        assert "не связаны" in await said(house, "anna", f"unlink {two.code}", **here)
        assert "вид связи" in await said(house, "anna", f"link {one.code} любит {two.code}")
        await said(house, "anna", f"merge {three.code} в {one.code} об одном и том же")
        merged = await house.now(three.id)
        assert (merged.merged_into_id, merged.status) == (one.id, Status.CLOSED)
        # Who takes what has ended is told where it lives, and takes that.
        await said(house, "anna", f"merge {one.code} {two.code}")
        await thread_of(house, two)
        answer = await typed(house, "anna", f"take {three.code}")
        assert f"**{three.code}** объединён с [{two.code}](https://chat.example/" in answer["text"]
        await house.office.click("anna", button(answer, f"Взять {two.code}"))
        assert (await house.now(two.id)).responsible_id == await house.person_id("anna")
        assert (await house.now(three.id)).responsible_id is None
        # Also when it was theirs before it ended, and when the other one has ended, too.
        await said(house, "anna", f"type {two.code} волс")
        await said(house, "anna", f"status {two.code} закрыть")
        assert (await house.now(two.id)).status is Status.CLOSED
        answer = await typed(house, "anna", f"take {three.code}")
        assert two.code in answer["text"]
        assert not answer.get("attachments")
        assert "код" in await said(house, "anna", "merge")
        assert "NT-99" in await said(house, "anna", "link NT-1 NT-99")


async def test_a_letter_leaves_by_a_command_once_its_lines_kept(database: Database) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open()
        here = await thread_of(house, incident)
        answer = await said(house, "anna", "ответить Бригада выехала.\nЖдите.", trigger_id="t1", **here)
        assert "ivan@operator.example" in answer
        async with house.database.reading() as session:
            [letter] = list(await session.scalars(select(LetterRow)))
        assert "Бригада выехала.\nЖдите." in letter.text
        assert (await dialog(house, "anna", f"reply {incident.code}"))["title"].startswith(incident.code)
        await house.change(incident.id, status=Status.IN_PROGRESS)
        shown = await dialog(house, "anna", "status уведомить заявителя", **here)
        assert "принят" in shown["title"]


async def test_letters_by_programs_go_on_when_somebody_says_so(database: Database) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open()
        assert "ivan@operator.example" in await said(house, "anna", f"разрешить {incident.code}")
        async with database.reading() as session:
            history = await house.incidents.history(session, incident.id)
            reset = (await session.scalars(select(ResetRow))).one()
        assert "снова разрешены" in history[-1].new
        assert (reset.key, reset.reset_at) == ("ivan@operator.example", NOW)
        unknown = await house.open(applicant=Applicant("", ""))
        assert "не известно" in await said(house, "anna", f"resume {unknown.code}")


async def test_a_desk_in_numbers(database: Database) -> None:
    desk = DeskSettings(name="towers", prefix="NT", channel="work/desk")
    async with open_house(database, desk) as house:
        short, anna = await type_id(house, "Угроза"), await house.person_id("anna")
        for number in range(3):
            incident = await house.open(f"номер {number}", type_id=short, responsible_id=anna)
            house.clock.advance(timedelta(hours=2))
            if number < 2:
                await said(house, "anna", f"take {incident.code}")
                house.clock.advance(timedelta(hours=3 * number))
                await said(house, "anna", f"status {incident.code} closed")
        await house.open("ничей")
        house.clock.advance(timedelta(hours=3))
        answer = await typed(house, "anna", "статистика")
        text = answer["attachments"][0]["text"]
        assert "открыто 2, из них просрочено 1" in text
        assert "| этот | 4 | 2 | 50 % | 2 ч | 3 ч 30 мин |" in text
        assert "| Anna | 1 | 1 | 2 |" in text
        assert "| никто | 1 | 0 | 0 |" in text
