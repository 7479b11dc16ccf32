"""Letters out: from the press of a button to the mail server and back into the incident, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from tests.integration.dispatch.house import open_house
from tests.integration.dispatch.letter_office import ANNA, BORIS, BOX, FIRST, PERSON, VERA, LetterOffice
from tests.peers_smtp import OutsideWorld, outside_world

from sekretar.dispatch.assets.model import ContractorRow
from sekretar.dispatch.incidents.values import Applicant, EventKind, Status
from sekretar.dispatch.letters import templating
from sekretar.dispatch.letters.model import Fate, RecipientFate
from sekretar.dispatch.letters.standing import backlogs, standings
from sekretar.dispatch.letters.values import Purpose
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.ids import OwnId
from sekretar.dispatch.mail.letter import fingerprint
from sekretar.dispatch.mail.model import LetterState, RawLetterRow
from sekretar.dispatch.mail.parsing import parse
from sekretar.dispatch.settings import DeskSettings, MailboxSettings
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PersonError
from sekretar.kernel.outbox import OutboxRow, State

SOON = timedelta(minutes=15)


# --- the day of an incident -------------------------------------------------------------------------------


async def test_a_status_sends_its_letter_and_moves_on_when_it_is_delivered(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    assert await office.status(incident) is Status.NOTIFYING_APPLICANT
    await office.deliver()
    assert await office.status(incident) is Status.APPLICANT_NOTIFIED
    [taken] = world.taken
    message = taken.message
    assert taken.sender == BOX
    assert set(taken.recipients) == {ANNA, BORIS, BOX}
    assert message["To"].addresses[0].addr_spec == ANNA
    assert [each.addr_spec for each in message["Cc"].addresses] == [BORIS, BOX]
    assert message["Subject"] == "Re: NT-1: Нет питания"
    assert message["In-Reply-To"] == "<first@operator.test>"
    pseudo, first = message["References"].split()
    assert office.ids.read(pseudo) == OwnId(incident.id, None)
    assert first == "<first@operator.test>"
    [row] = await office.outgoing()
    assert office.ids.read(message["Message-ID"]) == OwnId(incident.id, row.letter_id)
    assert row.fate == Fate.SENT
    assert "Auto-Submitted" not in message
    [event] = await office.events(incident, EventKind.LETTER_OUT)
    assert (event.actor, event.new, event.letter_id) == (PERSON, "Re: NT-1: Нет питания", row.letter_id)


async def test_the_contractor_gets_the_card_the_letters_and_the_files(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    for status in (Status.APPLICANT_NOTIFIED, Status.HANDING_OVER):
        await office.move(incident, status)
    await office.deliver()
    assert await office.status(incident) is Status.HANDED_OVER
    [taken] = world.taken
    assert set(taken.recipients) == {VERA, BOX}
    body = taken.message.get_body()
    assert body is not None
    text = body.get_content()
    for said in ("41960-P-43", "Рязанская область", "54.60000, 39.70000", "Нет питания.", "05.03.2026"):
        assert said in text
    [plan] = taken.message.iter_attachments()
    assert (plan.get_filename(), plan.get_content()) == ("plan.pdf", b"%PDF")


async def test_files_that_were_purged_are_named_and_keep_no_letter_from_leaving(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    async with office.database.transaction() as session:
        await session.execute(update(RawLetterRow).values(content=None, purged_at=office.clock.now()))
    draft = await office.draft(Purpose.HANDED_OVER, incident)
    assert (draft.attachments, draft.left_out) == ((), ("plan.pdf",))
    await office.move(incident, Status.APPLICANT_NOTIFIED)
    await office.send(draft)
    await office.deliver()
    assert "plan.pdf" in world.taken[0].message.get_content()


async def test_a_copy_of_the_letter_in_the_mailbox_is_known_for_one(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    await office.send(await office.draft(Purpose.REPLY, incident, text="Бригада выехала. Ждите."))
    await office.deliver()
    [row] = await office.outgoing()
    async with office.database.transaction() as session:
        mine = await store.letter_row(session, row.letter_id)
        assert mine is not None
        assert (mine.state, mine.incident_id) == (LetterState.FILED, incident.id)
        assert mine.fingerprint == fingerprint(parse(world.taken[0].content))
        copy = await office.arrive(session, b"Received: by mx\r\n" + world.taken[0].content, uid=2)
        found = await store.letter_row(session, copy)
        assert found is not None
        assert (found.state, found.duplicate_of) == (LetterState.DUPLICATE, row.letter_id)


async def test_what_a_person_has_changed_is_what_goes(office: LetterOffice, world: OutsideWorld) -> None:
    incident = await office.open()
    draft = await office.draft(Purpose.ACCEPTED, incident)
    await office.send(replace(draft, text="Уже едем.", cc=()))
    await office.deliver()
    assert world.taken[0].message.get_content().strip() == "Уже едем."
    assert set(world.taken[0].recipients) == {ANNA, BOX}
    assert await office.status(incident) is Status.APPLICANT_NOTIFIED


async def test_answers_may_go_to_an_address_that_names_the_incident(
    database: Database, clock: ManualClock
) -> None:
    async with outside_world() as world:
        office = LetterOffice(database, clock, world, reply_addresses=True)
        incident = await office.open()
        await office.send(await office.draft(Purpose.ACCEPTED, incident))
        await office.deliver()
        asked = world.taken[0].message["Reply-To"].addresses[0].addr_spec
        assert office.ids.read_reply_address(asked) == OwnId(incident.id, None)
        # Whoever answers all is answered without the desk writing to itself.
        async with database.transaction() as session:
            answer = FIRST.replace(b"To: desk@example.test", f"To: {asked}".encode())
            answer = answer.replace(b"first@operator", b"second@operator")
            letter_id = await office.arrive(session, answer, uid=2)
            await store.mark_filed(session, letter_id, incident.id, "reply_address")
        draft = await office.draft(Purpose.REPLY, incident, text="Едем.")
        assert [each.address for each in (*draft.to, *draft.cc)] == [ANNA, BORIS, BOX]


async def test_the_desk_may_have_its_own_words(office: LetterOffice) -> None:
    incident = await office.open()
    async with office.database.transaction() as session:
        now = office.clock.now()
        await templating.set_template(
            session, "towers", Purpose.ACCEPTED, "ru", "Приняли {code}.", "Олег", now
        )
        with pytest.raises(PersonError):
            await templating.set_template(session, "towers", Purpose.ACCEPTED, "ru", "{oops}", "Олег", now)
    assert (await office.draft(Purpose.ACCEPTED, incident)).text == "Приняли NT-1."
    async with office.database.transaction() as session:
        await templating.reset_template(session, "towers", Purpose.ACCEPTED, "ru")
    assert "принята в работу" in (await office.draft(Purpose.ACCEPTED, incident)).text


# --- once -------------------------------------------------------------------------------------------------


async def test_one_press_sends_one_letter_however_often_it_arrives(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    reply = await office.draft(Purpose.REPLY, incident, text="Едем.")
    notice = await office.draft(Purpose.ACCEPTED, incident)
    numbers = await asyncio.gather(*(office.send(reply, "press 1") for _ in range(4)))
    assert len(set(numbers)) == 1
    again = await asyncio.gather(*(office.send(notice, "press 2") for _ in range(3)))
    assert len(set(again)) == 1
    await office.deliver()
    await office.send(notice, "press 2")
    await office.deliver()
    assert len(world.taken) == 2
    assert len(await office.events(incident, EventKind.LETTER_OUT)) == 2
    with pytest.raises(PersonError):
        await office.send(notice, "press 3")


@pytest.mark.parametrize("moment", ["lose", "cut"])
async def test_a_letter_of_unknown_fate_goes_again_under_the_same_id(
    office: LetterOffice, world: OutsideWorld, moment: str
) -> None:
    incident = await office.open()
    world.text_answers = [moment]
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    await office.deliver()
    assert await office.status(incident) is Status.NOTIFYING_APPLICANT
    await office.deliver(SOON)
    assert await office.status(incident) is Status.APPLICANT_NOTIFIED
    assert len({taken.message["Message-ID"] for taken in world.taken}) == 1
    assert len(world.taken) == (2 if moment == "cut" else 1)
    assert len(await office.events(incident, EventKind.LETTER_OUT)) == 1
    await office.deliver(SOON)
    assert len(world.taken) == (2 if moment == "cut" else 1)


async def test_what_fails_after_the_server_has_the_letter_does_not_send_it_again(
    office: LetterOffice, world: OutsideWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await office.open()
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    change = office.incidents.change

    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a listener has a fault")

    monkeypatch.setattr(office.incidents, "change", fails)
    await office.deliver()
    monkeypatch.setattr(office.incidents, "change", change)
    await office.deliver(SOON)
    assert len(world.taken) == 1
    assert await office.status(incident) is Status.APPLICANT_NOTIFIED


# --- refusals ---------------------------------------------------------------------------------------------


async def test_a_letter_refused_for_good_puts_the_incident_into_error_with_the_reason(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    world.answers = {ANNA: "550 5.1.1 User unknown"}
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    await office.deliver()
    assert await office.status(incident) is Status.ERROR
    [failed] = await office.events(incident, EventKind.LETTER_FAILED)
    assert (failed.new, failed.why) == (ANNA, "550 5.1.1 User unknown")
    *_, last = await office.events(incident, EventKind.STATUS)
    assert ANNA in last.why
    assert "5.1.1" in last.why
    await office.deliver(SOON)
    assert len(world.taken) == 1


async def test_a_letter_that_some_were_refused_is_sent_and_says_who_was_not_reached(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    world.answers = {BORIS: "550 5.1.1 User unknown"}
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    await office.deliver()
    assert await office.status(incident) is Status.APPLICANT_NOTIFIED
    [failed] = await office.events(incident, EventKind.LETTER_FAILED)
    assert failed.new == BORIS
    [row] = await office.outgoing()
    assert await office.fates(row.letter_id) == {
        ANNA: RecipientFate.ACCEPTED,
        BORIS: RecipientFate.REFUSED,
        BOX: RecipientFate.ACCEPTED,
    }


async def test_those_who_are_put_off_get_it_later_and_the_others_not_twice(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    world.answers = {ANNA: "451 4.7.1 Greylisted", BORIS: "451 4.7.1 Greylisted"}
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    await office.deliver()
    assert await office.status(incident) is Status.NOTIFYING_APPLICANT
    del world.answers[ANNA]
    await office.deliver(SOON)
    assert await office.status(incident) is Status.APPLICANT_NOTIFIED
    world.answers = {BORIS: "550 5.7.1 Now never"}
    await office.deliver(SOON)
    assert [taken.recipients for taken in world.taken] == [(BOX,), (ANNA,)]
    [failed] = await office.events(incident, EventKind.LETTER_FAILED)
    assert (failed.new, failed.why) == (BORIS, "550 5.7.1 Now never")
    await office.deliver(SOON)
    assert world.commands["RCPT"] == 6


async def test_patience_ends(database: Database, clock: ManualClock) -> None:
    async with outside_world() as world:
        office = LetterOffice(database, clock, world, password="wrong")
        incident = await office.open()
        await office.move(incident, Status.NOTIFYING_APPLICANT)
        await office.deliver()
        [row] = await office.outgoing()
        assert "535" in row.problem
        async with database.reading() as session:
            [backlog] = await backlogs(session, clock.now() + SOON)
            assert (backlog.mailbox, backlog.letters, backlog.since) == (BOX, 1, row.created_at)
            assert await backlogs(session, row.created_at) == []
        for _ in range(3):
            await office.deliver(timedelta(hours=7))
        assert await office.status(incident) is Status.NOTIFYING_APPLICANT
        await office.deliver(timedelta(hours=4))
        assert await office.status(incident) is Status.ERROR
        [failed] = await office.events(incident, EventKind.LETTER_FAILED)
        assert "535" in failed.why
        async with database.reading() as session:
            standing = (await standings(session, [row.letter_id]))[row.letter_id]
            assert await backlogs(session, clock.now() + SOON) == []
        assert (standing.fate, standing.purpose) == (Fate.FAILED, Purpose.ACCEPTED)
        assert [(each.address, each.fate) for each in standing.recipients] == [
            (each, RecipientFate.GIVEN_UP) for each in (ANNA, BORIS, BOX)
        ]


async def test_a_delivery_that_died_is_seen(office: LetterOffice) -> None:
    incident = await office.open()
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    await office.delivering.give_up_dead()
    assert await office.status(incident) is Status.NOTIFYING_APPLICANT
    async with office.database.transaction() as session:
        await session.execute(update(OutboxRow).values(state=State.DEAD))
    await office.delivering.give_up_dead()
    await office.delivering.give_up_dead()
    assert await office.status(incident) is Status.ERROR
    assert len(await office.events(incident, EventKind.LETTER_FAILED)) == 1


async def test_an_incident_that_was_moved_meanwhile_stays_where_it_is(office: LetterOffice) -> None:
    incident = await office.open()
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    await office.move(incident, Status.APPLICANT_NOTIFIED)
    await office.move(incident, Status.ON_GENERATION)
    await office.deliver()
    assert await office.status(incident) is Status.ON_GENERATION


# --- what is missing --------------------------------------------------------------------------------------


async def test_what_is_missing_is_told_to_whoever_presses_and_changes_nothing(office: LetterOffice) -> None:
    incident = await office.open(applicant=Applicant())
    with pytest.raises(PersonError, match=r"dispatch\.letters\.no_applicant"):
        await office.draft(Purpose.ACCEPTED, incident)
    await office.move(incident, Status.NOTIFYING_APPLICANT)
    assert await office.status(incident) is Status.ERROR
    *_, last = await office.events(incident, EventKind.STATUS)
    assert "нет адреса заявителя" in last.why
    assert await office.outgoing() == []


async def test_a_contractor_without_address_is_an_error_in_words(office: LetterOffice) -> None:
    incident = await office.open()
    async with office.database.transaction() as session:
        await session.execute(update(ContractorRow).values(emails=[]))
    for status in (Status.APPLICANT_NOTIFIED, Status.HANDING_OVER):
        await office.move(incident, status)
    assert await office.status(incident) is Status.ERROR
    *_, last = await office.events(incident, EventKind.STATUS)
    assert "нет адреса почты" in last.why


async def test_a_press_that_comes_too_late_sends_nothing(office: LetterOffice, world: OutsideWorld) -> None:
    incident = await office.open()
    draft = await office.draft(Purpose.ACCEPTED, incident)
    await office.move(incident, Status.APPLICANT_NOTIFIED)
    with pytest.raises(PersonError):
        await office.send(draft)
    with pytest.raises(PersonError, match=r"dispatch\.letters\.no_text"):
        await office.send(replace(draft, purpose=Purpose.REPLY, text=" "))
    await office.deliver()
    assert world.taken == []
    assert await office.outgoing() == []


# --- size, copies -----------------------------------------------------------------------------------------


async def test_files_stay_behind_when_the_server_takes_no_letters_of_that_size(
    database: Database, clock: ManualClock
) -> None:
    async with outside_world(size=20_000) as world:
        office = LetterOffice(database, clock, world)
        large = (
            b"From: anna@operator.test\r\nTo: desk@example.test\r\nSubject: x\r\nMessage-ID: <l@o.test>\r\n"
        )
        large += b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        for name, size in (("small.txt", 100), ("large.txt", 30_000)):
            large += (
                b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=%b\r\n\r\n"
                % (name.encode())
            )
            large += b"x" * size + b"\r\n"
        incident = await office.open(large + b"--b--\r\n")
        for status in (Status.APPLICANT_NOTIFIED, Status.HANDING_OVER):
            await office.move(incident, status)
        await office.deliver()
        assert await office.status(incident) is Status.HANDED_OVER
        [taken] = world.taken
        assert [each.get_filename() for each in taken.message.iter_attachments()] == ["small.txt"]
        body = taken.message.get_body()
        assert body is not None
        assert "не принимает такие большие письма: large.txt" in body.get_content()
        [row] = await office.outgoing()
        async with database.reading() as session:
            assert await store.raw_bytes(session, row.letter_id) == taken.content
        await office.delivering.close()


async def test_a_letter_too_large_without_any_file_fails(database: Database, clock: ManualClock) -> None:
    async with outside_world(size=200) as world:
        office = LetterOffice(database, clock, world)
        incident = await office.open()
        await office.move(incident, Status.NOTIFYING_APPLICANT)
        await office.deliver()
        assert await office.status(incident) is Status.ERROR
        *_, last = await office.events(incident, EventKind.STATUS)
        assert "слишком велико" in last.why
        await office.delivering.close()


async def test_a_copy_is_kept_where_the_settings_want_it_and_the_letter_goes_once(
    database: Database, clock: ManualClock, world: OutsideWorld
) -> None:
    kept: list[tuple[str, str]] = []
    troubles: list[Exception] = [PeerDown("imap")]

    async def keep(box: MailboxSettings, content: bytes, message_id: str, at: datetime) -> bool:
        if troubles:
            raise troubles.pop()
        kept.append((box.address, message_id))
        return True

    office = LetterOffice(database, clock, world, keep_copy=keep, keep_sent=True)
    incident = await office.open()
    await office.send(await office.draft(Purpose.REPLY, incident, text="Едем."))
    for _ in range(3):
        await office.deliver(SOON)
    assert kept == [(BOX, world.taken[0].message["Message-ID"])]
    assert len(world.taken) == 1
    await office.delivering.close()


# --- put together -----------------------------------------------------------------------------------------


async def test_the_whole_feature_sends_the_letters_of_its_desk(
    database: Database, world: OutsideWorld
) -> None:
    desk = DeskSettings(name="towers", prefix="NT", channel="work/desk", mailboxes=(world.mailbox(),))
    async with open_house(database, desk) as house:
        incident = await house.open()
        for status in (Status.IN_PROGRESS, Status.NOTIFYING_APPLICANT):
            await house.change(incident.id, status=status)
        await house.outbox.deliver_due()
        assert (await house.now(incident.id)).status is Status.APPLICANT_NOTIFIED
        assert world.taken[0].message["To"].addresses[0].addr_spec == "ivan@operator.example"
        await house.dispatch.close()
