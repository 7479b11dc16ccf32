"""Alarms at a moment of their own (RFC 5545 §3.8.6.3): each rings once, also when the meeting repeats."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.calendars.ics_files import MARCH, MOSCOW, expansion

from sekretar.calendars.ics.events import ParsedObject
from sekretar.calendars.ics.occurrences import Occurrence, occurrences
from sekretar.calendars.ics.reading import parse_object

YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
FIRST = datetime(2026, 3, 5, 10, tzinfo=UTC)
WEEKLY = ("DTSTART:20260305T100000Z", "DTEND:20260305T110000Z", "RRULE:FREQ=WEEKLY;COUNT=6")
DAYS = ("DTSTART;VALUE=DATE:20260305", "RRULE:FREQ=WEEKLY;COUNT=6")


def alarm(*moments: str) -> tuple[str, ...]:
    return tuple(
        line
        for moment in moments
        for line in ("BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER;VALUE=DATE-TIME:{moment}", "END:VALARM")
    )


def parsed(*events: tuple[str, ...]) -> ParsedObject:
    lines = ["BEGIN:VCALENDAR"]
    for event in events:
        lines += ["BEGIN:VEVENT", "UID:x", *event, "END:VEVENT"]
    return parse_object("\r\n".join([*lines, "END:VCALENDAR"]), MOSCOW)


def rings(*events: tuple[str, ...]) -> list[str]:
    return shown(occurrences(parsed(*events), YEAR, MOSCOW))


def shown(found_occurrences: Iterable[Occurrence]) -> list[str]:
    """`start < moment of the alarm`, in UTC; whole days begin at midnight in Moscow."""
    found = []
    for each in found_occurrences:
        begin = each.start.replace(tzinfo=MOSCOW).astimezone(UTC) if each.all_day else each.start
        found += [f"{begin:%m-%d %H:%M} < {begin + offset:%m-%d %H:%M}" for offset in each.alarms]
    return found


def test_alarms_are_offsets_from_the_start() -> None:
    (meeting,) = expansion("alarms", MARCH).occurrences
    assert [offset // timedelta(minutes=1) for offset in meeting.alarms] == [-24 * 60, -15, 55]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("20260305T094500Z", "03-05 10:00 < 03-05 09:45"),
        ("20260305T100000Z", "03-05 10:00 < 03-05 10:00"),
        ("20260304T100000Z", "03-05 10:00 < 03-04 10:00"),
        ("20260319T090000Z", "03-19 10:00 < 03-19 09:00"),
        ("20260320T090000Z", "03-26 10:00 < 03-20 09:00"),
        ("20260319T100001Z", "03-26 10:00 < 03-19 10:00"),
    ],
)
def test_it_belongs_to_the_first_time_that_begins_then_or_later(moment: str, expected: str) -> None:
    assert rings((*WEEKLY, *alarm(moment))) == [expected]


@pytest.mark.parametrize("moment", ["20260410T090000Z", "19760401T005545Z", "20990101T000000Z"])
def test_after_the_last_time_or_years_away_it_rings_for_none(moment: str) -> None:
    assert rings((*WEEKLY, *alarm(moment))) == []


def test_alarms_before_the_start_still_ring_every_time() -> None:
    relative = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM")
    found = rings((*WEEKLY, *relative, *alarm("20260312T090000Z")))
    assert len(found) == 7
    assert [each for each in found if each.startswith("03-12")] == [
        "03-12 10:00 < 03-12 09:00",
        "03-12 10:00 < 03-12 09:45",
    ]


def test_where_a_time_was_taken_out_the_next_one_is_the_first() -> None:
    without = ("EXDATE:20260305T100000Z",)
    assert rings((*WEEKLY, *without, *alarm("20260305T094500Z"))) == ["03-12 10:00 < 03-05 09:45"]


def test_further_dates_count() -> None:
    further = ("RDATE:20260307T100000Z",)
    assert rings((*WEEKLY, *further, *alarm("20260306T094500Z"))) == ["03-07 10:00 < 03-06 09:45"]


def test_an_exception_carries_a_copy_that_rings_only_where_it_would_have_rung() -> None:
    series = (*WEEKLY, *alarm("20260305T094500Z"))
    moved = "DTSTART:20260326T120000Z", "RECURRENCE-ID:20260326T100000Z", *alarm("20260305T094500Z")
    assert rings(series, moved) == ["03-05 10:00 < 03-05 09:45"]
    first = "DTSTART:20260305T120000Z", "RECURRENCE-ID:20260305T100000Z", *alarm("20260305T094500Z")
    assert rings(series, first) == ["03-05 12:00 < 03-05 09:45"]
    silent = "DTSTART:20260305T120000Z", "RECURRENCE-ID:20260305T100000Z"
    assert rings(series, silent) == []


def test_an_exception_may_have_an_alarm_of_its_own_however_early() -> None:
    own = "DTSTART:20260326T120000Z", "RECURRENCE-ID:20260326T100000Z", *alarm("20260310T090000Z")
    assert rings(WEEKLY, own) == ["03-26 12:00 < 03-10 09:00"]
    assert rings(own) == ["03-26 12:00 < 03-10 09:00"]


def test_a_turn_of_the_series_is_looked_at_by_its_new_hours() -> None:
    turn = (
        "DTSTART:20260312T120000Z",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260312T100000Z",
        *alarm("20260319T114500Z"),
    )
    assert rings(WEEKLY, turn) == ["03-19 12:00 < 03-19 11:45"]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # 9:00 in Moscow, on the day and the day before; midnight there is 21:00 UTC.
        ("20260312T060000Z", "03-11 21:00 < 03-12 06:00"),
        ("20260311T060000Z", "03-11 21:00 < 03-11 06:00"),
        ("20260312T210000Z", "03-18 21:00 < 03-12 21:00"),
    ],
)
def test_of_whole_days_it_may_ring_on_the_day(moment: str, expected: str) -> None:
    assert rings((*DAYS, *alarm(moment))) == [expected]


@pytest.mark.parametrize("zone", [MOSCOW, ZoneInfo("America/Los_Angeles")])
@pytest.mark.parametrize("day", [";VALUE=DATE:{}", ":{}T100000Z"])
def test_nothing_at_the_ends_of_the_calendar_breaks_the_reading(zone: ZoneInfo, day: str) -> None:
    """A stranger's invitation may have any year, in each of its places."""
    ends = "00010101", "20260305", "99991231"
    for start, moment, original, moved in product(ends, repeat=4):
        alarms = alarm(f"{moment}T235959Z")
        series = "DTSTART" + day.format(start), "RRULE:FREQ=YEARLY", *alarms
        turn = f"RECURRENCE-ID;RANGE=THISANDFUTURE:{original}T100000Z", "DTSTART" + day.format(moved), *alarms
        for each in occurrences(parsed(series, turn), MARCH, zone):
            assert each.start <= each.end


def test_a_single_meeting_at_an_hour_without_a_zone_is_at_that_hour_where_the_person_is() -> None:
    assert rings(("DTSTART:20260305T100000", *alarm("20260305T064500Z"))) == ["03-05 07:00 < 03-05 06:45"]


@given(
    st.sampled_from(
        ["FREQ=DAILY;COUNT=40", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=31,5", "FREQ=DAILY"]
    ),
    st.integers(-3 * 24 * 60, 60 * 24 * 60),
    st.integers(20, 200),
)
def test_in_all_windows_together_it_rings_once(rule: str, minute: int, days: int) -> None:
    """The horizon rolls on: what was decided in one window is not decided otherwise in the next."""
    moment = FIRST + timedelta(minutes=minute)
    obj = parsed(("DTSTART:20260305T100000Z", f"RRULE:{rule}", *alarm(f"{moment:%Y%m%dT%H%M%SZ}")))
    later = [each.start for each in occurrences(obj, YEAR, MOSCOW) if each.start >= moment]
    expected = [f"{later[0]:%m-%d %H:%M} < {moment:%m-%d %H:%M}"] if later else []
    said: list[str] = []
    begin = YEAR[0]
    while begin < YEAR[1]:
        end = min(begin + timedelta(days=days), YEAR[1])
        said += shown(occurrences(obj, (begin, end), MOSCOW))
        begin = end
    assert said == expected
