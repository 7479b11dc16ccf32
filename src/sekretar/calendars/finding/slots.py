"""Times that suit everybody: the rules, apart from where the values come from.

A time is possible when nobody is firmly busy and everybody works, or nearly: two hours before or after their hours
are offered when there is nothing better. Among the possible ones those come first that cost the fewest people
something: their evening, a meeting to which they may go, their lunch. Of equals the soonest is taken, where it leaves
people a pause between two meetings; and one of each free stretch comes before a second one of any, so that there is a
choice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sekretar.calendars.finding.standing import Busy
from sekretar.calendars.ics.zones import to_utc
from sekretar.calendars.settings.preferences import Hours, Week

MOST_SLOTS = 5
#: Meetings begin on the quarter of an hour.
STEP = timedelta(minutes=15)
#: A shorter time between two meetings is no pause.
PAUSE = timedelta(minutes=10)
#: How far before and after their working hours people are asked to come when there is nothing better.
STRETCH = timedelta(hours=2)

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Worker:
    """Somebody who is to come: when they work, where, and what takes their time.

    Without a week nothing is known of their hours, and all suit them.
    """

    name: str
    week: Week | None
    zone: ZoneInfo
    lunch: Hours | None = None
    taken: tuple[Busy, ...] = ()


@dataclass(frozen=True)
class Slot:
    """A start that is possible, and whom it costs what."""

    start: datetime
    #: Names of those who do not work then.
    outside: tuple[str, ...] = ()
    #: Names of those who have a meeting to which they may go.
    tentative: tuple[str, ...] = ()
    #: Names of those whose lunch it takes.
    lunch: tuple[str, ...] = ()
    #: How many have no pause before or after it.
    pressed: int = 0

    @property
    def cost(self) -> tuple[int, int, int]:
        """Less is better."""
        return len(self.outside), len(self.tentative), len(self.lunch)


def common_slots(workers: Iterable[Worker], begin: datetime, end: datetime, minutes: int) -> list[Slot]:
    """Some of the best times between two moments, those that cost the least first, then by time."""
    views = [_View(each, begin, end) for each in workers]
    free = [Busy(begin, end)]
    for view in views:
        free = _without(_intersected(free, view.possible), view.firm)
    length = timedelta(minutes=minutes)
    possible = [_judged(start, start + length, views) for start in _starts(free, length)]
    if any(not each.outside for each in possible):
        possible = [each for each in possible if not each.outside]
    chosen: list[Slot] = []
    for cost in sorted({each.cost for each in possible}):
        _choose([each for each in possible if each.cost == cost], chosen, length)
    return sorted(chosen, key=lambda each: (each.cost, each.start))


def works(week: Week, zone: ZoneInfo, start: datetime, end: datetime) -> bool:
    """Whether the time lies within somebody's working hours."""
    return _Spans(_daily(lambda weekday: week[weekday], zone, start - _DAY, end)).cover(start, end)


# --- who can when -----------------------------------------------------------------------------------------


class _Spans:
    """Stretches of time, put together where they touch, that are asked about many moments."""

    def __init__(self, spans: Iterable[Busy]) -> None:
        self.merged: list[Busy] = []
        for each in sorted(spans, key=lambda each: each.start):
            if self.merged and each.start <= self.merged[-1].end:
                self.merged[-1] = Busy(self.merged[-1].start, max(self.merged[-1].end, each.end))
            else:
                self.merged.append(each)
        self._starts = [each.start for each in self.merged]
        self._ends = [each.end for each in self.merged]

    def cover(self, start: datetime, end: datetime) -> bool:
        place = bisect_right(self._starts, start) - 1
        return place >= 0 and self._ends[place] >= end

    def touch(self, start: datetime, end: datetime) -> bool:
        """Whether some of the time is in one of them."""
        return bisect_right(self._ends, start) < bisect_left(self._starts, end)

    def press(self, start: datetime, end: datetime) -> bool:
        """Whether one of them ends just before, or begins just after."""
        return self.touch(start - PAUSE, start) or self.touch(end, end + PAUSE)


class _View:
    """One worker in the days that are looked at."""

    def __init__(self, worker: Worker, begin: datetime, end: datetime) -> None:
        self.name = worker.name
        self.firm = _Spans(each for each in worker.taken if not each.tentative).merged
        self.taken = _Spans(worker.taken)
        self.tentative = _Spans(each for each in worker.taken if each.tentative)
        week, lunch = worker.week, worker.lunch
        hours = (
            [Busy(begin, end)]
            if week is None
            else _daily(lambda weekday: week[weekday], worker.zone, begin - _DAY, end)
        )
        self.hours = _Spans(hours)
        stretched = (Busy(each.start - STRETCH, each.end + STRETCH) for each in self.hours.merged)
        self.possible = _Spans(stretched).merged
        lunches = (lunch,) if lunch else ()
        self.lunch = _Spans(_daily(lambda _: lunches, worker.zone, begin - _DAY, end))


def _daily(
    hours_of: Callable[[int], Iterable[Hours]], zone: ZoneInfo, begin: datetime, end: datetime
) -> Iterator[Busy]:
    """The hours of each day of the week, Monday is 0, as moments."""
    day, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        for hours in hours_of(day.weekday()):
            start, until = (to_utc(datetime.combine(day, each), zone) for each in (hours.begin, hours.end))
            yield Busy(start, until)
        day += _DAY


def _intersected(some: Sequence[Busy], others: Sequence[Busy]) -> list[Busy]:
    """What lies in both."""
    pairs = ((max(a.start, b.start), min(a.end, b.end)) for a in some for b in others)
    return [Busy(start, end) for start, end in pairs if start < end]


def _without(free: Iterable[Busy], taken: Sequence[Busy]) -> list[Busy]:
    """What is left of the free stretches; `taken` is in order."""
    left: list[Busy] = []
    for stretch in free:
        begin = stretch.start
        for each in taken:
            if each.end <= begin or each.start >= stretch.end:
                continue
            if each.start > begin:
                left.append(Busy(begin, each.start))
            begin = max(begin, each.end)
        if begin < stretch.end:
            left.append(Busy(begin, stretch.end))
    return left


# --- which of them ----------------------------------------------------------------------------------------


def _starts(free: Iterable[Busy], length: timedelta) -> Iterator[datetime]:
    for stretch in free:
        start = _rounded_up(stretch.start)
        while start + length <= stretch.end:
            yield start
            start += STEP


def _rounded_up(moment: datetime) -> datetime:
    past = (moment - datetime(1970, 1, 1, tzinfo=UTC)) % STEP
    return moment + (STEP - past) if past else moment


def _judged(start: datetime, end: datetime, views: Sequence[_View]) -> Slot:
    return Slot(
        start,
        outside=tuple(each.name for each in views if not each.hours.cover(start, end)),
        tentative=tuple(each.name for each in views if each.tentative.touch(start, end)),
        lunch=tuple(each.name for each in views if each.lunch.touch(start, end)),
        pressed=sum(each.taken.press(start, end) for each in views),
    )


def _choose(equals: Sequence[Slot], chosen: list[Slot], length: timedelta) -> None:
    """Add the best of those that cost the same: one of each stretch, then a second one, until there are enough."""
    stretches = [sorted(each, key=lambda slot: (slot.pressed, slot.start)) for each in _stretches(equals)]
    for _ in count():
        before = len(chosen)
        for stretch in stretches:
            apart = (each for each in stretch if all(abs(each.start - one.start) >= length for one in chosen))
            if len(chosen) < MOST_SLOTS and (slot := next(apart, None)) is not None:
                chosen.append(slot)
        if len(chosen) == before:
            return


def _stretches(slots: Sequence[Slot]) -> list[list[Slot]]:
    """The slots, in order, parted where one step is missing."""
    found: list[list[Slot]] = []
    for slot in slots:
        if found and slot.start - found[-1][-1].start <= STEP:
            found[-1].append(slot)
        else:
            found.append([slot])
    return found
