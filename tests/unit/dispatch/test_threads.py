"""Which incident a letter belongs to, and what is done with it."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.intake.senders import relation_of
from sekretar.dispatch.intake.threads import (
    Arrived,
    Clues,
    Decision,
    KnownId,
    Mention,
    Outcome,
    Policy,
    Reason,
    Relation,
    Standing,
    Thread,
    WhenLongClosed,
    Writer,
    decide,
    find_thread,
)
from sekretar.dispatch.mail.ids import OwnId
from sekretar.dispatch.mail.letter import Address

HOUR = timedelta(hours=1)
THREAD = Thread(5, Reason.KNOWN_ID, "<a@x>")


def known(message_id: str, incident_id: int) -> KnownId:
    return KnownId(message_id, incident_id, is_own=True)


def referred(message_id: str, incident_id: int) -> KnownId:
    return KnownId(message_id, incident_id, is_own=False)


def found(**clues: object) -> tuple[int, Reason] | None:
    thread = find_thread(Clues(**clues))  # type: ignore[arg-type]
    return (thread.incident_id, thread.reason) if thread else None


def test_nothing_leads_nowhere() -> None:
    assert found() is None
    assert found(references=("<a@x>",), in_reply_to=("<b@x>",)) is None


def test_the_nearest_reference_wins() -> None:
    ids = (known("<a@x>", 1), known("<b@x>", 2), known("<c@x>", 3))
    assert found(references=("<a@x>", "<b@x>"), in_reply_to=("<c@x>",), known=ids) == (2, Reason.KNOWN_ID)
    assert found(in_reply_to=("<c@x>",), known=ids) == (3, Reason.KNOWN_ID)


def test_a_signed_id_of_a_letter_and_one_that_is_here_are_equal_and_the_nearest_wins() -> None:
    own = {"<ours>": OwnId(7, 3), "<pseudo>": OwnId(8, None)}
    ids = (known("<a@x>", 1),)
    assert found(references=("<a@x>", "<ours>", "<gone>"), own=own, known=ids) == (7, Reason.OWN_ID)
    # Who began something new by answering the desk goes on there.
    references = ("<pseudo>", "<ours>", "<a@x>")
    assert found(references=references, own=own, known=ids) == (1, Reason.KNOWN_ID)


def test_answers_follow_a_letter_that_was_moved() -> None:
    own = {"<ours>": OwnId(7, 3)}
    assert found(references=("<ours>",), own=own, known=(known("<ours>", 9),)) == (9, Reason.OWN_ID)


def test_a_question_joins_the_answer_that_was_faster() -> None:
    assert found(message_id="<q@x>", known=(referred("<q@x>", 4),)) == (4, Reason.ANSWERED)


def test_letters_that_name_the_same_unknown_letter_belong_together() -> None:
    assert found(references=("<gone@x>",), known=(referred("<gone@x>", 4),)) == (4, Reason.SHARED_ID)


def test_a_known_letter_says_more_than_a_shared_ancestor() -> None:
    ids = (referred("<a@x>", 1), known("<b@x>", 2))
    assert found(references=("<b@x>", "<a@x>"), known=ids) == (2, Reason.KNOWN_ID)


def test_the_pseudo_id_leads_when_a_relay_has_replaced_all_others() -> None:
    own = {"<pseudo>": OwnId(8, None)}
    assert found(references=("<pseudo>", "<b@x>"), own=own) == (8, Reason.INCIDENT_ID)
    # Everybody whom the desk writes to refers to it: that alone makes no two letters one conversation.
    with_others = (referred("<pseudo>", 3),)
    assert found(references=("<pseudo>",), own=own, known=with_others) == (8, Reason.INCIDENT_ID)


def test_a_letter_that_refers_to_itself_refers_to_nothing() -> None:
    assert found(message_id="<a@x>", references=("<a@x>",), known=(known("<a@x>", 1),)) is None


@pytest.mark.parametrize("relation", list(Relation))
def test_a_code_leads_only_whom_it_concerns(relation: Relation) -> None:
    mentions = (Mention(1, "NT-1", Relation.STRANGER), Mention(2, "NT-2", relation))
    expected = None if relation is Relation.STRANGER else (2, Reason.CODE)
    assert found(mentions=mentions) == expected


def test_headers_say_more_than_a_ticket_and_a_ticket_more_than_a_code() -> None:
    mentions = (Mention(2, "NT-2", Relation.PARTICIPANT),)
    assert found(mentions=mentions, ticket=3) == (3, Reason.TICKET)
    clues = {"mentions": mentions, "ticket": 3, "references": ("<a@x>",), "known": (known("<a@x>", 1),)}
    assert found(**clues) == (1, Reason.KNOWN_ID)


@given(
    st.lists(st.sampled_from("abcdef"), max_size=8),
    st.lists(st.tuples(st.sampled_from("abcdefm"), st.integers(1, 4), st.booleans()), max_size=8),
)
def test_what_is_found_is_always_something_that_was_known(
    references: list[str], ids: list[tuple[str, int, bool]]
) -> None:
    clues = Clues("m", (), tuple(references), known=tuple(KnownId(*each) for each in ids))
    thread = find_thread(clues)
    told = {(each.message_id, each.incident_id) for each in clues.known}
    if thread is None:
        assert not {each.message_id for each in clues.known} & set(references)
    else:
        assert (thread.evidence, thread.incident_id) in told
    # The order in which the database tells what it knows of different ids makes no difference.
    if len({each.message_id for each in clues.known}) == len(clues.known):
        turned = Clues("m", (), tuple(references), known=clues.known[::-1])
        assert find_thread(turned) == thread


# --- what is done -----------------------------------------------------------------------------------------


def outcome(standing: Standing | None = None, policy: Policy | None = None, **arrived: object) -> Decision:
    return decide(
        Arrived(**arrived),  # type: ignore[arg-type]
        THREAD,
        standing or Standing(),
        policy or Policy(),
    )


def test_a_letter_on_no_thread_makes_an_incident_unless_it_answers_or_was_sent() -> None:
    nowhere = Standing(), Policy()
    assert decide(Arrived(), None, *nowhere).outcome is Outcome.OPEN
    assert decide(Arrived(writer=Writer.MACHINE), None, *nowhere).outcome is Outcome.OPEN
    assert decide(Arrived(writer=Writer.RESPONDER), None, *nowhere).outcome is Outcome.SET_ASIDE
    strange = Arrived(is_of_own_tracker=True, is_same_subject=False)
    assert decide(strange, Thread(7, Reason.TICKET), *nowhere).outcome is Outcome.FILE
    own_ticket = decide(Arrived(is_of_own_tracker=True), None, *nowhere)
    assert own_ticket == Decision(Outcome.SET_ASIDE, Reason.OWN_TICKET)
    assert decide(Arrived(is_outgoing=True), None, *nowhere) == Decision(Outcome.SET_ASIDE, Reason.SENT)


def test_a_new_subject_of_an_applicant_is_about_something_new() -> None:
    decided = outcome(is_same_subject=False, relation=Relation.PARTICIPANT)
    assert decided == Decision(Outcome.OPEN, Reason.CHANGED_SUBJECT, 5)
    stays = Policy(new_subject_is_new=False)
    assert outcome(None, stays, is_same_subject=False, relation=Relation.PARTICIPANT).outcome is Outcome.FILE
    for relation in (Relation.CONTRACTOR, Relation.AGENT):
        assert outcome(is_same_subject=False, relation=relation).outcome is Outcome.FILE


def test_a_forward_by_a_stranger_is_a_question_of_its_own() -> None:
    assert outcome(is_forward=True) == Decision(Outcome.OPEN, Reason.FORWARDED, 5)
    assert outcome(is_forward=True, relation=Relation.PARTICIPANT).outcome is Outcome.FILE


@pytest.mark.parametrize(
    ("hours", "reopenings", "expected"),
    [
        (1, 0, Outcome.REOPEN),
        (72, 2, Outcome.REOPEN),
        (72, 3, Outcome.FILE),
        (73, 0, Outcome.OPEN),
    ],
)
def test_a_closed_incident_is_opened_within_its_time_and_not_too_often(
    hours: int, reopenings: int, expected: Outcome
) -> None:
    decided = outcome(Standing(hours * HOUR, reopenings), relation=Relation.PARTICIPANT)
    assert decided.outcome is expected
    assert decided.is_limited == (expected is Outcome.FILE)


def test_a_desk_may_answer_instead_of_opening_a_new_one() -> None:
    answers = Policy(when_long_closed=WhenLongClosed.ANSWER)
    assert outcome(Standing(100 * HOUR), answers).outcome is Outcome.ANSWER
    assert outcome(Standing(HOUR), answers).outcome is Outcome.REOPEN


def test_machines_the_desk_and_sent_letters_only_ever_join() -> None:
    standings = (Standing(), Standing(HOUR), Standing(1000 * HOUR))
    silent = [
        {"writer": Writer.MACHINE},
        {"writer": Writer.RESPONDER},
        {"is_outgoing": True},
        {"relation": Relation.AGENT},
    ]
    for standing, who, same, forward, policy in product(
        standings, silent, (True, False), (True, False), WhenLongClosed
    ):
        decided = outcome(
            standing,
            Policy(when_long_closed=policy),
            **who,
            is_same_subject=same,
            is_forward=forward,
        )
        assert decided == Decision(Outcome.FILE, Reason.KNOWN_ID, 5)


# --- senders ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "relation"),
    [
        ("Desk@Towers.example", Relation.AGENT),
        ("boss@towers.example", Relation.PARTICIPANT),
        ("fix@repair.example", Relation.CONTRACTOR),
        ("other@repair.example", Relation.CONTRACTOR),
        ("anna@customer.example", Relation.PARTICIPANT),
        ("colleague@customer.example", Relation.PARTICIPANT),
        ("petr@mail.ru", Relation.PARTICIPANT),
        ("stranger@mail.ru", Relation.STRANGER),
        ("anna@sub.customer.example", Relation.STRANGER),
        ("x@notcustomer.example", Relation.STRANGER),
        ("", Relation.STRANGER),
    ],
)
def test_who_has_to_do_with_an_incident(sender: str, relation: Relation) -> None:
    own = {"desk@towers.example"}
    participants = {"anna@customer.example", "petr@mail.ru", "desk@towers.example"}
    assert relation_of(Address("", sender), own, {"fix@repair.example"}, participants) is relation
