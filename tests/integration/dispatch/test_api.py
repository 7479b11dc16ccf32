"""Incidents as other programs read them, on both databases."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.dispatch.house import House, open_house
from tests.integration.dispatch.programs import Program, program
from tests.integration.dispatch.registers import contractor_row, pole_row, station_row

from sekretar.dispatch.api import tokens
from sekretar.dispatch.api.settings import ApiSettings
from sekretar.dispatch.assets.model import (
    OperatorRow,
    StationOperatorRow,
)
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import Origin, Status
from sekretar.dispatch.mail.model import Direction, LetterRow, LetterState
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import Database

#: The fields of the predecessor in its order, and the one that is new.
FIELDS = """
    id code incident_datetime incident_type is_vendor_sla_expired vendor_deadline is_incident_finish
    incident_finish_datetime last_status is_transfer_to_avr transfer_timestamp_to_avr base_station operator_group
    operators pole region_ru address pole_latitude pole_longtitude vendor vendor_emails registration_method
    pole_longitude
""".split()  # noqa: SIM905 - a list of this length is read more easily so

OPEN_DESK = DeskSettings(name="towers", prefix="NT", channel="work/desk", api=ApiSettings(open=True))


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with open_house(database) as house:
        yield house


async def place(house: House) -> dict[str, int]:
    """A station on a pole with a contractor."""
    async with house.database.transaction() as session:
        contractor = contractor_row("Ремонт", "b@repair.example", "a@repair.example")
        session.add(contractor)
        await session.flush()
        pole = pole_row(
            "41960-P-43-1-1", latitude=55.7558, longitude=37.6173, region="Moscow", region_ru="Москва",
            address="ул. Лесная, 5", contractor_id=contractor.id,
        )  # fmt: skip
        session.add(pole)
        await session.flush()
        station = station_row("KI0075", pole.id)
        used = [
            OperatorRow(desk="towers", name=name, key=name.lower(), group=group)
            for name, group in (("Т2", "tele2"), ("МТС", "mts"))
        ]
        session.add_all([station, *used])
        await session.flush()
        session.add_all(StationOperatorRow(station_id=station.id, operator_id=each.id) for each in used)
        return {"pole_id": pole.id, "station_id": station.id, "contractor_id": contractor.id}


async def type_id(house: House) -> int:
    async with house.database.reading() as session:
        return (await types.of_desk(session, "towers"))[0].id


async def test_an_incident_has_the_fields_of_the_predecessor(house: House) -> None:
    incident = await house.open(**await place(house), type_id=await type_id(house))
    house.clock.advance(timedelta(seconds=90, microseconds=7))
    for status in (Status.IN_PROGRESS, Status.APPLICANT_NOTIFIED, Status.HANDED_OVER):
        await house.change(incident.id, status=status)
    listed = (await (await program(house)).get("/incidents/")).json
    assert list(listed[0]) == FIELDS
    assert listed == [
        {
            "id": incident.id,
            "code": "NT-1",
            "incident_datetime": "2026-03-04T12:00:00+03:00",
            "incident_type": "Запрос на организацию доступа к объекту",
            "is_vendor_sla_expired": False,
            "vendor_deadline": "2026-03-06T12:01:30+03:00",
            "is_incident_finish": False,
            "incident_finish_datetime": None,
            "last_status": "Передано подрядчику",
            "is_transfer_to_avr": True,
            "transfer_timestamp_to_avr": "2026-03-04T12:01:30+03:00",
            "base_station": "KI0075",
            "operator_group": "mts, tele2",
            "operators": "МТС, Т2",
            "pole": "41960-P-43-1-1",
            "region_ru": "Москва",
            "address": "ул. Лесная, 5",
            "pole_latitude": 55.7558,
            "pole_longtitude": 37.6173,
            "vendor": "Ремонт",
            "vendor_emails": "a@repair.example, b@repair.example",
            "registration_method": "Автоматически из почты",
            "pole_longitude": 37.6173,
        }
    ]
    house.clock.advance(timedelta(days=3))
    await house.change(incident.id, status=Status.CLOSED)
    later = (await (await program(house)).get("/incidents/")).json[0]
    assert later["is_vendor_sla_expired"] is True
    assert later["is_incident_finish"] is True
    assert later["incident_finish_datetime"] == "2026-03-07T12:01:30+03:00"
    assert later["last_status"] == "Закрыт"


async def test_what_is_not_known_is_null(house: House) -> None:
    await house.open(origin=Origin.CHAT)
    (only,) = (await (await program(house)).get("/incidents/")).json
    empty = {name for name, value in only.items() if value is None}
    assert set(FIELDS) - empty == {
        "id", "code", "incident_datetime", "is_incident_finish", "last_status", "is_transfer_to_avr",
        "registration_method",
    }  # fmt: skip
    assert only["registration_method"] == "Вручную через диспетчера"


async def test_without_a_token_nothing_is_told(house: House) -> None:
    await house.open()
    stranger = Program(house)
    for path in ("/incidents/", "/incidents/1/"):
        answer = await stranger.get(path)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "sekretar tokens create" in answer.json["detail"]
    russian = await stranger.send("GET", "/incidents/", accept_language="ru-RU")
    assert russian.json["detail"].startswith("Нужен токен")


@pytest.mark.parametrize("ended", ["revoked", "expired", "forged", "cut", "another scheme"])
async def test_a_token_that_is_not_honoured_is_refused(house: House, ended: str) -> None:
    asking = await program(house, expires_at=house.clock.now() + timedelta(hours=1))
    assert (await asking.get("/incidents/")).status == 200
    if ended == "revoked":
        async with house.database.transaction() as session:
            (token,) = await tokens.listing(session)
            assert await tokens.revoke(session, token.id, house.clock.now())
    elif ended == "expired":
        house.clock.advance(timedelta(hours=1))
    elif ended == "forged":
        asking.token = asking.token[:-1] + ("A" if asking.token[-1] != "A" else "B")
    elif ended == "cut":
        asking.token = asking.token[:-1]
    else:
        asking.headers["authorization"] = f"Basic {asking.token}"
    assert (await asking.get("/incidents/")).status == 401


async def test_a_token_is_stored_as_its_hash_and_its_use_is_noted(house: House) -> None:
    asking = await program(house)
    await asking.get("/incidents/")
    async with house.database.reading() as session:
        (token,) = await tokens.listing(session)
        row = await session.get(tokens.TokenRow, token.id)
    assert row is not None
    assert asking.token not in str(vars(row))
    assert token.used_at == house.clock.now()


async def test_an_open_desk_tells_strangers_where_but_not_who(database: Database) -> None:
    async with open_house(database, OPEN_DESK) as house:
        incident = await house.open(**await place(house))
        stranger = Program(house)
        (listed,) = (await stranger.get("/incidents/")).json
        assert listed["pole"] == "41960-P-43-1-1"
        assert listed["vendor"] == "Ремонт"
        assert listed["vendor_emails"] is None
        detail = (await stranger.get(f"/incidents/{incident.id}/")).json
        private = ("summary", "description", "applicant", "responsible", "links", "letters", "history")
        assert [detail[name] for name in private] == [None] * len(private)
        assert "repair.example" not in str(detail)
        assert (await stranger.get("/incidents/", search="питания")).status == 401
        forged = Program(house, "sekretar_" + "x" * 43)
        assert (await forged.get("/incidents/")).status == 401


async def test_a_token_is_good_for_its_desks_only(house: House) -> None:
    incident = await house.open()
    elsewhere = await program(house, desks=frozenset({"cables"}))
    assert (await elsewhere.get("/incidents/")).status == 403
    here = await program(house, desks=frozenset({"towers"}))
    assert (await here.get(f"/incidents/{incident.id}/")).status == 200
    assert (await here.get("/incidents/", desk="cables")).json == []
    assert (await here.get(f"/incidents/{incident.id + 1}/")).status == 404


async def test_the_detail_has_letters_and_history(house: House) -> None:
    incident = await house.open(responsible_id=await house.person_id("anna"))
    async with house.database.transaction() as session:
        session.add(
            LetterRow(
                desk="towers", direction=Direction.IN, state=LetterState.FILED, message_id="<1@operator.example>",
                subject="Нет питания", sender_name="Иван", sender_address="ivan@operator.example",
                received_at=house.clock.now(), fresh="Второй день.", text="Второй день.\n> раньше",
                incident_id=incident.id, created_at=house.clock.now(),
            )
        )  # fmt: skip
    await house.change(incident.id, status=Status.IN_PROGRESS)
    found = (await (await program(house)).get(f"/incidents/{incident.id}/")).json
    assert list(found)[: len(FIELDS)] == FIELDS
    assert found["status"] == "in_progress"
    assert found["applicant"] == {"name": "Иван Петров", "address": "ivan@operator.example"}
    assert found["responsible"]["username"] == "anna"
    (letter,) = found["letters"]
    assert (letter["text"], letter["sender"]["address"]) == ("Второй день.", "ivan@operator.example")
    moved = found["history"][-1]
    assert (moved["kind"], moved["old"], moved["new"]) == ("status", "new", "in_progress")
    assert moved["at"] == "2026-03-04T12:00:00+03:00"


async def fill(house: House) -> None:
    """Incidents at noon of some days; the one of March is in work."""
    days = [datetime(2026, month, day, 9, tzinfo=UTC) for month, day in ((1, 31), (2, 1), (2, 28), (3, 4))]
    for at in days:
        house.clock.advance(at - house.clock.now())
        await house.open(f"Авария {at:%d.%m}")
    await house.change(4, status=Status.IN_PROGRESS)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [4, 3, 2, 1]),
        ({"ordering": "incident_datetime"}, [1, 2, 3, 4]),
        ({"last_month": "true"}, [4, 3, 2]),
        ({"last_month": "", "incident_date_after": "", "incident_date_before": ""}, [4, 3, 2, 1]),
        ({"last_month": "true", "incident_date_after": "2026-02-28", "incident_date_before": ""}, [4, 3]),
        ({"incident_date_after": "2026-02-28"}, [4, 3]),
        ({"incident_date_before": "2026-02-28"}, [3, 2, 1]),
        ({"incident_date_before": "2026-02-28T12:00:00"}, [3, 2, 1]),
        ({"incident_date_before": "2026-02-28T11:59:59"}, [2, 1]),
        ({"incident_date_after": "2026-02-28T09:00:01Z"}, [4]),
        ({"incident_date_after": "2026-02-28T12:00:00 03:00"}, [4, 3]),
        ({"incident_date_after": "2026-02-01", "incident_date_before": "2026-02-28"}, [3, 2]),
        ({"state": "in_progress"}, [4]),
        ({"state": ["new", "finished"]}, [3, 2, 1]),
        ({"state": "finished"}, []),
        ({"search": "аварии 28"}, []),
        ({"search": "авар 28"}, [3]),
        ({"code": "nt-2"}, [2]),
        ({"code": "НТ–2"}, [2]),
    ],
)
async def test_lists_are_narrowed(house: House, query: dict[str, Any], numbers: list[int]) -> None:
    await fill(house)
    answer = await (await program(house)).get("/incidents/", **query)
    assert [each["id"] for each in answer.json] == numbers
    assert answer.headers["x-total-count"] == str(len(numbers))


async def test_pages_lead_to_each_other(house: House) -> None:
    await fill(house)
    asking = await program(house)
    first = (await asking.get("/incidents/", limit=3, state="open")).json
    assert (first["count"], first["previous"], len(first["results"])) == (4, None, 3)
    path = first["next"].removeprefix("http://desk.example/api/v1")
    second = (await asking.get(path)).json
    assert ([each["id"] for each in second["results"]], second["next"]) == ([1], None)
    assert "offset=0" in second["previous"]


async def test_a_table_that_is_not_all_of_it_says_so(house: House) -> None:
    await fill(house)
    asking = await program(house)
    part = await asking.get("/incidents/", format="csv", limit=3)
    assert part.headers["link"].endswith('offset=3>; rel="next"')
    whole = await asking.get("/incidents/", format="csv", limit=4)
    assert "link" not in whole.headers


async def test_a_table_for_spreadsheets(house: House) -> None:
    await house.open(**await place(house))
    asking = await program(house)
    for answer in (
        await asking.get("/incidents/", format="csv"),
        await asking.get("/incidents/", accept="text/csv"),
    ):
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        (row,) = csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig")))
        assert list(row) == FIELDS
        assert row["operators"] == "МТС, Т2"
        assert row["is_incident_finish"] == "false"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"incident_date_after": "yesterday"}, "incident_date_after"),
        ({"incident_date_after": "2026-02-30"}, "incident_date_after"),
        ({"state": "asleep"}, "state"),
        ({"ordering": "id; drop"}, "ordering"),
    ],
)
async def test_what_cannot_be_understood_is_named(house: House, query: dict[str, str], field: str) -> None:
    answer = await (await program(house)).get("/incidents/", **query)
    assert answer.status == 422
    assert answer.json["errors"][0]["field"].startswith(field)


async def test_moments_at_the_ends_of_time(house: House) -> None:
    await house.open()
    asking = await program(house)
    early = await asking.get(
        "/incidents/", incident_date_after="0001-01-01", incident_date_before="9999-12-31"
    )
    assert len(early.json) == 1


async def test_who_asks_too_often_waits(house: House) -> None:
    asking = await program(house)
    answers = [await asking.get("/incidents/", limit=1) for _ in range(601)]
    assert [each.status for each in answers] == [200] * 600 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    house.clock.advance(timedelta(seconds=1))
    assert (await asking.get("/incidents/", limit=1)).status == 200
    stranger = Program(house, "sekretar_" + "x" * 43)
    assert [(await stranger.get("/incidents/")).status for _ in range(61)] == [401] * 60 + [429]
