"""What people do in the tracker is done to the incident; what cannot be done is said where they see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from tests.integration.dispatch.mirror_house import MirrorHouse, redmine_mirror
from tests.integration.tickets.houses import YandexHouse
from tests.peers_redmine import Redmine

from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import ActorKind, EventKind, Origin, Status
from sekretar.dispatch.letters.model import OutgoingRow
from sekretar.dispatch.mirror.values import MirrorState
from sekretar.kernel.database import Database
from sekretar.trackers.requests import Change, Draft


async def test_what_is_typed_is_completed_on_both_sides(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    await here.type_there(incident.id, station="KI0075", type="Авария ВОЛС")
    await here.work()
    now = await here.house.now(incident.id)
    assert now.pole_id == await here.pole_id("50-0001")
    assert now.contractor_id is not None
    async with here.house.database.reading() as session:
        kind = await types.by_id(session, now.type_id or 0)
    assert kind is not None
    assert kind.name == "Авария ВОЛС"
    shown = [await here.shown(incident.id, name) for name in ("pole", "contractor", "operators")]
    assert shown == ["50-0001", "Вышка", "Т2"]
    told = [each for each in await here.history(incident.id) if each.kind is EventKind.STATION]
    assert [(each.actor.kind, each.actor.name) for each in told] == [(ActorKind.TRACKER, "Anna Petrova")]
    await here.type_there(incident.id, pole="77")
    await here.work()
    assert [await here.shown(incident.id, name) for name in ("pole", "station", "operators")] == [
        "77-0123",
        "",
        "",
    ]
    await here.type_there(incident.id, pole="")
    await here.work()
    assert (await here.house.now(incident.id)).pole_id is None


async def test_an_ambiguous_pole_is_erased_and_explained(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    await here.type_there(incident.id, pole="50-000")
    await here.work()
    now = await here.house.now(incident.id)
    assert (now.status, now.pole_id) == (Status.ERROR, None)
    assert await here.shown(incident.id, "pole") == ""
    [comment] = (await here.details(incident.id)).comments
    assert "50-0001" in comment.text
    assert "50-0002" in comment.text
    await here.work()
    assert len((await here.details(incident.id)).comments) == 1


async def test_a_station_of_another_pole_is_explained_with_both_named(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    await here.type_there(incident.id, pole="77-0123", station="KI0075")
    await here.work()
    assert (await here.house.now(incident.id)).status is Status.ERROR
    [comment] = (await here.details(incident.id)).comments
    for code in ("KI0075", "77-0123", "50-0001"):
        assert code in comment.text, code


async def test_assignee_and_status_are_followed_both_ways(here: MirrorHouse) -> None:
    anna = await here.house.person_id("anna")
    incident = await here.house.open()
    await here.work(12)
    me = (await here.anna.me()).member.id
    await here.anna.change(await here.ref(incident.id), Change(assignee=me))
    await here.move_there(incident.id, "inProgress")
    await here.work()
    now = await here.house.now(incident.id)
    assert (now.responsible_id, now.status) == (anna, Status.IN_PROGRESS)
    await here.house.change(incident.id, responsible_id=None)
    await here.work()
    assert (await here.ticket(incident.id)).assignee is None


async def test_a_trigger_status_sends_its_letter(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    await here.move_there(incident.id, "needInfo")
    await here.work()
    assert (await here.house.now(incident.id)).status is Status.NOTIFYING_APPLICANT
    async with here.house.database.reading() as session:
        sent = (await session.scalars(select(OutgoingRow))).all()
    assert len(sent) == 1
    assert len((await here.details(incident.id)).comments) == 1


async def test_closing_needs_a_type_and_closes(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    await here.move_there(incident.id, "closed")
    await here.work()
    assert (await here.house.now(incident.id)).status is Status.ERROR
    assert len((await here.details(incident.id)).comments) == 1
    await here.move_there(incident.id, "open")
    await here.type_there(incident.id, type="Авария ВОЛС")
    await here.work()
    await here.move_there(incident.id, "closed")
    await here.work()
    assert (await here.house.now(incident.id)).status is Status.CLOSED


async def test_closing_closes_though_the_tracker_does_not_show_what_comes_before(here: MirrorHouse) -> None:
    async with here.house.database.reading() as session:
        kind = (await types.of_desk(session, "towers"))[0].id
    incidents = [await here.house.open(), await here.house.open(type_id=kind)]
    for incident in incidents:
        await here.house.change(incident.id, status=Status.IN_PROGRESS)
        await here.house.change(incident.id, status=Status.APPLICANT_NOTIFIED)
    await here.work()
    for incident in incidents:
        await here.move_there(incident.id, "closed")
    await here.work()
    ends = [
        [each.new for each in await here.history(incident.id) if each.kind is EventKind.STATUS][2:]
        for incident in incidents
    ]
    # Without a type it is refused, and nobody is said to have been told of an end.
    assert ends == [[Status.ERROR], [Status.CLOSURE_NOTIFIED, Status.CLOSED]]
    assert (await here.ticket(incidents[1].id)).status.closed


async def test_a_ticket_made_by_hand_becomes_an_incident(here: MirrorHouse) -> None:
    made = (
        await here.anna.create(Draft("DESK", "Mast is down", "bug", description="Look"), "by hand")
    ).ticket
    await here.work()
    incident = await here.incident()
    assert (incident.origin, incident.summary, incident.opened_at) == (
        Origin.TRACKER,
        "Mast is down",
        made.created,
    )
    assert (await here.ref(incident.id)).key == made.ref.key
    assert await here.shown(incident.id, "incident") == incident.code
    await here.work()
    with pytest.raises(AssertionError):
        await here.incident(2)


async def test_a_ticket_with_too_many_versions_is_left_alone(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    assert isinstance(here.tracker, YandexHouse)
    here.tracker.sandbox.limits.version = 1
    await here.house.change(incident.id, summary="Once more")
    await here.work()
    row = await here.row(incident.id)
    assert (row.state, row.due_at) == (MirrorState.FULL, None)
    told = [each.new for each in await here.history(incident.id) if each.kind is EventKind.MIRROR]
    assert "слишком много" in told[-1]
    await here.house.change(incident.id, summary="And again")
    written = here.writes()
    await here.work()
    assert here.writes() == written


@pytest.mark.parametrize("status", [409, 412, 429, 500])
async def test_whatever_goes_wrong_once(here: MirrorHouse, status: int) -> None:
    incident = await here.house.open()
    await here.work()
    key = (await here.ref(incident.id)).key
    here.tracker.way.answer("PATCH", f"/issues/{key}", status, b"{}")
    await here.house.change(incident.id, summary="Once more")
    await here.work(8)
    assert (await here.ticket(incident.id)).subject == "Once more"
    assert (await here.row(incident.id)).problem == ""


async def test_a_field_that_is_refused_is_said_once(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    key = (await here.ref(incident.id)).key
    here.tracker.way.answer(
        "PATCH", f"/issues/{key}", 422, b'{"errors": {"summary": "No"}, "errorMessages": []}'
    )
    await here.house.change(incident.id, summary="Once more")
    await here.work()
    told = [each.why for each in await here.history(incident.id) if each.kind is EventKind.MIRROR]
    assert told[-1] == "No"
    assert (await here.ticket(incident.id)).subject == incident.summary


async def test_redmine_is_worked_from_too(database: Database, tmp_path: Path, redmine: Redmine) -> None:
    async with redmine_mirror(database, tmp_path, redmine) as here:
        incident = await here.house.open()
        await here.work()
        await here.type_there(incident.id, Contract="50-0001")
        await here.move_there(incident.id, "In Progress")
        await here.work()
        now = await here.house.now(incident.id)
        assert (now.status, now.pole_id) == (Status.IN_PROGRESS, await here.pole_id("50-0001"))
        await here.type_there(incident.id, Contract="nowhere")
        await here.work()
        now = await here.house.now(incident.id)
        assert (now.status, await here.shown(incident.id, "Contract")) == (Status.ERROR, "50-0001")
        assert (await here.ticket(incident.id)).status.name == "Feedback"
        assert len((await here.details(incident.id)).comments) == 1
