"""Times that suit everybody: who works when and where, what is taken, and what comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.finding.slots import (
    MOST_SLOTS,
    PAUSE,
    STEP,
    STRETCH,
    Slot,
    Worker,
    common_slots,
    works,
)
from sekretar.calendars.finding.standing import Busy
from sekretar.calendars.settings.preferences import LUNCH, OFFICE_WEEK, Hours, Week

MOSCOW, BERLIN, NEW_YORK = (ZoneInfo(each) for each in ("Europe/Moscow", "Europe/Berlin", "America/New_York"))
MIDNIGHT = datetime(2026, 3, 4, tzinfo=MOSCOW).astimezone(UTC)  # a Wednesday
OFFICE = Worker("Anna", OFFICE_WEEK, MOSCOW)


def at(hour: float, day: int = 0) -> datetime:
    """An hour of Moscow."""
    return MIDNIGHT + timedelta(days=day, hours=hour)


def busy(begin: float, end: float, *, tentative: bool = False) -> Busy:
    return Busy(at(begin), at(end), tentative=tentative)


def office(*taken: Busy) -> Worker:
    return replace(OFFICE, taken=taken)


def shown(slots: Sequence[Slot]) -> list[str]:
    return [f"{each.start.astimezone(MOSCOW):%d %H:%M}" for each in slots]


def day_of(*workers: Worker, minutes: int = 60) -> list[Slot]:
    return common_slots(workers, at(0), at(24), minutes)


def test_all_work_and_nobody_is_busy() -> None:
    anna, boris = (
        office(busy(9, 11.1), busy(12.5, 17)),
        Worker("Boris", OFFICE_WEEK, MOSCOW, None, (busy(12, 13),)),
    )
    # A quarter of an hour after the meeting before, where there is that much room.
    assert shown(day_of(anna, boris, minutes=30)) == ["04 11:15", "04 17:15"]


def test_hours_are_those_where_people_are() -> None:
    west = Worker("Boris", OFFICE_WEEK, BERLIN)  # 11:00–20:00 in Moscow
    assert shown(day_of(OFFICE, west))[0] == "04 11:00"
    assert not any(each.outside for each in day_of(OFFICE, west))


def test_an_hour_outside_is_offered_when_there_is_no_other() -> None:
    far = Worker("Boris", OFFICE_WEEK, NEW_YORK)  # 17:00–02:00 in Moscow
    assert shown(day_of(OFFICE, far)) == ["04 17:00"]
    late = day_of(office(busy(9, 18)), far)
    assert {each.outside for each in late} == {("Anna",)}
    assert shown(late)[0] == "04 18:15"
    assert all(at(18) <= each.start <= at(20) - timedelta(hours=1) for each in late)
    night = Worker("Boris", ((Hours(time(22, 30), time(23)),),) * 7, MOSCOW)
    assert day_of(OFFICE, night, minutes=30) == []


def test_nobody_is_asked_to_come_on_a_day_off() -> None:
    assert common_slots([OFFICE], at(0, 3), at(24, 4), 60) == []


def test_lunch_comes_last_and_is_said() -> None:
    hungry = replace(office(busy(9, 13), busy(14, 17)), lunch=LUNCH)
    found = day_of(hungry)
    assert shown(found) == ["04 17:00", "04 13:00"]
    assert [each.lunch for each in found] == [(), ("Anna",)]


def test_perhaps_is_better_than_never_and_worse_than_free() -> None:
    found = day_of(office(busy(9, 11), busy(11, 13, tentative=True), busy(13, 17)))
    assert found[0] == Slot(at(17), pressed=1)
    assert {each.tentative for each in found[1:]} == {("Anna",)}


def test_who_has_told_no_hours_is_asked_at_any_that_suits_the_others() -> None:
    stranger = Worker("x@example.com", None, ZoneInfo("UTC"), taken=(busy(0, 17),))
    assert shown(day_of(OFFICE, stranger, minutes=30)) == ["04 17:15"]


def test_days_off_are_left_out_and_the_days_differ() -> None:
    assert shown(common_slots([OFFICE], at(0), at(24, 7), 60)) == [
        "04 09:00", "05 09:00", "06 09:00", "09 09:00", "10 09:00",
    ]  # fmt: skip
    assert shown(common_slots([OFFICE], at(9.4), at(24), 60)) == [
        "04 09:30", "04 10:30", "04 11:30", "04 12:30", "04 13:30",
    ]  # fmt: skip


def test_the_change_of_the_clock_moves_the_hours() -> None:
    berliner = Worker("Boris", OFFICE_WEEK, BERLIN)
    saturday, monday = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)
    assert common_slots([berliner], saturday, monday, 60)[0].start == datetime(2026, 3, 30, 7, tzinfo=UTC)
    friday = datetime(2026, 3, 27, tzinfo=UTC)
    assert common_slots([berliner], friday, saturday, 60)[0].start == datetime(2026, 3, 27, 8, tzinfo=UTC)


def test_whether_somebody_works_is_asked_where_they_are() -> None:
    assert works(OFFICE_WEEK, MOSCOW, at(9), at(18))
    assert not works(OFFICE_WEEK, MOSCOW, at(17.5), at(18.5))
    assert not works(OFFICE_WEEK, BERLIN, at(9), at(10))
    assert not works(OFFICE_WEEK, MOSCOW, at(12, 3), at(13, 3))


def weekly(*hours: tuple[int, int]) -> Week:
    return (tuple(Hours(time(begin), time(end)) for begin, end in hours),) * 7


def test_nobody_works_in_the_break_of_their_day() -> None:
    week = weekly((9, 13), (14, 18))
    assert works(week, MOSCOW, at(9), at(13))
    assert works(week, MOSCOW, at(14), at(18))
    assert not works(week, MOSCOW, at(12.5), at(13.5))
    assert not works(week, MOSCOW, at(13), at(14))
    found = common_slots([Worker("Boris", week, MOSCOW)], at(12), at(15), 60)
    assert {(each.start, each.outside) for each in found} == {(at(12), ()), (at(14), ())}


def test_the_break_is_offered_where_there_is_nothing_better() -> None:
    worker = Worker("Boris", weekly((9, 13), (14, 18)), MOSCOW, None, (busy(0, 13), busy(14, 24)))
    (slot,) = common_slots([worker], at(0), at(24), 60)
    assert (slot.start, slot.outside) == (at(13), ("Boris",))


BUSY = st.lists(
    st.tuples(st.integers(0, 48 * 60), st.integers(1, 300), st.booleans()).map(
        lambda each: busy(each[0] / 60, (each[0] + each[1]) / 60, tentative=each[2])
    ),
    max_size=8,
).map(tuple)


def judged(worker: Worker, start: datetime, end: datetime) -> tuple[bool, bool, bool, bool] | None:
    """Whether a time is outside, tentative, over lunch, and without a pause; None when it is impossible."""
    assert worker.week is not None
    touching = [each for each in worker.taken if start < each.end and each.start < end]
    if any(not each.tentative for each in touching):
        return None
    day = start.astimezone(worker.zone).date()
    lunch = worker.lunch
    hours = [
        (datetime.combine(day, each.begin, worker.zone), datetime.combine(day, each.end, worker.zone))
        for each in worker.week[day.weekday()]
    ]
    if end.astimezone(worker.zone).date() != day:
        return None
    quarters = [start + place * STEP for place in range(-(-(end - start) // STEP))]
    if not all(any(a - STRETCH <= each < b + STRETCH for a, b in hours) for each in quarters):
        return None
    over_lunch = lunch is not None and (
        start < datetime.combine(day, lunch.end, worker.zone)
        and datetime.combine(day, lunch.begin, worker.zone) < end
    )
    near = [each for each in worker.taken if start - PAUSE < each.end and each.start < end + PAUSE]
    beside = [each for each in near if each.end <= start or each.start >= end]
    outside = not any(a <= start and end <= b for a, b in hours)
    return outside, bool(touching), over_lunch, bool(beside)


WEEKS = st.sampled_from([OFFICE_WEEK, weekly((9, 13), (14, 18)), weekly((7, 9), (17, 19))])


@given(
    BUSY, BUSY, st.integers(1, 300), st.sampled_from([MOSCOW, BERLIN]), st.sampled_from([LUNCH, None]), WEEKS
)
def test_as_a_reading_of_each_quarter_says(
    taken: tuple[Busy, ...],
    further: tuple[Busy, ...],
    minutes: int,
    zone: ZoneInfo,
    lunch: Hours | None,
    week: Week,
) -> None:
    workers = [office(*taken), Worker("Boris", week, zone, lunch, further)]
    found = common_slots(workers, at(0), at(48), minutes)
    length = timedelta(minutes=minutes)
    possible = {}
    for start in (at(0) + place * STEP for place in range(48 * 4)):
        said = [judged(each, start, start + length) for each in workers]
        if all(each is not None for each in said):
            possible[start] = tuple(sum(column) for column in zip(*said, strict=True))[:3]
    if any(not cost[0] for cost in possible.values()):
        possible = {start: cost for start, cost in possible.items() if not cost[0]}
    assert bool(found) == bool(possible)
    assert {each.start: each.cost for each in found}.items() <= possible.items()
    assert len(found) <= MOST_SLOTS
    assert all(abs(one.start - other.start) >= length for one, other in combinations(found, 2))
    assert [each.cost for each in found] == sorted(each.cost for each in found)
    if found:
        assert found[0].cost == min(possible.values())
