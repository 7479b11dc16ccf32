"""What happens to an incident is shown in the tracker: once, and no more often than it changes."""

from __future__ import annotations

from pathlib import Path

from tests.integration.dispatch.mirror_house import FIRST, SECOND, MirrorHouse, yandex_mirror

from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import EventKind, Status
from sekretar.dispatch.mirror.values import MirrorState
from sekretar.kernel.database import Database


async def test_a_letter_becomes_a_ticket_and_the_next_one_a_comment(either: MirrorHouse) -> None:
    await either.letter(FIRST)
    incident = await either.incident()
    await either.work()
    details = await either.details(incident.id)
    assert details.ticket.subject == "No power at 50-0001"
    assert "It is dark." in details.ticket.description
    assert "anna@operator.test" in details.ticket.description
    assert [each.name for each in details.attachments] == ["plan.pdf"]
    assert not details.comments
    await either.letter(SECOND)
    await either.work()
    details = await either.details(incident.id)
    [comment] = details.comments
    assert "Still | dark." in comment.text
    assert "12:50" in comment.text
    assert "It is dark." not in comment.text
    assert sorted(each.name for each in details.attachments) == ["mast.png", "plan.pdf"]


async def test_a_letter_that_the_tracker_refuses_is_told_and_keeps_no_other_back(either: MirrorHouse) -> None:
    await either.letter(FIRST)
    incident = await either.incident()
    await either.work()
    key = (await either.ref(incident.id)).key
    comments = ("POST", f"/issues/{key}/comments") if "-" in key else ("PUT", f"/issues/{key}.json")
    await either.letter(SECOND)
    said = (
        b'{"errors": {"text": "Too long"}, "errorMessages": []}'
        if "-" in key
        else b'{"errors": ["Too long"]}'
    )
    either.tracker.way.answer(*comments, 422, said)
    await either.letter(SECOND.replace(b"second@", b"third@").replace(b"Still", b"Again"))
    await either.work(8)
    texts = [each.text for each in (await either.details(incident.id)).comments]
    assert ["Again | dark." in each for each in texts] == [True]
    told = [
        (each.new, each.why) for each in await either.history(incident.id) if each.kind is EventKind.MIRROR
    ]
    assert "не принял комментарий" in told[-1][0]
    assert "Too long" in told[-1][1]
    assert (await either.row(incident.id)).problem == ""


async def test_the_ticket_follows_and_nothing_is_written_without_a_change(either: MirrorHouse) -> None:
    incident = await either.house.open()
    await either.work()
    await either.house.change(incident.id, status=Status.IN_PROGRESS, summary="Dark again")
    await either.house.change(incident.id, pole_id=await either.pole_id("50-0001"))
    await either.work()
    ticket = await either.ticket(incident.id)
    assert (ticket.subject, ticket.status.name) in [("Dark again", "In Progress"), ("Dark again", "В работе")]
    assert ("50-0001",) in [each.values for each in ticket.custom]
    await either.house.change(incident.id, unread=True)
    await either.house.change(incident.id, unread=False)
    await either.work(10)
    assert (await either.ticket(incident.id)).version == ticket.version
    assert (await either.house.now(incident.id)).status is Status.IN_PROGRESS


async def test_an_answer_that_is_lost_makes_no_second_ticket_and_no_second_comment(
    either: MirrorHouse,
) -> None:
    method, path = either.tracker.creation
    either.tracker.way.lose_answer(method, path)
    await either.letter(FIRST)
    incident = await either.incident()
    await either.work()
    key = (await either.ref(incident.id)).key
    comments = ("POST", f"/issues/{key}/comments") if "-" in key else ("PUT", f"/issues/{key}.json")
    either.tracker.way.lose_answer(*comments)
    await either.letter(SECOND)
    await either.work()
    details = await either.details(incident.id)
    assert len(details.comments) == 1
    assert sum(each.text.count("Still") for each in details.comments) == 1
    assert len(await either.history(incident.id)) == len(
        {each.id for each in await either.history(incident.id)}
    )


async def test_every_field_of_the_mapping(here: MirrorHouse) -> None:
    incident = await here.house.open()
    async with here.house.database.reading() as session:
        place = (await here.house.dispatch.assets.find(session, "towers", "KI0075")).chosen()
        kind = (await types.of_desk(session, "towers"))[0]
    await here.house.change(
        incident.id,
        pole_id=place.place.pole_id,
        station_id=place.place.station_id,
        contractor_id=place.contractor_id,
        type_id=kind.id,
        unread=True,
        responsible_id=await here.house.person_id("anna"),
    )
    await here.house.dispatch.slas.run()
    await here.work(12)
    shown = {
        name: await here.shown(incident.id, name) for name in ("pole", "station", "contractor", "operators")
    }
    assert shown == {"pole": "50-0001", "station": "KI0075", "contractor": "Вышка", "operators": "Т2"}
    assert await here.shown(incident.id, "type") == kind.name
    assert await here.shown(incident.id, "incident") == incident.code
    assert await here.shown(incident.id, "new_mail") == "✔️ Да"
    assert await here.shown(incident.id, "sla") == "🟦 Срок идёт"
    assert await here.shown(incident.id, "deadline") == "06.03.2026 12:00"
    assignee = (await here.ticket(incident.id)).assignee
    assert assignee is not None
    assert assignee.name == "Anna Petrova"


async def test_a_tracker_that_is_down_keeps_nobody_waiting(here: MirrorHouse) -> None:
    for _ in range(3):
        here.tracker.way.answer("POST", "/issues/", 503)
    incident = await here.house.open()
    await here.house.dispatch.mirror.run()
    row = await here.row(incident.id)
    assert (row.key, row.state) == (None, MirrorState.WAITING)
    card = await here.house.card()
    fields = {each["title"]: each["value"] for each in card["props"]["attachments"][0]["fields"]}
    assert fields["Трекер"] == "Ещё не в трекере"
    await here.work(30)
    assert (await here.ref(incident.id)).key == "DESK-1"
    card = await here.house.card()
    fields = {each["title"]: each["value"] for each in card["props"]["attachments"][0]["fields"]}
    assert "DESK-1" in fields["Трекер"]


async def test_a_region_that_is_not_mirrored(database: Database, tmp_path: Path) -> None:
    async with yandex_mirror(database, tmp_path, excluded_regions=("moscow",)) as here:
        incident = await here.house.open(pole_id=await here.pole_id("77-0123"))
        await here.work()
        assert (await here.row(incident.id)).state == MirrorState.EXCLUDED
        await here.house.change(incident.id, pole_id=await here.pole_id("50-0001"))
        await here.work()
        assert (await here.ticket(incident.id)).subject == incident.summary
