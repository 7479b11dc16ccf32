"""Letters that are here already: copies, what the desk has sent itself, and what became of that."""

from __future__ import annotations

import pytest
from tests.integration.dispatch.post_office import DESK_SENDER, PostOffice, letter_bytes

from sekretar.dispatch.incidents.values import EventKind
from sekretar.dispatch.intake.threads import Reason
from sekretar.dispatch.mail.model import Direction, LetterState
from sekretar.kernel.database import Database

BOUNCE = """\
This is the mail system.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; anna@customer.example
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
References: {references}
Subject: Re: No power

--b--
"""


@pytest.fixture
def office(database: Database) -> PostOffice:
    return PostOffice(database)


# --- copies and own letters ------------------------------------------------------------------------------


async def test_one_letter_in_two_mailboxes_is_one_letter(office: PostOffice) -> None:
    content = letter_bytes(message_id="<1@customer.example>")
    await office.put(content)
    await office.put(content.replace(b"From:", b"Delivered-To: b@towers.example\r\nFrom:"), mailbox="b@x")
    await office.intake.run()
    one, copy = await office.letters()
    assert (copy.state, copy.duplicate_of) == (LetterState.DUPLICATE, one.id)
    assert await office.kinds(await office.incident(one)) == ["opened", "letter_in"]


@pytest.mark.parametrize("is_first_changed", [False, True])
async def test_a_copy_with_the_footer_of_a_list_is_the_same_letter(
    office: PostOffice, is_first_changed: bool
) -> None:
    content = letter_bytes(message_id="<1@customer.example>")
    changed = b"List-Id: <all.towers.example>\r\n" + content + b"\r\n--\r\nSent through the list"
    for each in (changed, content) if is_first_changed else (content, changed):
        await office.put(each)
    await office.put(letter_bytes(text="Another place is dark.", message_id="<1@customer.example>"))
    await office.intake.run()
    one, copy, other = await office.letters()
    assert (copy.state, copy.duplicate_of) == (LetterState.DUPLICATE, one.id)
    assert other.state == LetterState.FILED
    assert other.incident_id != one.incident_id


async def test_a_repeated_message_id_with_another_text_is_another_letter(office: PostOffice) -> None:
    await office.receive("One", "One", message_id="<same@x>")
    other = await office.receive("Other", "Another text", message_id="<same@x>", sender="b@x.example")
    assert other.state == LetterState.FILED


async def test_what_was_sent_is_filed_as_outgoing_and_gathered_when_an_answer_comes(
    office: PostOffice,
) -> None:
    desk = "Desk <desk@towers.example>"
    incident = await office.incident(await office.receive())
    await office.change(incident, unread=False)
    headers = {"References": "<1@customer.example>"}
    sent = await office.receive("Re: No power", sender=desk, folder="Sent", headers=headers)
    assert (sent.direction, sent.incident_id) == (Direction.OUT, incident.id)
    now = await office.incident(sent)
    assert not now.unread
    assert (await office.kinds(now))[-1] == "letter_out"
    alone = await office.receive("Are you there?", sender=desk, folder="Sent", message_id="<asked@towers>")
    assert (alone.state, alone.why) == (LetterState.SET_ASIDE, Reason.SENT)
    answer = await office.receive("Re: Are you there?", headers={"In-Reply-To": "<asked@towers>"})
    assert answer.threaded_by == Reason.NEW
    gathered = (await office.letters())[alone.id - 1]
    assert (gathered.incident_id, gathered.threaded_by) == (answer.incident_id, Reason.EARLIER)


async def test_a_copy_of_an_own_letter_in_the_inbox_is_no_new_letter(office: PostOffice) -> None:
    incident = await office.incident(await office.receive())
    desk = "Desk <desk@towers.example>"
    references = {"References": office.ids.incident(incident.id, "towers.example")}
    made = await office.receive("Re: No power", sender=desk, folder="Sent", headers=references)
    own = office.ids.letter(incident.id, made.id, "towers.example")
    copy = await office.receive(
        "Re: No power", "Nothing works.\nadded by a gateway", sender=desk, message_id=own, headers=references
    )
    assert (copy.state, copy.duplicate_of) == (LetterState.DUPLICATE, made.id)


async def test_an_own_letter_that_comes_back_goes_no_further(office: PostOffice) -> None:
    incident = await office.incident(await office.receive())
    mark = {"X-Loop": office.ids.incident(incident.id, "towers.example")}
    letter = await office.receive("NT-1", headers=mark)
    assert (letter.state, letter.why) == (LetterState.SET_ASIDE, Reason.LOOP)


# --- bounces ----------------------------------------------------------------------------------------------


async def test_a_bounce_finds_the_letter_that_did_not_arrive(office: PostOffice) -> None:
    incident = await office.incident(await office.receive())
    await office.change(incident, unread=False)
    references = office.ids.incident(incident.id, "towers.example")
    sent = await office.receive(
        "Re: No power",
        sender="Desk <desk@towers.example>",
        folder="Sent",
        message_id="<sent@towers.example>",
        headers={"References": references},
    )
    report = {
        "Content-Type": 'multipart/report; report-type=delivery-status; boundary="b"',
        "Return-Path": "<>",
    }
    daemon = {"sender": "MAILER-DAEMON@mail.example", "headers": report}
    text = BOUNCE.format(message_id="<sent@towers.example>", references=references)
    bounce = await office.receive("Undelivered", text, **daemon)
    assert (bounce.incident_id, bounce.threaded_by) == (incident.id, Reason.DELIVERY)
    assert "anna@customer.example" in (await office.letters())[sent.id - 1].undelivered
    told = (await office.history(incident))[-2]
    assert (told.kind, told.letter_id) == (EventKind.LETTER_FAILED, sent.id)
    assert (await office.incident(sent)).unread
    # A relay has replaced the id: what it referred to still names the incident.
    text = BOUNCE.format(message_id="<replaced@relay.example>", references=references)
    second = await office.receive("Undelivered", text, **daemon)
    assert second.incident_id == incident.id
    last = [each for each in await office.history(incident) if each.kind is EventKind.LETTER_FAILED][-1]
    assert (last.new, last.letter_id) == ("anna@customer.example", second.id)
    assert "5.1.1" in last.why
    unknown = await office.receive(
        "Undelivered", BOUNCE.format(message_id="<x@y>", references="<z@y>"), **daemon
    )
    assert (unknown.state, unknown.why) == (LetterState.SET_ASIDE, Reason.MACHINE)


async def test_a_bounce_that_sends_nothing_back_marks_the_letter_it_answers(office: PostOffice) -> None:
    incident = await office.incident(await office.receive())
    references = office.ids.incident(incident.id, "towers.example")
    sent = await office.receive(
        "Re: No power",
        sender=DESK_SENDER,
        folder="Sent",
        message_id="<sent@towers.example>",
        headers={"References": references},
    )
    bounce = await office.receive(
        "Сообщение не доставлено",
        "Сервер получателя не принял письмо.",
        sender="MAILER-DAEMON@mail.example",
        headers={"In-Reply-To": "<sent@towers.example>"},
    )
    assert (bounce.incident_id, bounce.threaded_by) == (incident.id, Reason.DELIVERY)
    assert (await office.letters())[sent.id - 1].undelivered.startswith("one of its recipients: ")
    assert EventKind.LETTER_FAILED in [each.kind for each in await office.history(incident)]
