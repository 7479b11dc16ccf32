"""Which incidents somebody wants to see, out of the words they type.

Any order, both languages whatever the person's own, and whatever is no filter is looked for in the texts:
`overdue type:fibre @boris yesterday mast`. A list keeps the words, not what they meant: the second page of *today* is
that of the day on which it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from sekretar.dispatch.incidents.finding import OPEN
from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.incidents.workflow import FINISHED
from sekretar.kernel.dates import parse_date
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate
from sekretar.mattermost.parsing import fold

#: Instead of a name: whoever asks, and nobody at all.
ME: Final = "me"
NOBODY: Final = "-"

ME_WORDS: Final = frozenset({"me", "mine", "я", "мне", "мои", "мой"})
NOBODY_WORDS: Final = frozenset(
    {
        "-",
        "nobody",
        "unassigned",
        "free",
        "никто",
        "никому",
        "ничьи",
        "ничей",
        "ничье",
        "ничьих",
        "ничейные",
        "свободные",
        "свободных",
    }
)

_DAY: Final = timedelta(days=1)


class Mark(StrEnum):
    """What stands out about an incident."""

    OVERDUE = "overdue"
    #: Less than an hour is left, or the deadline is over.
    SOON = "soon"
    #: There are letters that nobody has looked at.
    UNREAD = "unread"


#: A phrase of more words than this is no filter.
_LONGEST_PHRASE: Final = 4
#: How much of what was typed is said again.
_QUOTED: Final = 60

_OPTIONS: Final = {
    "type": "type", "тип": "type",
    "pole": "pole", "опора": "pole",
    "desk": "desk", "диспетчерская": "desk",
    "status": "status", "статус": "status",
    "since": "since", "с": "since",
    "until": "until", "по": "until", "до": "until",
    "from": "applicant", "от": "applicant", "заявитель": "applicant",
    "at": "asset", "asset": "asset", "объект": "asset", "бс": "asset",
}  # fmt: skip

_STATES: Final[Mapping[str, frozenset[Status]]] = {
    "open": OPEN, "opened": OPEN, "открытые": OPEN, "открыт": OPEN, "открытых": OPEN, "незакрытые": OPEN,
    "незакрытых": OPEN,
    "finished": FINISHED, "завершенные": FINISHED, "завершенных": FINISHED, "done": FINISHED,
    "closed": FINISHED, "закрытые": FINISHED, "закрытых": FINISHED,
    "all": frozenset(Status), "все": frozenset(Status),
    "new": frozenset({Status.NEW}), "новые": frozenset({Status.NEW}),
    "новых": frozenset({Status.NEW}),
    "waiting": frozenset({Status.AWAITING_CONFIRMATION}), "ждем": frozenset({Status.AWAITING_CONFIRMATION}),
    "errors": frozenset({Status.ERROR}), "ошибки": frozenset({Status.ERROR}),
}  # fmt: skip
_MARKS: Final[Mapping[str, Mark]] = {
    "overdue": Mark.OVERDUE, "late": Mark.OVERDUE, "просроченные": Mark.OVERDUE, "просрочено": Mark.OVERDUE,
    "просрочен": Mark.OVERDUE, "просрочены": Mark.OVERDUE, "просроченный": Mark.OVERDUE,
    "просроченных": Mark.OVERDUE, "просроченые": Mark.OVERDUE, "просроченых": Mark.OVERDUE,
    "soon": Mark.SOON, "urgent": Mark.SOON, "срочные": Mark.SOON, "срочных": Mark.SOON, "срочно": Mark.SOON,
    "горят": Mark.SOON,
    "unread": Mark.UNREAD, "непрочитанные": Mark.UNREAD, "непрочитанных": Mark.UNREAD,
}  # fmt: skip

_ONE_DATE: Final = r"\d{1,2}\.\d{1,2}(?:\.(?:\d{4}|\d{2}))?|\d{4}-\d{1,2}-\d{1,2}"
DATE: Final = re.compile(_ONE_DATE, re.ASCII)
RANGE: Final = re.compile(rf"(?P<first>{_ONE_DATE})(?:\.\.|[-–—])(?P<last>{_ONE_DATE})", re.ASCII)
_DAYS: Final = re.compile(r"(?P<count>\d{1,3})(?:d|д)", re.ASCII)


@dataclass(frozen=True)
class Wanted:
    """What was asked for; whatever is empty or None is left open."""

    desk: str = ""
    statuses: frozenset[Status] = frozenset()
    #: A user name, `ME` or `NOBODY`.
    who: str = ""
    type: str = ""
    pole: str = ""
    #: The first and the last day on which they were opened.
    since: date | None = None
    until: date | None = None
    marks: frozenset[Mark] = frozenset()
    text: str = ""


@dataclass(frozen=True)
class Split:
    """Options such as `type:fibre` by their name, and the other words."""

    options: Mapping[str, str]
    words: tuple[str, ...]


def split(words: Sequence[str], known: frozenset[str]) -> Split:
    """Take the options out of what was typed; the value may stand in quotes, or behind a space."""
    options: dict[str, str] = {}
    others: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, colon, value = word.partition(":")
        option = _OPTIONS.get(fold(name)) if colon and not value.startswith("//") else None
        if option is None or option not in known:
            others.append(word)
            continue
        options[option] = _value(value, rest)
    return Split(options, tuple(others))


def _value(value: str, rest: list[str]) -> str:
    if not value and rest:
        return rest.pop(0)
    if value[:1] in _QUOTES:
        while rest and value[-1:] not in _QUOTES.values():
            value = f"{value} {rest.pop(0)}"
        return value.strip("".join({*_QUOTES, *_QUOTES.values()}))
    return value


_QUOTES: Final = {'"': '"', "«": "»", "“": "”", "„": "“"}
_LIST_OPTIONS: Final = frozenset({"type", "pole", "desk", "status", "since", "until"})


def read(words: Sequence[str], names: Mapping[str, Status], today: date) -> Wanted:
    """What the words ask for.

    Args:
        words: What was typed.
        names: What the statuses are called, folded, in every language.
        today: The day at the place of whoever asks.

    Raises:
        PersonError: a day or a status cannot be read.
    """
    parts = split(words, _LIST_OPTIONS)
    options = parts.options
    wanted = Wanted(desk=options.get("desk", ""), type=options.get("type", ""), pole=options.get("pole", ""))
    if "status" in options:
        wanted = replace(wanted, statuses=frozenset({status_called(options["status"], names)}))
    if "since" in options:
        wanted = replace(wanted, since=past_day(options["since"], today))
    if "until" in options:
        wanted = replace(wanted, until=past_day(options["until"], today))
    sought = []
    for phrase in _phrases(parts.words, names):
        found = _filtered(wanted, phrase, names, today)
        if found is None:
            sought.append(phrase)
        wanted = found or wanted
    return replace(wanted, text=" ".join(sought))


def _phrases(words: Sequence[str], names: Mapping[str, Status]) -> Iterator[str]:
    """The words, those that are the name of a status or of a time together as one."""
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - at), 1, -1):
            phrase = spaced(" ".join(words[at : at + length]))
            if phrase in names or phrase in _TIMES:
                break
        else:
            length = 1
        yield " ".join(words[at : at + length])
        at += length


def _filtered(wanted: Wanted, phrase: str, names: Mapping[str, Status], today: date) -> Wanted | None:
    """The same with one filter more; None when the phrase is none."""
    word = spaced(phrase)
    if word in _STATES:
        return replace(wanted, statuses=wanted.statuses | _STATES[word])
    if word in names:
        return replace(wanted, statuses=wanted.statuses | {names[word]})
    mark = _MARKS.get(word)
    if mark:
        return replace(wanted, marks=wanted.marks | {mark})
    who = person_in(phrase)
    if who:
        return replace(wanted, who=who)
    days = days_in(phrase, today)
    return replace(wanted, since=days[0], until=days[1]) if days else None


def person_in(word: str) -> str:
    """Whom a word names: a user name behind `@`, `ME`, `NOBODY`; empty when it names nobody."""
    if word.startswith("@") and len(word) > 1:
        return word[1:].lower()
    folded = fold(word)
    if folded in ME_WORDS:
        return ME
    return NOBODY if folded in NOBODY_WORDS else ""


def spaced(text: str) -> str:
    """The form in which phrases are compared: hyphens are spaces."""
    return " ".join(re.sub(r"[-_\s]+", " ", fold(text)).split()) or fold(text)


# --- statuses


def status_called(text: str, names: Mapping[str, Status]) -> Status:
    """The status of this name, or the only one whose name begins so.

    Raises:
        PersonError: there is none, or more than one.
    """
    wanted = spaced(text)
    if wanted in names:
        return names[wanted]
    fitting = {status for name, status in names.items() if name.startswith(wanted)} if wanted else set()
    if len(fitting) != 1:
        raise PersonError("dispatch.lists.no_status", given=text)
    return fitting.pop()


def step_called(
    words: Sequence[str], names: Mapping[str, Status], possible: Collection[Status]
) -> tuple[Status, str]:
    """Where an incident shall go, and the words behind it: `closed the crew has mended it`.

    A beginning of a name is enough where nothing stands behind it; when it fits several statuses, those count that
    are possible from here.

    Raises:
        PersonError: no status is called so, or more than one.
    """
    for length in range(len(words), 0, -1):
        phrase = spaced(" ".join(words[:length]))
        if phrase in names:
            return names[phrase], " ".join(words[length:])
    given = " ".join(words)
    fitting = {status for name, status in names.items() if name.startswith(spaced(given))}
    chosen = fitting & set(possible) or fitting
    if len(chosen) != 1:
        raise PersonError("dispatch.commands.no_status", given=truncate(given, _QUOTED))
    return chosen.pop(), ""


# --- times


def _this_month(today: date) -> tuple[date, date]:
    return today.replace(day=1), today


def _last_week(today: date) -> tuple[date, date]:
    monday = today - (today.weekday() + 7) * _DAY
    return monday, monday + 6 * _DAY


def _last_month(today: date) -> tuple[date, date]:
    last = today.replace(day=1) - _DAY
    return last.replace(day=1), last


_TIMES: Final = {
    **dict.fromkeys(("today", "сегодня", "за сегодня"), lambda today: (today, today)),
    **dict.fromkeys(("yesterday", "вчера", "за вчера"), lambda today: (today - _DAY, today - _DAY)),
    **dict.fromkeys(
        ("week", "this week", "неделя", "за неделю", "эта неделя"),
        lambda today: (today - 6 * _DAY, today),
    ),
    **dict.fromkeys(("last week", "прошлая неделя", "прошлую неделю", "за прошлую неделю"), _last_week),
    **dict.fromkeys(("month", "this month", "месяц", "за месяц", "этот месяц"), _this_month),
    **dict.fromkeys(("last month", "прошлый месяц", "за прошлый месяц"), _last_month),
}


def days_in(phrase: str, today: date) -> tuple[date, date] | None:
    """The first and the last day that are meant; None when it is no time.

    Raises:
        PersonError: it looks like a day, and there is no such day.
    """
    word = spaced(phrase)
    if word in _TIMES:
        return _TIMES[word](today)
    counted = _DAYS.fullmatch(word)
    if counted:
        return today - int(counted["count"]) * _DAY, today
    if DATE.fullmatch(phrase):
        day = past_day(phrase, today)
        return day, day
    found = RANGE.fullmatch(phrase)
    if found:
        first, last = past_day(found["first"], today), past_day(found["last"], today)
        if last.year < first.year and not re.search(r"\d{4}", found["last"]):
            # It is under way: `01.03-15.03` on the 4th means this March.
            last = parse_date(found["last"], today)
        return min(first, last), max(first, last)
    return None


def past_day(text: str, today: date) -> date:
    """A day as people write it; without a year the last such day, today included.

    Raises:
        PersonError: it cannot be read.
    """
    day = parse_date(text, today)
    if day <= today or re.search(r"\d{4}", text):
        return day
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        raise PersonError("kernel.form.no_such_day") from None
