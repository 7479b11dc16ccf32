"""From a calendar object to the meetings that really take place within a window of time.

The identity of an occurrence is its UID and its original time. A UID alone is shared by all meetings of a
series; and an occurrence that was moved keeps the identity of the time it was moved from, so a move is seen
as a move. What a person would see of it is condensed into a fingerprint: servers rewrite objects for reasons
of their own, and only a different fingerprint is a change worth a word.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, islice
from zoneinfo import ZoneInfo

from sekretar.calendars.ics.events import (
    EARLIEST_ALARM,
    Attendee,
    Event,
    Length,
    ParsedObject,
    Party,
    Status,
    When,
)
from sekretar.calendars.ics.joinlinks import JoinLink
from sekretar.calendars.ics.recurrence import USUAL_WORK, Work, starts
from sekretar.calendars.ics.zones import to_utc

#: Occurrences of one object within one window; a person has no use for more.
MOST_OCCURRENCES = 2_000

#: And of one series on one day: one in every half hour. Each is a line in a list and a reminder.
MOST_A_DAY = 48

#: So many of a series tell when it begins.
_FIRST_FEW = 100

#: No wall clock is further from UTC.
_WIDEST_OFFSET = timedelta(hours=26)

#: The ends of the wall clock.
_FIRST, _LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One meeting at one time."""

    uid: str
    #: The original time, empty for a meeting that does not repeat.
    recurrence_id: str
    #: Aware, UTC. An all-day meeting runs from midnight UTC to midnight UTC of its dates, in every zone.
    start: datetime
    end: datetime
    #: The name of the zone in which it was planned; empty for all-day and floating times.
    zone: str
    all_day: bool
    title: str
    location: str
    description: str
    organizer: Party | None
    attendees: tuple[Attendee, ...]
    attendee_count: int
    status: Status
    transparent: bool
    private: bool
    #: Offsets from the start, negative before it.
    alarms: tuple[timedelta, ...]
    join_link: JoinLink | None
    url: str
    sequence: int
    #: Equal as long as a person would see no difference.
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """The occurrences in order, and whether some had to be left out because there are absurdly many."""

    occurrences: tuple[Occurrence, ...]
    truncated: bool


def occurrences(
    obj: ParsedObject, window: tuple[datetime, datetime], zone: ZoneInfo, *, steps: int = USUAL_WORK
) -> list[Occurrence]:
    """As `expand`, for those who do not ask whether it is complete."""
    return list(expand(obj, window, zone, steps=steps).occurrences)


def expand(
    obj: ParsedObject, window: tuple[datetime, datetime], zone: ZoneInfo, *, steps: int = USUAL_WORK
) -> Expansion:
    """The occurrences of an object that touch a window.

    Args:
        obj: as `ics.parse_object` reads it.
        window: aware beginning (inclusive) and end (exclusive).
        zone: where the person is; it gives floating times their moment.
        steps: how much work the recurrence rules may cost.
    """
    work = Work(steps)
    found: list[Occurrence] = []
    left_out = False
    for events in _by_uid(obj).values():
        on_day: Counter[date] = Counter()
        for occurrence in _Series(events, window, zone, work).occurrences():
            if len(found) >= MOST_OCCURRENCES:
                work.exhausted = True
                break
            on_day[day := occurrence.start.date()] += 1
            if on_day[day] <= MOST_A_DAY:
                found.append(occurrence)
            else:
                left_out = True
    found.sort(key=lambda each: (each.start, each.end, each.uid, each.recurrence_id))
    return Expansion(tuple(found), work.exhausted or left_out)


def moved_out(obj: ParsedObject, window: tuple[datetime, datetime], zone: ZoneInfo) -> list[Occurrence]:
    """The occurrences that would have been within the window and were moved out of it, one by one."""
    if all(event.recurrence_id is None for event in obj.events):
        return []
    by_uid = _by_uid(obj)
    found = (_Series(events, window, zone, Work(USUAL_WORK)).moved_out() for events in by_uid.values())
    return list(islice(chain.from_iterable(found), MOST_OCCURRENCES))


def first_start(obj: ParsedObject, window: tuple[datetime, datetime], zone: ZoneInfo) -> datetime | None:
    """When an object that does nothing before the window begins to take place in it, None where it does not.

    Cancelled times do not count. Where several rules interleave it may be a little later than the truth.
    """
    work = Work(USUAL_WORK)
    found = (
        islice(_Series(events, window, zone, work).occurrences(), _FIRST_FEW)
        for events in _by_uid(obj).values()
    )
    alive = (each.start for each in chain.from_iterable(found) if each.status is not Status.CANCELLED)
    return min(alive, default=None)


def _by_uid(obj: ParsedObject) -> dict[str, list[Event]]:
    by_uid: dict[str, list[Event]] = {}
    for event in obj.events:
        by_uid.setdefault(event.uid, []).append(event)
    return by_uid


def identity(original: When, series: When | None, zone: ZoneInfo) -> str:
    """The name of the occurrence an exception stands for.

    Some programs name a timed one by its date only, so the start of the series decides.
    """
    if series is not None and original.all_day and not series.all_day:
        moved = datetime.combine(original.local.date(), series.local.time())
        original = replace(series, local=moved)
    elif series is not None and series.all_day and not original.all_day:
        original = When(datetime.combine(original.local.date(), time.min), None, all_day=True)
    return original.text(zone)


class _Series:
    """The events of one UID: a master, or not, and its exceptions."""

    def __init__(
        self, events: list[Event], window: tuple[datetime, datetime], zone: ZoneInfo, work: Work
    ) -> None:
        self._begin, self._end = window
        self._zone = zone
        self._work = work
        masters = [event for event in events if event.recurrence_id is None]
        self._master = max(masters, key=lambda event: event.sequence, default=None)
        self._excluded = _Instants(self._master.excluded if self._master else (), zone)
        self._exceptions: dict[str, Event] = {}
        for event in sorted(events, key=lambda event: event.sequence):
            if event.recurrence_id is not None:
                self._exceptions[self._identity(event.recurrence_id)] = event
        #: Exceptions that hold for all later occurrences, by the time from which they do.
        self._turns = sorted(
            (
                (event.recurrence_id.utc(zone), event)
                for event in self._exceptions.values()
                if event.this_and_future and event.recurrence_id is not None
            ),
            key=lambda turn: turn[0],
        )
        self._contents: dict[int, str] = {}
        #: By the moment of an alarm the occurrence for which it rings.
        self._first_times: dict[datetime, str] = {}

    def occurrences(self) -> Iterator[Occurrence]:
        """All of them within the window, in no order."""
        for identity, event in self._exceptions.items():
            original = event.recurrence_id
            if original is not None and original not in self._excluded:
                yield from self._within(event, event.start, event.length, identity)
        master = self._master
        if master is None:
            return
        if not master.recurring:
            identity = self._identity(master.start) if self._exceptions else ""
            if identity not in self._exceptions:
                yield from self._within(master, master.start, master.length, identity)
            return
        for start, length in self._starts(master):
            identity = start.text(self._zone)
            if identity in self._exceptions or start in self._excluded:
                continue
            yield from self._regular(master, start, length, identity)

    def moved_out(self) -> Iterator[Occurrence]:
        """Exceptions of times within the window that do not touch it themselves."""
        for identity, event in self._exceptions.items():
            original = event.recurrence_id
            if original is None or original in self._excluded:
                continue
            begin, end = self._times(event.start, event.length)
            if self._begin <= original.utc(self._zone) < self._end and not self._touches(begin, end):
                yield self._occurrence(event, event.start, begin, end, identity)

    def _identity(self, original: When) -> str:
        return identity(original, self._master.start if self._master else None, self._zone)

    def _regular(
        self, master: Event, start: When, length: Length | None, identity: str
    ) -> Iterator[Occurrence]:
        """An occurrence without an exception of its own, as the last turn before it wants it."""
        event, moment = master, start.utc(self._zone)
        for since, turned in self._turns:
            if since < moment:
                event = turned
        if event is not master:
            try:
                start = replace(event.start, local=start.local + _shift(event))
            except OverflowError:
                # Moved beyond the ends of the wall clock.
                return
            length = None
        yield from self._within(event, start, length or event.length, identity)

    def _starts(self, master: Event) -> Iterator[tuple[When, Length | None]]:
        """Every start that can reach into the window, each moment once."""
        lengths = [event.length.roughly for event in (master, *(turned for _, turned in self._turns))]
        lengths += [length.roughly for _, length in master.dates if length]
        shifts = [abs(_shift(turned)) for _, turned in self._turns]
        margin = _WIDEST_OFFSET + max(shifts, default=timedelta())
        after = _naive(self._begin, -margin - max(lengths))
        before = _naive(self._end, margin)
        seen: set[datetime] = set()
        for start, length in self._unsorted(master, after, before):
            if start.local not in seen:
                seen.add(start.local)
                yield start, length

    def _unsorted(
        self, master: Event, after: datetime, before: datetime
    ) -> Iterator[tuple[When, Length | None]]:
        for start, length in master.dates:
            yield self._like(master.start, start), length
        yield master.start, None
        for rule in master.rules:
            for local in starts(rule, master.start.local, after, before, self._work):
                yield replace(master.start, local=local), None

    def _like(self, pattern: When, when: When) -> When:
        """The same moment in the zone of the series, so that a date and a rule can name one occurrence."""
        if pattern.all_day or when.all_day or pattern.zone is None or when.zone is None:
            return when
        local = when.utc(self._zone).astimezone(pattern.zone).replace(tzinfo=None)
        return replace(pattern, local=local)

    def _within(self, event: Event, start: When, length: Length, identity: str) -> Iterator[Occurrence]:
        begin, end = self._times(start, length)
        if self._touches(begin, end):
            yield self._occurrence(event, start, begin, end, identity)

    def _times(self, start: When, length: Length) -> tuple[datetime, datetime]:
        return start.utc(self._zone), length.end_of(start, self._zone)

    def _touches(self, begin: datetime, end: datetime) -> bool:
        return begin < self._end and (end > self._begin or begin >= self._begin)

    def _occurrence(
        self, event: Event, start: When, begin: datetime, end: datetime, identity: str
    ) -> Occurrence:
        content = self._contents.get(id(event))
        if content is None:
            content = self._contents[id(event)] = _visible_content(event)
        seen = f"{content}|{begin.isoformat()}|{end.isoformat()}|{start.all_day}"
        return Occurrence(
            uid=event.uid,
            recurrence_id=identity,
            start=begin,
            end=end,
            zone=start.zone.key if start.zone is not None else "",
            all_day=start.all_day,
            title=event.title,
            location=event.location,
            description=event.description,
            organizer=event.organizer,
            attendees=event.attendees,
            attendee_count=event.attendee_count,
            status=event.status,
            transparent=event.transparent,
            private=event.private,
            alarms=self._alarms(event, start, identity) if event.alarm_moments else event.alarms,
            join_link=event.join_link,
            url=event.url,
            sequence=event.sequence,
            fingerprint=_digest(seen),
        )

    # --- alarms at a moment of their own

    def _alarms(self, event: Event, start: When, identity: str) -> tuple[timedelta, ...]:
        """All of an occurrence, as offsets from its start; whole days begin at the person's own midnight."""
        begin = self._begins(start)
        moments = (moment for moment in event.alarm_moments if self._rings_for(event, moment, identity))
        offsets = {moment - begin for moment in moments}
        return tuple(sorted({*event.alarms, *(each for each in offsets if abs(each) <= EARLIEST_ALARM)}))

    def _rings_for(self, event: Event, moment: datetime, identity: str) -> bool:
        """Of a series an alarm rings for the first time that begins then or later. An exception has its own, and
        mostly a copy of those of the series, which rings there only if it would have rung without the exception.
        """
        master = self._master
        if master is None or not master.recurring:
            return True
        is_exception = identity in self._exceptions and not event.this_and_future
        if is_exception and moment not in master.alarm_moments:
            return True
        if event is not master and not is_exception:
            moment = _naive(moment, -_shift(event)).replace(tzinfo=UTC)
        if moment not in self._first_times:
            first = min(self._firsts(master, moment), key=self._begins, default=None)
            self._first_times[moment] = first.text(self._zone) if first else ""
        return identity == self._first_times[moment]

    def _firsts(self, master: Event, moment: datetime) -> Iterator[When]:
        """The first time since then by each rule, and all that are named one by one. Whole days have begun then, too,
        on their first day.
        """
        after, before = _naive(moment, -_WIDEST_OFFSET), _naive(moment, EARLIEST_ALARM + _WIDEST_OFFSET)
        since = moment
        if master.start.all_day:
            since = _naive(moment, timedelta.resolution - timedelta(days=1)).replace(tzinfo=UTC)
        named = (master.start, *(self._like(master.start, start) for start, _ in master.dates))
        yield from (each for each in named if self._begins(each) >= since and each not in self._excluded)
        for rule in master.rules:
            regular = (
                replace(master.start, local=local)
                for local in starts(rule, master.start.local, after, before, self._work)
            )
            for each in regular:
                if self._begins(each) >= since and each not in self._excluded:
                    yield each
                    break

    def _begins(self, start: When) -> datetime:
        return to_utc(start.local, self._zone) if start.all_day else start.utc(self._zone)


class _Instants:
    """Moments and whole dates to compare with: an EXDATE may name either."""

    def __init__(self, whens: Iterable[When], zone: ZoneInfo) -> None:
        self._zone = zone
        self._moments = {when.utc(zone) for when in whens if not when.all_day}
        self._dates = {when.local.date() for when in whens if when.all_day}

    def __contains__(self, when: object) -> bool:
        if not isinstance(when, When):
            return False
        if when.local.date() in self._dates:
            return True
        return not when.all_day and when.utc(self._zone) in self._moments


def _shift(event: Event) -> timedelta:
    """By how much an exception is moved on the wall clock."""
    return event.start.local - event.recurrence_id.local if event.recurrence_id else timedelta()


def _visible_content(event: Event) -> str:
    """What a person sees besides the time; the order of attendees is not among it."""
    answers = sorted((each.address or each.name, each.partstat.value) for each in event.attendees)
    fields = [
        event.title,
        event.location,
        " ".join(event.description.split()),
        event.organizer.address if event.organizer else "",
        answers,
        event.attendee_count,
        event.status.value,
        event.join_link.url if event.join_link else "",
    ]
    return _digest(json.dumps(fields, ensure_ascii=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _naive(moment: datetime, shift: timedelta) -> datetime:
    try:
        return moment.replace(tzinfo=None) + shift - (moment.utcoffset() or timedelta())
    except OverflowError:
        return _FIRST if shift < timedelta() else _LAST
