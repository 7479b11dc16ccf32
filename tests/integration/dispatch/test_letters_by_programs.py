"""Letters that nobody presses a button for, and what comes back: on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.integration.dispatch.letter_office import ANNA, BOX, FIRST, LetterOffice
from tests.peers_smtp import OutsideWorld, outside_world

from sekretar.dispatch.incidents.values import SYSTEM, EventKind, Incident, Status
from sekretar.dispatch.letters.automatic import count_anew
from sekretar.dispatch.letters.bouncing import Bounces
from sekretar.dispatch.letters.model import RecipientFate
from sekretar.dispatch.letters.values import Purpose
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.counters import Silence
from sekretar.dispatch.mail.letter import Bounce, BouncedRecipient, BounceReason, DeliveryAction
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.i18n import Catalogues


@pytest.fixture
async def world() -> AsyncIterator[OutsideWorld]:
    async with outside_world() as made:
        yield made


@pytest.fixture
async def office(database: Database, clock: ManualClock, world: OutsideWorld) -> AsyncIterator[LetterOffice]:
    made = LetterOffice(database, clock, world)
    yield made
    await made.delivering.close()


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
