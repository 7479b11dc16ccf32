"""Finding a time that suits everybody: the rules, apart from where the values come from.

Free for a meeting is what lies within everybody's working hours, each where they are, and what nobody has taken. Of
all the possible times a few are offered that differ: one of each free stretch, before a second one of any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sekretar.calendars.availability import Busy
from sekretar.calendars.booking import DEFAULT_MINUTES, parse_length
from sekretar.calendars.periods import parse_period
from sekretar.calendars.preferences import Week
from sekretar.calendars.zones import to_utc
from sekretar.kernel.errors import PersonError

MOST_SLOTS = 5
#: Meetings begin on the quarter of an hour.
STEP = timedelta(minutes=15)
#: How far is looked when no days are named.
DAYS_AHEAD = 7

#: «1 час 30 минут» is a length of so many words.
_LONGEST_LENGTH = 4


@dataclass(frozen=True)
class Worker:
    """When somebody works, and where."""

    week: Week
    zone: ZoneInfo


@dataclass(frozen=True)
class Wish:
    """What is looked for. The days are those of the asker, the last one included."""

    names: tuple[str, ...]
    minutes: int
    first: date
    last: date


def parse_wish(words: Sequence[str], today: date) -> Wish:
    """Names, a length and days, in any order: `@boris @vera 45m tomorrow`.

    Raises:
        PersonError: `calendars.find.nobody`, no name; or as `parse_period` for the days.
    """
    names = tuple(dict.fromkeys(each for each in words if "@" in each))
    if not names:
        raise PersonError("calendars.find.nobody")
    minutes, rest = _length_in([each for each in words if "@" not in each])
    if not rest:
        return Wish(names, minutes, today, today + timedelta(days=DAYS_AHEAD))
    period = parse_period(" ".join(rest), today)
    if period.last < today:
        raise PersonError("calendars.find.past")
    return Wish(names, minutes, max(period.first, today), period.last)


def _length_in(words: list[str]) -> tuple[int, list[str]]:
    """The length that some of the words mean, and the other words."""
    for size in range(_LONGEST_LENGTH, 0, -1):
        for begin in range(len(words) - size + 1):
            try:
                minutes = parse_length(" ".join(words[begin : begin + size]))
            except PersonError:
                continue
            return minutes, words[:begin] + words[begin + size :]
    return DEFAULT_MINUTES, words


def common_slots(
    workers: Iterable[Worker], taken: Iterable[Busy], begin: datetime, end: datetime, minutes: int
) -> list[datetime]:
    """Some starts between two moments at which all work and nobody is busy, in order."""
    free = [Busy(begin, end)]
    for worker in workers:
        free = _intersected(free, list(_working(worker, begin, end)))
    free = _without(free, taken)
    length = timedelta(minutes=minutes)
    found: list[datetime] = []
    for place in count():
        starts = [start for each in free if (start := _start(each, length, place)) is not None]
        found += starts
        if len(found) >= MOST_SLOTS or not starts:
            return sorted(found[:MOST_SLOTS])
    return []


def _working(worker: Worker, begin: datetime, end: datetime) -> Iterator[Busy]:
    day, last = begin.astimezone(worker.zone).date(), end.astimezone(worker.zone).date()
    while day <= last:
        hours = worker.week[day.weekday()]
        if hours is not None:
            yield Busy(
                to_utc(datetime.combine(day, hours.begin), worker.zone),
                to_utc(datetime.combine(day, hours.end), worker.zone),
            )
        day += timedelta(days=1)


def _intersected(some: Sequence[Busy], others: Sequence[Busy]) -> list[Busy]:
    """What lies in both."""
    pairs = ((max(a.start, b.start), min(a.end, b.end)) for a in some for b in others)
    return [Busy(start, end) for start, end in pairs if start < end]


def _without(free: Iterable[Busy], taken: Iterable[Busy]) -> list[Busy]:
    """What is left of the free stretches."""
    ordered = sorted(taken, key=lambda each: each.start)
    left: list[Busy] = []
    for stretch in free:
        begin = stretch.start
        for each in ordered:
            if each.end <= begin or each.start >= stretch.end:
                continue
            if each.start > begin:
                left.append(Busy(begin, each.start))
            begin = max(begin, each.end)
        if begin < stretch.end:
            left.append(Busy(begin, stretch.end))
    return left


def _start(stretch: Busy, length: timedelta, place: int) -> datetime | None:
    """The start of the meeting at this place, of meetings one after the other in the stretch."""
    start = _rounded_up(stretch.start)
    for _ in range(place):
        start = _rounded_up(start + length)
    return start if start + length <= stretch.end else None


def _rounded_up(moment: datetime) -> datetime:
    past = (moment - datetime(1970, 1, 1, tzinfo=UTC)) % STEP
    return moment + (STEP - past) if past else moment
