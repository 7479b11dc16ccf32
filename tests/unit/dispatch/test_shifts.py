"""Shifts against brute force: for each minute, go through the list on the wall."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.dispatch.wall import DAY, MINUTE, MOMENTS, OPENINGS, ZONES, reached

from sekretar.dispatch.assignment.shifts import (
    Border,
    ExceptionKind,
    Schedule,
    Shift,
    ShiftException,
    ended_between,
    next_begin,
    next_change,
)
from sekretar.dispatch.spans import Opening, Span

HOUR = timedelta(hours=1)
MOSCOW = ZoneInfo("Europe/Moscow")
NIGHT = Opening.parse("20:00-08:00")

_DAYS = st.integers(-20, 20).map(lambda each: date(2026, 3, 28) + DAY * each)
_SHIFTS = st.builds(
    lambda first, every, opening, length: Shift(
        first, every, opening, first + DAY * length if length else None
    ),
    _DAYS,
    st.integers(1, 8),
    OPENINGS,
    st.one_of(st.none(), st.integers(0, 40)),
)
_EXCEPTIONS = st.builds(
    lambda kind, begin, minutes: ShiftException(kind, Span(begin, begin + MINUTE * minutes)),
    st.sampled_from(ExceptionKind),
    MOMENTS,
    st.integers(1, 3000),
)
SCHEDULES = st.builds(
    Schedule,
    st.sampled_from(ZONES),
    st.lists(_SHIFTS, max_size=3).map(tuple),
    st.lists(_EXCEPTIONS, max_size=3).map(tuple),
)


def works(schedule: Schedule, moment: datetime) -> bool:
    """The slow and obvious way: what was written down last counts, and a leave above all."""
    here = [each.kind for each in schedule.exceptions if moment in each.span]
    if ExceptionKind.LEAVE in here:
        return False
    if here:
        return here[-1] is not ExceptionKind.GIVEN
    return any(
        covers(shift, day, schedule.zone, moment)
        for shift in schedule.shifts
        for day in (moment.astimezone(schedule.zone).date() - DAY * back for back in range(3))
    )


def covers(shift: Shift, day: date, zone: ZoneInfo, moment: datetime) -> bool:
    if day < shift.first or (shift.last and day > shift.last) or (day - shift.first).days % shift.every:
        return False
    opening = shift.opening
    last = day if opening.end > opening.begin else day + DAY
    begin, end = f"{opening.begin:%H:%M}", f"{opening.end:%H:%M}"
    return reached(day, begin, zone) <= moment < reached(last, end, zone)


@settings(max_examples=60)
@given(SCHEDULES, MOMENTS, st.integers(1, 3 * 24 * 60))
def test_who_works_is_what_the_list_on_the_wall_says(
    schedule: Schedule, begin: datetime, minutes: int
) -> None:
    spans = schedule.spans(begin, begin + MINUTE * minutes)
    found = {span.begin + MINUTE * each for span in spans for each in range(int(span.length / MINUTE))}
    moments = (begin + MINUTE * each for each in range(minutes))
    assert found == {moment for moment in moments if works(schedule, moment)}
    for before, after in pairwise(spans):
        assert before.end < after.begin


@settings(max_examples=60)
@given(st.lists(SCHEDULES, max_size=3), MOMENTS)
def test_borders_are_where_somebody_comes_or_goes(schedules: list[Schedule], now: datetime) -> None:
    named = dict(enumerate(schedules))
    change = next_change(named, now, now + 2 * DAY)
    until = change or now + 2 * DAY
    there = {number for number, each in named.items() if works(each, now)}
    moment = now
    while moment < until:
        assert {number for number, each in named.items() if works(each, moment)} == there
        moment += 7 * MINUTE
    if change is not None:
        around = [{n for n, each in named.items() if works(each, at)} for at in (change - MINUTE, change)]
        assert around[0] != around[1]
    for at, who in ended_between(named, now, now + 2 * DAY):
        assert works(named[who], at - MINUTE)
        assert not works(named[who], at)
    begin = next_begin(named, now)
    if begin is not None:
        assert all(
            works(named[who], begin.at) and not works(named[who], begin.at - MINUTE) for who in begin.begin
        )


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


def test_a_night_shift_works_after_midnight() -> None:
    night = Schedule(MOSCOW, (Shift(date(2026, 3, 4), 4, NIGHT),))
    assert night.works_at(moscow("2026-03-04 23:59"))
    assert night.works_at(moscow("2026-03-05 03:00"))
    assert not night.works_at(moscow("2026-03-05 08:00"))
    assert night.end_of_shift(moscow("2026-03-05 03:00")) == moscow("2026-03-05 08:00")
    assert night.end_of_shift(moscow("2026-03-05 09:00")) is None
    # Four days later again, and never before the first day.
    assert night.works_at(moscow("2026-03-09 07:59"))
    assert not night.works_at(moscow("2026-03-01 07:59"))


def test_a_leave_overrules_a_shift_taken_over() -> None:
    span = Span(moscow("2026-03-04 09:00"), moscow("2026-03-04 18:00"))
    taken, leave = ShiftException(ExceptionKind.TAKEN, span), ShiftException(ExceptionKind.LEAVE, span)
    assert Schedule(MOSCOW, (), (taken,)).works_at(moscow("2026-03-04 12:00"))
    assert not Schedule(MOSCOW, (), (taken, leave)).works_at(moscow("2026-03-04 12:00"))


def test_shifts_are_by_the_clock_of_the_person() -> None:
    day = Shift(date(2026, 3, 2), 7, Opening.parse("09:00-18:00"))
    vladivostok = ZoneInfo("Asia/Vladivostok")
    here, there = Schedule(MOSCOW, (day,)), Schedule(vladivostok, (day,))
    begin = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert next_begin({1: here, 2: there}, begin) == Border(
        datetime(2026, 3, 2, 9, 0, tzinfo=vladivostok).astimezone(UTC), (2,)
    )
    assert next_begin({}, begin) is None


def test_a_shift_that_never_repeats_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="one day"):
        Shift(date(2026, 3, 2), 0, NIGHT)
