"""The words of an assignment and what each may mean by itself: somebody, a day, a project, a priority.

Whether it does mean that is decided by what stands around it, in `grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from sekretar.kernel.dates import NUMBER_WORDS, parse_date
from sekretar.kernel.errors import PersonError


class Kind(Enum):
    """What a word may say."""

    TEXT = "text"
    JOIN = "join"
    PERSON = "person"
    DATE = "date"
    PROJECT = "project"
    PRIORITY = "priority"


@dataclass(frozen=True, eq=False)
class Word:
    """A word, or the words of one date.

    Attributes:
        space: What stood before it.
        text: The word as written.
        kind: What it may say.
        value: The name of the person, project or priority; for a priority without a name its marks (`!!`).
        day: The day; None for a date that does not exist.
        is_weak: A date that may as well be something else: `9.5`, `среда`.
        is_deadline: A date that is said to be the last day: `до 9.5`.
    """

    space: str
    text: str
    kind: Kind = Kind.TEXT
    value: str = ""
    day: date | None = None
    is_weak: bool = False
    is_deadline: bool = False


_TOKEN = re.compile(r"(\s*)(\S+)")
_PERSON = re.compile(r"\(?@(?P<name>[a-z0-9][a-z0-9._-]*?)[.,:;!?)]*", re.IGNORECASE | re.ASCII)
#: A ticket (`#12`) and its references (`#t12`) are no projects.
_PROJECT = re.compile(r"#(?P<name>(?!t?\d+\b)[\w][\w.-]*?)[.,:;)]*")
_PRIORITY = re.compile(r"(?:!(?P<name>[^\W\d_][\w-]*?)|!{1,3})[.,:;)]*")
#: What a word with a meaning begins with.
_SPECIAL = {
    "@": (Kind.PERSON, _PERSON),
    "(": (Kind.PERSON, _PERSON),
    "#": (Kind.PROJECT, _PROJECT),
    "!": (Kind.PRIORITY, _PRIORITY),
}
_JOINING = frozenset((",", ";", "&", "+", "–", "—", "-", "и", "and"))

_MOST_DATE_WORDS = 6
_INNER = frozenset(
    (
        "of",
        "after",
        "позднее",
        "позже",
        "later",
        "than",
        "date",
        "date:",
        "-",
        "–",
        "—",
        "a",
        "half",
        *NUMBER_WORDS,
    )
)
_LEAD = re.compile(
    r"(?P<deadline>(?:(?:срок|дедлайн|deadline|due)(?: date)?:? ?[-–—]? ?)?"
    r"(?:не позднее|не позже|до|к|ко|no later than|not later than|by|until|till|before)?) ?"
    r"(?P<rest>.+)"
)
_DAY_NAMES = (
    r"(?:пн|вт|ср|чт|пт|сб|вс|понедельн\w+|вторн\w+|сред\w|четверг\w?|пятниц\w|суббот\w|воскресень\w|"
    r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|сегодня|(?:после)?завтра|today|tomorrow)"
)
#: Only these words are tried as the first and the last of a date, and nothing else within: most words of a text are
#: neither.
_MAY_BEGIN_DATE = re.compile(
    r"\d|(?:срок:?|дедлайн:?|deadline:?|due:?|не|до|к|ко|no|not|by|until|till|before|в|во|на|on|next|this|the|day|"
    rf"через|in|{_DAY_NAMES}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\b(?!@)",
    re.IGNORECASE,
)
_MAY_END_DATE = re.compile(
    rf"\d.*|{_DAY_NAMES}|г\.?|года?|лет|полгода|дн\w+|день|недел\w|месяц\w*|(?:day|week|month|year)s?|"
    r"(?:янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\.?",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"\d{1,2}\s*[./]\s*\d{1,2}[.]?", re.ASCII)
_ONE_WORD = re.compile(r"[^\W\d_]+")
_TODAY_WORDS = frozenset(("сегодня", "завтра", "послезавтра", "today", "tomorrow"))
_PAST_WORDS = frozenset(("вчера", "позавчера", "yesterday"))
_VERSIONED = re.compile(
    r"(?:верси\w*|верс\.?|релиз\w*|п\.|пункт\w*|раздел\w*|глав\w*|version|ver\.?|v\.?|release|section|chapter)",
    re.IGNORECASE,
)


def read_words(text: str, today: date) -> list[Word]:
    """The words of a text with what each may say; together they are the text again."""
    tokens = _TOKEN.findall(text)
    words: list[Word] = []
    index = 0
    while index < len(tokens):
        before = words[-1].text if words else ""
        word, taken = _date_at(tokens, index, before, today) or (_single(*tokens[index]), 1)
        words.append(word)
        index += taken
    return words


def _single(space: str, text: str) -> Word:
    special = _SPECIAL.get(text[0])
    if special is not None and (found := special[1].fullmatch(text)):
        return Word(space, text, special[0], found["name"] or text.rstrip(".,:;)"))
    return Word(space, text, Kind.JOIN if text.lower() in _JOINING else Kind.TEXT)


def _date_at(
    tokens: Sequence[tuple[str, str]], index: int, before: str, today: date
) -> tuple[Word, int] | None:
    """The longest date that begins here, and how many words it takes."""
    if not _MAY_BEGIN_DATE.match(tokens[index][1].lstrip("(")):
        return None
    for taken in _ends(tokens, index):
        phrase = tokens[index : index + taken]
        said = " ".join(text for _, text in phrase).casefold().lstrip("(").rstrip(",;:)")
        found = _read_date(said.removesuffix("."), before, today)
        if found is not None:
            text = phrase[0][1] + "".join(space + word for space, word in phrase[1:])
            day, weak, deadline = found
            return Word(phrase[0][0], text, Kind.DATE, day=day, is_weak=weak, is_deadline=deadline), taken
    return None


def _ends(tokens: Sequence[tuple[str, str]], index: int) -> list[int]:
    """After how many words a date that begins here may end, the longest first."""
    ends: list[int] = []
    for taken, (_, text) in enumerate(tokens[index : index + _MOST_DATE_WORDS], 1):
        if _MAY_END_DATE.fullmatch(text.rstrip(",;:.)")):
            ends.append(taken)
        elif not _MAY_BEGIN_DATE.match(text.lstrip("(")) and text.casefold() not in _INNER:
            break
    return ends[::-1]


def _read_date(said: str, before: str, today: date) -> tuple[date | None, bool, bool] | None:
    """The day (None: there is no such day), whether it may be something else, whether it is said to be the last."""
    lead = _LEAD.fullmatch(said)
    if lead is None:
        return None
    is_deadline, rest = bool(lead["deadline"].strip()), lead["rest"]
    bare = not is_deadline and _VERSIONED.fullmatch(before) is not None
    if rest in _PAST_WORDS or (bare and _NUMERIC.fullmatch(rest)):
        return None
    try:
        day = parse_date(rest, today)
    except PersonError as error:
        if error.key != "kernel.form.no_such_day" or not _is_full(rest):
            return None
        day = None
    return day, not is_deadline and _is_weak(rest), is_deadline


def _is_full(rest: str) -> bool:
    """A date with a year: anything else that does not exist (`31.13`) is no date but a number."""
    return re.fullmatch(r"\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})|\d{4}-\d{1,2}-\d{1,2}", rest) is not None


def _is_weak(rest: str) -> bool:
    """`9/5` and a day of the week alone are often something else; `9.5` is mostly a day."""
    if _ONE_WORD.fullmatch(rest):
        return rest not in _TODAY_WORDS
    return _NUMERIC.fullmatch(rest) is not None and "/" in rest
