"""The import of the register on both databases, and what is found of it afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import func, select
from tests.integration.dispatch.registers import DESK, Incident, Register, contract, pole, station

from sekretar.dispatch.assets import Kind
from sekretar.dispatch.assets.model import ContractorRow, FeedRow, PoleRow, RegistryRow, StationRow
from sekretar.dispatch.assets.registry import standing
from sekretar.dispatch.assets.registry.diagnosis import diagnose_sources, diagnose_standing
from sekretar.dispatch.assets.registry.importing import Importing, Step
from sekretar.dispatch.assets.registry.report import Report
from sekretar.dispatch.settings import FeedSettings, RegistrySettings
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues
from sekretar.mattermost.doctor import State
from sekretar.sandbox.ports import free_port

POLES = [
    pole("41960-P-43-1-1", SiteId=17, Широта="55,7558", Долгота="37,6173", RegionRu="Москва"),
    pole("47175-P-62-1-1", SiteId=18),
    pole("59475-30-61-4-2", SiteId=19),
    pole("20235-P-10-1-1", SiteId=20),
]
CONTRACTS = [
    contract("Вышка", "41960-P-43-1-1", "a@vyshka.ru; b@vyshka.ru", "+7 (912) 345-67-89"),
    contract("Маяк", "47175-P-62-1-1"),
    contract("Вышка", "59475-30-61-4-2", excluded="да"),
]
STATIONS = [
    station("41960-P-43-1-1", "KI0075"),
    station("41960-P-43-1-1", "KI0075", "МТС", "mts"),
    station("47175-P-62-1-1", "RZ0516"),
    station("59475-30-61-4-2", "RZ0516"),
]


@pytest.fixture
async def register(tmp_path: Path, database: Database) -> AsyncIterator[Register]:
    made = Register(tmp_path, database)
    made.write(POLES, CONTRACTS, STATIONS)
    yield made
    await made.http.close()


async def count(register: Register, table: type[PoleRow | ContractorRow | StationRow]) -> int:
    async with register.database.reading() as session:
        return await session.scalar(select(func.count()).where(table.gone_at.is_(None))) or 0


def changed(report: Report) -> tuple[int, int, int, int, int]:
    return report.created, report.updated, report.returned, report.gone, report.assigned


async def test_a_letter_leads_to_the_card_with_operators_and_contractor(register: Register) -> None:
    await register.read()
    async with register.database.reading() as session:
        found = await register.assets.lookup(session, DESK, "Т2 Отсутствует ВЭС кi0075", "")
        assert found.certain is not None
        assert (found.certain.code, found.total) == ("KI0075/41960-P-43-1-1", 0)
        where = Incident(found.pole_id, found.station_id, found.contractor_id)
        card = await register.assets.describe(session, where)
    assert card.pole
    assert card.station
    assert card.contractor
    assert card.pole.coordinates == "55.75580, 37.61730"
    assert card.pole.map_link == "https://yandex.ru/maps/?pt=37.617300,55.755800&z=16&l=map"
    assert [(each.name, each.group) for each in card.station.operators] == [("МТС", "mts"), ("Т2", "tele2")]
    assert card.contractor.emails == ("a@vyshka.ru", "b@vyshka.ru")
    assert (card.contractor.phones, card.contractor.excluded) == (("+79123456789",), False)


async def test_what_is_ambiguous_is_offered_and_not_chosen(register: Register) -> None:
    await register.read()
    assert await register.found("RZ0516") == ("", ["RZ0516/47175-P-62-1-1", "RZ0516/59475-30-61-4-2"])
    assert (await register.found("RZ0516", "опора 59475"))[0] == "RZ0516/59475-30-61-4-2"
    async with register.database.reading() as session:
        typed = await register.assets.find(session, DESK, "47", Kind.POLE)
        assert (typed.completed, typed.chosen().pole) == (True, "47175-P-62-1-1")
        several = await register.assets.find(session, DESK, "RZ", Kind.STATION)
        with pytest.raises(PersonError) as error:
            several.chosen()
        nothing = await register.assets.find(session, DESK, "99999")
    said = Catalogues.load().translator("ru").plain_error(error.value)
    assert said.startswith(
        "Для «RZ» подходят 2 базовые станции. Примеры: RZ0516/47175-P-62-1-1, RZ0516/59475"
    )
    with pytest.raises(PersonError, match=r"dispatch\.assets\.no_asset"):
        nothing.chosen()


async def test_a_contractor_without_address_gets_that_of_the_settings(register: Register) -> None:
    await register.read()
    async with register.database.reading() as session:
        poles = {row.code: row.id for row in await session.scalars(select(PoleRow))}
        incidents = [Incident(number, id=number) for number in poles.values()]
        cards = await register.assets.describe_all(session, incidents)
    silent, without, ended = (
        cards[poles[code]].contractor for code in ("47175-P-62-1-1", "20235-P-10-1-1", "59475-30-61-4-2")
    )
    assert silent
    assert without
    assert ended
    assert (silent.name, silent.emails, silent.by_default) == ("Маяк", ("desk@example.com",), True)
    assert (without.id, without.emails) == (None, ("desk@example.com",))
    assert (ended.name, ended.excluded) == ("Вышка", True)


async def test_the_same_lists_again_change_nothing(register: Register) -> None:
    """The predecessor made its default pole anew each time (bug 4 of its list)."""
    first = await register.read()
    assert [changed(each) for each in first] == [(4, 0, 0, 0, 0), (2, 0, 0, 0, 3), (3, 0, 0, 0, 0)]
    async with register.database.reading() as session:
        version = await session.scalar(select(RegistryRow.version))
    again = await register.read()
    assert [(changed(each), each.unchanged) for each in again] == [
        ((0, 0, 0, 0, 0), 4),
        ((0, 0, 0, 0, 0), 2),
        ((0, 0, 0, 0, 0), 3),
    ]
    async with register.database.reading() as session:
        assert await session.scalar(select(RegistryRow.version)) == version
        assert await session.scalar(select(func.count()).select_from(PoleRow)) == 4


async def test_half_a_character_in_a_list_harms_nobody(register: Register) -> None:
    """Whoever cuts texts to a length by 16-bit units may cut through an emoji; no database stores what is left."""
    (register.folder / "poles.json").write_text(
        '[{"Шифр": "41960-P-43-1-1", "Адрес": "у моста \\ud83d"}]', encoding="utf-8"
    )
    report, *_ = await register.read(force=True)
    assert (report.refused, report.entries) == (None, 1)
    async with register.database.reading() as session:
        assert await session.scalar(select(PoleRow.address)) == "у моста"


async def test_a_list_that_has_lost_a_column_empties_nothing(register: Register) -> None:
    """A region that is not known any more would be mirrored, a contract that ended be in force again."""
    pole = {"Шифр": "41960-P-43-1-1", "RegionRu": "Москва", "Широта": "55,7", "Долгота": "37,6"}
    contract = {
        "Подрядчик": "Вышка",
        "Шифр опоры": "41960-P-43-1-1",
        "Исключен из договора": "да",
        "Контактные данные подрядчика Email": "a@vyshka.ru",
        "Контактные данные подрядчика Телефон": "8 912 345-67-89",
    }
    station = {"Шифр опоры": "41960-P-43-1-1", "Имя БС/Оборудование": "KI0075", "Оператор": "Т2"}
    station["Группа операторов"] = "tele2"
    register.write([pole], [contract], [station])
    await register.read()
    register.write(
        [{"Шифр": "41960-P-43-1-1", "Регион (рус.)": "Москва", "Широта": "55,7"}],
        [{name: value for name, value in contract.items() if name != "Исключен из договора"}],
        [{name: value for name, value in station.items() if name != "Группа операторов"}],
    )
    reports = await register.read()
    assert [each.refused and each.refused.params["columns"] for each in reports] == [
        "«Долгота», «RegionRu»",
        "«Исключен из договора»",
        "«Группа операторов»",
    ]
    async with register.database.reading() as session:
        row = (await session.scalars(select(PoleRow))).one()
        assert (row.region_ru, row.longitude, row.excluded) == ("Москва", 37.6, True)
    # Whoever means it says so once.
    assert [each.refused for each in await register.read(force=True)] == [None] * 3
    assert [each.refused for each in await register.read()] == [None] * 3


async def test_a_contractor_that_disappears_is_gone_and_its_poles_have_none(register: Register) -> None:
    """The predecessor's job died of it (bug 2)."""
    await register.read()
    async with register.database.reading() as session:
        pole_id, contractor_id = (
            await session.execute(
                select(PoleRow.id, PoleRow.contractor_id).where(PoleRow.code == "47175-P-62-1-1")
            )
        ).one()
    register.write(contractors=[each for each in CONTRACTS if each["Подрядчик"] != "Маяк"])
    _, report, _ = await register.read()
    assert (report.refused, changed(report)) == (None, (0, 0, 0, 1, 1))
    async with register.database.reading() as session:
        now = await register.assets.describe(session, Incident(pole_id))
        then = await register.assets.describe(session, Incident(pole_id, contractor_id=contractor_id))
    assert now.contractor
    assert now.contractor.by_default
    assert then.contractor
    assert (then.contractor.name, then.contractor.gone) == ("Маяк", True)


@pytest.mark.parametrize(
    ("poles", "key"),
    [
        ([], "empty"),
        (POLES[:1], "shrinks"),
        ([{"Код": each["Шифр"]} for each in POLES], "no_column"),
        ([pole("")], "empty"),
    ],
)
async def test_a_list_that_is_not_believed_takes_nothing_away(
    register: Register, poles: list[dict[str, object]], key: str
) -> None:
    """The predecessor deleted everything (bug 3)."""
    await register.read()
    register.write(poles=poles)
    report, *others = await register.read()
    assert report.refused is not None
    assert report.refused.key == f"dispatch.registry.{key}"
    assert all(each.refused is None for each in others)
    assert await count(register, PoleRow) == 4
    assert (await register.found("KI0075"))[0] == "KI0075/41960-P-43-1-1"
    async with register.database.reading() as session:
        (trouble,) = await standing.troubles(session, DESK)
    assert trouble.remark.key == report.refused.key
    register.write(poles=POLES)
    await register.read()
    async with register.database.reading() as session:
        assert await standing.troubles(session, DESK) == []


async def test_who_is_asked_believes_a_list_that_lost_much(register: Register) -> None:
    await register.read()
    register.write(poles=POLES[:1], stations=STATIONS[:2])
    report, *_ = await register.read(dry_run=True)
    assert report.refused is not None
    report, *_ = await register.read(dry_run=True, force=True)
    assert (report.refused, report.gone, await count(register, PoleRow)) == (None, 3, 4)
    report, _, stations = await register.read(force=True)
    assert (report.gone, stations.gone, await count(register, PoleRow)) == (3, 2, 1)


async def test_what_is_gone_is_not_found_but_shown_and_may_come_back(register: Register) -> None:
    await register.read()
    async with register.database.reading() as session:
        found = await register.assets.lookup(session, DESK, "RZ0516/47175-P-62-1-1", "")
        old = Incident(found.pole_id, found.station_id)
    register.write(
        poles=[each for each in POLES if each["SiteId"] != 18],
        stations=[each for each in STATIONS if each["Шифр опоры"] != "47175-P-62-1-1"],
    )
    await register.read()
    assert await register.found("47175-P-62-1-1") == ("", [])
    assert (await register.found("RZ0516"))[0] == "RZ0516/59475-30-61-4-2"
    async with register.database.reading() as session:
        card = await register.assets.describe(session, old)
    assert card.pole
    assert card.station
    assert (card.pole.code, card.pole.gone, card.station.gone) == ("47175-P-62-1-1", True, True)
    register.write(POLES, stations=STATIONS)
    poles, _, stations = await register.read()
    assert (poles.returned, stations.returned) == (1, 1)
    async with register.database.reading() as session:
        found = await register.assets.lookup(session, DESK, "RZ0516/47175-P-62-1-1", "")
    assert (found.pole_id, found.station_id) == (old.pole_id, old.station_id)


async def test_only_the_station_that_disappeared_is_gone(register: Register) -> None:
    """The predecessor deleted every combination of the poles and the names concerned (bug 5)."""
    both = [
        station(code, name) for code in ("41960-P-43-1-1", "47175-P-62-1-1") for name in ("KI0075", "ST2360")
    ]
    register.write(stations=both)
    await register.read()
    register.write(stations=[both[1], both[2]])
    *_, report = await register.read()
    assert report.gone == 2
    assert (await register.found("KI0075"))[0] == "KI0075/47175-P-62-1-1"
    assert (await register.found("ST2360"))[0] == "ST2360/41960-P-43-1-1"


async def test_a_pole_with_a_new_code_stays_the_pole_of_its_incidents(register: Register) -> None:
    await register.read()
    async with register.database.reading() as session:
        before = (await register.assets.lookup(session, DESK, "KI0075", "")).certain
    renamed = [POLES[0] | {"Шифр": "41960-P-43-2-1"}, *POLES[1:]]
    moved = [each | {"Шифр опоры": "41960-P-43-2-1"} for each in STATIONS[:2]]
    register.write(poles=renamed, stations=[*moved, *STATIONS[2:]])
    report, *_ = await register.read()
    assert changed(report)[:4] == (0, 1, 0, 0)
    async with register.database.reading() as session:
        after = (await register.assets.lookup(session, DESK, "KI0075", "")).certain
    assert before
    assert after
    assert (after.place, after.pole) == (before.place, "41960-P-43-2-1")


async def test_rows_that_are_wrong_are_reported_and_the_rest_is_there(register: Register) -> None:
    register.write(
        poles=[*POLES, pole("—"), pole("41960-P-43-1-1"), pole("11111-P-1-1-1", Широта="север", Долгота="1")],
        stations=[*STATIONS, station("99999-P-1-1-1", "XX0001")],
    )
    poles, _, stations = await register.read()
    t = Catalogues.load().translator("en")
    assert [(each.row, each.remark.said(t)) for each in poles.remarks] == [
        (5, "it has no code of a pole"),
        (6, "the pole 41960-P-43-1-1 was in the list before"),
        (7, "the latitude of 11111-P-1-1-1 is no latitude: север"),
    ]
    assert (poles.rows, poles.rejected, poles.entries, await count(register, PoleRow)) == (7, 2, 5, 5)
    assert [(each.row, each.rejected) for each in stations.remarks] == [(5, True)]
    async with register.database.reading() as session:
        stored = await session.get_one(FeedRow, (DESK, "poles"))
    assert stored.report is not None
    assert (stored.report["rows"], stored.report["remarks"][0]["row"]) == (7, 5)


async def test_two_imports_at_once_leave_one_register(register: Register) -> None:
    await asyncio.gather(register.read(), register.read())
    assert await count(register, PoleRow) == 4
    assert await count(register, StationRow) == 3


async def test_the_register_is_read_when_it_is_due_and_sooner_after_a_failure(register: Register) -> None:
    (register.folder / "poles.json").rename(register.folder / "away.json")
    due = await register.keeping.run()
    assert due == register.clock.now() + timedelta(minutes=5)
    register.write(poles=POLES)
    assert await register.keeping.run() == due
    assert await count(register, PoleRow) == 0
    register.clock.advance(timedelta(minutes=5))
    assert await register.keeping.run() == register.clock.now() + timedelta(hours=24)
    assert (await register.found("KI0075"))[0] == "KI0075/41960-P-43-1-1"


async def test_the_doctor_sees_lists_that_are_late_wrong_or_missing(register: Register) -> None:
    async def standing_now() -> State:
        found = await diagnose_standing(DESK, register.settings, register.clock, register.database)
        return found.state

    assert await standing_now() is State.WARNING
    await register.read()
    assert await standing_now() is State.OK
    register.clock.advance(timedelta(hours=27))
    assert await standing_now() is State.WARNING
    assert (await diagnose_sources(DESK, register.settings, register.http, register.clock)).state is State.OK
    (register.folder / "poles.json").unlink()
    await register.read()
    assert await standing_now() is State.FAILURE
    found = await diagnose_sources(DESK, register.settings, register.http, register.clock)
    assert found.state is State.FAILURE
    assert "poles.json cannot be read: No such file" in found.seen


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_lists_are_got_from_a_server_that_may_fail(register: Register) -> None:
    answers = [web.Response(status=503), web.Response(status=200, body=json.dumps(POLES)[:-20].encode())]
    answers += [web.Response(body=json.dumps(POLES).encode())]
    runner = web.AppRunner(_application(answers))
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    settings = RegistrySettings(poles=FeedSettings(url=f"http://127.0.0.1:{port}/poles"))
    importing = Importing(register.database, lambda: register.http.peers, register.clock, {DESK: settings})
    steps: list[Step] = []
    seen = [(await importing.run(DESK, progress=steps.append))[0] for _ in range(3)]
    await runner.cleanup()
    assert [each.refused.key.rpartition(".")[2] if each.refused else "" for each in seen] == [
        "unreachable",
        "breaks_off",
        "",
    ]
    assert seen[0].refused
    assert seen[0].refused.params == {"reason": "answered with 503"}
    assert (steps[-1].read, steps[-1].written, steps[-1].share) == (4, 4, 1.0)
    assert await count(register, PoleRow) == 4


def _application(answers: list[web.Response]) -> web.Application:
    async def give(request: web.Request) -> web.Response:
        return answers.pop(0)

    application = web.Application()
    application.router.add_get("/poles", give)
    return application


async def test_a_server_that_is_away_is_no_trouble_before_it_lasts(register: Register) -> None:
    settings = RegistrySettings(poles=FeedSettings(url=f"http://127.0.0.1:{free_port()}/poles"))
    importing = Importing(register.database, lambda: register.http.peers, register.clock, {DESK: settings})
    seen = []
    for _ in range(standing.PATIENCE):
        await importing.run(DESK)
        async with register.database.reading() as session:
            seen.append(len(await standing.troubles(session, DESK)))
    assert seen == [0, 0, 1]
