"""What a person would call a change of a meeting, told from two looks at one calendar object.

The server rewrites objects for its own reasons; people care about when, where, what and whether. Two looks are
compared occurrence by occurrence on what is visible, only as far as both looks reach and only for what is still
ahead. A single meeting has at most one change, because it becomes one message. In a series one time may have been
called off and all others renamed: there each kind is a change of its own, and what is said of several times is true
of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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


#: One time of a series is moved by less than this, as a rule.
_NEAR = timedelta(days=7)


@dataclass(frozen=True)
class Change:
    """A change worth telling. `before` or `after` is the occurrence that stands for it."""

    kind: Kind
    extent: Extent
    before: Seen | None = None
    after: Seen | None = None
    #: The visible fields that differ alike in all it happened to.
    alike: tuple[str, ...] = VISIBLE_FIELDS
    #: An invitation was taken out of the calendar: called off by others, or declined elsewhere. Nobody says which.
    vanished: bool = False

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
        return tuple(name for name in _differing(self.before, self.after) if name in self.alike)

    @property
    def matters_until(self) -> datetime | None:
        """From when on it is too late to tell; None while more than one time of a series is concerned."""
        if self.extent in (Extent.SERIES, Extent.SEVERAL):
            return None
        return max(each.end for each in (self.before, self.after) if each)


def between(
    before: Iterable[Seen], after: Iterable[Seen], now: datetime, until: datetime
) -> tuple[Change, ...]:
    """What changed between two looks at one object; nothing when a person would see no difference.

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
        return ()
    if not past:
        return (Change(Kind.ADDED, _extent(present), after=_first(present)),)
    if not present:
        return (Change(Kind.CANCELLED, _extent(past), before=_first(past)),)
    if len(past) == len(present) == 1:
        return _compare(_first(past), _first(present))
    return tuple(_compare_series(past, present))


def _alive(seen: Iterable[Seen], until: datetime) -> list[Seen]:
    alive = [each for each in seen if not each.cancelled and each.start < until]
    return sorted(alive, key=lambda each: each.start)


def _aligned(past: dict[str, Seen], present: dict[str, Seen]) -> dict[str, Seen]:
    """The present under the names of the past: what stands at the same time under another name is the same.

    A meeting that begins or ceases to repeat is named anew, and so is a series that moves to where one time of it
    already was.
    """
    free = {_times(each): name for name, each in past.items() if name not in present}
    return {name if name in past else free.get(_times(each), name): each for name, each in present.items()}


def _times(seen: Seen) -> tuple[datetime, datetime, bool]:
    return (seen.start, seen.end, seen.all_day)


def _differing(before: Seen, after: Seen) -> tuple[str, ...]:
    return tuple(name for name in VISIBLE_FIELDS if _words(before, name) != _words(after, name))


def _words(seen: Seen, name: str) -> list[str]:
    """What is read of a field: servers write spaces and empty lines as they like."""
    return str(getattr(seen, name)).split()


def _first(seen: dict[str, Seen]) -> Seen:
    return next(iter(seen.values()))


def _extent(seen: dict[str, Seen]) -> Extent:
    return Extent.SINGLE if len(seen) == 1 else Extent.SERIES


def _compare(before: Seen, after: Seen) -> tuple[Change, ...]:
    if _times(before) != _times(after):
        return (Change(Kind.MOVED, Extent.SINGLE, before, after),)
    return (Change(Kind.EDITED, Extent.SINGLE, before, after),) if _differing(before, after) else ()


def _compare_series(past: dict[str, Seen], present: dict[str, Seen]) -> Iterator[Change]:
    kept = [(each, present[name]) for name, each in past.items() if name in present]
    gone = [each for name, each in past.items() if name not in present]
    new = [each for name, each in present.items() if name not in past]
    moved = [(one, other) for one, other in kept if _times(one) != _times(other)]
    edited = [(one, other) for one, other in kept if _differing(one, other)]
    replaced = _replaces(new, gone, kept)
    if replaced:
        # The identity of an occurrence is its original time: a series that was moved has all new ones.
        moved = sorted([*moved, *zip(gone, new, strict=False)], key=lambda pair: pair[0].start)
        yield _change(Kind.MOVED, _part(max(len(moved), len(gone)), len(past)), moved)
    elif moved:
        yield _change(Kind.MOVED, _part(len(moved), len(past)), moved)
    if gone and not replaced:
        yield Change(Kind.CANCELLED, _part(len(gone), len(past)), before=gone[0])
    if new and not replaced:
        yield Change(Kind.ADDED, _part(len(new), len(present)), after=new[0])
    # What a move tells beside the new time need not be told again, unless it is true of others too.
    if any(pair not in moved for pair in edited):
        shown = sorted(edited, key=lambda pair: pair in moved)
        yield _change(Kind.EDITED, _part(len(edited), len(kept)), shown)


def _replaces(new: Sequence[Seen], gone: Sequence[Seen], kept: Sequence[object]) -> bool:
    """Whether the new times stand for those that are gone. Where others stay what they are, they are near: a series
    of another rhythm has times at its end for those that it leaves out.
    """
    if not gone or not new:
        return False
    return not kept or all(
        abs(one.start - other.start) < _NEAR for one, other in zip(gone, new, strict=False)
    )


def _change(kind: Kind, extent: Extent, pairs: Sequence[tuple[Seen, Seen]]) -> Change:
    """The first of them stands for all, with those differences that are the same in all."""
    before, after = pairs[0]
    alike = tuple(
        name
        for name in VISIBLE_FIELDS
        if all(name in _differing(*pair) and getattr(pair[1], name) == getattr(after, name) for pair in pairs)
    )
    return Change(kind, extent, before, after, alike)


def _part(count: int, whole: int) -> Extent:
    """How much of a series so many of its times are."""
    if count == whole:
        return Extent.SERIES
    return Extent.OCCURRENCE if count == 1 else Extent.SEVERAL
