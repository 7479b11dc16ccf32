"""What has to be done so that an incident and its ticket show the same, as pure functions.

Four things are known of a field: what the incident wants it to show, what the ticket shows, what it showed when it
was read last, and what was written last. A ticket that shows something new was changed there, unless it is what we
were about to write; a wish that differs from what was written is a change here. What the tracker made of our value
(it may round, cut or ignore it) is not written again until one of the two changes: every write counts against the
ticket's limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sekretar.dispatch.mirror.values import LOOSE, TWO_WAY, Values


def changed_there(theirs: Values, seen: Values, tried: Values) -> dict[str, tuple[str, ...]]:
    """What somebody has changed in the tracker."""
    return {
        name: value
        for name, value in theirs.items()
        if name in TWO_WAY and value != seen.get(name, ()) and value != tried.get(name)
    }


def stood(changes: Iterable[tuple[str, str]], tried: Values, wrote: Values) -> dict[str, tuple[str, ...]]:
    """What of ours was in the ticket when somebody changed it, although we never saw it there.

    An answer was lost, or theirs was there already when the ticket was read back. What they made of it would
    otherwise look like what the tracker made of it, or like a write that never arrived.

    Args:
        changes: Our names of the fields that they changed, each with what it had before.
        tried: What a write under way is to show.
        wrote: What was written last.
    """
    found = {}
    for name, before in changes:
        ours = next((known[name] for known in (tried, wrote) if name in known), None)
        if ours is not None and ", ".join(ours) == before:
            found[name] = ours
    return found


def adopted(shown: Values, given: Values, usual: Values) -> dict[str, tuple[str, ...]]:
    """What a ticket showed at first whose creation was not answered, so that everything else is somebody's change.

    Args:
        shown: What it shows now.
        given: What it was made with; it may have been made without, where the tracker refused that.
        usual: What the tracker fills in by itself.
    """
    return {name: (given.get(name) or usual.get(name, ())) if value else () for name, value in shown.items()}


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
