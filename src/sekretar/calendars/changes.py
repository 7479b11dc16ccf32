"""What a person would call a change of a meeting, told from two looks at one calendar object.

The server rewrites objects for its own reasons; people care about when, where, what and whether. Two looks are
compared occurrence by occurrence on what is visible, only as far as both looks reach and only for what is still
ahead. The result is at most one change an object, because it becomes one message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    #: One time of a series.
    OCCURRENCE = "occurrence"
    #: Some times of a series, but not all.
    SEVERAL = "several"
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

    @property
    def matters_until(self) -> datetime | None:
        """From when on it is too late to tell; None while more than one time of a series is concerned."""
        if self.extent in (Extent.SERIES, Extent.SEVERAL):
            return None
        return max(each.end for each in (self.before, self.after) if each)


def between(before: Iterable[Seen], after: Iterable[Seen], now: datetime, until: datetime) -> Change | None:
    """What changed between two looks at one object, or None when a person would see no difference.

    Args:
        before: its occurrences at the earlier look; none when the object is new.
        after: its occurrences now; none when the object is gone.
        now: what is over by now does not matter.
        until: how far both looks reach.
    """
    past = {each.recurrence_id: each for each in _alive(before, until) if each.end > now}
    # One that was ahead and was moved to a time that is over is still a move.
    alive = [each for each in _alive(after, until) if each.end > now or each.recurrence_id in past]
    present = _aligned(past, {each.recurrence_id: each for each in alive})
    if not past and not present:
        return None
    if not past:
        return Change(Kind.ADDED, _extent(present), after=_first(present))
    if not present:
        return Change(Kind.CANCELLED, _extent(past), before=_first(past))
    if len(past) == len(present) == 1:
        return _compare(_first(past), _first(present), Extent.SINGLE)
    return _compare_series(past, present)


def _alive(seen: Iterable[Seen], until: datetime) -> list[Seen]:
    alive = [each for each in seen if not each.cancelled and each.start < until]
    return sorted(alive, key=lambda each: each.start)


def _aligned(past: dict[str, Seen], present: dict[str, Seen]) -> dict[str, Seen]:
    """The present under the names of the past: a meeting that begins or ceases to repeat is named anew."""
    if ("" in past) == ("" in present):
        return present
    names = {(each.start, each.end): name for name, each in past.items()}
    return {names.get((each.start, each.end), name): each for name, each in present.items()}


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
    kept = [key for key in past if key in present]
    gone = [each for key, each in past.items() if key not in present]
    new = [each for key, each in present.items() if key not in past]
    if gone and new:
        # The identity of an occurrence is its original time: a series that was moved has all new ones.
        return _compare(gone[0], new[0], _part(len(gone), len(past)))
    if gone:
        return Change(Kind.CANCELLED, _part(len(gone), len(past)), before=gone[0])
    if new:
        return Change(Kind.ADDED, _part(len(new), len(present)), after=new[0])
    differing = (key for key in kept if past[key].fingerprint != present[key].fingerprint)
    found = [change for key in differing if (change := _compare(past[key], present[key], Extent.SERIES))]
    return replace(found[0], extent=_part(len(found), len(kept))) if found else None


def _part(count: int, whole: int) -> Extent:
    """How much of a series so many of its times are."""
    if count == whole:
        return Extent.SERIES
    return Extent.OCCURRENCE if count == 1 else Extent.SEVERAL
