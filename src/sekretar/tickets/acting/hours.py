"""Work as people write it down: `1:30`, `1.5`, `90m`, `полтора часа`."""

from __future__ import annotations

import re
from datetime import timedelta

from sekretar.kernel.dates import minutes_in
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate

#: More in one entry is a slip of the finger.
LONGEST = timedelta(hours=24)

_QUOTED = 40
_BARE = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,2})?")


def parse_hours(text: str) -> timedelta:
    """How long; a bare number counts hours, because trackers do.

    Raises:
        PersonError: it cannot be read, or is more than a day.
    """
    bare = _BARE.fullmatch(text.strip())
    minutes = round(float(bare[0].replace(",", ".")) * 60) if bare else minutes_in(text)
    if not minutes:
        raise PersonError("tickets.acting.bad_hours", given=truncate(text, _QUOTED))
    spent = timedelta(minutes=minutes)
    if spent > LONGEST:
        raise PersonError("tickets.acting.long_hours")
    return spent
