"""Common free times: what was asked for, and what suits everybody."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.availability import Busy
from sekretar.calendars.finding import MOST_SLOTS, STEP, Wish, Worker, common_slots, parse_wish
from sekretar.calendars.preferences import OFFICE_WEEK, Hours
from sekretar.kernel.errors import PersonError

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
TODAY = date(2026, 3, 4)  # a Wednesday
MIDNIGHT = datetime(2026, 3, 4, tzinfo=MOSCOW).astimezone(UTC)
OFFICE = Worker(OFFICE_WEEK, MOSCOW)


def at(hour: float, day: int = 0) -> datetime:
    """An hour of Moscow."""
    return MIDNIGHT + timedelta(days=day, hours=hour)


def shown(starts: list[datetime]) -> list[str]:
    return [f"{each.astimezone(MOSCOW):%d %H:%M}" for each in starts]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("@boris", Wish(("@boris",), 60, TODAY, date(2026, 3, 11))),
        ("@boris @vera 45m tomorrow", Wish(("@boris", "@vera"), 45, date(2026, 3, 5), date(2026, 3, 5))),
        ("завтра 1 час 30 минут @boris", Wish(("@boris",), 90, date(2026, 3, 5), date(2026, 3, 5))),
        ("30 x@example.com 06.03", Wish(("x@example.com",), 30, date(2026, 3, 6), date(2026, 3, 6))),
        ("@boris this week", Wish(("@boris",), 60, TODAY, date(2026, 3, 8))),
        ("@boris 1 ч следующая неделя", Wish(("@boris",), 60, date(2026, 3, 9), date(2026, 3, 15))),
    ],
)
def test_a_wish_is_read_in_any_order(words: str, expected: Wish) -> None:
    assert parse_wish(words.split(), TODAY) == expected


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("45m tomorrow", "calendars.find.nobody"),
        ("", "calendars.find.nobody"),
        ("@boris yesterday", "calendars.find.past"),
        ("@boris blue moon", "calendars.period.unread"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told(words: str, key: str) -> None:
    with pytest.raises(PersonError) as refused:
        parse_wish(words.split(), TODAY)
    assert refused.value.key == key


def test_all_work_and_nobody_is_busy() -> None:
    taken = [Busy(at(9), at(11.1)), Busy(at(12), at(13)), Busy(at(12.5), at(17))]
    assert shown(common_slots([OFFICE], taken, at(0), at(24), 45)) == ["04 11:15", "04 17:00"]


def test_hours_are_those_where_people_are() -> None:
    west = Worker(OFFICE_WEEK, BERLIN)  # 11:00–20:00 in Moscow
    assert shown(common_slots([OFFICE, west], [], at(0), at(24), 60))[0] == "04 11:00"
    night = Worker(tuple(Hours(time(20), time(23)) for _ in range(7)), MOSCOW)
    assert common_slots([OFFICE, night], [], at(0), at(24), 60) == []


def test_days_off_are_left_out_and_the_days_differ() -> None:
    assert shown(common_slots([OFFICE], [], at(0), at(24, 7), 60)) == [
        "04 09:00", "05 09:00", "06 09:00", "09 09:00", "10 09:00",
    ]  # fmt: skip
    assert shown(common_slots([OFFICE], [], at(9.4), at(24), 60)) == [
        "04 09:30", "04 10:30", "04 11:30", "04 12:30", "04 13:30",
    ]  # fmt: skip


BUSY = st.lists(
    st.tuples(st.integers(0, 48 * 60), st.integers(1, 300)).map(
        lambda pair: Busy(at(pair[0] / 60), at((pair[0] + pair[1]) / 60))
    ),
    max_size=12,
)


@given(BUSY, st.integers(1, 300), st.sampled_from([MOSCOW, BERLIN]))
def test_as_a_minute_by_minute_reading_says(taken: list[Busy], minutes: int, zone: ZoneInfo) -> None:
    workers = [OFFICE, Worker(OFFICE_WEEK, zone)]
    found = common_slots(workers, taken, at(0), at(48), minutes)
    length = timedelta(minutes=minutes)

    def suits(start: datetime) -> bool:
        end = start + length
        works = all(
            (hours := each.week[start.astimezone(each.zone).weekday()]) is not None
            and datetime.combine(start.astimezone(each.zone).date(), hours.begin, each.zone) <= start
            and end <= datetime.combine(start.astimezone(each.zone).date(), hours.end, each.zone)
            for each in workers
        )
        return works and not any(start < each.end and each.start < end for each in taken)

    possible = [start for place in range(48 * 4) if suits(start := at(0) + place * STEP)]
    assert set(found) <= set(possible)
    assert bool(found) == bool(possible)
    assert len(set(found)) == len(found) <= MOST_SLOTS
    assert all(later - earlier >= length for earlier, later in pairwise(found))
