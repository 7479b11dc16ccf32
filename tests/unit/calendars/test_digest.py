"""When the digest is due: each chosen day exactly once, whatever clocks and machines do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.digest.schedule import Schedule, due_day, latest, moment, next_due

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
#: Gaps and folds at night, at midnight, before midnight, of half an hour, in the south, and none at all.
ZONES = (
    "Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Beirut", "America/Nuuk", "Australia/Lord_Howe",
    "America/Havana", "Pacific/Chatham", "Africa/Casablanca", "Europe/Moscow", "America/Santiago", "Atlantic/Azores",
)  # fmt: skip
WORKDAYS = frozenset(range(5))
AT_NINE = Schedule(time(9), WORKDAYS)
WEDNESDAY = date(2026, 3, 4)

zones = st.sampled_from(ZONES).map(ZoneInfo)
schedules = st.builds(
    Schedule,
    st.times(max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0)),
    st.frozensets(st.integers(0, 6), min_size=1),
)
days = st.dates(date(2026, 1, 1), date(2030, 12, 31))


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def in_zone(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


class TestEveryDay:
    @given(schedules, zones, days, st.sampled_from([0, 0, 0, 7, 40, 200]))
    def test_each_chosen_day_comes_exactly_once(
        self, schedule: Schedule, zone: ZoneInfo, first: date, late: int
    ) -> None:
        """A job that sleeps until the next one, and wakes a little late or early each time."""
        now = at(first, 0, 0, zone)
        settled: date | None = None
        given_on: list[date] = []
        until = now + timedelta(days=40)
        while (due := next_due(schedule, zone, now, settled)) is not None and due < until:
            now = due + timedelta(seconds=late)
            day = due_day(schedule, zone, now, settled)
            if day is not None:
                assert now >= moment(schedule, day, zone)
                given_on.append(day)
                settled = day
        begin = first if moment(schedule, first, zone) > at(first, 0, 0, zone) else first + timedelta(days=1)
        span = (begin + timedelta(days=ahead) for ahead in range(45))
        wanted = [
            day for day in span if day.weekday() in schedule.days and moment(schedule, day, zone) < until
        ]
        # One that is due a minute before midnight may be missed by a job that wakes minutes later.
        missed = [
            day
            for day in wanted
            if latest(schedule, day, zone) <= moment(schedule, day, zone) + timedelta(seconds=late)
        ]
        assert given_on == [day for day in wanted if day not in missed]

    @given(schedules, zones, days)
    def test_it_is_due_on_its_own_day_and_useful_for_a_while(
        self, schedule: Schedule, zone: ZoneInfo, day: date
    ) -> None:
        due = moment(schedule, day, zone)
        assert in_zone(due, zone) == day
        assert due < latest(schedule, day, zone) <= at(day + timedelta(days=1), 1, 0, zone)

    @given(schedules, zones, days, st.lists(st.integers(-90, 2000), max_size=60))
    def test_no_day_comes_twice_whatever_the_clock_does(
        self, schedule: Schedule, zone: ZoneInfo, first: date, steps: list[int]
    ) -> None:
        now = at(first, 12, 0, zone)
        settled: date | None = None
        given_on: list[date] = []
        for step in steps:
            now += timedelta(minutes=step)
            day = due_day(schedule, zone, now, settled)
            if day is not None:
                given_on.append(day)
                settled = day
        assert len(set(given_on)) == len(given_on)

    @given(schedules, zones, days)
    def test_the_next_one_is_always_ahead_and_never_further_than_eight_days(
        self, schedule: Schedule, zone: ZoneInfo, day: date
    ) -> None:
        now = at(day, 12, 34, zone)
        due = next_due(schedule, zone, now, day)
        assert due is not None
        assert now < due < now + timedelta(days=9)
        assert in_zone(due, zone) > day


def test_nine_stays_nine_when_the_clocks_change() -> None:
    daily = Schedule(time(9), frozenset(range(7)))
    before, after = (moment(daily, date(2026, 3, day), BERLIN) for day in (28, 29))
    assert (before.hour, after.hour) == (8, 7)
    assert {each.astimezone(BERLIN).hour for each in (before, after)} == {9}


def test_an_hour_that_is_skipped_and_one_that_comes_twice() -> None:
    at_night = Schedule(time(2, 30), frozenset(range(7)))
    assert moment(at_night, date(2026, 3, 29), BERLIN).astimezone(BERLIN).time() == time(3, 30)
    assert moment(at_night, date(2026, 10, 25), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_an_hour_that_is_skipped_at_the_end_of_the_day_stays_on_its_day() -> None:
    nuuk = ZoneInfo("America/Nuuk")
    due = moment(Schedule(time(23, 30), frozenset(range(7))), date(2026, 3, 28), nuuk)
    assert in_zone(due, nuuk) == date(2026, 3, 28)


@pytest.mark.parametrize(
    ("hour", "minute", "given_on"),
    [(8, 59, None), (9, 0, WEDNESDAY), (11, 59, WEDNESDAY), (12, 0, None), (23, 0, None)],
)
def test_after_downtime_the_morning_is_caught_up_until_noon(
    hour: int, minute: int, given_on: date | None
) -> None:
    assert due_day(AT_NINE, MOSCOW, at(WEDNESDAY, hour, minute), WEDNESDAY - timedelta(days=1)) == given_on


@pytest.mark.parametrize(
    ("hour", "minute", "until"),
    [
        (9, 0, (12, 0)),
        (11, 0, (12, 0)),
        (11, 30, (18, 0)),
        (14, 0, (18, 0)),
        (17, 30, (0, 0)),
        (23, 59, (0, 0)),
    ],
)
def test_how_long_a_late_one_is_of_use(hour: int, minute: int, until: tuple[int, int]) -> None:
    end = latest(Schedule(time(hour, minute), WORKDAYS), WEDNESDAY, MOSCOW).astimezone(MOSCOW)
    assert (end.hour, end.minute) == until


def test_a_weekend_is_passed_over() -> None:
    friday = date(2026, 3, 6)
    assert next_due(AT_NINE, MOSCOW, at(friday, 9), friday) == at(date(2026, 3, 9), 9)
    assert due_day(AT_NINE, MOSCOW, at(date(2026, 3, 7), 9), friday) is None


def test_who_begins_after_the_hour_begins_tomorrow() -> None:
    assert next_due(AT_NINE, MOSCOW, at(WEDNESDAY, 9), None) == at(date(2026, 3, 5), 9)
    assert next_due(AT_NINE, MOSCOW, at(WEDNESDAY, 8, 59), None) == at(WEDNESDAY, 9)


def test_a_journey_brings_no_second_one() -> None:
    tokyo, new_york = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
    given_in_tokyo = at(WEDNESDAY, 9, 0, tokyo)
    assert due_day(AT_NINE, new_york, at(WEDNESDAY, 9, 0, new_york), WEDNESDAY) is None
    assert next_due(AT_NINE, new_york, given_in_tokyo, WEDNESDAY) == at(date(2026, 3, 5), 9, 0, new_york)


def test_no_days_no_digest() -> None:
    assert next_due(Schedule(time(9), frozenset()), MOSCOW, at(WEDNESDAY, 9), None) is None
