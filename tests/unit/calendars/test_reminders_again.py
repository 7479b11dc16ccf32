"""Reminders when the wishes about them have changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.reminders.rules import Due, Offsets, plan_again

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

offsets = st.frozensets(st.integers(0, 120), max_size=5)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_what_was_given_is_not_given_again() -> None:
    start = NOW + minutes(8)
    assert plan_again(start, (10, 5), NOW, given=(10,)) == [Due(5, start - minutes(5))]


def test_who_was_reminded_needs_none_for_what_has_passed() -> None:
    assert plan_again(NOW + minutes(8), (30,), NOW, given=(10,)) == []


def test_who_was_not_is_reminded_at_once() -> None:
    assert plan_again(NOW + minutes(8), (30,), NOW, given=()) == [Due(30, NOW)]


@given(st.integers(1, 300), offsets, offsets)
def test_nothing_is_said_twice_and_nothing_that_is_ahead_is_lost(
    ahead: int, wanted: frozenset[int], given_before: frozenset[int]
) -> None:
    start = NOW + minutes(ahead)
    planned = plan_again(start, wanted, NOW, given_before)
    assert not {due.minutes for due in planned} & given_before
    assert {each for each in wanted if each < ahead} - given_before <= {due.minutes for due in planned}
    assert all(due.at >= NOW for due in planned)


def test_alarms_of_the_event_add_to_the_offsets_where_they_are_wanted() -> None:
    assert Offsets((10,), own_alarms=True).of((60, 10)) == (60, 10)
    assert Offsets((10,), own_alarms=False).of((60,)) == (10,)
    assert Offsets((), own_alarms=True).of((15,)) == (15,)
