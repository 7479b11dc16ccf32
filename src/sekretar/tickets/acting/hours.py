"""Logged work as people write it down: `1:30`, `1.5`, `90m`, `полтора часа`."""

from __future__ import annotations

from datetime import timedelta

from sekretar.kernel.errors import PersonError
from sekretar.tickets.spans import parse_span

#: More in one entry is a slip of the finger.
LONGEST = timedelta(hours=24)


def parse_hours(text: str) -> timedelta:
    """How long; a bare number counts hours, because trackers do.

    Raises:
        PersonError: it cannot be read, or is more than a day.
    """
    spent = parse_span(text)
    if spent > LONGEST:
        raise PersonError("tickets.acting.long_hours")
    return spent
