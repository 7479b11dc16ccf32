"""What the times of a new series meet; it begins on Wednesday, 25 March 2026, before the clock changes in Berlin."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.calendars.test_views_wording import meeting

from sekretar.calendars.booking.draft import Draft, Guest, Guests
from sekretar.calendars.booking.series import WEEKS, collisions, times_of
from sekretar.calendars.editing import Repeat

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 25, 10, tzinfo=BERLIN)


def draft(repeat: Repeat | None) -> Draft:
    return Draft("Demo", START, 30, 1, Guests((Guest("boris@example.com"),)), repeat=repeat)


@pytest.mark.parametrize(
    ("repeat", "count"),
    [
        (None, 1),
        (Repeat.DAILY, WEEKS * 7),
        (Repeat.WEEKDAYS, WEEKS * 5),
        (Repeat.WEEKLY, WEEKS),
        (Repeat.FORTNIGHTLY, WEEKS // 2),
        (Repeat.MONTHLY, 3),
    ],
)
def test_the_first_weeks_are_looked_at(repeat: Repeat | None, count: int) -> None:
    times = times_of(draft(repeat), BERLIN)
    assert len(times) == count
    assert times[0] == (START, START + timedelta(minutes=30))
    assert {start.astimezone(BERLIN).time() for start, _ in times} == {START.time()}, "by the clock there"


@given(st.lists(st.tuples(st.integers(-3, 90), st.integers(0, 47), st.integers(0, 8)), max_size=8))
def test_each_time_that_meets_something_counts_once(taken: list[tuple[int, int, int]]) -> None:
    times = times_of(draft(Repeat.DAILY), BERLIN)
    others = []
    for number, (day, halves, length) in enumerate(taken):
        begin = START.astimezone(UTC) + timedelta(days=day, minutes=30 * (halves - 24))
        end = begin + timedelta(minutes=30 * length)
        others.append(replace(meeting(number, 0), start=begin, end=end))
    found = collisions(times, others)
    met = [each for each in times if any(one.start < each[1] and one.end > each[0] for one in others)]
    assert (found.met if found else 0) == len(met)
    if found:
        assert found.times == len(times)
        assert found.first.start < met[0][1]
        assert found.first.end > met[0][0]
