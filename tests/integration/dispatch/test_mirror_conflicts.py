"""Answers that are lost where somebody else works on the same ticket: what they did is never taken for our own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from tests.integration.dispatch.mirror_house import MirrorHouse, redmine_mirror
from tests.peers_redmine import Redmine

from sekretar.dispatch.incidents.values import Status
from sekretar.kernel.database import Database
from sekretar.trackers.requests import Change


async def lost(here: MirrorHouse, method: str, path: str) -> None:
    """What is to be written is written, and its answer lost."""
    here.tracker.way.lose_answer(method, path)
    here.house.clock.advance(timedelta(seconds=1))
    await here.house.dispatch.mirror.run()
    assert not here.tracker.way.faults


async def quiet(here: MirrorHouse) -> None:
    """Both agree: nothing is written any more. Redmine is asked for its forms by a POST that makes nothing."""
    await here.work()
    before = here.writes()
    await here.work()
    assert [each for each in here.writes()[len(before) :] if "/issues/" in each] == []


async def test_a_new_ticket_was_worked_on_before_it_was_known(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await lost(here, *here.tracker.creation)
    [issue] = (await here.service.find(here.all)).items
    form = await here.service.form(issue.project.id, issue.type.id)
    pole = next(each.id for each in form.custom if each.name == "pole")
    await here.anna.change(issue.ref, Change(subject="Mast 50-0001", custom={pole: ("50-0001",)}))
    await here.anna.transition(issue.ref, next(
        each.id for each in await here.anna.transitions(issue.ref) if each.to.id == "inProgress"
    ))  # fmt: skip
    await quiet(here)
    now = await here.house.now(incident.id)
    assert (now.pole_id, now.status) == (await here.pole_id("50-0001"), Status.IN_PROGRESS)
    assert (await here.ref(incident.id)) == issue.ref
    assert (await here.ticket(incident.id)).subject == "Mast 50-0001"
    assert await here.shown(incident.id, "incident") == incident.code


async def test_what_changed_here_since_is_written_into_the_ticket_that_is_found(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await lost(here, *here.tracker.creation)
    await here.house.change(incident.id, summary="Dark again", pole_id=await here.pole_id("50-0001"))
    await quiet(here)
    assert (await here.ticket(incident.id)).subject == "Dark again"
    assert await here.shown(incident.id, "pole") == "50-0001"


async def test_somebody_undoes_what_we_do_not_know_to_be_there(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    key = (await here.ref(incident.id)).key
    await here.house.change(incident.id, pole_id=await here.pole_id("50-0001"), summary="Dark")
    await lost(here, "PATCH", f"/issues/{key}")
    assert await here.shown(incident.id, "pole") == "50-0001"
    await here.type_there(incident.id, pole="")
    await here.anna.change(await here.ref(incident.id), Change(subject="Dark at the mast"))
    await quiet(here)
    assert (await here.house.now(incident.id)).pole_id is None
    assert await here.shown(incident.id, "pole") == ""
    assert (await here.ticket(incident.id)).subject == "Dark at the mast"


async def test_somebody_moves_the_ticket_before_we_see_our_own_step(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()

    async def waits() -> None:
        await here.move_there(incident.id, "needInfo")

    await here.house.change(incident.id, status=Status.IN_PROGRESS)
    here.tracker.way.meanwhile("POST", "/_execute", waits)
    await quiet(here)
    assert (await here.house.now(incident.id)).status is Status.NOTIFYING_APPLICANT


async def test_redmine_is_read_back_after_somebody_was_quick(
    database: Database, tmp_path: Path, redmine: Redmine
) -> None:
    async with redmine_mirror(database, tmp_path, redmine) as here:
        incident = await here.house.open()
        await here.work()
        key = (await here.ref(incident.id)).key
        await here.house.change(incident.id, pole_id=await here.pole_id("50-0001"))
        here.tracker.way.meanwhile("PUT", f"/issues/{key}.json", _typing(here, incident.id, "77-0123"))
        await quiet(here)
        assert (await here.house.now(incident.id)).pole_id == await here.pole_id("77-0123")
        await here.house.change(incident.id, pole_id=await here.pole_id("50-0001"))
        await lost(here, "PUT", f"/issues/{key}.json")
        await here.type_there(incident.id, Contract="77-0123")
        await quiet(here)
        assert (await here.house.now(incident.id)).pole_id == await here.pole_id("77-0123")
        assert await here.shown(incident.id, "Contract") == "77-0123"


def _typing(here: MirrorHouse, incident_id: int, pole: str) -> Callable[[], Awaitable[object]]:
    async def act() -> None:
        await here.type_there(incident_id, Contract=pole)

    return act
