"""A time zone in iCalendar's own words, for servers that do not know its name.

Some servers refuse a TZID without the VTIMEZONE beside it. Yearly changes of the clock become rules, so that the
definition stays short and holds without end; irregular ones are listed for some years. (icalendar could
write definitions too, but gives the beginning of summer time in the new clock instead of the old one, which
moves it by an hour; RFC 5545 §3.6.5.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

#: Years from the first event on for which changes are looked up.
_YEARS = 12

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class _Change:
    """The clock is set from one offset to another."""

    #: By the clock before the change.
    local: datetime
    before: timedelta
    after: timedelta
    name: str
    summer: bool

    @property
    def kind(self) -> tuple[timedelta, timedelta, str, bool]:
        return self.before, self.after, self.name, self.summer


@lru_cache(maxsize=256)
def vtimezone(zone: ZoneInfo, year: int) -> tuple[str, ...]:
    """The lines of a VTIMEZONE that is right from the year on.

    For some years at least, and without end where the changes are regular.
    """
    first = datetime(min(max(year, 1970), 9900) - 1, 1, 1, tzinfo=UTC)
    there = first.astimezone(zone)
    offset = there.utcoffset() or timedelta()
    begin = _Change(there.replace(tzinfo=None), offset, offset, there.tzname() or zone.key, bool(there.dst()))
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone.key}", *_observance(begin, ())]
    groups: dict[tuple[timedelta, timedelta, str, bool], list[_Change]] = {}
    for change in _changes(zone, first, first.year + _YEARS):
        groups.setdefault(change.kind, []).append(change)
    for changes in groups.values():
        rule = _rule(changes, first.year, first.year + _YEARS - 1)
        further = (rule,) if rule else _dates(changes[1:])
        lines += _observance(changes[0], further)
    return (*lines, "END:VTIMEZONE")


def _changes(zone: ZoneInfo, first: datetime, until: int) -> Iterator[_Change]:
    moment = first
    while moment.year < until:
        later = moment + timedelta(days=1)
        if later.astimezone(zone).utcoffset() != moment.astimezone(zone).utcoffset():
            yield _change_between(zone, moment, later)
        moment = later


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> _Change:
    before = low.astimezone(zone).utcoffset() or timedelta()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    there = high.astimezone(zone)
    return _Change(
        (high + before).replace(tzinfo=None),
        before,
        there.utcoffset() or timedelta(),
        there.tzname() or zone.key,
        bool(there.dst()),
    )


def _rule(changes: list[_Change], first: int, last: int) -> str:
    """The yearly rule that gives exactly these changes, one in each year; empty when there is none."""
    if [change.local.year for change in changes] != list(range(first, last + 1)):
        return ""
    same = {(change.local.month, change.local.weekday(), change.local.time()) for change in changes}
    if len(same) > 1:
        return ""
    place = ""
    if all((change.local + timedelta(days=7)).month != change.local.month for change in changes):
        place = "-1"
    elif len(places := {(change.local.day - 1) // 7 + 1 for change in changes}) == 1:
        place = str(places.pop())
    example = changes[0].local
    return (
        f"RRULE:FREQ=YEARLY;BYMONTH={example.month};BYDAY={place}{_DAYS[example.weekday()]}" if place else ""
    )


def _dates(changes: Iterable[_Change]) -> tuple[str, ...]:
    """A line for each: a list in one line would have to be folded."""
    return tuple(f"RDATE:{change.local:%Y%m%dT%H%M%S}" for change in changes)


def _observance(change: _Change, further: tuple[str, ...]) -> list[str]:
    name = "DAYLIGHT" if change.summer else "STANDARD"
    return [
        f"BEGIN:{name}",
        f"DTSTART:{change.local:%Y%m%dT%H%M%S}",
        f"TZOFFSETFROM:{_offset(change.before)}",
        f"TZOFFSETTO:{_offset(change.after)}",
        f"TZNAME:{change.name}",
        *further,
        f"END:{name}",
    ]


def _offset(offset: timedelta) -> str:
    seconds = int(abs(offset).total_seconds())
    text = f"{'-' if offset < timedelta() else '+'}{seconds // 3600:02}{seconds // 60 % 60:02}"
    return text + (f"{seconds % 60:02}" if seconds % 60 else "")
