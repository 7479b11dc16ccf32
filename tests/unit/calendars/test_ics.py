"""Reading what programs write: the people, the alarms, the texts, and what is no calendar at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.peers_caldav import event_ics
from tests.unit.calendars.ics_files import ICS, MARCH, MOSCOW

from sekretar.calendars.ics.events import MOST_ATTENDEES, Event, ParsedObject, PartStat, Role
from sekretar.calendars.ics.joinlinks import JoinLink
from sekretar.calendars.ics.occurrences import expand
from sekretar.calendars.ics.reading import (
    LARGEST_OBJECT,
    LONGEST_LINE,
    LONGEST_TEXT,
    UnreadableObject,
    parse_object,
)


def read(name: str) -> ParsedObject:
    return parse_object((ICS / f"{name}.ics").read_bytes(), MOSCOW)


def event(*extra: str) -> Event:
    return parse_object(event_ics("x", "20260305T100000Z", "20260305T110000Z", "x", *extra), MOSCOW).events[0]


def test_people_are_known_by_their_addresses_however_they_are_written() -> None:
    meeting = read("attendees").events[0]
    assert meeting.organizer is not None
    assert (meeting.organizer.address, meeting.organizer.name) == ("anna@example.org", "Anna; the boss")
    boris, room, vera, nobody = meeting.attendees
    assert (boris.address, boris.name, boris.partstat, boris.role) == (
        "boris@example.org",
        'Boris "Bo" B.',
        PartStat.TENTATIVE,
        Role.OPTIONAL,
    )
    assert (room.address, room.kind) == ("room3@example.org", "ROOM")
    assert (vera.address, vera.partstat, vera.rsvp) == ("vera+work@example.org", PartStat.NEEDS_ACTION, True)
    assert (nobody.address, nobody.name) == ("", "Nobody")


def test_a_yandex_meeting_is_read_whole() -> None:
    meeting = read("yandex-published").events[0]
    assert meeting.join_link == JoinLink("Yandex Telemost", "https://telemost.yandex.ru/j/12345678901234")
    assert [each.partstat for each in meeting.attendees] == [PartStat.ACCEPTED, PartStat.NEEDS_ACTION]
    assert meeting.description.splitlines()[0] == "Повестка"


def test_lines_broken_by_a_program_stay_together() -> None:
    meeting = read("broken-lines").events[0]
    assert meeting.description == "First line\nsecond line without a fold\n=== third ==="
    assert meeting.location == "Room 3"


def test_what_was_left_out_is_said() -> None:
    assert read("rule-that-is-none").problems
    assert read("one-bad-event").problems
    assert not read("yandex-published").problems


def test_a_task_is_no_event_and_no_error() -> None:
    assert read("task").events == ()
    assert read("task").uid == ""


@pytest.mark.parametrize(
    ("name", "recurring"), [("nine-stays-nine", True), ("further-dates", True), ("flight", False)]
)
def test_what_goes_on_is_known(name: str, recurring: bool) -> None:
    assert read(name).recurring is recurring


@pytest.mark.parametrize(
    "data",
    [
        "",
        b"\xff\xfe\x00",
        "<html>Sign in</html>",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\nEND:VCALENDAR",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTART:00000000T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR",
        "x" * (LARGEST_OBJECT + 1),
    ],
    ids=["empty", "binary", "html", "no start", "year 0", "huge"],
)
def test_what_cannot_be_read_is_an_error(data: str | bytes) -> None:
    with pytest.raises(UnreadableObject):
        parse_object(data, MOSCOW)


def test_a_hundred_thousand_attendees_are_counted_and_the_person_is_kept() -> None:
    crowd = [f"ATTENDEE:mailto:p{number}@example.org" for number in range(80_000)]
    me = "ATTENDEE;PARTSTAT=DECLINED:mailto:Me@example.org"
    text = event_ics("x", "20260305T100000Z", "20260305T110000Z", "x", *crowd, me)
    meeting = parse_object(text, MOSCOW, own_addresses=["me@example.org"]).events[0]
    assert meeting.attendee_count == 80_001
    assert len(meeting.attendees) == MOST_ATTENDEES + 1
    assert meeting.attendees[-1].partstat is PartStat.DECLINED


def test_texts_have_a_bound_and_titles_one_line() -> None:
    meeting = event("SUMMARY:" + "a\\nb\x07" * 3000, "DESCRIPTION:" + "x" * 100_000, "LOCATION: a \\n b ")
    assert len(meeting.description) == LONGEST_TEXT
    assert meeting.location == "a b"
    titled = parse_object(event_ics("x", summary="a\\nb" * 3000), MOSCOW).events[0]
    assert len(titled.title) == LONGEST_LINE
    assert "\n" not in titled.title


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a.example/a b", "https://a.example/" + "x" * 3000]
)
def test_only_web_addresses_are_addresses(url: str) -> None:
    assert event(f"URL:{url}").url == ""
    assert event("URL:https://a.example/e").url == "https://a.example/e"


def test_deep_nesting_is_flat_for_us() -> None:
    nested = "BEGIN:X\r\n" * 5000
    text = event_ics("x").replace("END:VEVENT", nested + "END:VEVENT")
    assert parse_object(text, MOSCOW).events[0].uid == "x"


_LINES = st.sampled_from(
    [
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VALARM",
        "END:VALARM",
        "BEGIN:VTIMEZONE",
        "END:VTIMEZONE",
        "END:VCALENDAR",
        "UID:a",
        "DTSTART:20260305T100000Z",
        "DTSTART;TZID=X:00010101T000000",
        "DTEND;VALUE=DATE:99991231",
        "DURATION:-P99999W",
        "RRULE:FREQ=YEARLY;BYMONTHDAY=-31;BYSETPOS=-366",
        "RRULE:FREQ=MINUTELY;UNTIL=00010101",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260306",
        "EXDATE:20260305T100000Z,,x",
        "RDATE;VALUE=PERIOD:20260305T100000Z/x",
        "ATTENDEE:",
        'ORGANIZER;CN="',
        "TRIGGER:P",
        "TRIGGER;VALUE=DATE-TIME:00010101T000000Z",
        "TRIGGER;VALUE=DATE-TIME:99991231T235959Z",
        "TRIGGER;VALUE=DATE-TIME:20260305T094500Z",
        "TZID:X",
        "SUMMARY;;:x",
        ":",
        " folded",
    ]
)


@settings(max_examples=300, deadline=None)
@given(lines=st.lists(st.one_of(_LINES, _LINES, st.text(max_size=20)), max_size=30))
def test_whatever_comes_is_read_or_refused(lines: list[str]) -> None:
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])
    try:
        obj = parse_object(text, MOSCOW)
    except UnreadableObject:
        return
    for each in expand(obj, MARCH, MOSCOW).occurrences:
        assert each.start <= each.end
        assert each.start.utcoffset() == each.end.utcoffset() == timedelta()
