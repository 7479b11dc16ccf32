"""Who works when. Pure: schedules in, times out.

A shift is written by the clock of the person's own zone and repeats after a number of days: seven for a week, four
for two days on and two off. What differs on single days are exceptions: a leave, a shift given away or taken over,
one more. Of these what was written down last counts: who has taken a shift over may give it on, or back. A leave
overrules everything, also a shift that was taken over before anybody knew of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sekretar.dispatch.spans import Opening, Span, clipped, without

_DAY = timedelta(days=1)
#: How far a next shift is looked for.
HORIZON = 60 * _DAY


@dataclass(frozen=True)
class Shift:
    """Hours that repeat.

    Attributes:
        first: The first day on which they begin.
        every: After how many days they come again.
        last: The last day on which they may begin; None for no end.
    """

    first: date
    every: int
    opening: Opening
    last: date | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError("a shift repeats after one day at the earliest")

    def days(self, begin: date, end: date) -> list[date]:
        """The days from `begin` to `end`, both included, on which it begins."""
        end = min(end, self.last) if self.last else end
        skipped = max(-((self.first - begin).days // self.every), 0)
        day = self.first + _DAY * (skipped * self.every)
        found = []
        while day <= end:
            found.append(day)
            day += _DAY * self.every
        return found


class ExceptionKind(StrEnum):
    """How single days differ."""

    #: Away: no shift counts.
    LEAVE = "leave"
    #: Given to somebody else.
    GIVEN = "given"
    #: Taken over from somebody else.
    TAKEN = "taken"
    #: One more.
    EXTRA = "extra"

    @property
    def works(self) -> bool:
        return self in (ExceptionKind.TAKEN, ExceptionKind.EXTRA)


@dataclass(frozen=True)
class ShiftException:
    """What differs, from one moment to another."""

    kind: ExceptionKind
    span: Span


@dataclass(frozen=True)
class Schedule:
    """The working times of one person; the exceptions in the order in which they were written down."""

    zone: ZoneInfo
    shifts: tuple[Shift, ...] = ()
    exceptions: tuple[ShiftException, ...] = ()

    def spans(self, begin: datetime, end: datetime) -> list[Span]:
        """When the person works between two moments: in order, with shifts that follow each other made one."""
        # A shift may last a day, and one that began before still counts.
        first, last = begin.astimezone(self.zone).date() - 2 * _DAY, end.astimezone(self.zone).date()
        usual = [
            span
            for shift in self.shifts
            for day in shift.days(first, last)
            if (span := shift.opening.on(day, self.zone))
        ]
        for each in self.exceptions:
            if each.kind is ExceptionKind.GIVEN:
                usual = without(usual, [each.span])
            elif each.kind.works:
                usual.append(each.span)
        return clipped(without(usual, self._of(ExceptionKind.LEAVE)), begin, end)

    def works_at(self, moment: datetime) -> bool:
        """Whether the person is on shift."""
        return bool(self.spans(moment, moment + timedelta(microseconds=1)))

    def away_at(self, moment: datetime) -> bool:
        """Whether the person is on leave."""
        return any(moment in span for span in self._of(ExceptionKind.LEAVE))

    def end_of_shift(self, moment: datetime) -> datetime | None:
        """When the shift that is under way ends; None when there is none."""
        spans = self.spans(moment, moment + HORIZON)
        return spans[0].end if spans and spans[0].begin <= moment else None

    def _of(self, kind: ExceptionKind) -> list[Span]:
        return [each.span for each in self.exceptions if each.kind is kind]


def ended_between(
    schedules: Mapping[int, Schedule], after: datetime, until: datetime
) -> list[tuple[datetime, int]]:
    """Whose shift ended when, later than `after` and not later than `until`; in order."""
    # Some time around, so that the borders are those of shifts and not those of the question.
    begin, end = after - 4 * _DAY, until + 4 * _DAY
    ends = (
        (span.end, person_id)
        for person_id, schedule in schedules.items()
        for span in schedule.spans(begin, end)
    )
    return sorted(each for each in ends if after < each[0] <= until)


@dataclass(frozen=True)
class Border:
    """The next moment at which the shifts change."""

    at: datetime
    #: Who begins then.
    begin: tuple[int, ...]


def next_begin(schedules: Mapping[int, Schedule], now: datetime) -> Border | None:
    """When somebody who does not work now begins next, and who; None when nobody will."""
    begins: dict[datetime, list[int]] = {}
    for person_id, schedule in schedules.items():
        for span in schedule.spans(now, now + HORIZON):
            if span.begin > now:
                begins.setdefault(span.begin, []).append(person_id)
                break
    if not begins:
        return None
    at = min(begins)
    return Border(at, tuple(sorted(begins[at])))


def next_change(schedules: Mapping[int, Schedule], now: datetime, until: datetime) -> datetime | None:
    """When somebody begins or ends next; None when nobody does until then."""
    borders = (
        border
        for schedule in schedules.values()
        for span in schedule.spans(now - _DAY, until + _DAY)
        for border in (span.begin, span.end)
    )
    return min((each for each in borders if now < each <= until), default=None)
