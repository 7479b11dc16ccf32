"""What an occurrence is to one person."""

from __future__ import annotations

import pytest
from tests.peers_caldav import event_ics
from tests.unit.calendars.ics_files import MARCH, MOSCOW

from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.ics.occurrences import Occurrence, occurrences
from sekretar.calendars.ics.reading import parse_object
from sekretar.calendars.sync import happenings

ME = ["MAILTO:Anna@Example.org", "anna@corp.example"]
ORGANIZER = "ORGANIZER:mailto:boris@example.org"
BORIS = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:boris@example.org"
ROOM = "ATTENDEE;CUTYPE=ROOM:mailto:room@example.org"


def meeting(*extra: str, start: str = "20260305T100000Z", end: str = "20260305T110000Z") -> Occurrence:
    return occurrences(parse_object(event_ics("x", start, end, "x", *extra), MOSCOW), MARCH, MOSCOW)[0]


def mine(partstat: str) -> str:
    return f"ATTENDEE;PARTSTAT={partstat}:mailto:ANNA@example.org"


@pytest.mark.parametrize("answer", list(PartStat))
def test_my_answer_is_found_under_any_of_my_addresses(answer: PartStat) -> None:
    occurrence = meeting(ORGANIZER, BORIS, mine(answer.value))
    assert happenings.my_answer(occurrence, ME) is answer
    assert happenings.my_answer(occurrence, ["vera@example.org"]) is None
    assert happenings.my_answer(occurrence, []) is None
    assert happenings.is_declined(occurrence, ME) is (answer is PartStat.DECLINED)
    assert happenings.awaits_answer(occurrence, ME) is (answer is PartStat.NEEDS_ACTION)


@pytest.mark.parametrize("answers", [("NEEDS-ACTION", "DECLINED"), ("DECLINED", "NEEDS-ACTION")])
def test_who_is_invited_by_two_addresses_answers_once(answers: tuple[str, str]) -> None:
    corp = f"ATTENDEE;PARTSTAT={answers[1]}:mailto:anna@corp.example"
    assert happenings.is_declined(meeting(ORGANIZER, mine(answers[0]), corp), ME)


def test_nobody_waits_for_an_answer_to_my_own_or_a_cancelled_meeting() -> None:
    assert not happenings.awaits_answer(
        meeting("ORGANIZER:mailto:anna@corp.example", mine("NEEDS-ACTION")), ME
    )
    assert not happenings.awaits_answer(meeting(ORGANIZER, mine("NEEDS-ACTION"), "STATUS:CANCELLED"), ME)


@pytest.mark.parametrize(
    ("extra", "busy"),
    [
        ((), True),
        ((mine("ACCEPTED"),), True),
        ((mine("ACCEPTED"), ROOM), True),
        ((ORGANIZER, BORIS, mine("ACCEPTED")), True),
        ((ORGANIZER, BORIS), True),
        (("LOCATION:https://meet.jit.si/room",), True),
        ((ORGANIZER, BORIS, mine("DECLINED")), False),
        ((ORGANIZER, BORIS, mine("ACCEPTED"), "STATUS:CANCELLED"), False),
        ((ORGANIZER, BORIS, mine("ACCEPTED"), "TRANSP:TRANSPARENT"), False),
    ],
)
def test_what_takes_time(extra: tuple[str, ...], busy: bool) -> None:
    assert happenings.takes_time(meeting(*extra), ME) is busy


def test_an_event_without_organizer_is_my_own() -> None:
    assert happenings.is_organizer(meeting(), ME)
    assert not happenings.is_organizer(meeting(ORGANIZER), ME)
    assert not happenings.is_organizer(meeting("ORGANIZER;CN=Somebody:invalid:nomail"), ME)
    assert not happenings.is_mine("", ["", "anna@example.org"])
