"""Every calendar of tests/data/ics becomes the meetings that a person would expect of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.peers_caldav import event_ics
from tests.unit.calendars.ics_files import ICS, MARCH, MOSCOW, YEAR, expansion, shown

from sekretar.calendars.ics.events import Status
from sekretar.calendars.ics.occurrences import MOST_OCCURRENCES, Occurrence, expand, occurrences
from sekretar.calendars.ics.reading import parse_object

#: File → `identity | beginning - end | title`, times in UTC, of March 2026.
EXPECTED: dict[str, list[str]] = {
    "alarms": ["- | 03-05 10:00 - 03-05 11:00 | Alarms"],
    "all-day-ends-at-a-time": ["- | 03-05 00:00 - 03-06 00:00 | A day"],
    "all-day-without-length": ["- | 03-05 00:00 - 03-06 00:00 | A day"],
    "all-day-without-value": ["- | 03-05 00:00 - 03-07 00:00 | Two days"],
    "attendees": ["- | 03-05 10:00 - 03-05 11:00 | Everybody"],
    "birthday-without-a-year": ["2026-03-04 | 03-04 00:00 - 03-05 00:00 | Boris"],
    "broken-lines": ["- | 03-05 10:00 - 03-05 11:00 | Broken"],
    "clock-repeats-the-time": ["- | 10-25 00:30 - 10-25 01:30 | Exists twice"],
    "clock-skips-the-time": ["- | 03-29 01:30 - 03-29 02:30 | Does not exist"],
    "duration-over-the-clock-change": [
        "- | 03-28 11:00 - 03-29 10:00 | A nominal day",
        "- | 03-28 11:00 - 03-29 11:00 | 24 exact hours",
    ],
    "end-before-start": ["- | 03-05 10:00 - 03-05 10:00 | Backwards"],
    "exception-cancelled": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-03T07:00:00Z | 03-03 07:00 - 03-03 08:00 | Daily",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "exception-moved-far-away": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
        "2026-03-03T07:00:00Z | 03-23 07:00 - 03-23 08:00 | Three weeks later",
    ],
    "exception-moved": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-03T07:00:00Z | 03-03 12:00 - 03-03 13:00 | Daily later",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "exception-named-by-date": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-03T07:00:00Z | 03-03 12:00 - 03-03 13:00 | Daily later",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "exception-named-in-utc": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-03T07:00:00Z | 03-03 12:00 - 03-03 13:00 | Daily later",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "exception-older-than-another": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-03T07:00:00Z | 03-03 12:00 - 03-03 13:00 | Second",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "exception-that-was-excluded": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "exception-without-series": ["2026-03-03T07:00:00Z | 03-03 12:00 - 03-03 13:00 | Invited once"],
    "excluded-by-date": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "excluded-first": [
        "2026-03-03T07:00:00Z | 03-03 07:00 - 03-03 08:00 | Daily",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "excluded-in-utc": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
        "2026-03-05T07:00:00Z | 03-05 07:00 - 03-05 08:00 | Daily",
    ],
    "flight": ["- | 03-05 07:00 - 03-05 15:30 | SU 1700"],
    "floating": ["- | 03-05 06:00 - 03-05 06:30 | Wherever I am"],
    "folded-inside-a-character": ["- | 03-05 10:00 - 03-05 11:00 | Планёрка"],
    "further-dates": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Now and then",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Now and then",
        "2026-03-06T07:00:00Z | 03-06 07:00 - 03-06 10:00 | Now and then",
        "2026-03-07T07:00:00Z | 03-07 07:00 - 03-07 07:30 | Now and then",
    ],
    "iso-times": ["- | 03-05 10:00 - 03-05 11:00 | With dashes"],
    "last-workday": ["2026-03-31T07:00:00Z | 03-31 07:00 - 03-31 08:00 | Payday"],
    "leap-second-and-hour-24": ["- | 03-05 23:59 - 03-06 00:00 | Edge"],
    "mailru-cancelled-stays": ["- | 03-05 10:00 - 03-05 11:00 | Отменено"],
    "method-cancel": ["- | 03-05 10:00 - 03-05 11:00 | Called off"],
    "negative-count": [
        "2026-03-28T07:00:00Z | 03-28 07:00 - 03-28 08:00 | Daily",
        "2026-03-29T07:00:00Z | 03-29 07:00 - 03-29 08:00 | Daily",
        "2026-03-30T07:00:00Z | 03-30 07:00 - 03-30 08:00 | Daily",
        "2026-03-31T07:00:00Z | 03-31 07:00 - 03-31 08:00 | Daily",
    ],
    "nine-stays-nine": [
        "2026-03-22T08:00:00Z | 03-22 08:00 - 03-22 09:00 | Nine o'clock",
        "2026-03-29T07:00:00Z | 03-29 07:00 - 03-29 08:00 | Nine o'clock",
    ],
    "no-end-all-day": ["- | 03-05 00:00 - 03-06 00:00 | A day"],
    "no-end-timed": ["- | 03-05 10:00 - 03-05 10:00 | A moment"],
    "one-bad-event": ["- | 03-05 10:00 - 03-05 11:00 | Good"],
    "over-midnight": ["- | 03-05 20:30 - 03-05 21:30 | Night shift"],
    "rule-that-is-none": ["- | 03-05 10:00 - 03-05 11:00 | Once"],
    "rule-that-never-happens": ["2026-03-05T10:00:00Z | 03-05 10:00 - 03-05 11:00 | Once"],
    "start-not-in-the-rule": [
        "2026-03-03T07:00:00Z | 03-03 07:00 - 03-03 08:00 | Mondays",
        "2026-03-09T07:00:00Z | 03-09 07:00 - 03-09 08:00 | Mondays",
        "2026-03-16T07:00:00Z | 03-16 07:00 - 03-16 08:00 | Mondays",
    ],
    "summary-with-language": ["- | 03-05 10:00 - 03-05 11:00 | Планёрка, отдел ;A; вторая строка"],
    "task": [],
    "this-and-future": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-03T07:00:00Z | 03-03 07:00 - 03-03 08:00 | Daily",
        "2026-03-04T07:00:00Z | 03-04 09:30 - 03-04 10:00 | Short and late",
        "2026-03-05T07:00:00Z | 03-05 09:30 - 03-05 10:00 | Short and late",
    ],
    "two-versions": ["- | 03-05 10:00 - 03-05 11:00 | New"],
    "until-a-date": [
        "2026-03-02T07:00:00Z | 03-02 07:00 - 03-02 08:00 | Daily",
        "2026-03-03T07:00:00Z | 03-03 07:00 - 03-03 08:00 | Daily",
        "2026-03-04T07:00:00Z | 03-04 07:00 - 03-04 08:00 | Daily",
    ],
    "until-a-time-for-all-day": [
        "2026-03-02 | 03-02 00:00 - 03-03 00:00 | Days",
        "2026-03-03 | 03-03 00:00 - 03-04 00:00 | Days",
        "2026-03-04 | 03-04 00:00 - 03-05 00:00 | Days",
    ],
    "until-in-utc": [
        "2026-03-01T22:00:00Z | 03-01 22:00 - 03-01 23:00 | Night",
        "2026-03-02T22:00:00Z | 03-02 22:00 - 03-02 23:00 | Night",
        "2026-03-03T22:00:00Z | 03-03 22:00 - 03-03 23:00 | Night",
    ],
    "windows-zone": ["- | 03-05 10:00 - 03-05 11:00 | From Outlook"],
    "x-wr-timezone": ["2026-03-26T08:00:00Z | 03-26 08:00 - 03-26 09:00 | Nine o'clock"],
    "yandex-published": ["- | 03-05 10:00 - 03-05 10:30 | Планёрка"],
    "year-1": [],
    "year-9999": ["- | 03-05 07:00 - 03-12 07:00 | For ever"],
    "zone-named-by-its-offset": ["- | 03-05 04:00 - 03-05 05:00 | Tashkent"],
    "zone-that-no-longer-exists": ["- | 03-05 06:00 - 03-05 07:00 | Gone zone"],
    "zone-with-a-name-of-its-own": ["2026-03-26T08:00:00Z | 03-26 08:00 - 03-26 09:00 | Nine o'clock"],
    "zone-with-a-vendor-path": ["- | 03-05 10:00 - 03-05 11:00 | From Evolution"],
    "zone-with-an-endless-rule": ["- | 03-05 07:00 - 03-05 08:00 | Hostile"],
    "zone-without-definition": ["- | 03-05 06:00 - 03-05 07:00 | Somewhere"],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_file_is_understood(name: str) -> None:
    window = YEAR if name == "clock-repeats-the-time" else MARCH
    assert shown(name, window) == EXPECTED[name]


def test_no_file_is_forgotten() -> None:
    assert {path.stem for path in ICS.glob("*.ics")} == EXPECTED.keys()


def by_the_library(
    text: bytes | str, window: tuple[datetime, datetime]
) -> list[tuple[datetime, datetime, str]]:
    """What icalendar and recurring-ical-events make of it."""
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(*window)
    return sorted(
        (each["DTSTART"].dt.astimezone(UTC), each["DTEND"].dt.astimezone(UTC), str(each["SUMMARY"]))
        for each in found
    )


def by_us(text: bytes | str, window: tuple[datetime, datetime]) -> list[tuple[datetime, datetime, str]]:
    return sorted(
        (each.start, each.end, each.title) for each in occurrences(parse_object(text, MOSCOW), window, MOSCOW)
    )


#: All series but the one whose exception is named by its date only: the library then shows both.
SERIES = [
    name
    for name in EXPECTED
    if name.startswith(("exception-", "excluded-", "until-in", "nine-", "last-", "this-", "further-"))
    and name != "exception-named-by-date"
]


@pytest.mark.parametrize("name", SERIES)
def test_the_library_agrees(name: str) -> None:
    text = (ICS / f"{name}.ics").read_bytes()
    assert by_us(text, MARCH) == by_the_library(text, MARCH)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(["Europe/Berlin", "Europe/Moscow", "America/New_York"]),
    rule=st.sampled_from(
        ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,SU", "FREQ=DAILY;INTERVAL=2;COUNT=9", "FREQ=MONTHLY"]
    ),
    hour=st.integers(4, 22),
    excluded=st.sets(st.integers(0, 12), max_size=4),
    moved=st.dictionaries(st.integers(0, 12), st.integers(-30, 60), max_size=3),
)
def test_any_series_is_what_the_library_says(
    zone: str, rule: str, hour: int, excluded: set[int], moved: dict[int, int]
) -> None:
    first = datetime(2026, 3, 22, hour, tzinfo=ZoneInfo(zone))

    def named(moment: datetime) -> str:
        return f"TZID={zone}:{moment:%Y%m%dT%H%M%S}"

    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:a", "SUMMARY:regular"]
    lines += [f"DTSTART;{named(first)}", "DURATION:PT1H", f"RRULE:{rule}"]
    lines += [f"EXDATE;{named(first + timedelta(days=day))}" for day in sorted(excluded)]
    lines.append("END:VEVENT")
    for day, shift in moved.items():
        original = first + timedelta(days=day)
        lines += ["BEGIN:VEVENT", "UID:a", f"SUMMARY:moved-{day}", f"RECURRENCE-ID;{named(original)}"]
        lines += [f"DTSTART;{named(original + timedelta(hours=shift))}", "DURATION:PT30M", "END:VEVENT"]
    text = "\r\n".join([*lines, "END:VCALENDAR", ""])
    window = datetime(2026, 3, 24, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC)
    assert by_us(text, window) == by_the_library(text, window)


def one(name: str) -> Occurrence:
    (found,) = expansion(name).occurrences
    return found


def test_a_cancelled_meeting_is_marked_not_dropped() -> None:
    assert one("mailru-cancelled-stays").status is Status.CANCELLED
    assert one("method-cancel").status is Status.CANCELLED
    statuses = [each.status for each in expansion("exception-cancelled").occurrences]
    assert [status is Status.CANCELLED for status in statuses] == [False, True, False, False]


def test_the_zone_in_which_it_was_planned_is_kept() -> None:
    assert one("windows-zone").zone == "Europe/Moscow"
    assert one("zone-with-a-vendor-path").zone == "Europe/Moscow"
    assert one("x-wr-timezone").zone == "Europe/Berlin"
    assert one("floating").zone == ""
    assert one("no-end-all-day").zone == ""


def test_an_odd_zone_of_one_calendar_is_unknown_to_the_next() -> None:
    here = one("zone-with-a-name-of-its-own")
    assert here.start == datetime(2026, 3, 26, 8, tzinfo=UTC)
    text = event_ics("x").replace(
        "DTSTART:20260305T100000Z", "DTSTART;TZID=Customized Time Zone:20260305T100000"
    )
    (there,) = occurrences(parse_object(text, MOSCOW), MARCH, MOSCOW)
    assert there.start == datetime(2026, 3, 5, 7, tzinfo=UTC)


def test_floating_times_are_where_the_person_is() -> None:
    obj = parse_object((ICS / "floating.ics").read_bytes(), MOSCOW)
    (there,) = occurrences(obj, MARCH, ZoneInfo("Asia/Vladivostok"))
    assert there.start == datetime(2026, 3, 4, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "rule", ["FREQ=MINUTELY", "FREQ=DAILY;BYHOUR=1,2,3,4,5,6;BYMINUTE=1,2,3,4,5,6,7,8,9"]
)
def test_absurdly_many_occurrences_are_cut_off_and_said_so(rule: str) -> None:
    obj = parse_object(event_ics("x", "20200101T100000Z", "20200101T110000Z", "x", f"RRULE:{rule}"), MOSCOW)
    found = expand(obj, YEAR, MOSCOW)
    assert found.truncated
    assert 0 < len(found.occurrences) <= MOST_OCCURRENCES
    assert not expansion("nine-stays-nine").truncated


@pytest.mark.parametrize(
    ("rule", "a_day"),
    [("FREQ=SECONDLY", 48), ("FREQ=MINUTELY;INTERVAL=7", 48), ("FREQ=MINUTELY;INTERVAL=30", 48)],
)
def test_a_series_has_no_more_times_a_day_than_a_day_has_half_hours(rule: str, a_day: int) -> None:
    """Every one would be a line of the day and a reminder."""
    text = event_ics("x", "20260305T000000Z", "20260305T000000Z", "x", f"RRULE:{rule}")
    day = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
    found = expand(parse_object(text, MOSCOW), day, MOSCOW)
    assert (len(found.occurrences), found.truncated) == (a_day, "30" not in rule)


def test_the_window_is_closed_at_its_beginning_and_open_at_its_end() -> None:
    obj = parse_object(event_ics("x"), MOSCOW)
    ten, eleven = datetime(2026, 3, 5, 10, tzinfo=UTC), datetime(2026, 3, 5, 11, tzinfo=UTC)
    minute = timedelta(minutes=1)
    assert len(occurrences(obj, (ten, ten + minute), MOSCOW)) == 1
    assert len(occurrences(obj, (eleven - minute, eleven), MOSCOW)) == 1
    assert occurrences(obj, (eleven, eleven + minute), MOSCOW) == []
    assert occurrences(obj, (ten - minute, ten), MOSCOW) == []


def test_a_long_event_that_began_before_the_window_is_in_it() -> None:
    text = event_ics("x", "20260101T100000Z", "20260104T100000Z", "x", "RRULE:FREQ=MONTHLY")
    begin = datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert len(occurrences(parse_object(text, MOSCOW), (begin, begin + timedelta(minutes=1)), MOSCOW)) == 1


def fingerprint(*extra: str, start: str = "20260305T100000Z", summary: str = "A") -> str:
    obj = parse_object(event_ics("x", start, "20260305T120000Z", summary, *extra), MOSCOW)
    return occurrences(obj, MARCH, MOSCOW)[0].fingerprint


BORIS, VERA = "ATTENDEE:mailto:boris@example.org", "ATTENDEE:mailto:vera@example.org"


@pytest.mark.parametrize(
    "rewritten",
    [
        ("SEQUENCE:7", BORIS, VERA),
        ("LAST-MODIFIED:20260301T000000Z", VERA, BORIS),
        ("X-YANDEX-NOISE:1", BORIS, "ATTENDEE;CN=Vera;PARTSTAT=NEEDS-ACTION:MAILTO:Vera@example.org"),
    ],
)
def test_what_a_server_rewrites_for_itself_is_no_change(rewritten: tuple[str, ...]) -> None:
    assert fingerprint(*rewritten) == fingerprint(BORIS, VERA)


@pytest.mark.parametrize(
    "changed",
    [
        fingerprint(BORIS),
        fingerprint(BORIS, "ATTENDEE;PARTSTAT=DECLINED:mailto:vera@example.org"),
        fingerprint(BORIS, VERA, "LOCATION:Room 3"),
        fingerprint(BORIS, VERA, "DESCRIPTION:Agenda"),
        fingerprint(BORIS, VERA, "STATUS:CANCELLED"),
        fingerprint(BORIS, VERA, "CONFERENCE:https://meet.jit.si/abc"),
        fingerprint(BORIS, VERA, summary="B"),
        fingerprint(BORIS, VERA, start="20260305T103000Z"),
    ],
)
def test_what_a_person_sees_is_a_change(changed: str) -> None:
    assert changed != fingerprint(BORIS, VERA)
