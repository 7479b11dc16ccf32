"""A meeting in one line: `Demo tomorrow 15:00 45m @boris room 3`.

Day, time, length and names are known by their looks and may stand in any order. What stands before the first of them
is the title, what is left behind it the place. Words in quotes are never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sekretar.calendars.booking import (
    DEFAULT_MINUTES,
    PLACE_LIMIT,
    TITLE_LIMIT,
    Draft,
    moment_of,
    parse_length,
)
from sekretar.kernel.dates import parse_date, parse_time
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate

T = TypeVar("T")

#: «1 час 30 минут» is a length of so many words.
_LONGEST = 4
_RANGE_DASHES = "-–—"

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


@dataclass(frozen=True)
class _Piece:
    """Some words with a meaning, counted from the first."""

    begin: int
    end: int
    line: Line


def parse_line(words: Sequence[str], today: date) -> Line:
    """Read the words of a command.

    Raises:
        PersonError: `calendars.booking.no_title`, `…no_time`: that much has to be said.
    """
    words = [each for each in words if each]
    pieces = _with_one_day(_pieces(words, today))
    found = Line("")
    for each in pieces:
        found = _joined(found, each.line)
    begin = pieces[0].begin if pieces else len(words)
    taken = {place for each in pieces for place in range(each.begin, each.end)}
    title = " ".join(words[:begin])
    rest = " ".join(word for place, word in enumerate(words) if place >= begin and place not in taken)
    if not title:
        # «завтра 15:00 Демо»: there the title comes last.
        title, rest = rest, ""
    if not title:
        raise PersonError("calendars.booking.no_title")
    if found.at is None:
        raise PersonError("calendars.booking.no_time")
    return replace(found, title=truncate(title, TITLE_LIMIT), place=truncate(rest, PLACE_LIMIT))


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
    if line.at is None:
        raise PersonError("calendars.booking.no_time")
    day = line.day or local.date() + timedelta(days=1 if line.at <= local.time() else 0)
    start = moment_of(day, line.at, zone)
    return Draft(line.title, start, line.minutes or DEFAULT_MINUTES, calendar_id, place=line.place)


def _with_one_day(pieces: list[_Piece]) -> list[_Piece]:
    """Of several days the one beside the time is meant; «план на пятницу» belongs to the title."""
    time_at = next((each.begin for each in pieces if each.line.at is not None), 0)
    days = [each for each in pieces if each.line.day is not None]
    meant = min(days, key=lambda each: abs(each.begin - time_at), default=None)
    return [each for each in pieces if each.line.day is None or each is meant]


def _pieces(words: Sequence[str], today: date) -> list[_Piece]:
    """What is understood, the longest reading first; of times and lengths the first ones."""
    found: list[_Piece] = []
    seen = Line("")
    place = 0
    while place < len(words):
        piece = _piece(words, place, today, seen)
        if piece is None:
            place += 1
            continue
        found.append(piece)
        seen = _joined(seen, piece.line)
        place = piece.end
    return found


def _piece(words: Sequence[str], place: int, today: date, seen: Line) -> _Piece | None:
    if " " in words[place]:
        return None
    if "@" in words[place]:
        return _Piece(place, place + 1, Line("", (words[place],)))
    for size in range(min(_LONGEST, len(words) - place), 0, -1):
        line = _read(" ".join(words[place : place + size]), today, seen)
        if line is not None:
            return _Piece(place, place + size, line)
    return None


def _read(text: str, today: date, seen: Line) -> Line | None:
    """A day, a time, a span of time or a length."""
    if seen.at is None and (line := _times(text)) is not None:
        return line
    if not _VERSION.fullmatch(text) and (day := _tried(parse_date, text, today)) is not None:
        return Line("", day=day)
    # A bare number is a room or a version sooner than a length.
    if seen.minutes is None and not text.isdigit() and (minutes := _tried(parse_length, text)) is not None:
        return Line("", minutes=minutes)
    return None


def _times(text: str) -> Line | None:
    """`15:00`, `в 15`, `at 3 pm`, `15:00-15:45`. A bare number is no time."""
    for dash in _RANGE_DASHES:
        first, _, last = text.partition(dash)
        begin, end = (_tried(parse_time, each) if ":" in each else None for each in (first, last))
        if begin is not None and end is not None and begin < end:
            minutes = (end.hour - begin.hour) * 60 + end.minute - begin.minute
            return Line("", at=begin, minutes=minutes)
    said = text.casefold().split()
    marked = ":" in text or said[0] in ("в", "во", "at") or said[-1].strip(".").endswith(("am", "pm"))
    at = _tried(parse_time, text) if marked else None
    return Line("", at=at) if at is not None else None


def _joined(one: Line, other: Line) -> Line:
    return Line(
        "",
        one.names + other.names,
        one.day or other.day,
        one.at if one.at is not None else other.at,
        one.minutes or other.minutes,
    )


def _tried(read: Callable[..., T], *given: object) -> T | None:
    try:
        return read(*given)
    except PersonError:
        return None
