"""What happens to an incident is shown in the tracker: once, and no more often than it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.dispatch.mirror_house import MirrorHouse, redmine_mirror, yandex_mirror

from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.mirror.values import MirrorState
from sekretar.kernel.database import Database

FIRST = (
    b"From: Anna <anna@operator.test>\r\nTo: desk@example.test\r\nSubject: No power at 50-0001\r\n"
    b"Date: Wed, 04 Mar 2026 11:50:00 +0300\r\nMessage-ID: <first@operator.test>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt is dark.\r\n"
    b"--b\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="plan.pdf"\r\n\r\n%PDF\r\n--b--\r\n'
)

SECOND = (
    b"From: Anna <anna@operator.test>\r\nTo: desk@example.test\r\nSubject: Re: No power at 50-0001\r\n"
    b"Date: Wed, 04 Mar 2026 12:50:00 +0300\r\nMessage-ID: <second@operator.test>\r\n"
    b"In-Reply-To: <first@operator.test>\r\nReferences: <first@operator.test>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nStill | dark. @all\r\n\r\n> It is dark.\r\n"
    b"--b\r\nContent-Type: image/png\r\n"
    b'Content-Disposition: attachment; filename="mast.png"\r\n\r\nPNG\r\n--b--\r\n'
)


@pytest.fixture(params=["yandex", "redmine"])
async def here(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> AsyncIterator[MirrorHouse]:
    """Runs the test with each tracker."""
    if request.param == "yandex":
        async with yandex_mirror(database, tmp_path) as found:
            yield found
    else:
        async with redmine_mirror(database, tmp_path, request.getfixturevalue("redmine")) as found:
            yield found


@pytest.fixture
async def yandex(database: Database, tmp_path: Path) -> AsyncIterator[MirrorHouse]:
    async with yandex_mirror(database, tmp_path) as found:
        yield found


async def test_a_letter_becomes_a_ticket_and_the_next_one_a_comment(here: MirrorHouse) -> None:
    await here.letter(FIRST)
    incident = await here.incident()
    await here.work()
    details = await here.details(incident.id)
    assert details.ticket.subject == "No power at 50-0001"
    assert "It is dark." in details.ticket.description
    assert "anna@operator.test" in details.ticket.description
    assert [each.name for each in details.attachments] == ["plan.pdf"]
    assert not details.comments
    await here.letter(SECOND)
    await here.work()
    details = await here.details(incident.id)
    [comment] = details.comments
    assert "Still | dark." in comment.text
    assert "12:50" in comment.text
    assert "It is dark." not in comment.text
    assert sorted(each.name for each in details.attachments) == ["mast.png", "plan.pdf"]


async def test_the_ticket_follows_and_nothing_is_written_without_a_change(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    await here.house.change(incident.id, status=Status.IN_PROGRESS, summary="Dark again")
    await here.house.change(incident.id, pole_id=await here.pole_id("50-0001"))
    await here.work()
    ticket = await here.ticket(incident.id)
    assert (ticket.subject, ticket.status.name) in [("Dark again", "In Progress"), ("Dark again", "В работе")]
    assert ("50-0001",) in [each.values for each in ticket.custom]
    await here.house.change(incident.id, unread=True)
    await here.house.change(incident.id, unread=False)
    await here.work(10)
    assert (await here.ticket(incident.id)).version == ticket.version
    assert (await here.house.now(incident.id)).status is Status.IN_PROGRESS


async def test_an_answer_that_is_lost_makes_no_second_ticket_and_no_second_comment(here: MirrorHouse) -> None:
    method, path = here.tracker.creation
    here.tracker.way.lose_answer(method, path)
    await here.letter(FIRST)
    incident = await here.incident()
    await here.work()
    key = (await here.ref(incident.id)).key
    comments = ("POST", f"/issues/{key}/comments") if "-" in key else ("PUT", f"/issues/{key}.json")
    here.tracker.way.lose_answer(*comments)
    await here.letter(SECOND)
    await here.work()
    details = await here.details(incident.id)
    assert len(details.comments) == 1
    assert sum(each.text.count("Still") for each in details.comments) == 1
    assert len(await here.history(incident.id)) == len({each.id for each in await here.history(incident.id)})


async def test_every_field_of_the_mapping(yandex: MirrorHouse) -> None:
    incident = await yandex.house.open()
    async with yandex.house.database.reading() as session:
        place = (await yandex.house.dispatch.assets.find(session, "towers", "KI0075")).chosen()
        kind = (await types.of_desk(session, "towers"))[0]
    await yandex.house.change(
        incident.id,
        pole_id=place.place.pole_id,
        station_id=place.place.station_id,
        contractor_id=place.contractor_id,
        type_id=kind.id,
        unread=True,
        responsible_id=await yandex.house.person_id("anna"),
    )
    await yandex.house.dispatch.slas.run()
    await yandex.work(12)
    shown = {
        name: await yandex.shown(incident.id, name) for name in ("pole", "station", "contractor", "operators")
    }
    assert shown == {"pole": "50-0001", "station": "KI0075", "contractor": "Вышка", "operators": "Т2"}
    assert await yandex.shown(incident.id, "type") == kind.name
    assert await yandex.shown(incident.id, "incident") == incident.code
    assert await yandex.shown(incident.id, "new_mail") == "✔️ Да"
    assert await yandex.shown(incident.id, "sla") == "🟦 Срок идёт"
    assert await yandex.shown(incident.id, "deadline") == "06.03.2026 12:00"
    assignee = (await yandex.ticket(incident.id)).assignee
    assert assignee is not None
    assert assignee.name == "Anna Petrova"


async def test_a_tracker_that_is_down_keeps_nobody_waiting(yandex: MirrorHouse) -> None:
    for _ in range(3):
        yandex.tracker.way.answer("POST", "/issues/", 503)
    incident = await yandex.house.open()
    await yandex.house.dispatch.mirror.run()
    row = await yandex.row(incident.id)
    assert (row.key, row.state) == (None, MirrorState.WAITING)
    card = await yandex.house.card()
    fields = {each["title"]: each["value"] for each in card["props"]["attachments"][0]["fields"]}
    assert fields["Трекер"] == "Ещё не в трекере"
    await yandex.work(30)
    assert (await yandex.ref(incident.id)).key == "DESK-1"
    card = await yandex.house.card()
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
