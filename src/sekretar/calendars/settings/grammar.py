"""Settings as people write them, in both directions.

`10, 1`, `за 10 минут и за час`, `1h 30m`; `будни`, `mon-thu`; `пн-чт 9-13, 14-18; пт 9-17`. Both languages are
understood, whatever the language of the person, and what is written here is understood when it comes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import time, timedelta
from functools import cache

from babel.dates import get_day_names

from sekretar.calendars.settings.preferences import (
    EVERY_DAY,
    LONGEST_OFFSET,
    MOST_HOURS,
    MOST_OFFSETS,
    WORKDAYS,
    Hours,
    Week,
    normal_offsets,
    put_together,
)
from sekretar.kernel.dates import NUMBER_WORDS, format_duration, parse_time
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate

#: How much of an answer that cannot be read is quoted.
_QUOTED = 40

_OFF = frozenset(
    (
        "off",
        "no",
        "none",
        "never",
        "-",
        "выкл",
        "выключить",
        "выключи",
        "отключить",
        "отключи",
        "нет",
        "никогда",
    )
)


def tidy(text: str) -> str:
    """Lower case, single spaces, one kind of dash."""
    plain = re.sub(r"[‐-―−]", "-", text.casefold().replace("ё", "е"))
    return re.sub(r"\s+", " ", plain).strip().rstrip(".")


def is_off(text: str) -> bool:
    """Whether a word switches something off."""
    return tidy(text) in _OFF


# --- reminders --------------------------------------------------------------------------------------------

_UNITS: Mapping[str, int] = {
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes"), 1),
    **dict.fromkeys(("м", "мин", "минут", "минута", "минуту", "минуты"), 1),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "ч", "час", "часа", "часов"), 60),
    **dict.fromkeys(("d", "day", "days", "д", "дн", "день", "дня", "дней", "сутки", "суток"), 1440),
    **dict.fromkeys(("w", "week", "weeks", "нед", "неделя", "неделю", "недели", "недель"), 10080),
}  # fmt: skip
_AMOUNT = re.compile(r"([0-9]{1,6})\s*((?:[^\W\d_]+\b)?)(?:(?<![0-9])\.)?")
_WORDS: Mapping[str, str] = {
    "полчаса": "30 m",
    "полтора часа": "90 m",
    "half an hour": "30 m",
    "an hour": "1 h",
    "a day": "1 d",
    "a week": "1 w",
    "at the start": "0",
    "at start": "0",
    "в момент начала": "0",
    "в начале": "0",
}
_HALVES = re.compile(r"(?<![0-9.,])([0-9]{1,2})[.,]5 ?(h|hr|hrs|hours?|ч|часа?|часов|d|days?|дн|дня|дней)\b")
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b")
_NOISE = re.compile(r"\b(?:за|до|до начала|начала|встречи|before|the|meeting|start)\b")
_BETWEEN = re.compile(r"[,;/+]|\band\b|\bи\b|\bза\b")


def parse_offsets(text: str) -> tuple[int, ...]:
    """Minutes before the start, the longest first; 0 is the start itself, nothing is no reminder at all.

    Raises:
        PersonError: `calendars.settings.bad_offsets`, it cannot be read; `…far_offset`, more than a week;
            `…many_offsets`, more than ten.
    """
    if not text.strip() or is_off(text):
        return ()
    minutes = normal_offsets(each for part in _BETWEEN.split(_spelled(text)) for each in _amounts(part, text))
    if not minutes:
        raise _unreadable(text)
    if minutes[0] > LONGEST_OFFSET:
        raise PersonError("calendars.settings.far_offset")
    if len(minutes) > MOST_OFFSETS:
        raise PersonError("calendars.settings.many_offsets", count=MOST_OFFSETS)
    return minutes


def _spelled(text: str) -> str:
    plain = tidy(text)
    for words, amount in _WORDS.items():
        plain = plain.replace(words, amount)
    plain = _NUMBER_WORD.sub(lambda word: str(NUMBER_WORDS[word.group()]), plain)
    plain = _HALVES.sub(lambda found: f"{_UNITS[found[2]] * (2 * int(found[1]) + 1) // 2} m", plain)
    # «За час» means one of them.
    return re.sub(r"(?<![0-9] )(?<![0-9])\b(час|день|сутки|минуту|неделю)\b", r"1 \1", plain)


def _amounts(part: str, given: str) -> Iterator[int]:
    """The offsets in a part: `1 h 30 min` is one, `10 1` are two."""
    wanted = _NOISE.sub(" ", part).strip()
    total, size = 0, 0
    for number, unit in _words_of(wanted, given):
        factor = _UNITS[unit]
        if size and (not unit or factor >= size):
            yield total
            total = 0
        total += int(number) * factor
        size = factor if unit else 1
    if size:
        yield total


def _words_of(wanted: str, given: str) -> list[tuple[str, str]]:
    found = _AMOUNT.findall(wanted)
    if _AMOUNT.sub("", wanted).strip() or any(unit not in _UNITS for _, unit in found):
        raise _unreadable(given)
    return found


def _unreadable(given: str) -> PersonError:
    return PersonError("calendars.settings.bad_offsets", given=truncate(given, _QUOTED))


def format_offsets(minutes: Iterable[int], language: str) -> str:
    """`1 h, 10 min`; understood by `parse_offsets`."""
    return ", ".join(format_duration(timedelta(minutes=each), language) for each in minutes)


# --- days of the week -------------------------------------------------------------------------------------

_NAMED_DAYS: Mapping[str, frozenset[int]] = {
    **dict.fromkeys(
        ("workdays", "weekdays", "working days", "будни", "по будням", "рабочие дни", "в рабочие дни"),
        WORKDAYS,
    ),
    **dict.fromkeys(
        ("daily", "every day", "everyday", "all", "ежедневно", "каждый день", "все дни"), EVERY_DAY
    ),
    **dict.fromkeys(("weekend", "weekends", "выходные", "по выходным"), EVERY_DAY - WORKDAYS),
}
_DAY_BEGINNINGS = (
    ("mo", "пн", "пон"), ("tu", "вт"), ("we", "ср"), ("th", "чт", "чет"), ("fr", "пт", "пят"),
    ("sa", "сб", "суб"), ("su", "вс", "вос"),
)  # fmt: skip
_DAY_WORD = re.compile(r"[^\W\d_]+\.?")


def parse_days(text: str) -> frozenset[int]:
    """Days of the week, Monday is 0.

    Raises:
        PersonError: `calendars.settings.bad_days`.
    """
    wanted = tidy(text)
    if wanted in _NAMED_DAYS:
        return _NAMED_DAYS[wanted]
    days: set[int] = set()
    for part in re.split(r"[,;/ ]+", re.sub(r"\s*-\s*", "-", wanted)):
        ends = [_day(word, text) for word in part.split("-")]
        if len(ends) > 2:
            raise _no_days(text)
        # A range may go over the end of the week.
        days |= {(ends[0] + step) % 7 for step in range((ends[-1] - ends[0]) % 7 + 1)}
    return frozenset(days)


def _day(word: str, given: str) -> int:
    for day, beginnings in enumerate(_DAY_BEGINNINGS):
        if _DAY_WORD.fullmatch(word) and word.startswith(beginnings):
            return day
    raise _no_days(given)


def _no_days(given: str) -> PersonError:
    return PersonError("calendars.settings.bad_days", given=truncate(given, _QUOTED))


def format_days(days: Iterable[int], language: str) -> str:
    """`Mon–Fri`, `Mon, Wed`; understood by `parse_days`."""
    runs = [(run[0], run[-1]) for run in _runs(sorted(days))]
    names = _day_names(language)
    return ", ".join(_span(first, last, names) for first, last in runs)


def _span(first: int, last: int, names: tuple[str, ...]) -> str:
    if first == last:
        return names[first]
    return f"{names[first]}{', ' if last == first + 1 else '–'}{names[last]}"


def _runs(days: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


@cache
def _day_names(language: str) -> tuple[str, ...]:
    names = get_day_names("abbreviated", locale=language)
    return tuple(str(names[day]) for day in range(7))


# --- the digest -------------------------------------------------------------------------------------------


_TIME = re.compile(
    r"(?<![\w.:])(?:в |at )?(?:[0-9]{3,4}|[0-9]{1,2}(?: ?[:.\-h] ?[0-9]{2})?)(?![0-9])"
    r"(?: ?(?:am|pm|a\.m\.|p\.m\.|утра|дня|вечера|час\w*|ч|h)(?!\w))?"
)


def parse_digest(text: str) -> tuple[time | None, frozenset[int] | None]:
    """`9:00`, `off`, `8:30 daily`, `в 9 по будням`: the hour (None: no digest), and the days where they are named.

    Raises:
        PersonError: the hour or the days cannot be read.
    """
    if is_off(text):
        return None, None
    plain = tidy(text)
    found = _TIME.search(plain)
    if found is None:
        raise PersonError("kernel.form.time", given=truncate(text, _QUOTED))
    days = " ".join((plain[: found.start()] + " " + plain[found.end() :]).strip(" ,;").split())
    days = re.sub(r"^(?:on|at) ", "", days)
    return parse_time(found.group()), parse_days(days) if days else None


# --- working hours ----------------------------------------------------------------------------------------

_CLOCK = r"[0-9]{1,2}(?:[:.][0-9]{2})?"
_HOURS = re.compile(
    rf"(?:\b(?:с|from) )?(?<![0-9:.])(?P<begin>{_CLOCK})\s*(?:-|до|to|till|until)\s*(?P<end>{_CLOCK})(?![0-9:.])"
)
#: What stands between two stretches: `, `, ` и `, `; пт `. Days are said behind a mark.
_BETWEEN_HOURS = re.compile(r"\s*(?P<mark>[,;+/]|\b(?:и|and)\b)?\s*(?P<days>.*?)[\s:,]*")


def parse_hours(text: str) -> Week:
    """`Mon-Thu 9:00-13:00, 14:00-18:00; Fri 9-17`: hours without days are those of the days before them, and of the
    workdays where there are none; days not named are free.

    Raises:
        PersonError: `calendars.settings.bad_hours`; `…hours_overlap`, on one day; `…many_hours`, more than four
            stretches of a day; or the days or a time cannot be read.
    """
    wanted = tidy(text)
    if wanted in _OFF or not wanted:
        return ((),) * 7
    week: list[list[Hours]] = [[] for _ in range(7)]
    for days, hours in _said_hours(wanted, text):
        for day in days:
            week[day].append(hours)
    try:
        joined = tuple(put_together(each) for each in week)
    except ValueError:
        raise PersonError("calendars.settings.hours_overlap", given=truncate(text, _QUOTED)) from None
    if max(map(len, joined)) > MOST_HOURS:
        raise PersonError("calendars.settings.many_hours", count=MOST_HOURS)
    return joined


def _said_hours(wanted: str, given: str) -> Iterator[tuple[frozenset[int], Hours]]:
    """Each stretch with its days, which may also be said behind all of them: `9-13, 14-18 пн-чт`."""
    found = list(_HOURS.finditer(wanted))
    before, behind = (wanted[: found[0].start()], wanted[found[-1].end() :]) if found else ("", "")
    named, said_last = before.strip(" ,;:"), behind.strip(" ,;")
    if not found or (said_last and (named or behind[0] != " ")):
        raise _no_hours(given)
    days = parse_days(named or said_last) if named or said_last else WORKDAYS
    at = found[0].start()
    for each in found:
        between = _BETWEEN_HOURS.fullmatch(wanted, at, each.start())
        if each is not found[0] and between and between["days"]:
            if not between["mark"] or said_last:
                raise _no_hours(given)
            days = parse_days(between["days"])
        yield days, _hours(each["begin"], each["end"], given)
        at = each.end()


def parse_lunch(text: str) -> Hours | None:
    """`13:00-14:00`; None for no lunch.

    Raises:
        PersonError: `calendars.settings.bad_lunch`, or a time cannot be read.
    """
    wanted = tidy(text)
    if wanted in _OFF or not wanted:
        return None
    found = _HOURS.fullmatch(wanted)
    if found is None:
        raise PersonError("calendars.settings.bad_lunch", given=truncate(text, _QUOTED))
    try:
        return Hours(parse_time(found["begin"]), parse_time(found["end"]))
    except ValueError:
        raise PersonError("calendars.settings.bad_lunch", given=truncate(text, _QUOTED)) from None


def format_lunch(lunch: Hours | None) -> str:
    """`13:00–14:00`; understood by `parse_lunch`. Empty for none."""
    return _format_stretch(lunch) if lunch else ""


def _hours(begin: str, end: str, given: str) -> Hours:
    try:
        # Nobody writes 23:59 for the end of the day.
        return Hours(parse_time(begin), time(23, 59) if end in ("24", "24:00") else parse_time(end))
    except ValueError:
        raise _no_hours(given) from None


def _no_hours(given: str) -> PersonError:
    return PersonError("calendars.settings.bad_hours", given=truncate(given, _QUOTED))


def format_hours(week: Week, language: str) -> str:
    """`Mon–Thu 09:00–13:00, 14:00–18:00; Fri 09:00–17:00`; understood by `parse_hours`. Empty: no work at all."""
    by_hours: dict[tuple[Hours, ...], list[int]] = {}
    for day, hours in enumerate(week):
        if hours:
            by_hours.setdefault(hours, []).append(day)
    return "; ".join(
        f"{format_days(days, language)} {', '.join(map(_format_stretch, hours))}"
        for hours, days in by_hours.items()
    )


def _format_stretch(hours: Hours) -> str:
    return f"{hours.begin:%H:%M}–{hours.end:%H:%M}"


# --- the emoji of the status ------------------------------------------------------------------------------

_EMOJI_NAME = re.compile(r":?([a-z0-9_+\-]{1,64}):?")

#: What people paste instead of a name.
_EMOJI: Mapping[str, str] = {
    "📆": "calendar",
    "📅": "date",
    "🗓": "spiral_calendar",
    "💬": "speech_balloon",
    "🤝": "handshake",
    "🎧": "headphones",
    "🔕": "no_bell",
    "⛔": "no_entry",
    "🚫": "no_entry_sign",
    "👥": "busts_in_silhouette",
    "🎥": "movie_camera",
    "☕": "coffee",
}


def parse_emoji(text: str) -> str:
    """The name of an emoji without its colons; empty for the usual one.

    Raises:
        PersonError: `calendars.settings.bad_emoji`.
    """
    wanted = text.strip().replace("\ufe0f", "")
    if wanted in _EMOJI:
        return _EMOJI[wanted]
    found = _EMOJI_NAME.fullmatch(wanted.casefold())
    if wanted and not found:
        raise PersonError("calendars.settings.bad_emoji")
    return found[1] if found else ""
