"""Letters that nobody presses a button for, and what comes back: on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.dispatch.letter_office import ANNA, BOX, FIRST, PERSON, LetterOffice
from tests.integration.dispatch.post_office import no_tickets
from tests.peers_smtp import OutsideWorld

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import SYSTEM, Changed, EventKind, Incident, IncidentChange, Status
from sekretar.dispatch.intake.deliveries import Deliveries
from sekretar.dispatch.intake.evidence import Evidence
from sekretar.dispatch.intake.filing import Filing
from sekretar.dispatch.intake.intake import Intake, Tools
from sekretar.dispatch.letters.automatic import count_anew, resume
from sekretar.dispatch.letters.bouncing import Bounces
from sekretar.dispatch.letters.model import RecipientFate
from sekretar.dispatch.letters.values import Purpose
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.counters import Silence
from sekretar.dispatch.mail.letter import Bounce, BouncedRecipient, BounceReason, DeliveryAction
from sekretar.dispatch.mail.parsing import parse
from sekretar.dispatch.settings import ThreadSettings
from sekretar.kernel.i18n import Catalogues


def intake_of(office: LetterOffice) -> Intake:
    """What files the letters that come to the desk, with the programs that answer."""
    catalogues = Catalogues.load()
    tools = Tools(
        office.incidents,
        Evidence(office.ids, no_tickets),
        Deliveries(
            office.incidents, office.ids, catalogues, office.clock, Bounces(office.incidents, catalogues).note
        ),
        Filing(office.incidents, Assets(), catalogues, office.automatic.answer_too_late),
    )
    return Intake(office.database, office.clock, {office.desk.name: office.desk}, tools)


async def answer(office: LetterOffice, incident: Incident, number: int, extra: bytes = b"") -> int | Silence:
    """Another letter comes, and is answered by the program."""
    raw = extra + FIRST.replace(b"<first@", b"<more%d@" % number)
    async with office.database.transaction() as session:
        letter_id = await office.arrive(session, raw, uid=100 + number)
        await store.mark_filed(session, letter_id, incident.id, "test")
        said = await office.automatic.answer_too_late(session, incident.id, letter_id)
        assert said == await office.automatic.answer_too_late(session, incident.id, letter_id)
        return said


async def test_an_automatic_answer_says_that_it_is_one(office: LetterOffice, world: OutsideWorld) -> None:
    incident = await office.open()
    assert isinstance(await answer(office, incident, 1), int)
    await office.deliver()
    [taken] = world.taken
    assert (taken.sender, taken.recipients) == ("", (ANNA,))
    message = taken.message
    assert (message["Auto-Submitted"], message["Precedence"]) == ("auto-replied", "auto_reply")
    assert office.ids.read(message["X-Loop"]) is not None
    assert message["In-Reply-To"] == "<more1@operator.test>"
    assert "отдельным письмом" in message.get_content()


async def test_a_status_entered_by_a_program_sends_a_notice(
    office: LetterOffice, world: OutsideWorld
) -> None:
    incident = await office.open()
    await office.move(incident, Status.NOTIFYING_APPLICANT, SYSTEM)
    await office.deliver()
    [taken] = world.taken
    assert taken.sender == BOX
    assert taken.message["Auto-Submitted"] == "auto-generated"
    assert await office.status(incident) is Status.APPLICANT_NOTIFIED


async def test_two_programs_stop_and_somebody_may_let_them_go_on(office: LetterOffice) -> None:
    incident = await office.open()
    said = [await answer(office, incident, number) for number in range(11)]
    assert [isinstance(each, int) for each in said] == [True] * 10 + [False]
    assert said[-1] is Silence.LIMIT
    notes = await office.events(incident, EventKind.NOTE)
    assert ANNA in notes[-1].new
    other = await office.open(FIRST.replace(b"<first@", b"<other@"))
    assert await answer(office, other, 20) is Silence.LIMIT
    async with office.database.transaction() as session:
        await count_anew(session, "towers", ANNA.upper(), office.clock.now())
    office.clock.advance(timedelta(seconds=1))
    assert isinstance(await answer(office, incident, 21), int)


async def test_a_program_that_does_not_say_so_is_answered_until_the_limit_and_the_desk_is_told(
    office: LetterOffice, world: OutsideWorld
) -> None:
    """Two programs that answer each other, and no header of the other one tells what it is."""
    office.desk = office.desk.model_copy(
        update={"threads": ThreadSettings(closed="answer", reopen_hours=0, changed_subject="same")}
    )
    intake = intake_of(office)
    incident = await office.open()
    async with office.database.transaction() as session:
        kind = (await types.of_desk(session, office.desk.name))[0]
        closing = IncidentChange(status=Status.CLOSED, type_id=kind.id)
        await office.incidents.change(session, incident.id, closing, PERSON)
    heard: list[tuple[bool, list[str]]] = []

    async def hear(_: AsyncSession, changes: Sequence[Changed]) -> None:
        for each in changes:
            notes = [event.new for event in each.events if event.kind is EventKind.NOTE]
            heard.append((each.incident.unread, notes))

    office.incidents.on_changed(hear)
    letter, rounds = b"In-Reply-To: <first@operator.test>\r\n" + FIRST.replace(b"<first@", b"<robot0@"), 0
    while len(world.taken) == rounds:
        rounds += 1
        office.clock.advance(timedelta(seconds=20))
        await office.put(letter, uid=200 + rounds)
        await intake.run()
        await office.deliver()
        if len(world.taken) == rounds:
            asked = world.taken[-1].message
            head = f"Subject: Re: {asked['Subject']}\r\nIn-Reply-To: {asked['Message-ID']}\r\n"
            robot = FIRST.replace(b"<first@", b"<robot%d@" % rounds).replace(b"Subject:", b"X-Subject:")
            letter = head.encode() + robot
            assert parse(letter).machine is None
    assert len(world.taken) == 10
    notes = await office.events(incident, EventKind.NOTE)
    assert [ANNA in note.new and "/incident" in note.new for note in notes] == [True]
    # The card of the incident says that somebody has to look, and its thread why.
    assert heard[-1] == (True, [notes[0].new])
    assert await office.status(incident) is Status.CLOSED
    async with office.database.transaction() as session:
        assert await resume(session, incident, office.clock.now()) == [ANNA]
    office.clock.advance(timedelta(seconds=1))
    await office.put(letter.replace(b"<robot", b"<again"), uid=300)
    await intake.run()
    await office.deliver()
    assert len(world.taken) == 11


async def test_a_person_is_not_counted_and_not_hindered(office: LetterOffice) -> None:
    incident = await office.open()
    for number in range(12):
        await office.send(await office.draft(Purpose.REPLY, incident, text="Да."), f"press {number}")
    assert isinstance(await answer(office, incident, 1), int)


@pytest.mark.parametrize(
    ("extra", "silence"),
    [(b"Auto-Submitted: auto-replied\r\n", Silence.MACHINE), (b"Precedence: bulk\r\n", Silence.MACHINE)],
)
async def test_machines_get_no_answer(office: LetterOffice, extra: bytes, silence: Silence) -> None:
    incident = await office.open()
    assert await answer(office, incident, 1, extra) is silence
    assert len(await office.outgoing()) == 0
    assert await office.events(incident, EventKind.NOTE)


def bounce(action: DeliveryAction, reason: BounceReason, address: str = ANNA) -> Bounce:
    return Bounce("", (BouncedRecipient(address, action, "5.1.1", reason, "User unknown"),))


async def test_a_bounce_marks_the_letter_and_silences_programs(office: LetterOffice) -> None:
    incident = await office.open()
    letter_id = await office.send(await office.draft(Purpose.REPLY, incident, text="Да."))
    await office.deliver()
    failed = bounce(DeliveryAction.FAILED, BounceReason.UNKNOWN_ADDRESS, ANNA.upper())
    for _ in range(2):
        async with office.database.transaction() as session:
            bounces = Bounces(office.incidents, Catalogues.load())
            await bounces.note(session, letter_id, failed, office.clock.now())
    [event] = await office.events(incident, EventKind.LETTER_FAILED)
    assert (event.why, event.letter_id) == ("такого адреса нет (5.1.1)", letter_id)
    assert (await office.fates(letter_id))[ANNA] == RecipientFate.UNDELIVERED
    async with office.database.reading() as session:
        row = await store.letter_row(session, letter_id)
        assert row is not None
        assert "такого адреса нет" in row.undelivered
    assert await answer(office, incident, 1) is Silence.UNDELIVERABLE
    office.clock.advance(timedelta(days=61))
    assert isinstance(await answer(office, incident, 2), int)


async def test_a_delay_is_no_failure(office: LetterOffice) -> None:
    incident = await office.open()
    letter_id = await office.send(await office.draft(Purpose.REPLY, incident, text="Да."))
    await office.deliver()
    async with office.database.transaction() as session:
        late = bounce(DeliveryAction.DELAYED, BounceReason.DELAYED)
        bounces = Bounces(office.incidents, Catalogues.load())
        await bounces.note(session, letter_id, late, office.clock.now())
    assert await office.events(incident, EventKind.LETTER_FAILED) == []
    [note] = await office.events(incident, EventKind.NOTE)
    assert "задерживается" in note.new
    assert (await office.fates(letter_id))[ANNA] == RecipientFate.ACCEPTED
