"""What has to be done so that an incident and its ticket show the same, as pure functions.

Four things are known of a field: what the incident wants it to show, what the ticket shows, what it showed when it
was read last, and what was written last. A ticket that shows something new was changed there, unless it is what we
were about to write; a wish that differs from what was written is a change here. What the tracker made of our value
(it may round, cut or ignore it) is not written again until one of the two changes: every write counts against the
ticket's limit.
"""

from __future__ import annotations

from collections.abc import Mapping

from sekretar.dispatch.mirror.values import LOOSE, TWO_WAY, Values


def changed_there(theirs: Values, seen: Values, tried: Values) -> dict[str, tuple[str, ...]]:
    """What somebody has changed in the tracker."""
    return {
        name: value
        for name, value in theirs.items()
        if name in TWO_WAY and value != seen.get(name, ()) and value != tried.get(name)
    }


def to_write(wanted: Values, theirs: Values, seen: Values, wrote: Values) -> dict[str, tuple[str, ...]]:
    """What has to be written into the ticket."""
    return {name: value for name, value in wanted.items() if _differs(name, value, theirs, seen, wrote)}


def _differs(name: str, value: tuple[str, ...], theirs: Values, seen: Values, wrote: Values) -> bool:
    there = theirs.get(name, ())
    if value == there:
        return False
    if wrote.get(name) != value:
        return True
    return name not in LOOSE and there != seen.get(name, ())


def as_values(stored: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """From the database."""
    return {name: tuple(value) for name, value in stored.items()}


def as_stored(values: Values) -> dict[str, list[str]]:
    """For the database."""
    return {name: list(value) for name, value in values.items()}
