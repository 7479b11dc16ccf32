"""Words of a line that look as if they said when, and say nothing: better asked about than taken for a title.

`Demo tomorow 15:00` would otherwise be a meeting called *Demo tomorow*, today.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from sekretar.calendars.booking.draft import LONGEST_MINUTES
from sekretar.kernel.dates import DAY_WORDS, minutes_in, parse_date, parse_time
from sekretar.kernel.errors import PersonError

#: `25:00`, `31.02`, `2026-13-01`; one point alone may be a version.
_SHAPES = re.compile(
    r"[0-9]{1,2}:[0-9]{1,2}|[0-9]{2}[./][0-9]{2}(?:[./][0-9]{2,4})?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
)
#: `48h`, `0м`: a length that no meeting has.
_LENGTH = re.compile(r"[0-9]+(?:h|m|min|ч|м|мин)")

#: Of shorter words too many are alike (*среди* is no *среды*).
_SHORTEST = 6
#: One letter of six is wrong.
_LIKENESS = 0.83


def doubtful(words: Iterable[str], *, dated: bool) -> str | None:
    """The first word that must be asked about.

    Args:
        words: those that nothing was made of. Several in one piece were quoted, and are left alone.
        dated: whether the line says a day anyway.
    """
    for word in words:
        bare = word.strip("()«».,;!?").casefold().replace("ё", "е")
        if " " not in word and (_impossible(bare) or (not dated and _misspelt(bare))):
            return word
    return None


def _impossible(word: str) -> bool:
    """It has the shape of a time, a date or a length, and there is none such."""
    if _LENGTH.fullmatch(word):
        minutes = minutes_in(word)
        return minutes is None or minutes > LONGEST_MINUTES
    if not _SHAPES.fullmatch(word):
        return False
    for read in (parse_time, parse_date):
        try:
            read(word)
        except PersonError as error:
            if error.key == "kernel.form.date" and ":" not in word:
                # Without a year a date is read by those who know the day.
                return not _without_year(word)
        else:
            return False
    return True


def _without_year(word: str) -> bool:
    try:
        parse_date(f"{word}.2024")
    except PersonError:
        return False
    return True


def _misspelt(word: str) -> bool:
    """It is nearly the name of a day, but not one that grows out of it: «завтрак» is meant so."""
    if len(word) < _SHORTEST or not word.isalpha() or word in DAY_WORDS:
        return False
    near = difflib.get_close_matches(word, DAY_WORDS, n=1, cutoff=_LIKENESS)
    return bool(near) and len(near[0]) >= _SHORTEST - 1 and not word.startswith(near[0])
