"""When work is done: the calendar by which an SLA clock counts.

A calendar has hours for each day of the week, the holidays of a country with their transferred days, and rules for
single dates that overrule both; the latter are edited in the database, because next year's transfers are decreed in
autumn and shortened days are in no library. Around the clock is a calendar of its own, without gaps at midnight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo

from holidays import HolidayBase, country_holidays

from sekretar.dispatch.spans import Opening, Span, clipped, merged, total

_DAY = timedelta(days=1)
#: How many days are laid out at a time while a deadline is looked for.
_STRIDE = 14 * _DAY
#: A calendar that stays closed for so long is taken for one that never opens.
_CLOSED_FOR_GOOD = 400 * _DAY
#: By how much a shortened day is shorter, in minutes.
SHORTER = 60
#: From this month on next year's days off are decreed.
_DECREED_FROM = 10
#: Where days off were decreed more than once in so many years, they are expected for the next one too.
_HABIT = 5


class WorkingTime(Protocol):
    """When work is done."""

    def spans(self, begin: datetime, end: datetime) -> list[Span]:
        """The working time between two moments: in order, apart from each other."""
        ...


@dataclass(frozen=True)
class RoundTheClock:
    """Work is always done."""

    def spans(self, begin: datetime, end: datetime) -> list[Span]:
        return [Span(begin.astimezone(UTC), end.astimezone(UTC))] if begin < end else []


class DayKind(StrEnum):
    """What is ruled for a single date."""

    OFF = "off"
    #: As on that day of the week; a day that is free otherwise has the first hours of the week.
    WORKING = "working"
    #: The same, an hour shorter at the end.
    SHORTENED = "shortened"
    #: Hours of its own.
    OWN = "own"


@dataclass(frozen=True)
class DayRule:
    """The rule for a single date; `openings` belong to the kind *own* alone."""

    kind: DayKind
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True)
class WorkingHours:
    """Hours of the week, holidays, and single dates.

    Attributes:
        week: The hours of each day, Monday first; any number of them.
        country: Whose holidays are free (ISO 3166); empty for nobody's.
        days: What is ruled for single dates.
    """

    zone: ZoneInfo
    week: tuple[tuple[Opening, ...], ...]
    country: str = ""
    days: Mapping[date, DayRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError(f"a week of {len(self.week)} days")

    def spans(self, begin: datetime, end: datetime) -> list[Span]:
        if begin >= end:
            return []
        # Hours of the day before may pass midnight.
        day, last = begin.astimezone(self.zone).date() - _DAY, end.astimezone(self.zone).date()
        found: list[Span] = []
        while day <= last:
            found += [span for each in self.openings(day) if (span := each.on(day, self.zone))]
            day += _DAY
        return clipped(merged(found), begin.astimezone(UTC), end.astimezone(UTC))

    def openings(self, day: date) -> tuple[Opening, ...]:
        """The hours that begin on a date."""
        rule = self.days.get(day)
        if rule is None:
            return self._usual(day)
        match rule.kind:
            case DayKind.OFF:
                return ()
            case DayKind.WORKING:
                return self._working(day)
            case DayKind.SHORTENED:
                return _shortened(self._working(day))
            case DayKind.OWN:
                return rule.openings

    def _usual(self, day: date) -> tuple[Opening, ...]:
        if self.country:
            book = _holidays(self.country)
            if day in book:
                return ()
            if day in book.weekend_workdays:
                return self._working(day)
        return self.week[day.weekday()]

    def _working(self, day: date) -> tuple[Opening, ...]:
        return self.week[day.weekday()] or next((each for each in self.week if each), ())


def worked(hours: WorkingTime, begin: datetime, end: datetime) -> timedelta:
    """How much working time lies between two moments."""
    return total(hours.spans(begin, end))


def advanced(hours: WorkingTime, begin: datetime, amount: timedelta) -> datetime | None:
    """The first moment by which so much working time has passed; None when the calendar does not open any more."""
    if amount <= timedelta():
        return begin
    if isinstance(hours, RoundTheClock):
        return begin + amount
    left, reached, worked_until = amount, begin, begin
    while reached - worked_until < _CLOSED_FOR_GOOD:
        for span in hours.spans(reached, reached + _STRIDE):
            if span.length >= left:
                return span.begin + left
            left -= span.length
            worked_until = span.end
        reached += _STRIDE
    return None


def opening_at(hours: WorkingTime, moment: datetime) -> datetime | None:
    """The moment itself during working time, else when it begins next; None when it never does."""
    reached = moment
    while reached - moment < _CLOSED_FOR_GOOD:
        spans = hours.spans(reached, reached + _STRIDE)
        if spans:
            return spans[0].begin
        reached += _STRIDE
    return None


class ProblemKind(StrEnum):
    """What can be wrong with a calendar."""

    #: It never opens, so nothing that counts by it has a deadline.
    NEVER_OPEN = "never_open"
    #: The days off of a year are not known, neither from the library nor from the table.
    YEAR_MISSING = "year_missing"


@dataclass(frozen=True)
class Problem:
    """What the administrator should mend; `year` belongs to the kind *year missing*."""

    kind: ProblemKind
    year: int = 0


def problems(hours: WorkingTime, now: datetime) -> list[Problem]:
    """What is wrong with a calendar as it stands today."""
    if not isinstance(hours, WorkingHours):
        return []
    found = [] if opening_at(hours, now) else [Problem(ProblemKind.NEVER_OPEN)]
    today = now.astimezone(hours.zone).date()
    years = [today.year, today.year + 1] if today.month >= _DECREED_FROM else [today.year]
    return found + [Problem(ProblemKind.YEAR_MISSING, year) for year in years if not _decreed(hours, year)]


def _decreed(hours: WorkingHours, year: int) -> bool:
    """Whether it is known which days are transferred that year, for a country where that is decreed each year."""
    if not hours.country or any(day.year == year for day in hours.days):
        return True
    known = _years_with_transfers(hours.country)
    habit = len([each for each in known if year - _HABIT <= each < year]) > 1
    return year in known or not habit


def _shortened(openings: Sequence[Opening]) -> tuple[Opening, ...]:
    """The same hours without the last one."""
    if not openings:
        return ()
    *before, last = openings
    shorter = last.shortened(SHORTER)
    return (*before, shorter) if shorter else (*before,)


@cache
def _holidays(country: str) -> HolidayBase:
    """The holidays of a country; the library works a year out when it is first asked for one of its days."""
    return country_holidays(country)


@cache
def _years_with_transfers(country: str) -> frozenset[int]:
    """For which years the library has days off that were decreed for that year alone."""
    return frozenset(getattr(_holidays(country), "special_public_holidays", {}))
