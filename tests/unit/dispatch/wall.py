"""The slow and obvious way to know whether somebody works: look at the clock on the wall, every minute.

Hours begin at the first minute of their day at which the clock on the wall has reached their beginning, and end
likewise; it is all that a person with a list on the wall would do.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from sekretar.dispatch.sla.hours import DayKind, DayRule, WorkingHours
from sekretar.dispatch.spans import Opening

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

#: With jumps of an hour and of half an hour, at night and at midnight itself.
ZONES = [ZoneInfo(name) for name in
         ("UTC", "Europe/Moscow", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe")]  # fmt: skip

_BEGINNINGS = [datetime(2026, *day, tzinfo=UTC) for day in
               ((3, 4), (3, 28), (10, 24), (4, 3), (9, 4), (10, 2), (4, 4), (9, 6), (5, 8))]  # fmt: skip
#: Around the days on which the clocks of the zones are changed, and around holidays.
MOMENTS = st.builds(
    lambda day, minutes: day + MINUTE * minutes, st.sampled_from(_BEGINNINGS), st.integers(0, 2 * 24 * 60)
)

_TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 30, 45]))
OPENINGS = st.builds("{}-{}".format, _TIMES, _TIMES).map(Opening.parse)
_OPENINGS = st.lists(OPENINGS, max_size=2).map(tuple)
_DATES = st.builds(
    lambda each, days: each.date() + DAY * days, st.sampled_from(_BEGINNINGS), st.integers(0, 4)
)
_RULES = st.one_of(
    st.sampled_from([DayRule(DayKind.OFF), DayRule(DayKind.WORKING), DayRule(DayKind.SHORTENED)]),
    _OPENINGS.map(lambda openings: DayRule(DayKind.OWN, openings)),
)
WEEKS = st.one_of(
    st.tuples(*[_OPENINGS] * 7), _OPENINGS.map(lambda each: (each,) * 5 + ((),) * 2), st.just(((),) * 7)
)
HOURS = st.builds(
    WorkingHours,
    st.sampled_from(ZONES),
    WEEKS,
    st.sampled_from(["", "RU"]),
    st.dictionaries(_DATES, _RULES, max_size=3),
)


def works(hours: WorkingHours, moment: datetime) -> bool:
    """Whether this minute is worked."""
    day = moment.astimezone(hours.zone).date()
    return any(
        reached(each, opening.begin.isoformat("minutes"), hours.zone)
        <= moment
        < reached(
            each if opening.end > opening.begin else each + DAY, opening.end.isoformat("minutes"), hours.zone
        )
        for each in (day - DAY, day)
        for opening in hours.openings(each)
    )


@cache
def reached(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """The first minute at which the wall shows that day and that time, or later."""
    wanted = f"{day} {clock}"
    minute = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    while f"{minute.astimezone(zone):%Y-%m-%d %H:%M}" < wanted:
        minute += MINUTE
    return minute
