"""Shifts as people write them: `mon-fri 09:00-18:00`, `2/2 20:00-08:00`, `12.03-20.03`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sekretar.dispatch.assignment.shifts import Schedule, Shift
from sekretar.dispatch.commands.filters import RANGE
from sekretar.dispatch.spans import Opening, Span, clipped, moment_of
from sekretar.kernel.dates import parse_date
from sekretar.kernel.errors import PersonError
from sekretar.mattermost.parsing import fold

_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
#: Days that are longer away from each other are written with their years.
_LONGEST: Final = 183 * _DAY
_YEAR: Final = re.compile(r"\d{4}|\d\.\d+\.\d", re.ASCII)
_HOURS: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?[-–—](\d{1,2})(?::(\d{2}))?", re.ASCII)
_CYCLE: Final = re.compile(r"([1-9]\d?)/([1-9]\d?)", re.ASCII)
_NAMES: Final = (
    ("mon", "пн"),
    ("tue", "вт"),
    ("wed", "ср"),
    ("thu", "чт"),
    ("fri", "пт"),
    ("sat", "сб"),
    ("sun", "вс"),
)
_NUMBERS: Final = {name: number for number, names in enumerate(_NAMES) for name in names}
_SETS: Final = {
    **dict.fromkeys(("daily", "everyday", "ежедневно"), tuple(range(_WEEK))),
    **dict.fromkeys(("weekdays", "будни", "по-будням"), tuple(range(5))),
    **dict.fromkeys(("weekends", "выходные", "по-выходным"), (5, 6)),
}


def hours_in(text: str) -> Opening | None:
    """Hours such as `09:00-18:00`, `20-8`; None for anything else.

    Raises:
        PersonError: it looks like hours, and no day has them.
    """
    found = _HOURS.fullmatch(text)
    if found is None or RANGE.fullmatch(text):
        return None
    first, first_minute, last, last_minute = (each or "00" for each in found.groups())
    try:
        return Opening.parse(f"{first}:{first_minute}-{last}:{last_minute}")
    except ValueError:
        raise PersonError("dispatch.shifts.bad_hours", given=text) from None


def pattern_in(words: Sequence[str], since: date, until: date | None) -> tuple[Shift, ...]:
    """The shifts that repeat: days of the week, or so many days on and off from `since` on, and their hours.

    Raises:
        PersonError: the days or the hours are missing, or cannot be read.
    """
    openings = [hours for word in words if (hours := hours_in(word)) is not None]
    days = [word for word in words if hours_in(word) is None]
    if len(days) != 1 or not openings:
        raise PersonError("dispatch.shifts.pattern")
    cycle = _CYCLE.fullmatch(days[0])
    if cycle is not None:
        on, off = int(cycle[1]), int(cycle[2])
        begins = [(since + _DAY * number, on + off) for number in range(on)]
    else:
        begins = [(_next(since, weekday), _WEEK) for weekday in weekdays_in(days[0])]
    return tuple(Shift(first, every, opening, until) for first, every in begins for opening in openings)


def weekdays_in(text: str) -> tuple[int, ...]:
    """Days of the week, Monday is 0: `mon-fri`, `пн,ср,пт`, `weekends`.

    Raises:
        PersonError: they cannot be read.
    """
    word = fold(text)
    if word in _SETS:
        return _SETS[word]
    found: set[int] = set()
    for part in word.split(","):
        first, dash, last = part.partition("-")
        begin, end = _NUMBERS.get(first), _NUMBERS.get(last if dash else first)
        if begin is None or end is None:
            raise PersonError("dispatch.shifts.pattern")
        found |= {(begin + step) % _WEEK for step in range((end - begin) % _WEEK + 1)}
    return tuple(sorted(found))


def coming_days(text: str, today: date) -> tuple[date, date]:
    """A day or several, the last one included: `tomorrow`, `12.03`, `12.03-20.03`.

    Raises:
        PersonError: they cannot be read, or the last one comes first.
    """
    found = RANGE.fullmatch(text)
    first = parse_date(found["first"] if found else text, today)
    last = parse_date(found["last"], first) if found else first
    # Without a year the last day is the next one of its name: `28.12-03.01` passes the turn of the year, but
    # `14.12-12.12` was turned round.
    turned = found is not None and not _YEAR.search(found["last"]) and last - first > _LONGEST
    if last < first or turned:
        raise PersonError("dispatch.assignment.bad_span")
    return first, last


def span_of(first: date, last: date, hours: Opening | None, zone: ZoneInfo) -> Span:
    """Whole days, or on a single one its hours.

    Raises:
        PersonError: the clocks jump over all of these hours.
    """
    if hours is None:
        return Span(moment_of(first, time(), zone), moment_of(last + _DAY, time(), zone))
    span = hours.on(first, zone)
    if span is None:
        raise PersonError("dispatch.assignment.bad_span")
    return span


def shift_on(schedule: Schedule, day: date) -> Span:
    """What somebody works that begins on a day, past midnight too; the whole day where nothing begins."""
    whole = span_of(day, day, None, schedule.zone)
    begun = [each for each in schedule.spans(whole.begin - _DAY, whole.end + _DAY * 2) if each.begin in whole]
    return Span(begun[0].begin, begun[-1].end) if begun else whole


def worked_on(schedule: Schedule, whole: Span) -> list[Span]:
    """What somebody works on a day: shifts that begin then, to their end; of longer ones what lies in the day."""
    around = schedule.spans(whole.begin - _DAY * 2, whole.end + _DAY * 2)
    shifts = [each for each in around if each.length <= _DAY and each.begin in whole]
    return shifts + clipped((each for each in around if each.length > _DAY), whole.begin, whole.end)


def _next(since: date, weekday: int) -> date:
    return since + _DAY * ((weekday - since.weekday()) % _WEEK)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day at a place."""
    return moment.astimezone(zone).date()
