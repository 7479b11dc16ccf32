"""Edits of calendar objects: what was meant is different, and nothing else is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.calendars.editing_texts import (
    BERLIN,
    FOLDED_ATTENDEE,
    MOSCOW,
    NOW,
    PEOPLE,
    calendar,
    difference,
    event,
    exception,
    lines_of,
    lines_of_document,
    meetings,
    shown,
    single,
    weekly,
)
from tests.unit.calendars.ics_files import ICS

from sekretar.calendars.editing import (
    Days,
    Edit,
    Invitee,
    NoSuchOccurrence,
    NotInvited,
    Reach,
    Scope,
    Timed,
    Uneditable,
    answered,
    cancelled,
    edited,
    moved,
)
from sekretar.calendars.editing.document import read, written
from sekretar.calendars.ics.events import PartStat

BORIS = ("boris@example.com",)
SECOND = "2026-03-09T08:00:00Z"


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=BERLIN)


def span(begin: str, end: str) -> Timed:
    return Timed(at(begin), at(end))


# --- answers ----------------------------------------------------------------------------------------------


def test_an_answer_changes_one_parameter_and_nothing_else() -> None:
    before = single()
    gone, come = difference(before, answered(before, BORIS, PartStat.ACCEPTED, now=NOW, zone=MOSCOW))
    assert gone == [
        'VEVENT/ATTENDEE;CN="Boris; the first";PARTSTAT=NEEDS-ACTION;RSVP=TRUE;X-NUM=7:mailto:Boris@Example.com'
    ]
    assert come == [gone[0].replace("NEEDS-ACTION", "ACCEPTED")]


def test_lines_that_are_not_meant_stay_byte_for_byte() -> None:
    before = single()
    after = answered(before, BORIS, PartStat.ACCEPTED, now=NOW, zone=MOSCOW)
    kept = [line for line in before.split("\r\n") if "Boris" not in line and "DTSTAMP" not in line]
    left = [line for line in after.split("\r\n") if line in kept]
    assert left == kept


def test_line_ends_that_xml_has_taken_come_back() -> None:
    after = answered(single().replace("\r\n", "\n"), BORIS, PartStat.ACCEPTED, now=NOW, zone=MOSCOW)
    assert after == answered(single(), BORIS, PartStat.ACCEPTED, now=NOW, zone=MOSCOW)
    assert "\n" not in after.replace("\r\n", "")


def test_an_answer_says_when_it_was_given() -> None:
    after = answered(single(), BORIS, PartStat.TENTATIVE, now=NOW, zone=MOSCOW)
    assert "DTSTAMP:20260304T090000Z" in after
    assert "SEQUENCE:2" in after


def test_a_line_folded_before_its_colon_is_a_line() -> None:
    before = single(FOLDED_ATTENDEE)
    gone, come = difference(
        before, answered(before, ["gleb@example.com"], PartStat.ACCEPTED, now=NOW, zone=MOSCOW)
    )
    assert [len(gone), len(come)] == [1, 1]
    assert "PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:gleb@example.com" in come[0]


@pytest.mark.parametrize("path", sorted(ICS.glob("*.ics")), ids=lambda path: path.stem)
def test_the_lines_of_any_program_are_found_as_the_reader_finds_them(path: Path) -> None:
    """Otherwise an edit would miss what people were shown."""
    data = path.read_bytes().decode("utf-8", "replace")
    assert lines_of_document(data) == lines_of(data)
    assert lines_of(written(read(data))) == lines_of(data)


def test_the_same_answer_again_changes_nothing() -> None:
    once = answered(single(), BORIS, PartStat.ACCEPTED, now=NOW, zone=MOSCOW)
    later = NOW + timedelta(hours=1)
    assert answered(once, BORIS, PartStat.ACCEPTED, now=later, zone=MOSCOW) == once


def test_mailru_wants_a_higher_sequence() -> None:
    after = answered(single(), BORIS, PartStat.ACCEPTED, now=NOW, zone=MOSCOW, bump_sequence=True)
    assert "SEQUENCE:3" in after


def test_an_alias_of_the_login_answers_too() -> None:
    addresses = ("b.borisov@example.com", "MAILTO:BORIS@example.com")
    after = answered(single(), addresses, PartStat.DECLINED, now=NOW, zone=MOSCOW)
    assert "PARTSTAT=DECLINED" in after


def test_who_is_not_invited_cannot_answer() -> None:
    with pytest.raises(NotInvited):
        answered(single(), ["somebody@example.com"], PartStat.ACCEPTED, now=NOW, zone=MOSCOW)
    with pytest.raises(NotInvited):
        answered(weekly(), ["somebody@example.com"], PartStat.ACCEPTED, SECOND, now=NOW, zone=BERLIN)


def test_one_occurrence_is_answered_by_an_exception_like_its_series() -> None:
    before = weekly()
    after = answered(before, BORIS, PartStat.DECLINED, SECOND, now=NOW, zone=BERLIN)
    answers = [[each.partstat.value for each in m.attendees] for m in meetings(after)[:3]]
    assert answers == [["NEEDS-ACTION", "ACCEPTED"], ["DECLINED", "ACCEPTED"], ["NEEDS-ACTION", "ACCEPTED"]]
    assert shown(after) == shown(before)
    gone, come = difference(before, after)
    assert gone == []
    assert "VEVENT/RECURRENCE-ID;TZID=Europe/Berlin:20260309T090000" in come
    assert "VEVENT/DTEND;TZID=Europe/Berlin:20260309T100000" in come
    assert 'VEVENT/X-WEIRD;X-P="a;b:c":value\\, kept' in come
    assert not any("RRULE" in line for line in come)


@pytest.mark.parametrize(
    ("start", "occurrence", "written"),
    [
        ("DTSTART;VALUE=DATE:20260302", "2026-03-09", "RECURRENCE-ID;VALUE=DATE:20260309"),
        ("DTSTART:20260302T080000Z", "2026-03-09T08:00:00Z", "RECURRENCE-ID:20260309T080000Z"),
        ("DTSTART:20260302T080000", "2026-03-09T08:00:00", "RECURRENCE-ID:20260309T080000"),
        (
            'DTSTART;TZID="Europe/Berlin":20260302T080000',
            "2026-03-09T07:00:00Z",
            'RECURRENCE-ID;TZID="Europe/Berlin":20260309T080000',
        ),
    ],
)
def test_the_exception_is_named_in_the_terms_of_the_series(start: str, occurrence: str, written: str) -> None:
    data = calendar(event(start, "RRULE:FREQ=WEEKLY", *PEOPLE))
    after = answered(data, BORIS, PartStat.ACCEPTED, occurrence, now=NOW, zone=BERLIN)
    assert f"\r\n{written}\r\n" in after
    assert len(meetings(after)) == len(meetings(data))


def test_an_exception_that_is_there_is_answered_in_its_place() -> None:
    before = weekly(exceptions=(exception("20260309", "SUMMARY:Other", hour="15"),))
    after = answered(before, BORIS, PartStat.ACCEPTED, SECOND, now=NOW, zone=BERLIN)
    gone, come = difference(before, after)
    assert (len(gone), len(come)) == (1, 1)
    assert after.count("BEGIN:VEVENT") == 2


def test_an_exception_without_its_series_can_be_answered() -> None:
    before = calendar(exception("20260309"))
    after = answered(before, BORIS, PartStat.ACCEPTED, SECOND, now=NOW, zone=BERLIN)
    assert len(difference(before, after)[1]) == 1


def test_an_answer_to_the_series_leaves_what_was_answered_apart() -> None:
    apart = exception("20260309").replace("NEEDS-ACTION", "DECLINED")
    open_one = exception("20260316", "SUMMARY:Other")
    before = weekly(exceptions=(apart, open_one))
    after = answered(before, BORIS, PartStat.ACCEPTED, now=NOW, zone=BERLIN)
    answers = [m.attendees[0].partstat.value for m in meetings(after)[:4]]
    assert answers == ["ACCEPTED", "DECLINED", "ACCEPTED", "ACCEPTED"]


def test_declining_the_series_declines_everything() -> None:
    apart = exception("20260309").replace("NEEDS-ACTION", "ACCEPTED")
    after = answered(weekly(exceptions=(apart,)), BORIS, PartStat.DECLINED, now=NOW, zone=BERLIN)
    assert {m.attendees[0].partstat.value for m in meetings(after)} == {"DECLINED"}


@pytest.mark.parametrize("name", ["2026-03-10T08:00:00Z", "2026-03-09", "nonsense", "2026-03-09T08:00:00"])
def test_an_occurrence_that_is_not_there_cannot_be_answered(name: str) -> None:
    with pytest.raises(NoSuchOccurrence):
        answered(weekly(), BORIS, PartStat.ACCEPTED, name, now=NOW, zone=BERLIN)


def test_an_excluded_occurrence_is_not_brought_back() -> None:
    data = weekly("EXDATE;TZID=Europe/Berlin:20260309T090000")
    with pytest.raises(NoSuchOccurrence):
        answered(data, BORIS, PartStat.ACCEPTED, SECOND, now=NOW, zone=BERLIN)


@pytest.mark.parametrize(
    "data",
    ["", "BEGIN:VTODO\r\nEND:VTODO\r\n", calendar(), calendar(event("SUMMARY:no start")), "x" * 5_000_000],
)
def test_what_holds_no_meeting_is_refused(data: str) -> None:
    with pytest.raises(Uneditable):
        answered(data, BORIS, PartStat.ACCEPTED, now=NOW, zone=MOSCOW)


def test_two_meetings_in_one_object_are_refused() -> None:
    one, other = event("DTSTART:20260305T100000Z"), event("DTSTART:20260305T100000Z", uid="u2")
    with pytest.raises(Uneditable):
        cancelled(calendar(one, other), now=NOW, zone=MOSCOW)


# --- one meeting ------------------------------------------------------------------------------------------


def test_a_title_is_changed_and_only_the_title() -> None:
    before = single()
    after = edited(before, Edit(title="Демо, релиз; 2.5\nи всё"), now=NOW, zone=MOSCOW).data
    assert difference(before, after) == (
        ["VEVENT/SUMMARY:Demo"],
        ["VEVENT/SUMMARY:Демо\\, релиз\\; 2.5\\nи всё"],
    )


def test_a_place_goes_and_the_meeting_is_revised() -> None:
    before = single()
    after = edited(before, Edit(place=""), now=NOW, zone=MOSCOW).data
    assert difference(before, after) == (
        ["VEVENT/LOCATION:Room 1", "VEVENT/SEQUENCE:2"],
        ["VEVENT/SEQUENCE:3"],
    )


def test_a_description_does_not_leave_its_old_html_behind() -> None:
    before = single("X-ALT-DESC;FMTTYPE=text/html:<p>old</p>")
    after = edited(before, Edit(description="new"), now=NOW, zone=MOSCOW).data
    assert "X-ALT-DESC" not in after
    assert "DESCRIPTION:new" in after


def test_what_is_the_same_is_not_written() -> None:
    before = single()
    edit = Edit(title="Demo", place="Room 1", span=span("2026-03-05 11:00", "2026-03-05 12:00"))
    assert edited(before, edit, now=NOW, zone=MOSCOW).data == before


def test_moving_asks_everybody_again_but_the_organizer() -> None:
    before = single("ATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:anna@example.com")
    after = moved(before, span("2026-03-06 11:00", "2026-03-06 12:30"), now=NOW, zone=MOSCOW).data
    gone, come = difference(before, after)
    assert "VEVENT/DTSTART:20260306T100000Z" in come
    assert "VEVENT/DTEND:20260306T113000Z" in come
    assert "VEVENT/SEQUENCE:3" in come
    assert "VEVENT/ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:vera@example.com" in come
    assert "ROLE=CHAIR" not in "".join(gone)


def test_a_meeting_with_a_duration_keeps_it_unless_it_changes() -> None:
    before = calendar(event("DTSTART:20260305T100000Z", "DURATION:PT1H"))
    kept = moved(before, span("2026-03-06 11:00", "2026-03-06 12:00"), now=NOW, zone=MOSCOW).data
    assert "DURATION:PT1H" in kept
    assert "DTEND" not in kept
    longer = moved(before, span("2026-03-06 11:00", "2026-03-06 13:00"), now=NOW, zone=MOSCOW).data
    assert "DURATION" not in longer
    assert shown(longer) == ["03-06 11:00-13:00 "]


def test_an_alarm_at_a_moment_moves_along() -> None:
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;VALUE=DATE-TIME:20260305T094500Z", "END:VALARM")
    before = calendar(event("DTSTART:20260305T100000Z", *alarm))
    after = moved(before, span("2026-03-06 12:00", "2026-03-06 12:00"), now=NOW, zone=MOSCOW).data
    assert "TRIGGER;VALUE=DATE-TIME:20260306T104500Z" in after


def test_a_meeting_can_become_days_and_back() -> None:
    days = moved(single(), Days(date(2026, 3, 9), date(2026, 3, 10)), now=NOW, zone=MOSCOW).data
    (found,) = meetings(days)
    assert (found.all_day, found.end - found.start) == (True, timedelta(days=2))
    back = moved(days, span("2026-03-05 11:00", "2026-03-05 12:00"), now=NOW, zone=MOSCOW).data
    assert shown(back, zone=MOSCOW) == shown(single(), zone=MOSCOW)


def test_attendees_come_and_go_and_the_others_keep_their_answers() -> None:
    before = single()
    edit = Edit(
        invite=(Invitee("gleb@example.com", 'Gleb "G", Ltd'), Invitee("VERA@example.com")),
        uninvite=("boris@example.com",),
    )
    gone, come = difference(before, edited(before, edit, now=NOW, zone=MOSCOW).data)
    assert len(gone) == 1
    assert "Boris" in gone[0]
    assert come == [
        "VEVENT/ATTENDEE;CN=\"Gleb ^'G^', Ltd\";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;"
        "PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:gleb@example.com"
    ]


def test_the_first_attendee_makes_the_person_the_organizer() -> None:
    before = calendar(event("DTSTART:20260305T100000Z"))
    edit = Edit(invite=(Invitee("boris@example.com"),), organizer=Invitee("anna@example.com", "Anna"))
    after = edited(before, edit, now=NOW, zone=MOSCOW).data
    assert "ORGANIZER;CN=Anna:mailto:anna@example.com" in after
    with pytest.raises(ValueError):
        edited(before, Edit(invite=edit.invite), now=NOW, zone=MOSCOW)


@pytest.mark.parametrize("address", ["a@b.c\r\nSTATUS:CANCELLED", "nobody", "a b@c.d", "a@b.c;X=1", ""])
def test_an_address_cannot_become_another_line(address: str) -> None:
    with pytest.raises(ValueError):
        edited(single(), Edit(invite=(Invitee(address),)), now=NOW, zone=MOSCOW)


def test_a_title_cannot_become_another_line() -> None:
    edit = Edit(title="a\r\nSTATUS:CANCELLED\x00")
    (found,) = meetings(edited(single(), edit, now=NOW, zone=MOSCOW).data)
    assert (found.title, found.status.value) == ("a STATUS:CANCELLED", "CONFIRMED")


def test_long_lines_are_folded_between_characters() -> None:
    after = edited(single(), Edit(title="Ж🙂" * 100), now=NOW, zone=MOSCOW).data
    new = set(after.split("\r\n")) - set(single().split("\r\n"))
    assert len(new) > 5
    assert all(len(line.encode()) <= 75 for line in new)
    assert meetings(after)[0].title == "Ж🙂" * 100


def test_calling_a_meeting_off() -> None:
    before = single()
    after = cancelled(before, now=NOW, zone=MOSCOW).data
    assert difference(before, after) == (
        ["VEVENT/SEQUENCE:2"],
        ["VEVENT/SEQUENCE:3", "VEVENT/STATUS:CANCELLED"],
    )


def test_the_occurrence_of_a_meeting_that_does_not_repeat_is_the_meeting() -> None:
    scope = Scope(Reach.THIS, "")
    assert cancelled(single(), scope, now=NOW, zone=MOSCOW) == cancelled(single(), now=NOW, zone=MOSCOW)
