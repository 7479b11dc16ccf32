"""Which incident a letter belongs to, and in which order letters that came together are filed."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from tests.integration.dispatch.post_office import ANNA, DESK, DESK_SENDER, NOW, PostOffice, letter_bytes

from sekretar.dispatch.incidents.values import SYSTEM, EventKind, LinkKind, Status
from sekretar.dispatch.intake import understanding
from sekretar.dispatch.intake.threads import Reason
from sekretar.dispatch.mail.letter import AttachmentLimits, ParsedLetter
from sekretar.dispatch.mail.model import LetterState
from sekretar.dispatch.settings import MirrorSettings, ThreadSettings
from sekretar.kernel.database import Database


@pytest.fixture
def office(database: Database) -> PostOffice:
    return PostOffice(database)


# --- threads ---------------------------------------------------------------------------------------------


async def test_answers_join_by_any_reference_and_are_unread(office: PostOffice) -> None:
    first = await office.receive()
    incident = await office.change(await office.incident(first), unread=False)
    references = {"References": "<zero@x> <1@customer.example>"}
    second = await office.receive("RE: No power", sender="boris@other.example", headers=references)
    assert (second.incident_id, second.threaded_by) == (incident.id, Reason.KNOWN_ID)
    # A third letter knows only the ancestor that never came.
    third = await office.receive("RE: No power", headers={"References": "<zero@x>"})
    assert (third.incident_id, third.threaded_by) == (incident.id, Reason.SHARED_ID)
    now = await office.incident(first)
    assert now.unread
    assert await office.kinds(now) == ["opened", "letter_in", "read", "letter_in", "letter_in"]


async def test_an_answer_that_was_faster_than_its_question(office: PostOffice) -> None:
    answers = {"In-Reply-To": "<question@customer.example>"}
    answer = await office.receive("Re: No power", sender="boris@customer.example", headers=answers)
    asked_at = NOW - timedelta(hours=2)
    question = await office.receive("No power", message_id="<question@customer.example>", at=asked_at)
    assert (question.incident_id, question.threaded_by) == (answer.incident_id, Reason.ANSWERED)
    # The question is what it is about, and from when it counts.
    incident = await office.incident(question)
    assert (incident.summary, incident.applicant.address) == ("No power", "anna@customer.example")
    assert incident.opened_at == asked_at
    assert "begun" in await office.kinds(incident)


async def test_answers_to_the_desk_are_known_by_its_signed_ids(office: PostOffice) -> None:
    incident = await office.incident(await office.receive())
    own = office.ids.letter(incident.id, 77, "towers.example")
    answer = await office.receive("Re: NT-1: No power", sender="x@relay.example", headers={"References": own})
    assert (answer.incident_id, answer.threaded_by) == (incident.id, Reason.OWN_ID)
    assert (await office.answer(incident)).threaded_by == Reason.INCIDENT_ID
    forged = own.replace("inc.", "inc.9", 1)
    stranger = await office.receive("Re: No power", sender="x@relay.example", headers={"References": forged})
    assert stranger.threaded_by == Reason.NEW


async def test_an_answer_without_any_id_is_known_by_the_address_it_was_sent_to(office: PostOffice) -> None:
    incident = await office.incident(await office.receive())
    to = office.ids.reply_address(incident.id, "desk@towers.example")
    answer = await office.receive("Re: No power", sender="x@relay.example", headers={"To": to})
    assert (answer.incident_id, answer.threaded_by) == (incident.id, Reason.REPLY_ADDRESS)
    forged = to.replace(f"incident.{incident.id}.", f"incident.{incident.id + 1}.")
    other = await office.receive("No water", sender="y@relay.example", headers={"To": forged})
    assert (other.incident_id, other.threaded_by) == (incident.id + 1, Reason.NEW)


async def test_the_code_in_the_subject_opens_no_door_to_strangers(office: PostOffice) -> None:
    await office.register("41960-P-43-1-1")
    incident = await office.incident(await office.receive())
    for sender in (ANNA, "colleague@customer.example", "fix@repair.example", "boss@towers.example"):
        letter = await office.receive("One more thing, nt-1", sender=sender)
        assert (letter.incident_id, letter.threaded_by) == (incident.id, Reason.CODE)
    stranger = await office.receive("About NT-1 and NT-99", sender="stranger@mail.ru")
    other = await office.incident(stranger)
    assert (other.code, stranger.threaded_by) == ("NT-2", Reason.NEW)
    notes = [each.new for each in await office.history(other) if each.kind is EventKind.NOTE]
    assert len(notes) == 1
    assert "NT-1" in notes[0]


async def test_a_new_question_on_an_old_thread_is_a_new_linked_incident(office: PostOffice) -> None:
    first = await office.receive()
    headers = {"References": "<1@customer.example>"}
    second = await office.receive("A quite different matter", headers=headers)
    incident = await office.incident(second)
    assert (incident.code, second.threaded_by) == ("NT-2", Reason.CHANGED_SUBJECT)
    [link] = await office.links(incident)
    assert (link.kind, link.other.id) == (LinkKind.RELATED, first.incident_id)
    office.use(DESK.model_copy(update={"threads": ThreadSettings(changed_subject="same")}))
    third = await office.receive("A third matter", headers=headers)
    assert third.incident_id == first.incident_id


async def test_a_letter_that_a_stranger_forwards_is_a_question_of_its_own(office: PostOffice) -> None:
    await office.receive()
    headers = {"References": "<1@customer.example>"}
    letter = await office.receive("Fwd: No power", sender="x@stranger.example", headers=headers)
    assert letter.threaded_by == Reason.FORWARDED
    assert len(await office.links(await office.incident(letter))) == 1


async def test_letters_follow_to_the_survivor_of_a_merge(office: PostOffice) -> None:
    first = await office.incident(await office.receive("One"))
    second = await office.incident(await office.receive("Two"))
    third = await office.incident(await office.receive("Three"))
    async with office.database.transaction() as session:
        await office.incidents.merge(session, first.id, second.id, SYSTEM)
        await office.incidents.merge(session, second.id, third.id, SYSTEM)
    by_header = await office.receive("Re: One", headers={"References": "<1@customer.example>"})
    by_code = await office.receive("NT-1 again")
    assert (by_header.incident_id, by_code.incident_id) == (third.id, third.id)
    assert (await office.answer(first)).incident_id == third.id


# --- closed incidents -------------------------------------------------------------------------------------


async def test_a_letter_soon_after_the_closing_opens_the_incident_again(office: PostOffice) -> None:
    incident = await office.close(await office.incident(await office.receive()))
    await office.later(hours=71)
    letter = await office.answer(incident)
    now = await office.incident(letter)
    assert (now.id, now.status, now.unread, now.finished_at) == (
        incident.id,
        Status.IN_PROGRESS,
        True,
        None,
    )
    last = (await office.history(now))[-1]
    assert (last.kind, last.actor.name) == (EventKind.STATUS, "Анна")


async def test_letters_do_not_open_it_again_without_end(office: PostOffice) -> None:
    incident = await office.incident(await office.receive())
    for _ in range(DESK.threads.reopenings_an_hour):
        await office.close(incident)
        await office.answer(incident)
    await office.close(incident)
    now = await office.incident(await office.answer(incident))
    assert (now.status, now.unread) == (Status.CLOSED, True)
    await office.later(hours=1.1)
    assert (await office.incident(await office.answer(incident))).status is Status.IN_PROGRESS


async def test_a_letter_long_after_makes_a_new_incident_or_gets_an_answer(office: PostOffice) -> None:
    incident = await office.close(await office.incident(await office.receive()))
    await office.later(hours=100)
    letter = await office.answer(incident)
    new = await office.incident(letter)
    assert (new.code, letter.threaded_by) == ("NT-2", Reason.LONG_CLOSED)
    assert [link.other.id for link in await office.links(new)] == [incident.id]
    office.use(DESK.model_copy(update={"threads": ThreadSettings(closed="answer")}))
    late = await office.receive("Re: No power", headers={"References": "<1@customer.example>"})
    assert (await office.incident(late)).status is Status.CLOSED
    assert office.answered == [(incident.id, late.id)]


async def test_machines_join_but_open_nothing_again(office: PostOffice) -> None:
    incident = await office.close(await office.incident(await office.receive()))
    headers = {"References": "<1@customer.example>", "Auto-Submitted": "auto-replied"}
    reply = await office.receive("Automatic reply: No power", headers=headers)
    now = await office.incident(reply)
    assert (now.id, now.status, now.unread) == (incident.id, Status.CLOSED, False)
    await office.later(hours=100)
    monitoring = await office.receive(
        "Recovered", headers={"References": "<1@customer.example>", "Auto-Submitted": "auto-generated"}
    )
    assert monitoring.incident_id == incident.id
    assert office.answered == []


# --- machines --------------------------------------------------------------------------------------------


async def test_a_machine_may_tell_of_something_but_its_answers_to_nothing_are_kept_aside(
    office: PostOffice,
) -> None:
    alarm = await office.receive("ALARM", headers={"Auto-Submitted": "auto-generated"})
    assert alarm.threaded_by == Reason.NEW
    away = await office.receive("Out of office", headers={"Auto-Submitted": "auto-replied"})
    assert (away.state, away.why) == (LetterState.SET_ASIDE, Reason.MACHINE)


async def test_notices_of_the_own_tracker_make_no_incidents_but_those_of_others_do(
    office: PostOffice,
) -> None:
    office.use(DESK.model_copy(update={"mirror": MirrorSettings(tracker="main", project="AVR")}))
    own = await office.receive("AVR-7 changed", headers={"X-Tracker-Issue-Key": "AVR-7"})
    assert (own.state, own.why) == (LetterState.SET_ASIDE, Reason.OWN_TICKET)
    foreign = await office.receive("OTHER-7", headers={"X-Tracker-Issue-Key": "OTHER-7"})
    assert foreign.threaded_by == Reason.NEW
    redmine = {"X-Redmine-Project": "avr", "X-Redmine-Issue-Id": "7", "X-Auto-Response-Suppress": "All"}
    own = await office.receive("[AVR - Bug #7] Dark", headers=redmine)
    assert (own.state, own.why) == (LetterState.SET_ASIDE, Reason.OWN_TICKET)
    foreign = await office.receive("[X - Bug #7] Dark", headers=redmine | {"X-Redmine-Project": "x"})
    assert foreign.threaded_by == Reason.NEW


# --- many at once ----------------------------------------------------------------------------------------


def history_at_random(seed: int, prefix: str) -> list[bytes]:
    """Letters that answer each other, name codes, come twice and are about something else."""
    chance, found = Random(seed), []
    for number in range(4, 44):
        earlier = [f"<{chance.randrange(1, number)}@x>" for _ in range(chance.choice((0, 1, 1, 2)))]
        code = f" {prefix}-{chance.randrange(1, 4)}" if chance.random() < 0.2 else ""
        subject = chance.choice(("No power", "Re: No power", "Another matter", "Fwd: No power"))
        sender = chance.choice((ANNA, "b@customer.example", "c@elsewhere.example", DESK_SENDER))
        answers = {"References": " ".join(earlier)} if earlier else None
        own = f"<{number}@x>" if chance.random() < 0.9 else ""
        found.append(
            letter_bytes(subject + code, f"{number}", sender=sender, message_id=own, headers=answers)
        )
        if chance.random() < 0.1:
            found.append(b"X-Copy: %d\r\n" % number + found[-1])
    return found


async def outcome(office: PostOffice) -> list[object]:
    """What became of each letter, and what its incident has heard; incidents are called by their first letter."""
    letters, first = await office.letters(), dict[int | None, int]()
    for at, letter in enumerate(letters):
        first.setdefault(letter.incident_id, at)
    found: list[object] = []
    for letter in letters:
        heard = await office.kinds(await office.incident(letter)) if letter.incident_id else []
        found.append((letter.state, letter.why, letter.threaded_by, first[letter.incident_id], heard))
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_waits_together_is_filed_as_if_it_had_come_one_after_the_other(
    database: Database, seed: int
) -> None:
    offices = [
        PostOffice(database, DESK.model_copy(update={"name": name, "prefix": prefix}))
        for name, prefix in (("towers", "NT"), ("cables", "CB"))
    ]
    for office in offices:
        for number in range(1, 4):
            await office.receive(
                "No power", f"{number}", message_id=f"<{number}@x>", mailbox=office.desk.name
            )
    together, one_by_one = offices
    for letter in history_at_random(seed, "NT"):
        await together.put(letter, mailbox="towers")
    await together.intake.run()
    for letter in history_at_random(seed, "CB"):
        await one_by_one.put(letter, mailbox="cables")
        await one_by_one.intake.run()
    assert await outcome(together) == await outcome(one_by_one)


async def test_numbers_follow_the_order_in_which_letters_came(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_once(raw: bytes, limits: AttachmentLimits) -> ParsedLetter:
        if b"<4@x>" in raw:
            raise ValueError("a mistake")
        return parse(raw, limits)

    parse = understanding.parse
    monkeypatch.setattr(understanding, "parse", fail_once)
    answer = {"In-Reply-To": "<1@x>"}
    await office.put(letter_bytes("No power", message_id="<1@x>"))
    await office.put(letter_bytes("No water either", message_id="<2@x>", headers=answer))
    await office.put(letter_bytes("A fence", message_id="<3@x>"))
    await office.put(letter_bytes("Odd", message_id="<4@x>"))
    await office.put(letter_bytes("Re: No power", message_id="<5@x>", headers=answer))
    await office.put(letter_bytes("A gate", message_id="<6@x>"))
    await office.intake.run()
    codes = [(await office.incident(each)).code for each in await office.letters()]
    assert codes == ["NT-1", "NT-2", "NT-3", "NT-4", "NT-1", "NT-5"]


async def test_strangers_and_late_answers_are_numbered_in_their_order_too(office: PostOffice) -> None:
    old = await office.close(await office.incident(await office.receive()))
    await office.later(days=30)
    late = {"References": office.ids.letter(old.id, 77, "towers.example")}
    now = office.clock.now()
    for number, (subject, sender, headers) in enumerate(
        [
            ("Re: No power", ANNA, late),
            ("A fence", ANNA, None),
            ("Re: No power", ANNA, late),
            ("About NT-1", "x@mail.ru", None),
            ("A gate", ANNA, None),
            ("About NT-1", "y@mail.ru", None),
            ("A door", ANNA, None),
        ]
    ):
        await office.put(
            letter_bytes(subject, sender=sender, message_id=f"<{number}@x>", at=now, headers=headers)
        )
    await office.intake.run()
    codes = [(await office.incident(each)).code for each in (await office.letters())[1:]]
    # The second answer to the old letter goes on with what the first one has begun.
    assert codes == ["NT-2", "NT-3", "NT-2", "NT-4", "NT-5", "NT-6", "NT-7"]


async def test_who_asks_something_new_under_the_old_ids_is_not_asked_apart_each_time(
    office: PostOffice,
) -> None:
    first = await office.incident(await office.receive())
    own = office.ids.letter(first.id, 77, "towers.example")
    anew = await office.receive("No water", message_id="<w@x>", headers={"References": own})
    assert anew.threaded_by == Reason.CHANGED_SUBJECT
    more = await office.receive("Re: No water", "Nobody came.", headers={"References": f"{own} <w@x>"})
    assert (more.incident_id, more.threaded_by) == (anew.incident_id, Reason.KNOWN_ID)
    again = await office.receive("No water", "And a picture.", headers={"References": own})
    assert (again.incident_id, again.threaded_by) == (anew.incident_id, Reason.OWN_ID)
    other = await office.receive("No gas", headers={"References": own})
    assert other.threaded_by == Reason.CHANGED_SUBJECT
    assert other.incident_id not in {anew.incident_id, first.id}
    # Once it is closed, the same is something new.
    await office.close(await office.incident(anew))
    later = await office.receive("No water", headers={"References": own})
    assert later.threaded_by == Reason.CHANGED_SUBJECT


async def test_answers_to_one_letter_that_nobody_read_yet_stay_together(office: PostOffice) -> None:
    """They name nothing in common but a letter that has joined nothing."""
    desk = "Desk <desk@towers.example>"
    before = {"References": "<far@towers>"}
    alone = await office.receive(
        "Are you there?", sender=desk, folder="Sent", message_id="<asked@towers>", headers=before
    )
    for earlier in ("<asked@towers>", "<far@towers>"):
        headers = {"In-Reply-To": earlier}
        await office.put(letter_bytes("Re: Are you there?", message_id=f"{earlier[:-1]}.x>", headers=headers))
    await office.intake.run()
    asked, *answers = await office.letters()
    assert asked.id == alone.id
    assert {each.incident_id for each in answers} == {asked.incident_id}
