"""The days that somebody means: `tomorrow`, `next week`, `12.03`, `с 1 по 5 марта`, `march to april`.

What one day is called is known in `kernel.dates`; here stand the weeks and months around it, and ranges, whose ends
may be written in any order. A day without a year is the nearest one, because people look back as well as ahead.
Everything is pure: the present day is an argument.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta
from enum import Enum, auto

from sekretar.calendars.views.periods import (
    Kind,
    Period,
    day_of,
    known,
    month_of,
    span_of,
    week_of,
)
from sekretar.kernel.dates import DAY_WORDS, is_counted, parse_date
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate

_UNREAD = "calendars.period.unread"

#: More words than this name no days.
_LONGEST = 100
_QUOTED = 40

#: A whole number of weeks, so that it shifts days of the week by nothing else.
_HALF_A_YEAR = timedelta(weeks=26)


def understood(text: str) -> bool:
    """Whether the words are meant as days, even impossible ones such as 30 February."""
    try:
        parse_period(text, date(2024, 1, 1))
    except PersonError as error:
        return error.key != _UNREAD
    return True


def parse_period(text: str, today: date) -> Period:
    """The days that are meant.

    Args:
        text: What a person wrote.
        today: The day at the person's place.

    Raises:
        PersonError: `calendars.period.unread`; `.too_long`, more than `MOST_DAYS`; `.too_far`;
            `kernel.form.no_such_day`.
    """
    wanted = _tidied(text)
    if len(wanted) <= _LONGEST:
        for reading in (
            _read_week_or_month,
            _read_weekend,
            _read_named_month,
            _read_day,
            _read_both,
            _read_range,
        ):
            period = reading(wanted, today)
            if period is not None:
                return span_of(period.first, period.last) if period.kind is Kind.SPAN else _checked(period)
    raise PersonError(_UNREAD, given=truncate(text, _QUOTED))


def _tidied(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" .,?!").casefold().replace("ё", "е")


def _checked(period: Period) -> Period:
    known(period.first), known(period.last)
    return period


# --- weeks and months

_TURN = {"this": 0, "next": 1, "last": -1, "previous": -1, "эт": 0, "текущ": 0, "следующ": 1, "будущ": 1, "прошл": -1,
         "предыдущ": -1}  # fmt: skip
_WHICH = r"(?:(?P<which>this|next|last|previous)|(?P<ru>эт|текущ|следующ|будущ|прошл|предыдущ)[а-я]{1,3})"
_UNIT = r"(?:(?P<week>week|w|недел[яюие])|(?P<month>month|m|месяце?))"
_WEEK_OR_MONTH = re.compile(rf"(?:(?:на|в|the|a) )?(?:{_WHICH} )?{_UNIT}(?: (?P<rest>.+))?")
_WHICH_ALONE = re.compile(_WHICH)
_AGO = ("ago", "назад")
_NUMBER = re.compile(r"\d{1,2}", re.ASCII)
_WEEKEND = re.compile(rf"(?:(?:на|в|on|at) )?(?:the )?(?:{_WHICH} )?(?:weekend|выходн(?:ые|ых))")


def _read_week_or_month(wanted: str, today: date) -> Period | None:
    """`week`, `next month`, `week 12.03`, `month next`."""
    found = _WEEK_OR_MONTH.fullmatch(wanted)
    if found is None:
        return None
    around = week_of if found["week"] else month_of
    turn, rest = _turn(found), found["rest"]
    if rest and (alone := _WHICH_ALONE.fullmatch(rest)):
        turn, rest = _turn(alone), None
    if rest in _AGO:
        turn, rest = -1, None
    if rest and found["week"] and _NUMBER.fullmatch(rest):
        return _numbered_week(int(rest), today)
    if rest:
        named = _read_named_month(rest, today) or _read_day(re.sub("^(?:of|от|с) ", "", rest), today)
        return around(_checked(named).first) if named else None
    period = around(today)
    beside = {-1: period.earlier, 0: period, 1: period.later}[turn]
    if beside is None:
        raise PersonError("calendars.period.too_far")
    return beside


def _numbered_week(number: int, today: date) -> Period | None:
    """The nearest week of that number as ISO 8601 counts them; None where there is none."""
    mondays: list[date] = []
    for year in (today.year - 1, today.year, today.year + 1):
        with suppress(ValueError):
            mondays.append(date.fromisocalendar(year, number, 1))
    return week_of(min(mondays, key=lambda monday: abs(monday - today))) if mondays else None


def _read_weekend(wanted: str, today: date) -> Period | None:
    """Saturday and Sunday: those to come, or those that are on."""
    found = _WEEKEND.fullmatch(wanted)
    if found is None:
        return None
    saturday = week_of(today).last + timedelta(weeks=_turn(found), days=-1)
    return Period(Kind.SPAN, saturday, saturday + timedelta(days=1))


def _turn(found: re.Match[str]) -> int:
    return _TURN[found["which"] or found["ru"] or "this"]


_MONTHS = (
    ("january", "jan", "январь", "января", "январе", "янв"),
    ("february", "feb", "февраль", "февраля", "феврале", "фев"),
    ("march", "mar", "март", "марта", "марте", "мар"),
    ("april", "apr", "апрель", "апреля", "апреле", "апр"),
    ("may", "май", "мая", "мае"),
    ("june", "jun", "июнь", "июня", "июне", "июн"),
    ("july", "jul", "июль", "июля", "июле", "июл"),
    ("august", "aug", "август", "августа", "августе", "авг"),
    ("september", "sep", "sept", "сентябрь", "сентября", "сентябре", "сен", "сент"),
    ("october", "oct", "октябрь", "октября", "октябре", "окт"),
    ("november", "nov", "ноябрь", "ноября", "ноябре", "ноя", "нояб"),
    ("december", "dec", "декабрь", "декабря", "декабре", "дек"),
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_NAMED_MONTH = re.compile(
    r"(?:(?:в|на|за|in|for) )?(?P<name>[a-zа-я]+)\.?(?: (?P<year>\d{4})(?: ?(?:г\.?|года?))?)?", re.ASCII
)


def _read_named_month(wanted: str, today: date) -> Period | None:
    """`march`, `в марте`, `март 2027`: without a year the nearest one."""
    middle = _middle_of_month(wanted)
    return month_of(_day(middle, today)) if middle else None


def _middle_of_month(wanted: str) -> str:
    """A day of the month that is named, in digits: its year is found as that of any day. Empty for no month."""
    found = _NAMED_MONTH.fullmatch(wanted)
    number = _MONTH.get(found["name"]) if found else None
    if found is None or number is None:
        return ""
    return f"15.{number}.{found['year']}" if found["year"] else f"15.{number}"


# --- days

_RELATIVE_WEEKDAY = re.compile(rf"(?:(?:в|во|на|on) )?{_WHICH} (?P<day>[a-zа-я]+)")
_DAY_OF_MONTH = re.compile(r"\d(?:st|nd|rd|th|-?го|(?:-?(?:е|ое))? числ[оа])(?: числа)?$", re.ASCII)
_LEADING = re.compile(r"^(?:date|дата|day(?! after)|день|на|за|on|for) (?=.)")


def _read_day(wanted: str, today: date) -> Period | None:
    try:
        return day_of(_day(wanted, today))
    except PersonError as error:
        if error.key == "kernel.form.date":
            return None
        raise


def _read_both(wanted: str, today: date) -> Period | None:
    """A day with its day of the week beside it: `чт 12.03`, `12 March (Thu)`. Where they differ it is a range."""
    first, _, others = wanted.partition(" ")
    begin, _, last = wanted.rpartition(" ")
    for weekday, rest in ((first, others), (last, begin)):
        name = weekday.strip(",.()")
        if name not in DAY_WORDS or not rest:
            continue
        with suppress(PersonError):
            dated = _manner(name, today) is _Manner.WEEKDAY and _manner(rest, today) is _Manner.DATED
            day = _day(rest.rstrip(","), today)
            if dated and day.weekday() == _day(name, today).weekday():
                return day_of(day)
    return None


def _day(wanted: str, today: date) -> date:
    """One day; without a year the nearest one.

    Raises:
        PersonError: as `parse_date`, or `calendars.period.too_far`.
    """
    wanted = _LEADING.sub("", wanted)
    if _DAY_OF_MONTH.search(wanted):
        return known(_nearest_day_of_month(wanted, today))
    which = _RELATIVE_WEEKDAY.fullmatch(wanted)
    if which is None:
        counted = _manner(wanted, today) is not _Manner.DATED
        return known(parse_date(wanted, today if counted else today - _HALF_A_YEAR))
    day = parse_date(which["day"], today)
    if _turn(which) >= 0:
        return day
    back = day - timedelta(weeks=1)
    return back - timedelta(weeks=1) if back == today else back


def _nearest_day_of_month(wanted: str, today: date) -> date:
    """`15-го`, `the 15th`: of the one that was and the one to come the nearer one."""
    anchors = (today.replace(day=1), _first_of_month(today, -1), today)
    return min((parse_date(wanted, each) for each in anchors), key=lambda day: abs(day - today))


class _Manner(Enum):
    """How a day is named."""

    COUNTED = auto()  #: from today: tomorrow, in three days
    WEEKDAY = auto()
    DATED = auto()


def _manner(wanted: str, today: date) -> _Manner:
    """A day of the week is seen by what becomes of it when it is another day today.

    Raises:
        PersonError: as `parse_date`.
    """
    day = parse_date(wanted, today)
    if is_counted(wanted):
        return _Manner.COUNTED
    moves = day - parse_date(wanted, today - _HALF_A_YEAR) == _HALF_A_YEAR
    return _Manner.WEEKDAY if moves else _Manner.DATED


def _has_year(wanted: str) -> bool:
    try:
        parse_date(wanted)
    except PersonError as error:
        return error.key != "kernel.form.date"
    return True


# --- ranges

_FROM = re.compile(r"^(?:с|со|от|from|between) ")
_BETWEEN = re.compile(
    r" (?:по|до|и|to|till|until|through|and) |, ?| ?(?:\.{2,}|[–—−‒]) ?| - | ?-(?=\D)|(?<=\D)- ?|-| "
)
_BARE_DAY = re.compile(r"\d{1,2}(?:st|nd|rd|th|-?(?:го|е|ое))?", re.ASCII)


def _read_range(wanted: str, today: date) -> Period | None:
    """Two days or months with something between them; every place where the text can be cut is tried."""
    bare = _FROM.sub("", wanted)
    impossible: PersonError | None = None
    for cut in _BETWEEN.finditer(bare):
        left, right = bare[: cut.start()], bare[cut.end() :]
        if not left or not right:
            continue
        try:
            return _between(left, right, today)
        except PersonError as error:
            if error.key != "kernel.form.date":
                impossible = impossible or error
    if impossible is not None:
        raise impossible
    return None


def _between(left: str, right: str, today: date) -> Period:
    """From the one to the other, months whole: `март-апрель`, `с 15 марта по апрель`.

    Raises:
        PersonError: as `_ends`.
    """
    months = _middle_of_month(left), _middle_of_month(right)
    if any(months) and (_BARE_DAY.fullmatch(left) or _BARE_DAY.fullmatch(right)):
        raise PersonError("kernel.form.date", given=truncate(left, _QUOTED))
    first, last = _ends(months[0] or left, months[1] or right, today)
    one = month_of(first) if months[0] else day_of(first)
    other = month_of(last) if months[1] else day_of(last)
    if one == other:
        return one
    if one.first > other.last:
        one, other = other, one
    return Period(Kind.SPAN, one.first, other.last)


def _ends(left: str, right: str, today: date) -> tuple[date, date]:
    """Both days. A bare number takes its month from the other end: `1-5 march`, `march 28-3`.

    Raises:
        PersonError: as `parse_date`, for the one that cannot be read.
    """
    if _BARE_DAY.fullmatch(left):
        last = _day(right, today)
        return _numbered(left, last, -1), last
    if _BARE_DAY.fullmatch(right):
        first = _day(left, today)
        return first, _numbered(right, first, 1)
    if _has_year(right) and _manner(left, today) is _Manner.DATED:
        last = known(parse_date(right))
        return _closest(left, last, last.replace(year=last.year - 1, day=1)), last
    first = _day(left, today)
    manner = _manner(right, today)
    if manner is _Manner.DATED:
        return first, known(_closest(right, first, first))
    return first, known(parse_date(right, first - timedelta(days=1) if manner is _Manner.WEEKDAY else today))


def _closest(wanted: str, other: date, since: date) -> date:
    """The day in the year of the other end, which may be the wrong way round, or the next one after `since`."""
    return min(
        (parse_date(wanted, anchor) for anchor in (other.replace(month=1, day=1), since)),
        key=lambda day: abs(day - other),
    )


def _numbered(number: str, other: date, step: int) -> date:
    """The day of this number in the month of the other end of the range, or in the next one in the direction of
    `step` where that is nearer: `28–3 March` begins in February, `5–1 March` is only the wrong way round.
    """
    wanted = int(re.sub(r"\D", "", number))
    months = [other.replace(day=1), _first_of_month(other, step)]
    days = [day for month in months if (day := _replaced(month, wanted))]
    if not days or days[0].month != other.month:
        raise PersonError("kernel.form.no_such_day")
    return min(days, key=lambda day: abs(day - other))


def _first_of_month(day: date, step: int) -> date:
    """The first day of the month before (-1) or after (1)."""
    first = day.replace(day=1)
    return (first + timedelta(days=31 if step > 0 else -1)).replace(day=1)


def _replaced(month: date, number: int) -> date | None:
    try:
        return month.replace(day=number)
    except ValueError:
        return None
