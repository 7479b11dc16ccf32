"""When a recurrence rule happens (RFC 5545 §3.3.10), with a bound on the work.

A rule is foreign input, and a rule like *every day that is February 30th* makes the usual library search up
to the year 9999, for seconds, without a chance to interrupt it; one such event would stop everybody's
calendar. Here a rule is asked about a window of time: what lies before it is skipped by arithmetic, what lies
behind it is never looked at, and every step is counted. The tests compare each answer with that library.

All times are wall clock times without a zone, because that is what a rule means: nine o'clock stays nine
o'clock when the clock changes. Zones are applied by whoever asks.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from itertools import product

#: Steps that one calendar object may cost; an ordinary one costs some hundreds.
USUAL_WORK = 50_000

_WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}


#: The ends of the calendar.
_FIRST, _LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001


class Frequency(IntEnum):
    """The unit of a rule, from the longest."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


_STEPS = {
    Frequency.HOURLY: timedelta(hours=1),
    Frequency.MINUTELY: timedelta(minutes=1),
    Frequency.SECONDLY: timedelta(seconds=1),
}


class BadRule(ValueError):
    """The text is not a recurrence rule that can be followed."""


class Work:
    """The steps that are left. Once they are used up the answer is incomplete and `exhausted` says so."""

    def __init__(self, steps: int = USUAL_WORK) -> None:
        self._left = steps
        self.exhausted = False

    def spend(self, steps: int = 1) -> bool:
        """Whether there was enough left."""
        self._left -= steps
        self.exhausted = self.exhausted or self._left < 0
        return not self.exhausted


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule. Empty tuples mean that the part is absent."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    #: Inclusive wall clock time in the zone of the event's start.
    until: datetime | None = None
    #: (ordinal or 0, weekday with Monday = 0).
    weekdays: tuple[tuple[int, int], ...] = ()
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0


def parse_rule(text: str, until: Callable[[str], datetime]) -> Rule:
    """Read an RRULE value; `until` turns the text of UNTIL into a wall clock time. Raises `BadRule`."""
    parts = dict(_parts(text))
    try:
        return _rule(parts, until)
    except (KeyError, ValueError, OverflowError) as error:
        raise BadRule(f"{text[:200]!r}: {error}") from None


def _parts(text: str) -> Iterator[tuple[str, str]]:
    for part in text.strip().rstrip(";").split(";"):
        name, _, value = part.partition("=")
        yield name.strip().upper(), value.strip().upper()


def _rule(parts: dict[str, str], until: Callable[[str], datetime]) -> Rule:
    if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise BadRule("another calendar system")
    count = int(parts["COUNT"]) if parts.get("COUNT") else None
    return Rule(
        Frequency[parts["FREQ"]],
        interval=max(int(parts.get("INTERVAL") or 1), 1),
        # A negative count is written by some programs and means none.
        count=count if count is None or count >= 0 else None,
        until=until(parts["UNTIL"]) if parts.get("UNTIL") else None,
        weekdays=_weekdays(parts.get("BYDAY", "")),
        months=_numbers(parts.get("BYMONTH", ""), 1, 12),
        month_days=_numbers(parts.get("BYMONTHDAY", ""), 1, 31, signed=True),
        year_days=_numbers(parts.get("BYYEARDAY", ""), 1, 366, signed=True),
        weeks=_numbers(parts.get("BYWEEKNO", ""), 1, 53, signed=True),
        hours=_numbers(parts.get("BYHOUR", ""), 0, 23),
        minutes=_numbers(parts.get("BYMINUTE", ""), 0, 59),
        seconds=_numbers(parts.get("BYSECOND", ""), 0, 59),
        positions=_numbers(parts.get("BYSETPOS", ""), 1, 366, signed=True),
        week_start=_WEEKDAYS[parts.get("WKST") or "MO"],
    )


def _numbers(text: str, least: int, most: int, *, signed: bool = False) -> tuple[int, ...]:
    if not text:
        return ()
    numbers = {int(item) for item in text.split(",") if item}
    usable = {n for n in numbers if least <= (abs(n) if signed else n) <= most}
    if not usable:
        raise BadRule(f"no usable number in {text[:80]!r}")
    return tuple(sorted(usable))


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for item in filter(None, text.split(",")):
        ordinal = int(item[:-2] or 0)
        if abs(ordinal) <= 53:
            found.add((ordinal, _WEEKDAYS[item[-2:]]))
    return tuple(sorted(found))


def starts(rule: Rule, first: datetime, after: datetime, before: datetime, work: Work) -> Iterator[datetime]:
    """The starts within [after, before) of a series that began at `first`, in order.

    `first` itself is among them only when the rule matches it; an event's DTSTART always happens, which is
    for the caller to add. Ends early, with `work.exhausted`, when the rule costs too much.
    """
    rule = _completed(rule, first)
    if rule.until is not None and rule.until < before:
        before = rule.until + timedelta(microseconds=1)
    seen = 0
    index = 0 if rule.count is not None else _index_near(rule, first, after)
    while work.spend():
        begin = _period(rule, first, index)
        if begin is None or begin >= before:
            return
        later = _next_possible(rule, begin)
        if later is not None:
            index = max(index + 1, _index_at(rule, first, later))
            continue
        for moment in _moments(rule, begin, work):
            if moment < first:
                continue
            seen += 1
            if moment >= before or (rule.count is not None and seen > rule.count):
                return
            if moment >= after:
                yield moment
        index += 1


def _completed(rule: Rule, first: datetime) -> Rule:
    """The rule with what it leaves to the start of the event."""
    frequency = rule.frequency
    if not (rule.weekdays or rule.month_days or rule.year_days):
        if rule.weeks or frequency is Frequency.WEEKLY:
            rule = replace(rule, weekdays=((0, first.weekday()),))
        elif frequency is Frequency.MONTHLY:
            rule = replace(rule, month_days=(first.day,))
        elif frequency is Frequency.YEARLY:
            rule = replace(rule, months=rule.months or (first.month,), month_days=(first.day,))
    if frequency < Frequency.HOURLY and not rule.hours:
        rule = replace(rule, hours=(first.hour,))
    if frequency < Frequency.MINUTELY and not rule.minutes:
        rule = replace(rule, minutes=(first.minute,))
    if frequency < Frequency.SECONDLY and not rule.seconds:
        rule = replace(rule, seconds=(first.second,))
    return rule


def _origin(rule: Rule, first: datetime) -> datetime:
    """The beginning of the period that holds `first`; for days and shorter units."""
    if rule.frequency is Frequency.WEEKLY:
        back = (first.weekday() - rule.week_start) % 7
        midnight = datetime.combine(first.date(), time.min)
        return midnight - min(timedelta(days=back), midnight - _FIRST)
    if rule.frequency is Frequency.DAILY:
        return datetime.combine(first.date(), time.min)
    return first.replace(
        minute=first.minute if rule.frequency > Frequency.HOURLY else 0,
        second=first.second if rule.frequency > Frequency.MINUTELY else 0,
        microsecond=0,
    )


def _step(rule: Rule) -> timedelta:
    if rule.frequency is Frequency.WEEKLY:
        return timedelta(weeks=1) * rule.interval
    if rule.frequency is Frequency.DAILY:
        return timedelta(days=1) * rule.interval
    return _STEPS[rule.frequency] * rule.interval


def _period(rule: Rule, first: datetime, index: int) -> datetime | None:
    """The beginning of the numbered period; None beyond the end of the calendar."""
    try:
        if rule.frequency is Frequency.YEARLY:
            return datetime(first.year + index * rule.interval, 1, 1)  # noqa: DTZ001
        if rule.frequency is Frequency.MONTHLY:
            years, month = divmod(first.month - 1 + index * rule.interval, 12)
            return datetime(first.year + years, month + 1, 1)  # noqa: DTZ001
        return _origin(rule, first) + _step(rule) * index
    except (OverflowError, ValueError):
        return None


def _index_at(rule: Rule, first: datetime, moment: datetime) -> int:
    """The first period of days or shorter units that begins at the moment or later."""
    return -((_origin(rule, first) - moment) // _step(rule))


def _index_near(rule: Rule, first: datetime, moment: datetime) -> int:
    """A period that begins before the moment, close to it."""
    if moment <= first:
        return 0
    if rule.frequency is Frequency.YEARLY:
        return (moment.year - first.year) // rule.interval
    if rule.frequency is Frequency.MONTHLY:
        return ((moment.year - first.year) * 12 + moment.month - first.month) // rule.interval
    try:
        return int((moment - _origin(rule, first)) // _step(rule))
    except OverflowError:
        return 0


def _next_possible(rule: Rule, begin: datetime) -> datetime | None:
    """For units below a day.

    Where to go on when nothing can match here, so that a sparse rule stays cheap.
    """
    if rule.frequency < Frequency.HOURLY:
        return None
    try:
        if not _day_matches(rule, begin.date()):
            return datetime.combine(begin.date(), time.min) + timedelta(days=1)
        if rule.hours and begin.hour not in rule.hours:
            return begin.replace(minute=0, second=0) + timedelta(hours=1)
        if rule.frequency > Frequency.HOURLY and rule.minutes and begin.minute not in rule.minutes:
            return begin.replace(second=0) + timedelta(minutes=1)
    except OverflowError:
        return _LAST
    return None


def _moments(rule: Rule, begin: datetime, work: Work) -> Iterable[datetime]:
    """What happens in one period, in order."""
    found = _all_moments(rule, begin, work)
    if not rule.positions:
        return found
    everything = list(found)
    size = len(everything)
    chosen = {place - 1 if place > 0 else size + place for place in rule.positions}
    return [everything[place] for place in sorted(chosen) if 0 <= place < size]


def _all_moments(rule: Rule, begin: datetime, work: Work) -> Iterator[datetime]:
    hours, minutes, seconds = rule.hours, rule.minutes, rule.seconds
    if rule.frequency >= Frequency.HOURLY:
        hours = (begin.hour,)
    if rule.frequency >= Frequency.MINUTELY:
        minutes = (begin.minute,)
    if rule.frequency is Frequency.SECONDLY:
        if seconds and begin.second not in seconds:
            return
        seconds = (begin.second,)
    for day in _days(rule, begin.date()):
        if not work.spend():
            return
        if rule.frequency < Frequency.HOURLY and not _day_matches(rule, day):
            continue
        for hour, minute, second in product(hours, minutes, seconds):
            if not work.spend():
                return
            yield datetime.combine(day, time(hour, minute, second))


def _days(rule: Rule, begin: date) -> Iterator[date]:
    """The days of a period; for years only the months that can match."""
    if rule.frequency is Frequency.YEARLY:
        for month in rule.months or range(1, 13):
            yield from _month(begin.year, month)
    elif rule.frequency is Frequency.MONTHLY:
        yield from _month(begin.year, begin.month)
    elif rule.frequency is Frequency.WEEKLY:
        week_begin = begin.toordinal()
        for ordinal in range(week_begin, min(week_begin + 7, date.max.toordinal() + 1)):
            yield date.fromordinal(ordinal)
    else:
        yield begin


def _month(year: int, month: int) -> Iterator[date]:
    for number in range(1, calendar.monthrange(year, month)[1] + 1):
        yield date(year, month, number)


def _day_matches(rule: Rule, day: date) -> bool:
    return (
        (not rule.months or day.month in rule.months)
        and (not rule.month_days or _month_day_matches(rule, day))
        and (not rule.weekdays or _weekday_matches(rule, day))
        and (not rule.year_days or _year_day_matches(rule, day))
        and (not rule.weeks or _week_matches(rule, day))
    )


def _month_day_matches(rule: Rule, day: date) -> bool:
    from_end = day.day - calendar.monthrange(day.year, day.month)[1] - 1
    return day.day in rule.month_days or from_end in rule.month_days


def _year_day_matches(rule: Rule, day: date) -> bool:
    number, length = day.timetuple().tm_yday, 365 + calendar.isleap(day.year)
    return number in rule.year_days or number - length - 1 in rule.year_days


def _weekday_matches(rule: Rule, day: date) -> bool:
    """Ordinals count within the month, or within the year of a yearly rule without months."""
    counted = rule.frequency <= Frequency.MONTHLY
    for ordinal, weekday in rule.weekdays:
        if weekday != day.weekday():
            continue
        if ordinal == 0 or not counted:
            return True
        if rule.frequency is Frequency.YEARLY and not rule.months:
            number, length = day.timetuple().tm_yday, 365 + calendar.isleap(day.year)
        else:
            number, length = day.day, calendar.monthrange(day.year, day.month)[1]
        place = (number - 1) // 7 + 1 if ordinal > 0 else -((length - number) // 7 + 1)
        if place == ordinal:
            return True
    return False


def _week_matches(rule: Rule, day: date) -> bool:
    """Week one is the first with four days in its year (RFC 5545, BYWEEKNO)."""
    middle = _week_middle(rule, day)
    number = (middle.timetuple().tm_yday - 1) // 7 + 1
    last = _week_middle(rule, date(middle.year, 12, 28))
    weeks = (last.timetuple().tm_yday - 1) // 7 + 1
    if (following := last + timedelta(weeks=1)).year == middle.year:
        weeks = (following.timetuple().tm_yday - 1) // 7 + 1
    return number in rule.weeks or number - weeks - 1 in rule.weeks


def _week_middle(rule: Rule, day: date) -> date:
    """The fourth day of the week: the one that decides which year the week belongs to."""
    into_week = (day.weekday() - rule.week_start) % 7
    return date.fromordinal(min(max(day.toordinal() - into_week + 3, 1), date.max.toordinal() - 7))
