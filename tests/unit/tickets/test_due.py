"""Last days are told when they are near and when they have passed, once each, over any mornings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tickets.test_watching_rules import ticket

from sekretar.kernel.morning import Hour
from sekretar.tickets.watching.due import Group, Known, Stage, grouped, next_morning, reminders, stage_of

DAY = timedelta(days=1)
START = date(2026, 3, 4)
MOSCOW = ZoneInfo("Europe/Moscow")


@given(
    st.lists(st.integers(-5, 20), min_size=1, max_size=3),
    st.lists(st.sampled_from([1, 1, 1, 3, 7]), min_size=1, max_size=15),
)
def test_each_day_is_told_once_near_and_once_passed(offsets: list[int], gaps: list[int]) -> None:
    today, said, known = START, [], dict[str, Known]()
    for number, gap in enumerate(gaps):
        due = START + DAY * offsets[min(number * len(offsets) // len(gaps), len(offsets) - 1)]
        mine = replace(ticket(), due=due)
        said += [(due, stage) for _, stage in reminders([mine], known, today, today + DAY * gap)]
        stands = stage_of(mine, today, today + DAY * gap)
        known = {mine.ref.key: Known(due, stands)} if stands else {}
        if stands is Stage.OVERDUE:
            assert (due, Stage.OVERDUE) in said
        today += DAY * gap
    # A day that moves away and back is told anew; between moves nothing is told twice.
    if len(set(offsets)) == 1:
        assert len(said) == len(set(said))


def test_the_next_morning_is_on_a_chosen_day_at_the_hour_of_the_person() -> None:
    day, moment = next_morning(Hour(), MOSCOW, date(2026, 3, 6))
    assert (day, moment.isoformat()) == (date(2026, 3, 9), "2026-03-09T06:00:00+00:00")
    assert next_morning(Hour(days=frozenset()), MOSCOW, date(2026, 3, 6))[0] == date(2026, 3, 7)


def test_the_list_has_only_the_groups_in_which_something_is_and_that_are_wanted() -> None:
    late, today, soon, far, none = (
        replace(ticket(), due=due) for due in (START - DAY, START, START + DAY, START + 2 * DAY, None)
    )
    every = grouped([soon, none, today, far, late], set(Stage), START, START + DAY)
    assert list(every.items()) == [(Group.OVERDUE, [late]), (Group.TODAY, [today]), (Group.SOON, [soon])]
    assert list(grouped([late, soon], {Stage.NEAR}, START, START + DAY)) == [Group.SOON]
    assert grouped([far, none], set(Stage), START, START + DAY) == {}
