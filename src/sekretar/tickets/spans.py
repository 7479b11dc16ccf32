"""How long work is meant to take, as people write it: `2h 30m`, `1,5 ч`, `3d 4h`, `2 недели`; a bare number is hours.

Days and weeks are those of work: eight hours, and five days.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from sekretar.kernel.dates import minutes_in
from sekretar.kernel.errors import PersonError

_DAY: Final = timedelta(hours=8)
_WEEK: Final = 5 * _DAY

_NUMBER: Final = r"([0-9]{1,3}(?:[.,][0-9]{1,2})?)"
_WEEKS: Final = re.compile(rf"{_NUMBER} ?(?:w|wk|weeks?|н|нед\w*)(?![^\W\d_])\.?,? ?")
_DAYS: Final = re.compile(rf"{_NUMBER} ?(?:d|days?|д|дн\w*|день)(?![^\W\d_])\.?,? ?")
_BARE: Final = re.compile(rf"{_NUMBER}")


def parse_span(text: str) -> timedelta:
    """How long.

    Raises:
        PersonError: `tickets.span.unreadable`, this is no length of time, or none at all.
    """
    rest = re.sub(r"\s+", " ", text.casefold()).strip()
    bare = _BARE.fullmatch(rest)
    found = _times(bare[1], timedelta(hours=1)) if bare else _sum(rest)
    if not found:
        raise PersonError("tickets.span.unreadable")
    return found


def _sum(rest: str) -> timedelta:
    found = timedelta()
    for pattern, unit in ((_WEEKS, _WEEK), (_DAYS, _DAY)):
        if part := pattern.match(rest):
            found += _times(part[1], unit)
            rest = rest[part.end() :]
    if not rest:
        return found
    minutes = minutes_in(rest)
    return found + timedelta(minutes=minutes) if minutes else timedelta()


def _times(number: str, unit: timedelta) -> timedelta:
    return float(number.replace(",", ".")) * unit
