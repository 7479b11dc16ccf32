"""Whole days in a row, as a calendar is looked at: a day, a week, a month, or from one day to another.

How people name them is read in `reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sekretar.kernel.errors import PersonError

#: The longest span that is shown at once: two months.
MOST_DAYS = 62

#: Nobody has meetings outside of these, and every zone can show their days.
EARLIEST, LATEST = date(1970, 1, 1), date(2199, 12, 31)


class Kind(StrEnum):
    """What the days are to the person: it says how a view is headed, and what comes before and after it."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    SPAN = "span"


@dataclass(frozen=True)
class Period:
    """Whole days, the last one included."""

    kind: Kind
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def earlier(self) -> Period | None:
        """The same before this one; None where there is none to show."""
        return self._beside(self.first - timedelta(days=1), -self.days)

    @property
    def later(self) -> Period | None:
        """The same after this one; None where there is none to show."""
        return self._beside(self.last + timedelta(days=1), self.days)

    def _beside(self, day: date, shift: int) -> Period | None:
        if not EARLIEST <= day <= LATEST:
            return None
        if self.kind is Kind.MONTH:
            return month_of(day)
        return _bounded(self.kind, self.first + timedelta(days=shift), self.last + timedelta(days=shift))


def day_of(day: date) -> Period:
    """One day."""
    return Period(Kind.DAY, day, day)


def week_of(day: date) -> Period:
    """Monday to Sunday around a day."""
    monday = day - timedelta(days=day.weekday())
    return Period(Kind.WEEK, monday, monday + timedelta(days=6))


def month_of(day: date) -> Period:
    """The calendar month of a day."""
    first = day.replace(day=1)
    return Period(Kind.MONTH, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def span_of(first: date, last: date) -> Period:
    """From one day to another, whichever comes first.

    Raises:
        PersonError: `calendars.period.too_long`, `calendars.period.too_far`.
    """
    first, last = min(first, last), max(first, last)
    known(first), known(last)
    if first == last:
        return day_of(first)
    period = Period(Kind.SPAN, first, last)
    if period.days > MOST_DAYS:
        raise PersonError("calendars.period.too_long", count=MOST_DAYS)
    return period


def restored(kind: object, first: object, last: object) -> Period | None:
    """The period that a button brought along; None for anything that is none."""
    try:
        return _bounded(Kind(str(kind)), date.fromisoformat(str(first)), date.fromisoformat(str(last)))
    except ValueError:
        return None


def _bounded(kind: Kind, first: date, last: date) -> Period | None:
    is_known = EARLIEST <= first <= last <= LATEST and (last - first).days < MOST_DAYS
    return Period(kind, first, last) if is_known else None


def known(day: date) -> date:
    """The day itself.

    Raises:
        PersonError: `calendars.period.too_far`.
    """
    if not EARLIEST <= day <= LATEST:
        raise PersonError("calendars.period.too_far")
    return day
