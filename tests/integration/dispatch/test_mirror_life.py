"""What becomes of a ticket besides being written: it is made late, lost, full, or its incident ends in another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from tests import peers
from tests.integration.dispatch.mail_watch import Watch
from tests.integration.dispatch.mirror_house import FIRST, SECOND, MirrorHouse, redmine_mirror
from tests.integration.dispatch.slash import said
from tests.integration.tickets.houses import YandexHouse
from tests.peers_redmine import Redmine

from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import SYSTEM, EventKind, Status
from sekretar.dispatch.mail.mailboxes import Mailboxes
from sekretar.dispatch.mirror import moving
from sekretar.dispatch.mirror.model import MirrorCursorRow, MirrorPersonRow, MirrorRow
from sekretar.dispatch.mirror.values import MirrorState
from sekretar.dispatch.operations.diagnosis import diagnose_tickets
from sekretar.kernel.database import Database
from sekretar.mattermost.doctor import State
from sekretar.sandbox.tracker import TrackerSandbox
from sekretar.trackers.requests import Change
from sekretar.trackers.values import LinkKind


def sandbox_of(here: MirrorHouse) -> TrackerSandbox:
    assert isinstance(here.tracker, YandexHouse)
    return here.tracker.sandbox


async def told(here: MirrorHouse, incident_id: int) -> list[tuple[str, str]]:
    """What the desk reads of the mirror in the history."""
    return [(each.new, each.why) for each in await here.history(incident_id) if each.kind is EventKind.MIRROR]


async def kind_of(here: MirrorHouse) -> int:
    async with here.house.database.reading() as session:
        return (await types.of_desk(session, "towers"))[0].id


# --- what was there before --------------------------------------------------------------------------------


async def test_a_mirror_that_is_switched_on_shows_what_is_open(here: MirrorHouse) -> None:
    kind = await kind_of(here)
    incidents = [await here.house.open(f"Mast {number}") for number in range(1, 5)]
    await here.house.change(incidents[3].id, status=Status.IN_PROGRESS, type_id=kind)
    await here.house.change(incidents[3].id, status=Status.CLOSED)
    async with here.house.database.transaction() as session:
        await session.execute(delete(MirrorRow))
        await session.execute(delete(MirrorCursorRow))
    mirror = here.house.dispatch.mirror
    await mirror.take_over()
    await mirror.run()
    # The tickets of before come one after the other; what happens now is not behind them.
    assert (await here.ref(incidents[0].id)).key == "DESK-1"
    fresh = await here.house.open("Fresh")
    await mirror.run()
    assert (await here.ref(fresh.id)).key == "DESK-2"
    await mirror.take_over()
    here.house.clock.advance(timedelta(seconds=2))
    await mirror.run()
    assert [(await here.ref(each.id)).key for each in incidents[1:3]] == ["DESK-3", "DESK-4"]
    await here.work()
    assert len(sandbox_of(here).world.issues) == 4


async def test_what_changed_while_it_was_off_is_shown(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    await here.house.change(incident.id, summary="Dark again")
    async with here.house.database.transaction() as session:
        (await session.get_one(MirrorRow, incident.id)).due_at = None
    await here.work()
    assert (await here.ticket(incident.id)).subject == incident.summary
    async with here.house.database.transaction() as session:
        row = await session.get_one(MirrorCursorRow, "towers")
        row.read_at = here.house.clock.now() - timedelta(hours=1)
    await here.house.dispatch.mirror.take_over()
    await here.work()
    assert (await here.ticket(incident.id)).subject == "Dark again"


async def test_another_tracker_gets_its_own_tickets(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    async with here.house.database.transaction() as session:
        row = await session.get_one(MirrorRow, incident.id)
        row.tracker, row.key = "former", "OLD-7"
    await here.house.dispatch.mirror.take_over()
    await here.work()
    assert (await here.row(incident.id)).tracker == "main"
    assert (await here.ref(incident.id)).key == "DESK-1"


def resettle(here: MirrorHouse, **mirror: Any) -> None:
    """Sekretar begins again with other settings of the mirror."""
    desks = here.house.dispatch.mirror.desks
    assert isinstance(desks, dict)
    desk = desks["towers"]
    desks["towers"] = desk.model_copy(update={"mirror": desk.mirror.model_copy(update=mirror)})
    here.house.dispatch.mirror.openings._schemes.clear()


async def test_a_field_that_the_settings_name_anew_is_filled_and_clears_nothing(here: MirrorHouse) -> None:
    incident = await here.house.open(pole_id=await here.pole_id("50-0001"))
    await here.work()
    assert await here.shown(incident.id, "pole") == "50-0001"
    # The queue has two fields for it from now on, and the desk uses the other one.
    resettle(here, fields={"pole": "station"})
    await here.house.change(incident.id, summary="Still dark")
    await here.work()
    known = await here.house.now(incident.id)
    assert (known.pole_id, known.status) == (await here.pole_id("50-0001"), Status.NEW)
    assert await here.shown(incident.id, "station") == "50-0001"
    await here.type_there(incident.id, station="50-0002")
    await here.work()
    assert (await here.house.now(incident.id)).pole_id == await here.pole_id("50-0002")


async def test_tickets_stay_in_the_project_they_are_in(either: MirrorHouse) -> None:
    here = either
    old = await here.house.open()
    await here.work()
    key = (await here.ref(old.id)).key
    resettle(here, project=here.tracker.projects["vault"], fields={}, statuses={}, type="")
    await here.house.dispatch.mirror.take_over()
    new = await here.house.open()
    await here.work()
    assert (await here.ticket(new.id)).project.id != (await here.ticket(old.id)).project.id
    # The old one is followed there, both ways, and its closing closes.
    await here.house.change(old.id, summary="Still dark")
    await here.work()
    assert (await here.ref(old.id)).key == key
    assert (await here.ticket(old.id)).subject == "Still dark"
    member = (await here.anna.me()).member
    anna = await here.house.person_id("anna")
    async with here.house.database.transaction() as session:
        session.add(
            MirrorPersonRow(
                tracker="main", member_id=member.id, person_id=anna, found_at=here.house.clock.now()
            )
        )
    await here.anna.change(await here.ref(old.id), Change(assignee=member.id))
    await here.work()
    assert (await here.house.now(old.id)).responsible_id == anna
    found = await diagnose_tickets(here.house.dispatch.mirror.desks["towers"], here.house.database)
    assert "where their tickets stay until they end" in found.seen

    # Whoever goes back finds everything as it was, and what was made there meanwhile is no news.
    mirror = here.house.desk.mirror
    assert mirror is not None
    resettle(here, project=mirror.project)
    await here.house.dispatch.mirror.take_over()
    await here.work()
    third = await here.house.open()
    await here.work()
    assert (await here.ticket(third.id)).project.id == (await here.ticket(old.id)).project.id
    assert (await here.ticket(new.id)).project.id != (await here.ticket(old.id)).project.id


async def test_a_ticket_that_somebody_moves_is_followed_where_it_is(either: MirrorHouse) -> None:
    here = either
    moved, other = await here.house.open(), await here.house.open("Another one")
    await here.work()
    was = await here.ref(moved.id)
    await here.service.change(was, Change(project=here.tracker.projects["vault"]))
    await here.work(looks=7)
    now = await here.ref(moved.id)
    assert (await here.ticket(moved.id)).ref == now
    assert (await here.row(moved.id)).project == here.tracker.projects["vault"]
    _, (text, _) = await told(here, moved.id)
    assert f"{was.key} перенесена" in text
    assert now.key in text
    # What is done there is heard of, though nothing happens to the incident here.
    steps = await here.service.transitions(now)
    step = next(each.id for each in steps if {each.to.id, each.to.name} & {"inProgress", "In Progress"})
    await here.service.transition(now, step)
    await here.work()
    assert (await here.house.now(moved.id)).status is Status.IN_PROGRESS
    # And the other way round; whoever moves it back is followed, too.
    await here.service.change(now, Change(project=here.tracker.projects["desk"]))
    await here.work(looks=7)
    await here.house.change(moved.id, summary="Still dark")
    await here.work()
    assert (await here.ticket(moved.id)).subject == "Still dark"
    assert (await here.row(moved.id)).project == (await here.row(other.id)).project
    assert (await here.house.now(other.id)).status is Status.NEW


async def test_many_tickets_are_looked_for_one_request_after_the_other(
    here: MirrorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    incidents = [await here.house.open(f"Mast {number}") for number in range(4)]
    await here.work(6)
    monkeypatch.setattr(moving, "_AT_ONCE", 1)
    for each in (incidents[0], incidents[3]):
        await here.service.change(await here.ref(each.id), Change(project=here.tracker.projects["vault"]))
    await here.work(10)
    vault = here.tracker.projects["vault"]
    assert [(await here.row(each.id)).project == vault for each in incidents] == [True, False, False, True]


# --- lost and full ones -----------------------------------------------------------------------------------


async def test_a_deleted_ticket_is_told_once_and_another_one_is_made_when_somebody_wants_it(
    here: MirrorHouse,
) -> None:
    await here.letter(FIRST)
    incident = await here.incident()
    await here.work()
    sandbox_of(here).world.issues.clear()
    for summary in ("Dark", "Darker"):
        await here.house.change(incident.id, summary=summary)
        written = here.writes()
        await here.work()
        assert here.writes() == written
    found = await diagnose_tickets(here.house.desk, here.house.database)
    assert (found.state, found.seen) == (
        State.WARNING,
        f"{incident.code}: DESK-1 was deleted or is out of sight",
    )
    _, (what, mend) = await told(here, incident.id)
    assert what.startswith("DESK-1 ")
    assert f"/incident ticket {incident.code}" in mend
    assert (await here.row(incident.id)).state == MirrorState.GONE
    fields = {
        each["title"]: each["value"]
        for each in (await here.house.card())["props"]["attachments"][0]["fields"]
    }
    assert fields["Трекер"] == "DESK-1 (в трекере больше не видна)"
    assert incident.code in await said(here.house, "anna", f"ticket {incident.code}")
    await here.work()
    details = await here.details(incident.id)
    assert details.ticket.ref.key == "DESK-2"
    assert details.ticket.subject == "Darker"
    assert "DESK-1" in details.ticket.description
    assert "It is dark." in details.ticket.description
    assert [each.name for each in details.attachments] == ["plan.pdf"]
    assert "DESK-2" in await said(here.house, "anna", f"ticket {incident.code}")
    assert (await diagnose_tickets(here.house.desk, here.house.database)).state is State.OK


async def test_a_ticket_out_of_sight_comes_back(database: Database, tmp_path: Path, redmine: Redmine) -> None:
    async with redmine_mirror(database, tmp_path, redmine) as here:
        incident = await here.house.open()
        other = await here.house.open("Another")
        await here.work()
        key = (await here.ref(incident.id)).key
        here.tracker.way.answer("GET", f"/issues/{key}.json", 403)
        await here.house.change(incident.id, summary="Dark")
        await here.house.change(other.id, summary="Another one")
        here.house.clock.advance(timedelta(seconds=1))
        await here.house.dispatch.mirror.run()
        assert (await here.row(incident.id)).state == MirrorState.GONE
        assert (await here.ticket(other.id)).subject == "Another one"
        await here.house.change(incident.id, summary="Darker")
        await here.work()
        assert (await here.row(incident.id)).state == MirrorState.SHOWN
        assert (await here.ticket(incident.id)).subject == "Darker"
        assert len(await told(here, incident.id)) == 3


async def test_a_queue_out_of_sight_is_no_trouble_of_its_tickets(
    here: MirrorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mailboxes, "standings", lambda _: [])
    incident = await here.house.open()
    await here.work()
    queue = sandbox_of(here).world.queues["DESK"]
    before, queue.read = queue.read, set()
    await here.house.change(incident.id, summary="Dark")
    await here.work()
    assert (await here.row(incident.id)).state == MirrorState.SHOWN
    (alarm,) = await Watch(here.house).after(timedelta(minutes=1))
    assert "служебной учётной записи там не поработать" in alarm
    queue.read = before
    await here.work(40)
    assert (await here.ticket(incident.id)).subject == "Dark"


async def test_a_ticket_that_is_nearly_full_gets_only_what_is_needed(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.house.change(incident.id, status=Status.IN_PROGRESS, type_id=await kind_of(here))
    await here.house.dispatch.slas.run()
    await here.work()
    [issue] = sandbox_of(here).world.issues.values()
    issue.version = 9_000
    await here.house.change(incident.id, unread=True)
    await here.work()
    await here.house.change(incident.id, unread=False)
    await here.work(60 * 24 * 3 // 100)
    assert issue.version == 9_000
    _, (what, mend) = await told(here, incident.id)
    assert "скоро закроет" in what
    assert "только самое нужное" in mend
    await here.house.change(incident.id, pole_id=await here.pole_id("50-0001"))
    await here.work()
    assert await here.shown(incident.id, "pole") == "50-0001"
    assert len(await told(here, incident.id)) == 2


async def test_a_full_ticket_is_followed_by_a_new_one(here: MirrorHouse) -> None:
    incident = await here.house.open()
    await here.work()
    sandbox_of(here).limits.version = 1
    await here.house.change(incident.id, summary="Once more")
    await here.work()
    assert (await here.row(incident.id)).state == MirrorState.FULL
    sandbox_of(here).limits.version = 10_100
    await said(here.house, "anna", f"ticket {incident.code}")
    await here.work()
    assert (await here.ticket(incident.id)).ref.key == "DESK-2"
    assert (await here.ticket(incident.id)).subject == "Once more"


# --- the tracker as a whole -------------------------------------------------------------------------------


async def test_an_account_that_is_not_accepted_is_an_alarm_and_its_end(
    here: MirrorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mailboxes, "standings", lambda _: [])
    watch = Watch(here.house)
    users = sandbox_of(here).world.users
    service = next(each for each in users.values() if each.login == "service")
    service.dismissed = True
    await here.house.open()
    await here.work()
    (alarm,) = await watch.after(timedelta(minutes=1))
    assert "main" in alarm
    assert "не принимает ключ" in alarm
    service.dismissed = False
    await here.work(40)
    assert [each[0] for each in [*await watch.after(), *await watch.after(timedelta(minutes=5))]] == ["✅"]


# --- incidents that end in another ------------------------------------------------------------------------


async def test_a_merged_incident_closes_its_ticket_and_its_letters_go_on_in_the_other(
    either: MirrorHouse,
) -> None:
    survivor = await either.house.open("The mast is dark")
    await either.letter(FIRST)
    await either.work()
    merged = await either.incident(2)
    key, other = (await either.ref(survivor.id)).key, (await either.ref(merged.id)).key
    async with either.house.database.transaction() as session:
        await either.house.incidents.merge(session, merged.id, survivor.id, SYSTEM)
    comments = ("POST", f"/issues/{key}/comments") if "-" in key else ("PUT", f"/issues/{key}.json")
    either.tracker.way.lose_answer(*comments)
    await either.work()
    await either.letter(SECOND)
    await either.work()
    closed = await either.details(merged.id)
    assert closed.ticket.status.closed
    [comment] = closed.comments
    assert survivor.code in comment.text
    assert key in comment.text
    open_one = await either.details(survivor.id)
    assert ["It is dark." in each.text for each in open_one.comments] == [True, False]
    assert "Still | dark." in open_one.comments[1].text
    assert [(each.kind, each.other.key) for each in open_one.relations] == [(LinkKind.DUPLICATED_BY, other)]
    assert [(each.kind, each.other.key) for each in closed.relations] == [(LinkKind.DUPLICATES, key)]
    assert {each.name for each in open_one.attachments} == {"plan.pdf", "mast.png"}


async def test_an_incident_that_ended_before_it_had_a_ticket_gets_none(here: MirrorHouse) -> None:
    survivor, merged = await here.house.open("One"), await here.house.open("Two")
    async with here.house.database.transaction() as session:
        await here.house.incidents.merge(session, merged.id, survivor.id, SYSTEM)
    await here.work()
    assert (await here.row(merged.id)).key is None
    assert len(sandbox_of(here).world.issues) == 1


# --- the tracker's letters, and the vendor's eyes ---------------------------------------------------------


async def test_a_notice_of_the_tracker_finds_the_incident_of_its_ticket(either: MirrorHouse) -> None:
    here = either
    incident = await here.house.open()
    await here.work()
    key = (await here.ref(incident.id)).key
    marks = {
        True: f"X-Tracker-Issue-Key: {key}",
        False: f"X-Redmine-Project: desk\r\nX-Redmine-Issue-Id: {key}",
    }
    await here.letter(
        "From: Tracker <tracker@vendor.test>\r\nTo: desk@example.test\r\nSubject: Changed\r\n"
        f"Message-ID: <notice@vendor.test>\r\n{marks[isinstance(here.tracker, YandexHouse)]}\r\n\r\n"
        "Anna wrote.\r\n".encode()
    )
    assert (await here.history(incident.id))[-1].kind is EventKind.LETTER_IN
    assert not (await here.house.now(incident.id)).unread
    # A comment of it would be a reason for the next notice.
    await here.work()
    assert not (await here.details(incident.id)).comments


async def test_the_official_client_reads_what_the_mirror_wrote(here: MirrorHouse) -> None:
    try:
        import yandex_tracker_client as vendor
    except ImportError:
        peers.missing("yandex-tracker-client", "install the development requirements")
    await here.letter(FIRST)
    incident = await here.incident()
    kind = await kind_of(here)
    await here.house.change(
        incident.id, status=Status.IN_PROGRESS, type_id=kind, pole_id=await here.pole_id("50-0001")
    )
    await here.letter(SECOND)
    await here.work()
    client = vendor.TrackerClient(
        base_url=sandbox_of(here).url, api_version="v2", token="token-anna", org_id="1", retries=0
    )
    seen = await asyncio.to_thread(partial(_seen_by, client, (await here.ref(incident.id)).key))
    fields = {name: await here.shown(incident.id, name) for name in ("pole", "type", "incident", "new_mail")}
    assert fields == seen["fields"]
    assert fields["pole"] == "50-0001"
    assert fields["incident"] == incident.code
    assert (seen["summary"], seen["status"]) == ("No power at 50-0001", "inProgress")
    assert "It is dark." in seen["description"]
    assert [("Still | dark." in text, "12:50" in text) for text in seen["comments"]] == [(True, True)]
    assert seen["files"] == {"plan.pdf": b"%PDF", "mast.png": b"PNG"}


def _seen_by(client: Any, key: str) -> dict[str, Any]:
    """The ticket through the eyes of the vendor's client, which is synchronous."""
    issue = client.issues[key]
    local = {field.name: field.id for field in client.queues["DESK"].local_fields}
    return {
        "summary": issue.summary,
        "status": issue.status.key,
        "description": issue.description,
        "comments": [each.text for each in issue.comments.get_all()],
        "fields": {name: issue[local[name]] for name in ("pole", "type", "incident", "new_mail")},
        "files": {each.name: b"".join(each.read()) for each in issue.attachments},
    }
