"""Working hours against a reference that looks at the clock on the wall minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.dispatch.wall import HOURS, MINUTE, MOMENTS, works

from sekretar.dispatch.sla.hours import (
    DayKind,
    DayRule,
    Problem,
    ProblemKind,
    RoundTheClock,
    WorkingHours,
    advanced,
    opening_at,
    problems,
    worked,
)
from sekretar.dispatch.spans import Opening, Span, merged, without

MOSCOW = ZoneInfo("Europe/Moscow")
OFFICE = (Opening.parse("09:00-18:00"),)
FIVE_DAYS = (OFFICE,) * 5 + ((),) * 2
RUSSIA = WorkingHours(MOSCOW, FIVE_DAYS, "RU")


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


@given(HOURS, MOMENTS, st.integers(0, 4 * 24 * 60))
def test_working_time_is_what_the_clock_on_the_wall_says(
    hours: WorkingHours, begin: datetime, minutes: int
) -> None:
    counted = sum(works(hours, begin + MINUTE * each) for each in range(minutes))
    assert worked(hours, begin, begin + MINUTE * minutes) == MINUTE * counted


@given(HOURS, MOMENTS, st.integers(1, 1500))
def test_a_deadline_is_the_first_moment_by_which_the_time_was_worked(
    hours: WorkingHours, begin: datetime, minutes: int
) -> None:
    amount = MINUTE * minutes
    deadline = advanced(hours, begin, amount)
    if deadline is None:
        assert not any(hours.week)
        assert worked(hours, begin, begin + timedelta(days=300)) < amount
        return
    assert worked(hours, begin, deadline) == amount
    assert worked(hours, begin, deadline - MINUTE) < amount


def test_transferred_and_working_saturdays_of_russia() -> None:
    # The Saturday is worked for the Monday after it; Friday 16:00 + 4 h is Saturday 11:00.
    assert advanced(RUSSIA, moscow("2025-10-31 16:00"), timedelta(hours=4)) == moscow("2025-11-01 11:00")
    assert worked(RUSSIA, moscow("2025-11-02 00:00"), moscow("2025-11-05 00:00")) == timedelta()


@pytest.mark.parametrize(
    ("rule", "hours"),
    [
        (DayRule(DayKind.OFF), 0),
        (DayRule(DayKind.SHORTENED), 8),
        (DayRule(DayKind.OWN, (Opening.parse("10:00-12:00"), Opening.parse("13:00-14:00"))), 3),
        (DayRule(DayKind.WORKING), 9),
    ],
)
def test_what_is_ruled_for_a_date_overrules_holidays_and_weekdays(rule: DayRule, hours: int) -> None:
    saturday, holiday = date(2026, 3, 7), date(2026, 3, 9)
    ruled = WorkingHours(MOSCOW, FIVE_DAYS, "RU", {saturday: rule, holiday: rule})
    for day in (saturday, holiday):
        begin = datetime.combine(day, time(), MOSCOW)
        assert worked(ruled, begin, begin + timedelta(days=1)) == timedelta(hours=hours)


def test_an_hour_less_takes_away_all_of_a_short_last_opening() -> None:
    evening = (Opening.parse("09:00-13:00"), Opening.parse("17:30-18:00"))
    days = {date(2026, 3, 4): DayRule(DayKind.SHORTENED)}
    hours = WorkingHours(MOSCOW, (evening,) * 7, "", days)
    assert hours.openings(date(2026, 3, 4)) == evening[:1]


def test_around_the_clock_has_no_gaps() -> None:
    begin = moscow("2026-03-04 12:00")
    assert advanced(RoundTheClock(), begin, timedelta(days=15)) == begin + timedelta(days=15)
    assert worked(RoundTheClock(), begin, begin + timedelta(days=400)) == timedelta(days=400)


def test_days_of_23_and_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    always = WorkingHours(berlin, ((Opening.parse("00:00-24:00"),),) * 7)
    for day, length in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        begin = datetime.combine(day, time(), berlin).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time(), berlin).astimezone(UTC)
        assert worked(always, begin, end) == timedelta(hours=length)
        assert always.spans(begin, end) == [Span(begin, end)]


def test_a_calendar_that_never_opens_gives_no_deadline_and_says_so() -> None:
    never = WorkingHours(MOSCOW, ((),) * 7)
    now = moscow("2026-03-04 12:00")
    assert advanced(never, now, MINUTE) is None
    assert opening_at(never, now) is None
    assert problems(never, now) == [Problem(ProblemKind.NEVER_OPEN)]


def test_a_year_whose_days_off_are_not_known_is_missed_from_autumn_on() -> None:
    missing = Problem(ProblemKind.YEAR_MISSING, 2028)
    assert problems(RUSSIA, moscow("2026-12-01 12:00")) == []
    assert problems(RUSSIA, moscow("2027-09-30 12:00")) == []
    assert problems(RUSSIA, moscow("2027-10-01 12:00")) == [missing]
    assert missing in problems(RUSSIA, moscow("2028-01-10 12:00"))
    told = WorkingHours(MOSCOW, FIVE_DAYS, "RU", {date(2028, 1, 10): DayRule(DayKind.OFF)})
    assert problems(told, moscow("2027-10-01 12:00")) == []
    # Where days off were decreed only once, none are expected.
    assert problems(WorkingHours(MOSCOW, FIVE_DAYS, "DE"), moscow("2027-10-01 12:00")) == []


def test_notices_wait_for_the_morning() -> None:
    assert opening_at(RUSSIA, moscow("2026-03-04 12:00")) == moscow("2026-03-04 12:00")
    assert opening_at(RUSSIA, moscow("2026-03-06 19:00")) == moscow("2026-03-10 09:00")


@pytest.mark.parametrize("text", ["9-18", "09:00", "25:00-26:00", "09:60-10:00", "", "24:00-25:00"])
def test_hours_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"written|hour"):
        Opening.parse(text)


def test_hours_are_written_as_they_are_read() -> None:
    for text in ("09:00-18:00", "22:00-06:00", "00:00-24:00", "09:00-09:00"):
        assert str(Opening.parse(text)) == text


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20))),
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20))),
)
def test_taking_away_is_that_of_sets(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    start = datetime(2026, 3, 4, tzinfo=UTC)

    def spans(numbers: list[tuple[int, int]]) -> list[Span]:
        return [Span(start + MINUTE * a, start + MINUTE * (a + n)) for a, n in numbers]

    def minutes(of: list[Span]) -> set[datetime]:
        return {span.begin + MINUTE * each for span in of for each in range(int(span.length / MINUTE))}

    left = without(spans(some), spans(others))
    assert minutes(left) == minutes(spans(some)) - minutes(spans(others))
    assert left == merged(left)
