"""What somebody who looks for a common time asks for, read from their words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from sekretar.calendars.booking.draft import DEFAULT_MINUTES, parse_length
from sekretar.calendars.booking.words import LINKING, counted, tidied
from sekretar.calendars.views.periods import Kind, Period
from sekretar.calendars.views.reading import parse_period, understood
from sekretar.kernel.errors import PersonError

#: How far is looked when no days are named.
DAYS_AHEAD = 7

#: «1 час 30 минут» is a length of so many words.
_LONGEST_LENGTH = 4
_FOR = ("for", "на")


@dataclass(frozen=True)
class Wish:
    """What is looked for. The days are those of the asker, the last one included."""

    names: tuple[str, ...]
    minutes: int
    first: date
    last: date


def parse_wish(words: Sequence[str], today: date) -> Wish:
    """Names, a length and days, in any order: `@boris @vera 45m tomorrow`.

    Raises:
        PersonError: `calendars.find.nobody`, no name; or as `parse_period` for the days.
    """
    names = tuple(dict.fromkeys(each for each in words if "@" in each))
    if not names:
        raise PersonError("calendars.find.nobody")
    period, minutes = _read(_beside_names(words), today)
    if period is None:
        return Wish(names, minutes, today, today + timedelta(days=DAYS_AHEAD))
    if period.last < today:
        raise PersonError("calendars.find.past")
    return Wish(names, minutes, max(period.first, today), period.last)


def _beside_names(words: Sequence[str]) -> list[str]:
    """What is said besides the names, and besides the words that lead to one: `with @boris`."""
    following = [*words[1:], ""]
    kept = (
        word
        for word, after in zip(words, following, strict=True)
        if "@" not in word and not ("@" in after and tidied(word) in LINKING)
    )
    return [bare for each in kept if (bare := each.rstrip(",;"))]


def _read(words: list[str], today: date) -> tuple[Period | None, int]:
    """Days and a length. `5 марта` is a day rather than five minutes of March, `30 5 марта` half an hour on it.

    Raises:
        PersonError: as `parse_period` for what is left beside a length.
    """
    if not words:
        return None, DEFAULT_MINUTES
    whole = parse_period(" ".join(words), today) if understood(" ".join(words)) else None
    if whole is not None and whole.kind is not Kind.SPAN:
        return whole, DEFAULT_MINUTES
    lengths = list(_lengths_in(words))
    for minutes, rest in lengths:
        if not rest:
            return None, minutes
        if understood(" ".join(rest)):
            return parse_period(" ".join(rest), today), minutes
    if whole is not None:
        return whole, DEFAULT_MINUTES
    return parse_period(" ".join(lengths[0][1] if lengths else words), today), DEFAULT_MINUTES


def _lengths_in(words: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The lengths that some of the words may mean, each with the other words: of the most words, then the longest."""
    for size in range(_LONGEST_LENGTH, 0, -1):
        found: list[tuple[int, list[str]]] = []
        for begin in range(len(words) - size + 1):
            before, said = words[:begin], " ".join(words[begin : begin + size])
            if before and before[-1].casefold() in _FOR:
                before = before[:-1]
            with suppress(PersonError):
                found.append((parse_length(counted(said)), before + words[begin + size :]))
        yield from sorted(found, key=lambda each: -each[0])
