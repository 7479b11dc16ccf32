"""Stretches of time, as working hours and shifts are made of.

People write hours by the clock on their wall; what is counted with are moments. Between the two lie nights that pass
midnight, days of 23 and 25 hours, times that a day does not have and times that it has twice. All of that is settled
here, once: an `Opening` is what people write, a `Span` is what is counted with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_WRITTEN = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–—]\s*(\d{1,2}):(\d{2})\s*", re.ASCII)


@dataclass(frozen=True, order=True)
class Span:
    """From one moment up to another, which does not belong to it; in UTC."""

    begin: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.begin

    def __contains__(self, moment: datetime) -> bool:
        return self.begin <= moment < self.end


@dataclass(frozen=True)
class Opening:
    """Hours by the clock on the wall. An end that is not after the beginning lies on the next day.

    So 22:00–06:00 is a night, and 09:00–09:00 goes once around the clock.
    """

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Opening:
        """Read `09:00-18:00`; the end may be `24:00`.

        Raises:
            ValueError: it is not written like that.
        """
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not written like 09:00-18:00")
        hours, minutes, last_hours, last_minutes = (int(each) for each in found.groups())
        if (last_hours, last_minutes) == (24, 0):
            last_hours = 0
        try:
            return cls(time(hours, minutes), time(last_hours, last_minutes))
        except ValueError:
            raise ValueError(f"{text!r} names an hour that no day has") from None

    def __str__(self) -> str:
        end = "24:00" if self.end == time(0) else f"{self.end:%H:%M}"
        return f"{self.begin:%H:%M}-{end}"

    @property
    def minutes(self) -> int:
        """How long it is on a day of 24 hours."""
        begin, end = (each.hour * 60 + each.minute for each in (self.begin, self.end))
        return end - begin if end > begin else end - begin + 24 * 60

    def shortened(self, minutes: int) -> Opening | None:
        """The same with an earlier end; None when nothing is left of it."""
        if self.minutes <= minutes:
            return None
        end = (self.begin.hour * 60 + self.begin.minute + self.minutes - minutes) % (24 * 60)
        return Opening(self.begin, time(end // 60, end % 60))

    def on(self, day: date, zone: ZoneInfo) -> Span | None:
        """The hours of the day on which they begin; None when the clocks jump over all of them."""
        last = day if self.end > self.begin else day + _DAY
        span = Span(moment_of(day, self.begin, zone), moment_of(last, self.end, zone))
        return span if span.begin < span.end else None


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first moment of that day at which a clock in the zone has reached the time.

    Of a time that comes twice it is the first one; a time that is jumped over is reached by the jump.
    """
    wall = datetime.combine(day, at)
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    # `fold=1` reads a time in a gap with the offset after the jump, and so lands before it.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        before, after = (before, middle) if _wall(middle, zone) >= wall else (middle, after)
    return after


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in order, with what overlaps or touches made one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.begin <= found[-1].end:
            found[-1] = Span(found[-1].begin, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def clipped(spans: Iterable[Span], begin: datetime, end: datetime) -> list[Span]:
    """What of the spans lies between two moments."""
    cut = (Span(max(span.begin, begin), min(span.end, end)) for span in spans)
    return [span for span in cut if span.begin < span.end]


def without(spans: Iterable[Span], taken: Sequence[Span]) -> list[Span]:
    """What is left of the spans when others are taken away; both are made one first."""
    left, gone = [], merged(taken)
    for span in merged(spans):
        begin = span.begin
        for each in clipped(gone, span.begin, span.end):
            if begin < each.begin:
                left.append(Span(begin, each.begin))
            begin = each.end
        if begin < span.end:
            left.append(Span(begin, span.end))
    return left


def total(spans: Iterable[Span]) -> timedelta:
    """How long they are together."""
    return sum((span.length for span in spans), timedelta())
