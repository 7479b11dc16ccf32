"""How an SLA clock runs. Pure: what happened in, deadline and state out.

A clock is never counted up. It has a course, the segments in which it ran or was paused, read off the history of the
incident; elapsed is the working time within the running ones. So nothing drifts, and a clock whose type, pauses or
hours change is what it would have been with these from the start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sekretar.dispatch.incidents.values import ActorKind, Event, EventKind, Status
from sekretar.dispatch.sla.hours import WorkingTime, advanced, worked

#: What is left when a clock counts as *less than an hour*.
SOON: Final = timedelta(hours=1)


class ClockKind(StrEnum):
    """What is measured; each incident has one clock of each kind."""

    #: From the arrival until the incident is finished.
    DISPATCHER = "dispatcher"
    #: From the arrival until somebody first does something about it.
    REACTION = "reaction"
    #: From handing over until the contractor is done.
    CONTRACTOR = "contractor"


class SlaState(StrEnum):
    """How a clock stands."""

    #: It has no deadline: no type yet, not begun, or hours that never come.
    UNKNOWN = "unknown"
    RUNNING = "running"
    #: Less than an hour is left.
    SOON = "soon"
    OVERDUE = "overdue"
    IN_TIME = "in_time"
    LATE = "late"

    @property
    def finished(self) -> bool:
        return self in (SlaState.IN_TIME, SlaState.LATE)


@dataclass(frozen=True)
class Entered:
    """A status, and when the incident came into it."""

    at: datetime
    status: Status


@dataclass(frozen=True)
class Segment:
    """A stretch of a clock; the last one is open while the clock has not stopped."""

    begin: datetime
    end: datetime | None
    paused: bool = False


@dataclass(frozen=True)
class Course:
    """How a clock has run so far; without segments it has not begun."""

    segments: tuple[Segment, ...] = ()
    stopped_at: datetime | None = None

    @property
    def started_at(self) -> datetime | None:
        return self.segments[0].begin if self.segments else None

    @property
    def paused(self) -> bool:
        return bool(self.segments) and self.segments[-1].end is None and self.segments[-1].paused


@dataclass(frozen=True)
class Conditions:
    """Which statuses start a clock and stop it; all others leave it as it is, unless they pause it.

    A clock that has stopped goes on when a status that starts it is entered again; the time between does not count.
    """

    starts: frozenset[Status]
    stops: frozenset[Status]


#: Nothing of this makes a finished incident unfinished: telling of the closing is part of closing.
_CLOSING = frozenset(
    {Status.NOTIFYING_CLOSURE, Status.CLOSURE_NOTIFIED, Status.AWAITING_CONFIRMATION, Status.ERROR}
)
_FINISHED = frozenset({Status.CLOSED, Status.ON_GENERATION})

CONDITIONS: Final = {
    ClockKind.DISPATCHER: Conditions(frozenset(Status) - _CLOSING - _FINISHED, _FINISHED),
    ClockKind.CONTRACTOR: Conditions(
        frozenset({Status.HANDED_OVER}), _FINISHED | {Status.CLOSURE_NOTIFIED}
    ),
}  # fmt: skip

#: Whose acts are a reaction. A program or a rule that does something is none, nor is another letter.
_REACTING = frozenset({ActorKind.PERSON, ActorKind.TRACKER})
#: What nobody has done, or has only looked at, whoever caused it.
_NO_ACT = frozenset(
    {
        EventKind.LETTER_IN,
        EventKind.LETTER_FAILED,
        EventKind.READ,
        EventKind.UNREAD,
        EventKind.SLA,
        EventKind.MIRROR,
    }
)


def statuses(opened_at: datetime, history: Iterable[Event]) -> list[Entered]:
    """The statuses of an incident in order; it was opened before all of them, whatever its letter is dated."""
    entered = [Entered(opened_at, Status.NEW)]
    for event in history:
        if event.kind is EventKind.STATUS:
            entered.append(Entered(max(event.at, entered[-1].at), Status(event.new)))
    return entered


def course_of(conditions: Conditions, entered: Sequence[Entered], pausing: Collection[Status]) -> Course:
    """How the clock has run through these statuses."""
    segments: list[Segment] = []
    stopped_at: datetime | None = None
    for each in entered:
        running = bool(segments) and stopped_at is None
        if running and each.status in conditions.stops:
            _close(segments, each.at)
            stopped_at = each.at
        elif running or each.status in conditions.starts:
            stopped_at = None
            _turn(segments, each.at, paused=each.status in pausing)
    return Course(tuple(segments), stopped_at)


def _turn(segments: list[Segment], at: datetime, *, paused: bool) -> None:
    """Run or be paused from now on; to be paused in another way changes nothing."""
    if segments and segments[-1].end is None:
        if segments[-1].paused is paused:
            return
        _close(segments, at)
    segments.append(Segment(at, None, paused))


def _close(segments: list[Segment], at: datetime) -> None:
    last = segments[-1]
    segments[-1] = Segment(last.begin, at, last.paused)


def reaction_course(opened_at: datetime, history: Iterable[Event]) -> Course:
    """From the arrival until somebody did something; who enters an incident by hand has reacted."""
    acts = (max(event.at, opened_at) for event in history if reacts(event))
    first = min(acts, default=None)
    return Course((Segment(opened_at, first),), first)


def reacts(event: Event) -> bool:
    """Whether this is an act of somebody who looks after the incident."""
    return event.actor.kind in _REACTING and event.kind not in _NO_ACT


def elapsed(course: Course, hours: WorkingTime, now: datetime) -> timedelta:
    """The working time in which the clock ran."""
    return sum(
        (worked(hours, each.begin, each.end or now) for each in course.segments if not each.paused),
        timedelta(),
    )


def reached(course: Course, hours: WorkingTime, amount: timedelta) -> datetime | None:
    """When so much has elapsed, or will have if all goes on as it is; after the stop, would have without it.

    None while the clock is paused or has not begun, and where the hours never come.
    """
    if amount <= timedelta():
        return course.started_at
    left = amount
    for each in course.segments:
        if each.paused:
            continue
        last = each is course.segments[-1]
        gone = worked(hours, each.begin, each.end) if each.end is not None else None
        if gone is None or gone >= left or (last and course.stopped_at is not None):
            return advanced(hours, each.begin, left)
        left -= gone
    if course.stopped_at is None or not course.segments:
        return None
    return advanced(hours, course.stopped_at, left)


@dataclass(frozen=True)
class Plan:
    """What is known of a clock until something happens to the incident.

    Attributes:
        allowance: How much time there is; None where that is not known.
        deadline: None while it is not known, or moves because the clock is paused.
        soon_at: From when *less than an hour* is left; None like the deadline.
        remaining: What is left of a paused clock.
    """

    kind: ClockKind
    allowance: timedelta | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    deadline: datetime | None = None
    soon_at: datetime | None = None
    remaining: timedelta | None = None

    @property
    def paused(self) -> bool:
        return self.remaining is not None

    def state(self, now: datetime) -> SlaState:
        """How the clock stands. To be finished at the very deadline is in time."""
        if self.deadline is None and not self.paused:
            return SlaState.UNKNOWN
        if self.stopped_at is not None and self.deadline is not None:
            return SlaState.IN_TIME if self.stopped_at <= self.deadline else SlaState.LATE
        if self.deadline is not None and now >= self.deadline:
            return SlaState.OVERDUE
        if self.soon_at is not None and now >= self.soon_at:
            return SlaState.SOON
        return SlaState.RUNNING


def plan(kind: ClockKind, course: Course, hours: WorkingTime, allowance: timedelta | None) -> Plan:
    """What follows from how a clock has run."""
    if allowance is None or course.started_at is None:
        return Plan(kind, allowance, course.started_at, course.stopped_at)
    left = None
    if course.paused:
        left = max(allowance - elapsed(course, hours, course.segments[-1].begin), timedelta())
    return Plan(
        kind,
        allowance,
        course.started_at,
        course.stopped_at,
        reached(course, hours, allowance),
        reached(course, hours, allowance - SOON),
        left,
    )


def courses(
    opened_at: datetime, history: Sequence[Event], pausing: Collection[Status]
) -> dict[ClockKind, Course]:
    """How all clocks of an incident have run."""
    entered = statuses(opened_at, history)
    found = {kind: course_of(conditions, entered, pausing) for kind, conditions in CONDITIONS.items()}
    return {**found, ClockKind.REACTION: reaction_course(opened_at, history)}
