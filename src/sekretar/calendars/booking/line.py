"""A meeting in one line: `Demo tomorrow 15:00 45m @boris room 3`.

Day, time, length and names are known by their looks and may stand in any order. What stands before the first of them
is the title, what is left behind it the place. Words in quotes are never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.booking.doubts import doubtful
from sekretar.calendars.booking.draft import (
    DEFAULT_MINUTES,
    PLACE_LIMIT,
    TITLE_LIMIT,
    Draft,
    moment_of,
    on_its_days,
)
from sekretar.calendars.booking.words import (
    LINKING,
    is_weekday,
    minutes_between,
    read_day,
    read_end,
    read_length,
    read_repeat,
    read_soon,
    read_span,
    read_time,
    tidied,
)
from sekretar.calendars.editing import Repeat
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate

#: «from 3 pm to 4 pm» is a span of so many words.
_LONGEST = 6

#: How much of a word is said back.
_QUOTED = 40

#: `Release 2.5` is no day in May; `02.05` is.
_VERSION = re.compile(r"[0-9]+\.[0-9]")


@dataclass(frozen=True)
class Line:
    """What the words mean. None where they say nothing."""

    title: str
    names: tuple[str, ...] = ()
    day: date | None = None
    at: time | None = None
    minutes: int | None = None
    place: str = ""
    #: A moment counted from now, instead of a day and a time.
    start: datetime | None = None
    repeat: Repeat | None = None
    #: As the calendar is called.
    calendar: str = ""


@dataclass(frozen=True)
class _Piece:
    """Some words with a meaning, counted from the first."""

    begin: int
    end: int
    line: Line


def parse_line(words: Sequence[str], local: datetime, calendars: Sequence[str] = ()) -> Line:
    """Read the words of a command.

    Args:
        words: quoted ones in one piece.
        local: the present, where the person is.
        calendars: names that may be said after `#`.

    Raises:
        PersonError: `calendars.booking.no_title`, `…no_time`: that much has to be said; `…not_understood`: a word
            looks like a day or a time and is none.
    """
    words = [each for each in words if each]
    pieces = _with_one_day(_Reader(words, local, calendars).pieces())
    found = Line("")
    for each in pieces:
        found = _joined(found, each.line)
    begin = pieces[0].begin if pieces else len(words)
    taken = {place for each in pieces for place in range(each.begin, each.end)}
    left = [word for place, word in enumerate(words) if place not in taken]
    doubt = doubtful(left, dated=found.day is not None or found.start is not None or found.repeat is not None)
    if doubt is not None:
        raise PersonError("calendars.booking.not_understood", word=truncate(doubt, _QUOTED))
    title = " ".join(words[:begin])
    rest = " ".join(word for place, word in enumerate(words) if place >= begin and place not in taken)
    if not title:
        # «завтра 15:00 Демо»: there the title comes last.
        title, rest = rest, ""
    if not title:
        raise PersonError("calendars.booking.no_title")
    if found.at is None and found.start is None:
        if number := next((word for word in left if word.isdecimal() and len(word) <= 4), ""):
            raise PersonError("calendars.booking.bare_number", word=number)
        raise PersonError("calendars.booking.no_time")
    return replace(found, title=truncate(title, TITLE_LIMIT), place=truncate(rest, PLACE_LIMIT))


def glean(words: Sequence[str], local: datetime) -> Line:
    """What running text says of a meeting: nothing has to be said, and the title is what says nothing else.

    Args:
        words: as they stand in the text, with the marks that end sentences.
        local: when it was written, where the reader is.
    """
    bare = [each.rstrip(".,:;!?…)") for each in words]
    pieces = _with_one_day(_Reader(bare, local, ()).pieces())
    found = Line("")
    for each in pieces:
        found = _joined(found, each.line)
    taken = {place for each in pieces for place in range(each.begin, each.end)}
    return replace(found, title=" ".join(word for place, word in enumerate(words) if place not in taken))


def draft_of_line(line: Line, calendar_id: int, zone: ZoneInfo, local: datetime) -> Draft:
    """The draft that a line means. Without a day it is the next time that this hour comes.

    Args:
        line: it has a time.
        calendar_id: where the meeting is to be made.
        zone: of the person.
        local: the present, where the person is.

    Raises:
        PersonError: `calendars.booking.no_time`; `calendars.period.too_far`.
    """
    start = line.start
    if start is None:
        if line.at is None:
            raise PersonError("calendars.booking.no_time")
        day = line.day or local.date() + timedelta(days=1 if line.at <= local.time() else 0)
        start = moment_of(day, line.at, zone)
    minutes = line.minutes or DEFAULT_MINUTES
    draft = Draft(line.title, start, minutes, calendar_id, place=line.place, repeat=line.repeat)
    return on_its_days(draft, zone)


def _with_one_day(pieces: list[_Piece]) -> list[_Piece]:
    """Of several days the one beside the time is meant; «план на пятницу» belongs to the title."""
    time_at = next((each.begin for each in pieces if each.line.at is not None), 0)
    days = [each for each in pieces if each.line.day is not None]
    meant = min(days, key=lambda each: abs(each.begin - time_at), default=None)
    return [each for each in pieces if each.line.day is None or each is meant]


class _Reader:
    """Finds what is understood, the longest reading first; of times and lengths the first ones."""

    def __init__(self, words: Sequence[str], local: datetime, calendars: Sequence[str]) -> None:
        self._words = words
        self._local = local
        self._calendars = {tidied(name): name for name in calendars if name}
        self._seen = Line("")

    def pieces(self) -> list[_Piece]:
        """In the order of the words."""
        found: list[_Piece] = []
        place = 0
        while place < len(self._words):
            piece = self._piece(place)
            if piece is None:
                place += 1
                continue
            found.append(self._with_link(piece, found[-1] if found else None))
            self._seen = _joined(self._seen, piece.line)
            place = piece.end
        return self._with_weekdays(found)

    def _with_link(self, piece: _Piece, last: _Piece | None) -> _Piece:
        """With the word that leads to a name: `with @boris`, `с @boris и @vera`."""
        begin, free = piece.begin - 1, last.end if last else 0
        if piece.line.names and begin >= free and tidied(self._words[begin]) in LINKING:
            return replace(piece, begin=begin)
        return piece

    def _with_weekdays(self, pieces: list[_Piece]) -> list[_Piece]:
        """A day of the week beside the day that it is belongs to it: `чт 12.03`, `12 March (Thu)`."""
        found: list[_Piece] = []
        for piece in pieces:
            last = found[-1] if found else None
            if last is None or not self._say_the_same(last, piece):
                found.append(piece)
                continue
            line = piece.line if self._is_weekday(last) else last.line
            found[-1] = _Piece(last.begin, piece.end, line)
        return found

    def _say_the_same(self, one: _Piece, other: _Piece) -> bool:
        first, second = one.line.day, other.line.day
        if one.end != other.begin or first is None or second is None or first.weekday() != second.weekday():
            return False
        return self._is_weekday(one) or self._is_weekday(other)

    def _is_weekday(self, piece: _Piece) -> bool:
        return is_weekday(_plain(self._words[piece.begin : piece.end]))

    def _piece(self, place: int) -> _Piece | None:
        word = self._words[place]
        if word.startswith("#"):
            return self._calendar(place)
        if " " in word:
            return None
        if "@" in word:
            return _Piece(place, place + 1, Line("", (word,)))
        for size in range(min(_LONGEST, len(self._words) - place), 0, -1):
            some = self._words[place : place + size]
            # What was quoted is never looked into.
            line = None if any(" " in each for each in some) else self._read(_plain(some))
            if line is not None:
                return _Piece(place, place + size, line)
        return None

    def _calendar(self, place: int) -> _Piece | None:
        """`#Work`, `#Team calendar`; any other word of this kind is a word (`Fix #42`)."""
        for size in range(min(_LONGEST, len(self._words) - place), 0, -1):
            name = tidied(" ".join(self._words[place : place + size]).removeprefix("#"))
            if name in self._calendars and not self._seen.calendar:
                return _Piece(place, place + size, Line("", calendar=self._calendars[name]))
        return None

    def _read(self, text: str) -> Line | None:
        """A time, a span of time, how often, a day or a length."""
        seen = self._seen
        weakly = seen != Line("")
        if seen.at is None and seen.start is None and (line := self._beginning(text)) is not None:
            return line
        if seen.repeat is None and (found := read_repeat(text, weakly=weakly)) is not None:
            repeat, weekday = found
            return Line("", repeat=repeat, day=read_day(weekday, self._local.date()) if weekday else None)
        if seen.start is None and not _VERSION.fullmatch(text):
            day = read_day(text, self._local.date())
            if day is not None:
                return Line("", day=day)
        if seen.minutes is None and (minutes := self._length(text, weakly=weakly)) is not None:
            return Line("", minutes=minutes)
        return None

    def _beginning(self, text: str) -> Line | None:
        soon = read_soon(text, self._local)
        if soon is not None and self._seen.day is None:
            return Line("", start=soon)
        span = read_span(text)
        if span is not None:
            return Line("", at=span[0], minutes=span[1])
        at = read_time(text, weakly=self._seen != Line(""))
        return Line("", at=at) if at is not None else None

    def _length(self, text: str, *, weakly: bool) -> int | None:
        """A length; of a clock time that comes after the beginning, until then: `15:00 16:30`, `15:00 до 16:30`."""
        end = read_time(text) if ":" in text else None
        begin, said = self._seen.at, read_end(text)
        if begin is not None and said is not None and said != begin:
            return minutes_between(begin, said)
        if begin is not None and end is not None and end > begin:
            return minutes_between(begin, end)
        return read_length(text, weakly=weakly) if end != begin or end is None else None


def _plain(words: Sequence[str]) -> str:
    """Without the comma after the words, and the parentheses around them."""
    text = " ".join(words).rstrip(",;")
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def _joined(one: Line, other: Line) -> Line:
    return Line(
        "",
        one.names + other.names,
        one.day or other.day,
        one.at if one.at is not None else other.at,
        one.minutes or other.minutes,
        start=one.start or other.start,
        repeat=one.repeat or other.repeat,
        calendar=one.calendar or other.calendar,
    )
