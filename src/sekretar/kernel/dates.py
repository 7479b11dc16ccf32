"""Days and times as people write them, in both directions.

Reading is lenient: `2.3`, `02.03.2026`, `2 марта`, `tomorrow`, `в пятницу`; `15:00`, `15.00`, `1500`, `9am`. Both
languages are understood, whatever the language of the person. Writing is uniform: 24 hours, day before month.
All functions are pure: the present day or moment is an argument.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

from babel.dates import format_date as _babel_date
from babel.dates import format_timedelta

from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate

# --- reading ----------------------------------------------------------------------------------------------

#: How much of an answer that cannot be read is quoted.
_QUOTED = 40

_DAYS_FROM_TODAY = {
    "сегодня": 0, "завтра": 1, "послезавтра": 2, "вчера": -1, "позавчера": -2,
    "today": 0, "tomorrow": 1, "day after tomorrow": 2, "the day after tomorrow": 2, "yesterday": -1,
    "day before yesterday": -2, "the day before yesterday": -2, "через неделю": 7, "in a week": 7,
}  # fmt: skip

_MONTHS_FROM_TODAY = {
    "через месяц": 1, "через полгода": 6, "через год": 12, "месяц назад": -1, "полгода назад": -6, "год назад": -12,
    "in a month": 1, "in half a year": 6, "in a year": 12, "a month ago": -1, "half a year ago": -6,
    "a year ago": -12,
}  # fmt: skip

#: Small numbers as words, as they are counted with.
NUMBER_WORDS = {
    "один": 1, "одну": 1, "два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8,
    "девять": 9, "десять": 10,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip

#: The first letters of a day of the week are enough, from these on.
_WEEKDAYS = (
    ("пн", "понедельник", "понедельника", "понедельнику"), ("вт", "вторник", "вторника", "вторнику"),
    ("ср", "среда", "среду", "среды", "среде"), ("чт", "четверг", "четверга", "четвергу"),
    ("пт", "пятница", "пятницу", "пятницы", "пятнице"), ("сб", "суббота", "субботу", "субботы", "субботе"),
    ("вс", "воскресенье", "воскресенья", "воскресенью"),
    ("mon", "monday"), ("tue", "tues", "tuesday"), ("wed", "wednesday"), ("thu", "thur", "thurs", "thursday"),
    ("fri", "friday"), ("sat", "saturday"), ("sun", "sunday"),
)  # fmt: skip
_WEEKDAY = {name: index % 7 for index, names in enumerate(_WEEKDAYS) for name in names}

#: The single words that name a day by themselves.
DAY_WORDS = frozenset({each for each in (*_DAYS_FROM_TODAY, *_WEEKDAY) if " " not in each})

_MONTHS = (
    "янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек",
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_MONTH = {name: index % 12 + 1 for index, name in enumerate(_MONTHS)} | {"май": 5}

_ISO = re.compile(r"(?P<year>\d{4})(?P<mark>[-./])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})", re.ASCII)
_NUMERIC = re.compile(
    r"(?P<day>\d{1,2})\s*[./]\s*(?P<month>\d{1,2})(?:\s*[./]\s*(?P<year>\d{4}|\d{2}))?[.]?", re.ASCII
)
_YEAR = r"(?:[\s,]+(?P<year>\d{4})(?:\s*(?:г\.?|года?))?)?"
_TH = r"(?:st|nd|rd|th|-?(?:го|е|ое))"
_DAY_MONTH = re.compile(
    rf"(?:the\s+)?(?P<day>\d{{1,2}}){_TH}?\s+(?:of\s+)?(?P<name>[^\W\d_]{{3,}})\.?{_YEAR}"
)
_MONTH_DAY = re.compile(rf"(?P<name>[^\W\d_]{{3,}})\.?\s+(?:the\s+)?(?P<day>\d{{1,2}}){_TH}?{_YEAR}")
_OF_MONTH = re.compile(
    r"the\s+(?P<en>\d{1,2})(?:st|nd|rd|th)|(?P<ru>\d{1,2})(?:-?го(?:\s+числа)?|(?:-?(?:е|ое))?\s+числ[оа])"
)
_COUNT = rf"(?P<count>\d{{1,4}}|{'|'.join(NUMBER_WORDS)})"
#: Each with its days and its months.
_UNITS_OF_TIME = {
    **dict.fromkeys(("день", "дня", "дней", "day", "days"), (1, 0)),
    **dict.fromkeys(("неделю", "недели", "недель", "week", "weeks"), (7, 0)),
    **dict.fromkeys(("месяц", "месяца", "месяцев", "month", "months"), (0, 1)),
    **dict.fromkeys(("год", "года", "лет", "year", "years"), (0, 12)),
}  # fmt: skip
_UNIT_OF_TIME = rf"(?P<unit>{'|'.join(_UNITS_OF_TIME)})"
_LATER = re.compile(rf"(?:через|in)\s+{_COUNT}\s+{_UNIT_OF_TIME}", re.ASCII)
_AGO = re.compile(rf"{_COUNT}\s+{_UNIT_OF_TIME}\s+(?:назад|ago)", re.ASCII)


def parse_date(text: str, today: date | None = None) -> date:
    """The day that is meant. Without a year it is the next such day, today included; a day of the week is the
    next one after today.

    Args:
        text: What a person wrote.
        today: The day at the person's place. Without it only dates with a year are understood.

    Raises:
        PersonError: `kernel.form.date`, it cannot be read; `kernel.form.no_such_day`, like 30 February.
    """
    wanted = _tidied(text)
    for reading in (_read_words, _read_numbers, _read_month_name, _read_day_of_month):
        day = reading(wanted, today)
        if day is not None:
            return day
    raise PersonError("kernel.form.date", given=truncate(text, _QUOTED))


def is_counted(text: str) -> bool:
    """Whether a day is named by how far it is from today: `tomorrow`, `in a month`."""
    return _distance(_tidied(text)) is not None


def _tidied(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold().replace("ё", "е")


def _read_words(wanted: str, today: date | None) -> date | None:
    if today is None:
        return None
    distance = _distance(wanted)
    if distance is not None:
        return _shifted(today, *distance)
    weekday = _WEEKDAY.get(_bare(wanted))
    return None if weekday is None else _shifted(today, (weekday - today.weekday() - 1) % 7 + 1, 0)


def _bare(wanted: str) -> str:
    return re.sub(r"^(?:в|во|на|on|next|this)\s+", "", wanted).rstrip(".,")


def _distance(wanted: str) -> tuple[int, int] | None:
    """Days and months from today."""
    bare = _bare(wanted)
    if bare in _DAYS_FROM_TODAY:
        return _DAYS_FROM_TODAY[bare], 0
    if bare in _MONTHS_FROM_TODAY:
        return 0, _MONTHS_FROM_TODAY[bare]
    for counted, direction in ((_LATER.fullmatch(wanted), 1), (_AGO.fullmatch(wanted), -1)):
        if counted:
            count = direction * (NUMBER_WORDS.get(counted["count"]) or int(counted["count"]))
            days, months = _UNITS_OF_TIME[counted["unit"]]
            return count * days, count * months
    return None


def _shifted(today: date, days: int, months: int) -> date:
    """A shorter month has its last day where the number of the day is missing: a month after 31 January is 28
    February.
    """
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    try:
        length = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(today.day, length)) + timedelta(days=days)
    except (OverflowError, ValueError):
        raise PersonError("kernel.form.no_such_day") from None


def _read_numbers(wanted: str, today: date | None) -> date | None:
    found = _ISO.fullmatch(wanted) or _NUMERIC.fullmatch(wanted)
    return _day(found["year"], int(found["month"]), int(found["day"]), today) if found else None


def _read_month_name(wanted: str, today: date | None) -> date | None:
    found = _DAY_MONTH.fullmatch(wanted) or _MONTH_DAY.fullmatch(wanted)
    month = _MONTH.get(found["name"][:3]) if found else None
    if found is None or month is None:
        return None
    return _day(found["year"], month, int(found["day"]), today)


def _read_day_of_month(wanted: str, today: date | None) -> date | None:
    """`15-го`, `the 15th`: the next such day. A bare number may be anything."""
    found = _OF_MONTH.fullmatch(re.sub(r"^(?:на|on)\s+", "", wanted))
    if found is None or today is None:
        return None
    number, first = int(found["en"] or found["ru"]), today.replace(day=1)
    for _ in range(3):  # of two months in a row one has 31 days
        with suppress(ValueError):
            if (day := first.replace(day=number)) >= today:
                return day
        first = (first + timedelta(days=31)).replace(day=1)
    raise PersonError("kernel.form.no_such_day")


def _day(year: str | None, month: int, day: int, today: date | None) -> date | None:
    if year is not None:
        return _existing(int(year) if len(year) == 4 else 2000 + int(year), month, day)
    if today is None:
        return None
    for candidate in range(today.year, min(today.year + 9, 9999)):  # 29 February may be eight years away
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    raise PersonError("kernel.form.no_such_day")


def _existing(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise PersonError("kernel.form.no_such_day") from None


_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:\s*(?:[:.\-]|ч\.?|h)\s*(?P<minute>\d{2}))?\s*(?P<half>.*)", re.ASCII | re.DOTALL
)
_DIGITS = re.compile(r"(?P<hour>\d{1,2})(?P<minute>\d{2})(?P<half>)", re.ASCII)
_NAMED_TIMES = {"полдень": time(12), "полночь": time(0), "noon": time(12), "midnight": time(0)}
_MORNING = {"am", "a.m.", "a", "утра", "ночи"}
_AFTERNOON = {"pm", "p.m.", "p", "дня", "вечера"}
_HOUR_WORDS = {"", "ч", "ч.", "h", "час", "часа", "часов", "мин", "мин.", "min", "o'clock"}


def parse_time(text: str) -> time:
    """The time of day that is meant.

    Raises:
        PersonError: `kernel.form.time`, it cannot be read or there is no such time.
    """
    wanted = re.sub(r"^(?:в|во|at)\s+", "", re.sub(r"\s+", " ", text).strip().casefold())
    if wanted in _NAMED_TIMES:
        return _NAMED_TIMES[wanted]
    found = _DIGITS.fullmatch(wanted) or _CLOCK.fullmatch(wanted)
    hour = _full_hour(int(found["hour"]), found["half"]) if found else None
    minute = int(found["minute"] or 0) if found else 0
    if hour is None or hour > 23 or minute > 59:
        raise PersonError("kernel.form.time", given=truncate(text, _QUOTED))
    return time(hour, minute)


def _full_hour(hour: int, half: str) -> int | None:
    word, _, rest = half.partition(" ")
    if word in _HOUR_WORDS:
        half = rest
    if half in _HOUR_WORDS:
        return hour
    if not 1 <= hour <= 12:
        return None
    if half in _MORNING:
        return hour % 12
    return hour % 12 + 12 if half in _AFTERNOON else None


_HOURS = r"(?:h|hr|hrs|hours?|ч|час|часа|часов)"
_MINUTES = r"(?:m|min|mins|minutes?|м|мин|минут[аы]?)"
_LENGTH = re.compile(
    rf"(?:(?P<hours>[0-9]{{1,2}}(?:[.,][0-9]{{1,2}})?) ?{_HOURS}(?![^\W\d_])\.?)? ?"
    rf"(?:(?P<minutes>[0-9]{{1,4}})(?: ?{_MINUTES}\.?)?)?"
)
_HOURS_AND_MINUTES = re.compile(r"(?P<hours>[0-9]{1,2}):(?P<minutes>[0-5][0-9])")
_NAMED_LENGTHS = {
    "полчаса": 30, "half an hour": 30, "час": 60, "hour": 60, "an hour": 60,
    "полтора часа": 90, "an hour and a half": 90,
}  # fmt: skip


def minutes_in(text: str) -> int | None:
    """A length in minutes: `45`, `45m`, `1h 30m`, `1,5 часа`, `1:30`, `полчаса`; None for anything else, and 0."""
    wanted = re.sub(r"\s+", " ", text.casefold().replace("ё", "е")).strip(" .")
    if wanted in _NAMED_LENGTHS:
        return _NAMED_LENGTHS[wanted]
    found = _HOURS_AND_MINUTES.fullmatch(wanted) or _LENGTH.fullmatch(wanted)
    if found is None:
        return None
    hours = float((found["hours"] or "0").replace(",", "."))
    return round(hours * 60) + int(found["minutes"] or 0) or None


# --- writing ----------------------------------------------------------------------------------------------

_LONG_DAY = {"en": "EEEE, d MMMM", "ru": "EEEE, d MMMM"}
_PLAIN_DAY = {"en": "d MMMM", "ru": "d MMMM"}
_WITH_YEAR = {"en": " y", "ru": " y 'г.'"}
_UNITS = {"en": ("d", "h", "min"), "ru": ("д", "ч", "мин")}
_NEAR = {
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
    "ru": {-1: "вчера", 0: "сегодня", 1: "завтра"},
}
_DIRECTIONS: dict[str, tuple[Callable[[str], str], Callable[[str], str], str]] = {
    "en": ("in {}".format, "{} ago".format, "now"),
    "ru": ("через {}".format, "{} назад".format, "сейчас"),
}


def format_time(moment: datetime, zone: tzinfo, language: str) -> str:
    """`09:05`, in every language."""
    return f"{moment.astimezone(zone):%H:%M}"


def format_day(day: date, language: str, today: date | None = None) -> str:
    """`Monday, 2 March`; with the year when `today` is given and lies in another."""
    return _babel_date(day, _LONG_DAY[language] + _year_if_other(day, today, language), locale=language)


def format_date(day: date, language: str, today: date | None = None) -> str:
    """`2 March 2026`; without the year when `today` is given and lies in the same."""
    year = _WITH_YEAR[language] if today is None else _year_if_other(day, today, language)
    return _babel_date(day, _PLAIN_DAY[language] + year, locale=language)


def _year_if_other(day: date, today: date | None, language: str) -> str:
    return _WITH_YEAR[language] if today is not None and today.year != day.year else ""


def near_day(day: date, today: date, language: str) -> str | None:
    """`yesterday`, `today` or `tomorrow`; None for any other day."""
    return _NEAR[language].get((day - today).days)


def format_span(start: datetime, end: datetime, zone: tzinfo, language: str) -> str:
    """`10:00–11:30`, or `23:00 – 3 March, 01:00` when it ends on a later day.

    Midnight at the end still belongs to the day before: `22:00–00:00`.
    """
    first, last = start.astimezone(zone), end.astimezone(zone)
    begins, ends = format_time(start, zone, language), format_time(end, zone, language)
    if last <= first:
        return begins
    last_day = (last.replace(tzinfo=None) - timedelta(microseconds=1)).date()
    if last_day <= first.date():
        return f"{begins}–{ends}"
    return f"{begins} – {format_date(last.date(), language, first.date())}, {ends}"


def format_days(first: date, last: date, language: str, today: date | None = None) -> str:
    """Whole days, the last one included: `2 March`, `2–4 March`, `30 March – 2 April`."""
    ending = format_date(last, language, today or last)
    if last <= first:
        return format_date(first, language, today or first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{ending}"
    return f"{format_date(first, language, last if today is None else today)} – {ending}"


def format_duration(length: timedelta, language: str) -> str:
    """`1 h 30 min`, `2 d 4 h`; seconds are left out, less than a minute is `0 min`."""
    minutes = max(int(length.total_seconds()) // 60, 0)
    counts = (minutes // 1440, minutes // 60 % 24, minutes % 60)
    parts = [f"{count} {unit}" for count, unit in zip(counts, _UNITS[language], strict=True) if count]
    return " ".join(parts) or f"0 {_UNITS[language][-1]}"


def format_relative(moment: datetime, now: datetime, language: str) -> str:
    """`in 10 minutes`, `in 1 h 30 min`, `in 3 days`, `5 minutes ago`; within half a minute `now`."""
    seconds = (moment - now).total_seconds()
    after, before, present = _DIRECTIONS[language]
    if abs(seconds) < 30:
        return present
    minutes = max(round(abs(seconds) / 60), 1)
    length = timedelta(minutes=minutes)
    if minutes >= 60 and minutes % 60 and minutes < 1440:
        return (after if seconds > 0 else before)(format_duration(length, language))
    unit: Literal["minute", "hour", "day"] = "minute" if minutes < 60 else "hour" if minutes < 1440 else "day"
    signed = length if seconds > 0 else -length
    return format_timedelta(signed, granularity=unit, threshold=1, add_direction=True, locale=language)
