"""What a person would call a change of a meeting, told from two looks at one calendar object.

The server rewrites objects for its own reasons; people care about when, where, what and whether. Two looks are
compared occurrence by occurrence on what is visible, only as far as both looks reach and only for what is still
ahead. The result is at most one change an object, because it becomes one message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What happened to a meeting."""

    ADDED = "added"
    MOVED = "moved"
    EDITED = "edited"
    CANCELLED = "cancelled"


class Extent(StrEnum):
    """How much of a meeting it happened to."""

    #: A meeting that does not repeat.
    SINGLE = "single"
    #: One time of a series, or a few.
    OCCURRENCE = "occurrence"
    #: The whole series.
    SERIES = "series"


@dataclass(frozen=True)
class Seen:
    """One occurrence as a person sees it."""

    recurrence_id: str
    start: datetime
    end: datetime
    all_day: bool
    title: str
    place: str
    description: str
    join_url: str
    cancelled: bool
    fingerprint: str


#: Fields of `Seen` whose change is worth a word, in the order in which they are told.
VISIBLE_FIELDS = ("title", "place", "join_url", "description")


@dataclass(frozen=True)
class Change:
    """A change worth telling. `before` or `after` is the occurrence that stands for it."""

    kind: Kind
    extent: Extent
    before: Seen | None = None
    after: Seen | None = None

    @property
    def occurrence(self) -> Seen:
        """The occurrence to show."""
        shown = self.after or self.before
        assert shown is not None
        return shown

    @property
    def fields(self) -> tuple[str, ...]:
        """Which visible fields differ, besides the time."""
        if self.before is None or self.after is None:
            return ()
        before, after = self.before, self.after
        return tuple(name for name in VISIBLE_FIELDS if getattr(before, name) != getattr(after, name))


def between(before: Iterable[Seen], after: Iterable[Seen], now: datetime, until: datetime) -> Change | None:
    """What changed between two looks at one object, or None when a person would see no difference.

    Args:
        before: its occurrences at the earlier look; none when the object is new.
        after: its occurrences now; none when the object is gone.
        now: what is over by now does not matter.
        until: how far both looks reach.
    """
    past, present = _ahead(before, now, until), _ahead(after, now, until)
    if not past and not present:
        return None
    if not past:
        return Change(Kind.ADDED, _extent(present), after=_first(present))
    if not present:
        return Change(Kind.CANCELLED, _extent(past), before=_first(past))
    if len(past) == len(present) == 1:
        return _compare(_first(past), _first(present), Extent.SINGLE)
    return _compare_series(past, present)


def _ahead(seen: Iterable[Seen], now: datetime, until: datetime) -> dict[str, Seen]:
    alive = [each for each in seen if not each.cancelled and each.end > now and each.start < until]
    return {each.recurrence_id: each for each in sorted(alive, key=lambda each: each.start)}


def _first(seen: dict[str, Seen]) -> Seen:
    return next(iter(seen.values()))


def _extent(seen: dict[str, Seen]) -> Extent:
    return Extent.SINGLE if len(seen) == 1 else Extent.SERIES


def _compare(before: Seen, after: Seen, extent: Extent) -> Change | None:
    if (before.start, before.end, before.all_day) != (after.start, after.end, after.all_day):
        return Change(Kind.MOVED, extent, before, after)
    change = Change(Kind.EDITED, extent, before, after)
    return change if change.fields else None


def _compare_series(past: dict[str, Seen], present: dict[str, Seen]) -> Change | None:
    kept = past.keys() & present.keys()
    gone = [each for key, each in past.items() if key not in kept]
    new = [each for key, each in present.items() if key not in kept]
    differing = [key for key in past if key in kept and past[key].fingerprint != present[key].fingerprint]
    if gone and new:
        # The identity of an occurrence is its original time: a series that was moved has all new ones.
        return _compare(gone[0], new[0], Extent.SERIES)
    if gone:
        return Change(Kind.CANCELLED, Extent.OCCURRENCE, before=gone[0])
    if new:
        return Change(Kind.ADDED, Extent.OCCURRENCE, after=new[0])
    extent = Extent.SERIES if len(differing) == len(kept) else Extent.OCCURRENCE
    changes = (_compare(past[key], present[key], extent) for key in differing)
    return next((change for change in changes if change), None)
