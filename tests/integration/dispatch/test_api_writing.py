"""Incidents that other programs make and change, on both databases."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.integration.dispatch.house import House, open_house
from tests.integration.dispatch.programs import Program, program
from tests.integration.dispatch.registers import pole_row, station_row

from sekretar.dispatch.api.guarding import LARGEST_BODY
from sekretar.dispatch.api.tokens import Scope
from sekretar.dispatch.incidents.values import ActorKind, Origin, Status
from sekretar.kernel.database import Database


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with open_house(database) as house:
        yield house


async def pole(house: House) -> int:
    async with house.database.transaction() as session:
        row = pole_row("41960-P-43-1-1")
        session.add(row)
        await session.flush()
        session.add(station_row("KI0075", row.id))
        return row.id


async def test_a_program_makes_an_incident(house: House) -> None:
    pole_id = await pole(house)
    writer = await program(house, Scope.WRITE)
    draft = {
        "summary": "  Нет питания ",
        "description": "С утра",
        "incident_type": "авария волс",
        "base_station": "КI0075",
        "applicant": {"name": "Иван", "address": "Ivan@Operator.example"},
        "incident_datetime": "2026-03-04T11:00:00+03:00",
    }
    made = await writer.send("POST", "/incidents/", body=draft)
    assert made.status == 201
    assert made.headers["location"] == f"/api/v1/incidents/{made.json['id']}/"
    assert made.json["incident_datetime"] == "2026-03-04T11:00:00+03:00"
    assert (made.json["incident_type"], made.json["base_station"]) == ("Авария ВОЛС", "KI0075")
    incident = await house.now(made.json["id"])
    assert (incident.summary, incident.pole_id, incident.origin) == ("Нет питания", pole_id, Origin.API)
    assert incident.applicant.address == "ivan@operator.example"
    async with house.database.reading() as session:
        history = await house.incidents.history(session, incident.id)
    assert {(each.actor.kind, each.actor.name) for each in history if each.kind == "opened"} == {
        (ActorKind.API, "robot")
    }


async def test_a_request_sent_again_makes_nothing_new(house: House) -> None:
    writer, other = await program(house, Scope.WRITE), await program(house, Scope.WRITE)
    draft = {"summary": "Нет питания"}
    answers = await asyncio.gather(
        *(writer.send("POST", "/incidents/", body=draft, idempotency_key="k1") for _ in range(4))
    )
    assert sorted(each.status for each in answers) == [200, 200, 200, 201]
    assert len({each.json["id"] for each in answers}) == 1
    altered = await writer.send("POST", "/incidents/", body={"summary": "Другое"}, idempotency_key="k1")
    assert altered.status == 409
    assert (await other.send("POST", "/incidents/", body=draft, idempotency_key="k1")).status == 201
    assert (await writer.send("POST", "/incidents/", body=draft)).status == 201
    house.clock.advance(timedelta(days=8))
    assert (await writer.send("POST", "/incidents/", body=draft, idempotency_key="k1")).status == 201


async def test_a_program_changes_an_incident(house: House) -> None:
    pole_id = await pole(house)
    await house.person_id("anna")
    incident = await house.open(unread=True)
    writer = await program(house, Scope.WRITE)
    changed = await writer.send(
        "PATCH",
        f"/incidents/{incident.id}/",
        body={
            "status": "in_progress", "pole": "41960", "responsible": "anna", "unread": False, "why": "по звонку",
            "version": incident.version,
        },
    )  # fmt: skip
    assert changed.status == 200
    assert (changed.json["status"], changed.json["pole"]) == ("in_progress", "41960-P-43-1-1")
    assert changed.json["responsible"]["username"] == "anna"
    assert changed.json["history"][-1]["why"] == "по звонку"
    emptied = await writer.send(
        "PATCH", f"/incidents/{incident.id}/", body={"pole": None, "responsible": None}
    )
    assert (emptied.json["pole"], emptied.json["responsible"], emptied.json["summary"]) == (
        None,
        None,
        incident.summary,
    )
    assert (await house.now(incident.id)).pole_id != pole_id


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"version": 99, "unread": True}, 409, "in the meantime"),
        ({"status": "handed_over"}, 409, "NT-1"),
        ({"status": "asleep"}, 422, ""),
        ({"pole": "99999"}, 409, "99999"),
        ({"incident_type": "Пожар"}, 409, ""),
        ({"responsible": "nobody"}, 409, "nobody"),
        ({"stauts": "closed"}, 422, ""),
        ({"summary": "   "}, 422, ""),
    ],
)
async def test_what_cannot_be_changed_says_why(
    house: House, body: dict[str, object], status: int, words: str
) -> None:
    incident = await house.open()
    writer = await program(house, Scope.WRITE)
    answer = await writer.send("PATCH", f"/incidents/{incident.id}/", body=body)
    assert answer.status == status
    assert words in answer.json["detail"]
    assert await house.now(incident.id) == incident


async def test_a_station_of_another_pole_is_refused_with_both_named(house: House) -> None:
    pole_id = await pole(house)
    async with house.database.transaction() as session:
        session.add(pole_row("47175-P-62-1-1"))
    incident = await house.open()
    writer = await program(house, Scope.WRITE)
    path = f"/incidents/{incident.id}/"
    wrong = await writer.send(
        "PATCH", path, body={"pole": "47175", "base_station": "кi0075"}, accept_language="ru"
    )
    assert wrong.status == 409
    [error] = wrong.json["errors"]
    assert error["field"] == "base_station"
    for code in ("KI0075", "41960-P-43-1-1", "47175-P-62-1-1"):
        assert code in error["message"]
    assert await house.now(incident.id) == incident
    assert (await writer.send("PATCH", path, body={"pole": "41960", "base_station": "KI"})).status == 200
    now = await house.now(incident.id)
    assert (now.pole_id, now.station_id is None) == (pole_id, False)


async def test_only_a_token_for_writing_writes_and_only_at_its_desk(house: House) -> None:
    incident = await house.open()
    reader, stranger = await program(house), Program(house)
    for asking, status in ((reader, 403), (stranger, 401)):
        assert (await asking.send("POST", "/incidents/", body={"summary": "x"})).status == status
        path = f"/incidents/{incident.id}/"
        assert (await asking.send("PATCH", path, body={"status": "in_progress"})).status == status
    assert (await house.now(incident.id)).status is Status.NEW
    elsewhere = await (await program(house, Scope.WRITE)).send(
        "POST", "/incidents/", body={"summary": "x", "desk": "cables"}
    )
    assert (elsewhere.status, "towers" in elsewhere.json["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"not JSON", 422),
        (b"[]", 422),
        (b'{"summary": "\\ud800"}', 422),
        (b'{"summary": "x", "incident_datetime": "2026-03-04T13:00:00Z"}', 409),
        (b'{"summary": "x", "incident_datetime": "1990-03-04T13:00:00Z"}', 409),
        (b"[" * 100_000, 400),
        (b'{"summary": "' + b"x" * LARGEST_BODY + b'"}', 413),
    ],
)
async def test_odd_bodies_are_refused_in_words(house: House, raw: bytes, status: int) -> None:
    answer = await (await program(house, Scope.WRITE)).send("POST", "/incidents/", raw=raw)
    assert answer.status == status
    assert answer.json["detail"]


async def test_the_longest_description_fits_however_it_is_written(house: House) -> None:
    """Many programs escape every letter that is not ASCII: one character is then up to twelve bytes."""
    raw = json.dumps({"summary": "x", "description": "🚒" * 100_000}, ensure_ascii=True).encode()
    answer = await (await program(house, Scope.WRITE)).send("POST", "/incidents/", raw=raw)
    assert answer.status == 201
