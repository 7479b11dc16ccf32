"""How people say when, how long and how often, apart from the order in which they say it.

Every reader takes some words and says what they mean, or None: a word that says nothing here belongs to a title or a
place. Both languages are read, whatever the language of the person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from sekretar.calendars.booking.draft import LONGEST_MINUTES, parse_length
from sekretar.calendars.editing import Repeat
from sekretar.kernel.dates import NUMBER_WORDS, parse_date, parse_time
from sekretar.kernel.errors import PersonError

_DAY_MINUTES = 24 * 60

_BETWEEN = re.compile(r"(?:с|со|from) (?P<begin>.+?) (?:до|по|to|till|until) (?P<end>.+)")
_DASHED = re.compile(r"(?P<begin>[^-–—]+?) ?[-–—] ?(?P<end>[^-–—]+)")
_UNTIL = re.compile(r"(?:до|по|until|till|to) (?P<end>.+)")
_HALF_A_DAY = re.compile(r"[0-9] ?[ap]m")
_POINTED = re.compile(r"[0-9]{1,2}\.[0-9]{2}")
#: What stands before a name, and says nothing without it.
LINKING = frozenset(("с", "со", "c", "и", "with", "and", "&", "+"))

_NAMED_TIMES = ("полдень", "полночь", "noon", "midnight")
_FOR = re.compile(r"(?:на|for) ")
_SOON = re.compile(r"(?:через|in) (?P<length>.+)")
_NEXT_HOUR = re.compile(r"(?:в |at )?(?:the )?(?:next (?:full )?hour|следующий (?:полный )?час)")

_REPEATS: Mapping[str, Repeat] = {
    **dict.fromkeys(("every day", "каждый день", "ежедневно"), Repeat.DAILY),
    **dict.fromkeys(
        ("every weekday", "on weekdays", "every workday", "по будням", "каждый будний день", "по рабочим дням"),
        Repeat.WEEKDAYS,
    ),
    **dict.fromkeys(("every week", "каждую неделю", "еженедельно", "раз в неделю"), Repeat.WEEKLY),
    **dict.fromkeys(
        ("every two weeks", "every 2 weeks", "every other week", "каждые две недели", "каждые 2 недели",
         "раз в две недели", "раз в 2 недели"),
        Repeat.FORTNIGHTLY,
    ),
    **dict.fromkeys(("every month", "каждый месяц", "ежемесячно", "раз в месяц"), Repeat.MONTHLY),
}  # fmt: skip

#: `Weekly sync` is a title; said after something else they are meant.
_WEAK_REPEATS: Mapping[str, Repeat] = {
    "daily": Repeat.DAILY,
    "weekly": Repeat.WEEKLY,
    "biweekly": Repeat.FORTNIGHTLY,
    "fortnightly": Repeat.FORTNIGHTLY,
    "monthly": Repeat.MONTHLY,
}

_ON_DAYS = re.compile(
    r"(?:every|кажд(?:ый|ую|ое)) (?P<one>[^\W\d_]+)|on (?P<plural>[a-z]+day)s|по (?P<stem>[^\W\d_]+)[ая]м"
)
_STEMS = {
    "понедельник": "пн", "вторник": "вт", "сред": "ср", "четверг": "чт", "пятниц": "пт", "суббот": "сб",
    "воскресень": "вс",
}  # fmt: skip

#: Any two days in a row, and a week after the first.
_SOME_DAY, _NEXT_DAY, _WEEK_LATER = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 9)


def tidied(text: str) -> str:
    """The words as they are compared."""
    return re.sub(r"\s+", " ", text.casefold().replace("ё", "е")).strip(" ,;")


def read_span(text: str) -> tuple[time, int] | None:
    """A beginning, and the minutes until an end: `15:00-15:45`, `from 3 pm to 4 pm`, `с 10 до 11:30`.

    An end that is not later is one of the next day. With a dash one of both has to look like a time: `10-11` may be
    anything.
    """
    said = tidied(text)
    between = _BETWEEN.fullmatch(said)
    found = between or _DASHED.fullmatch(said)
    if found is None or not (between or any(_looks_like_time(each) for each in found.groups())):
        return None
    begin, end = _time(found["begin"]), _time(found["end"])
    if begin is None or end is None or begin == end:
        return None
    return begin, minutes_between(begin, end)


def read_end(text: str) -> time | None:
    """When it is over: `до 17:00`, `until 5 pm`."""
    found = _UNTIL.fullmatch(tidied(text))
    return _time(found["end"]) if found else None


def minutes_between(begin: time, end: time) -> int:
    """From one time of day until the next time that it is the other."""
    return ((end.hour - begin.hour) * 60 + end.minute - begin.minute) % _DAY_MINUTES


def read_time(text: str, *, weakly: bool = False) -> time | None:
    """`15:00`, `в 15`, `at 3 pm`, `15.30`. A bare number is no time.

    Args:
        text: some words.
        weakly: whether `noon` and `15.30` count, which may be parts of a title.
    """
    said = tidied(text)
    marked = said.startswith(("в ", "во ", "at ")) or said.rstrip(".").endswith(("am", "pm")) or ":" in said
    weak = weakly and (said in _NAMED_TIMES or _looks_like_time(said))
    return _time(text) if marked or weak else None


def _looks_like_time(said: str) -> bool:
    """Whether it can be nothing else: `15.30` is one, because no month is the 30th, and `12.03` is a day."""
    if _POINTED.fullmatch(said):
        try:
            parse_date(said, _SOME_DAY)
        except PersonError:
            return True
    return ":" in said or bool(_HALF_A_DAY.search(said))


def read_soon(text: str, local: datetime) -> datetime | None:
    """A moment counted from now: `через два часа`, `in 45 minutes`, `next full hour`. Aware, in full minutes."""
    said = tidied(text)
    now = local.astimezone(UTC).replace(second=0, microsecond=0)
    if _NEXT_HOUR.fullmatch(said):
        # By the clock of the person: some zones are half an hour apart.
        return (now + timedelta(minutes=60 - local.minute)).astimezone(local.tzinfo)
    found = _SOON.fullmatch(said)
    if found is None or found["length"].isdigit():
        return None
    minutes = _minutes(found["length"])
    return (now + timedelta(minutes=minutes)).astimezone(local.tzinfo) if minutes else None


def read_length(text: str, *, weakly: bool) -> int | None:
    """Minutes: `45m`, `на полчаса`, `for two hours`. A bare number is a room or a version sooner than a length.

    Args:
        text: some words.
        weakly: whether lengths without a number count: in front, «час» may begin a title («Час вопросов»).
    """
    said = tidied(text)
    bare = _FOR.sub("", said, count=1)
    if bare.isdigit() or (bare == said and not weakly and not re.match(r"[0-9]", bare)):
        return None
    return _minutes(bare)


def read_repeat(text: str, *, weakly: bool) -> tuple[Repeat, str] | None:
    """How often, and the day of the week that was said with it: `every week`, `каждую пятницу`.

    Args:
        text: some words.
        weakly: whether words count that may as well be part of a title (`Weekly sync`).
    """
    said = tidied(text)
    repeat = _REPEATS.get(said) or (_WEAK_REPEATS.get(said) if weakly else None)
    if repeat is not None:
        return repeat, ""
    found = _ON_DAYS.fullmatch(said)
    if found is None:
        return None
    day = found["one"] or found["plural"] or _STEMS.get(found["stem"], "")
    return (Repeat.WEEKLY, day) if is_weekday(day) else None


def read_day(text: str, today: date) -> date | None:
    """A day, as `parse_date` reads it."""
    try:
        return parse_date(tidied(text), today)
    except PersonError:
        return None


def is_weekday(word: str) -> bool:
    """Other words for days either move with the day on which they are said (`tomorrow`), or do not move (`12.03`)."""
    found, other, later = (read_day(word, day) for day in (_SOME_DAY, _NEXT_DAY, _WEEK_LATER))
    if found is None or other is None:
        return False
    return found.weekday() == other.weekday() and later == found + timedelta(weeks=1)


def _time(text: str) -> time | None:
    try:
        return parse_time(text)
    except PersonError:
        return None


def _minutes(text: str) -> int | None:
    try:
        minutes = parse_length(counted(text))
    except PersonError:
        return None
    return minutes if minutes <= LONGEST_MINUTES else None


def counted(text: str) -> str:
    """With the number in digits: `two hours`."""
    first, _, rest = text.partition(" ")
    return f"{NUMBER_WORDS[first]} {rest}" if rest and first in NUMBER_WORDS else text
