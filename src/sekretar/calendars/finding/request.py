"""What somebody who looks for a common time asks for, read from their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sekretar.calendars.booking.draft import DEFAULT_MINUTES, parse_length
from sekretar.calendars.views.periods import parse_period
from sekretar.kernel.errors import PersonError

#: How far is looked when no days are named.
DAYS_AHEAD = 7

#: «1 час 30 минут» is a length of so many words.
_LONGEST_LENGTH = 4


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
    minutes, rest = _length_in([each for each in words if "@" not in each])
    if not rest:
        return Wish(names, minutes, today, today + timedelta(days=DAYS_AHEAD))
    period = parse_period(" ".join(rest), today)
    if period.last < today:
        raise PersonError("calendars.find.past")
    return Wish(names, minutes, max(period.first, today), period.last)


def _length_in(words: list[str]) -> tuple[int, list[str]]:
    """The length that some of the words mean, and the other words."""
    for size in range(_LONGEST_LENGTH, 0, -1):
        for begin in range(len(words) - size + 1):
            try:
                minutes = parse_length(" ".join(words[begin : begin + size]))
            except PersonError:
                continue
            return minutes, words[:begin] + words[begin + size :]
    return DEFAULT_MINUTES, words
