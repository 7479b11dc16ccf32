"""Who is told when of a clock that runs out. Pure: a plan and what was told in, what to say now out.

The steps are data: so many minutes before the deadline or after it, measured in the clock's own working time, and to
whom. Each step of a clock fires once. A deadline that moves later re-arms the steps that have not fired; after an
outage everything that is due is said once, as it is by then: a breach in place of its own warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sekretar.dispatch.sla.clocks import Course, reached
from sekretar.dispatch.sla.hours import WorkingTime


class Audience(StrEnum):
    """To whom something is said."""

    RESPONSIBLE = "responsible"
    #: Everybody who is on shift.
    SHIFT = "shift"
    CHANNEL = "channel"
    HEAD = "head"


@dataclass(frozen=True)
class Step:
    """Something to be said.

    Attributes:
        minutes: After the deadline; before it when negative. 0 is the breach.
    """

    minutes: int
    to: frozenset[Audience] = frozenset()

    @property
    def key(self) -> str:
        """What it is remembered by; it survives changes of the other steps."""
        return "breach" if self.minutes == 0 else f"{self.minutes:+d}"

    @property
    def is_warning(self) -> bool:
        return self.minutes < 0


BREACH = Step(0)


@dataclass(frozen=True)
class Mark:
    """A step of a clock, and its moment."""

    step: Step
    at: datetime


def marks(steps: Iterable[Step], course: Course, hours: WorkingTime, allowance: timedelta) -> list[Mark]:
    """The moments of a clock, the breach always among them, as far as they are known. A warning that would come
    before the clock has begun is left out.
    """
    wanted = {BREACH.key: BREACH} | {step.key: step for step in steps}
    found = []
    for step in sorted(wanted.values(), key=lambda each: each.minutes):
        amount = allowance + timedelta(minutes=step.minutes)
        at = reached(course, hours, amount) if amount > timedelta() else None
        if at is not None:
            found.append(Mark(step, at))
    return found


class Matter(StrEnum):
    """What a notice says."""

    WARNING = "warning"
    OVERDUE = "overdue"
    #: It was finished, but late.
    LATE = "late"


@dataclass(frozen=True)
class Notice:
    """What is to be said now, to whom; `step` is the last one of those that it stands for."""

    matter: Matter
    step: Step
    to: frozenset[Audience]


@dataclass(frozen=True)
class Decision:
    """What follows for a clock.

    Attributes:
        fired: Steps that fire now and are never said again.
        withdrawn: Steps that had fired but were not said, and are not true any more; they may fire again.
        breach: Whether the deadline is noted as missed just now.
        notice: What to say now; None for nothing.
        settled: Nothing that fired before is waiting to be said any more.
        due_at: When to look again.
    """

    fired: tuple[Mark, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    breach: bool = False
    notice: Notice | None = None
    settled: bool = False
    due_at: datetime | None = None


def decide(
    all_marks: Sequence[Mark],
    known: Mapping[str, bool],
    stopped_at: datetime | None,
    now: datetime,
    speak_from: datetime,
) -> Decision:
    """What to do for a clock at this moment.

    Args:
        all_marks: Its moments, in order.
        known: The steps that have fired, by key, and whether each was said.
        stopped_at: When the clock stopped; None while it runs or is paused.
        now: The moment.
        speak_from: From when notices may be given: `now`, or the next hour of delivery.
    """
    limit = min(stopped_at or now, now)
    passed = [mark for mark in all_marks if mark.at <= limit]
    withdrawn = frozenset(key for key, said in known.items() if not said) - {mark.step.key for mark in passed}
    known = {key: said for key, said in known.items() if key not in withdrawn}
    ripe = [mark for mark in passed if mark.step.key not in known]
    unsaid = [mark for mark in passed if known.get(mark.step.key) is False]
    broken = any(not mark.step.is_warning for mark in passed)
    fired = tuple(mark for mark in ripe if not (broken and mark.step.is_warning))
    if stopped_at is not None and BREACH.key not in {mark.step.key for mark in (*fired, *unsaid)}:
        # It was finished before anybody had to hear of it, or everybody has.
        return Decision(withdrawn=withdrawn, settled=True)
    saying = [mark for mark in (*unsaid, *fired) if not (broken and mark.step.is_warning)]
    breach = any(mark.step.key == BREACH.key for mark in fired)
    if not saying:
        return Decision(withdrawn=withdrawn, settled=True, due_at=_next(all_marks, known, stopped_at, now))
    following = _next(all_marks, {**known, **{mark.step.key: True for mark in fired}}, stopped_at, now)
    if speak_from > now:
        due_at = min(filter(None, (following, speak_from)))
        return Decision(fired, withdrawn, breach, due_at=due_at)
    step = max((mark.step for mark in saying), key=lambda each: each.minutes)
    matter = Matter.WARNING if step.is_warning else Matter.LATE if stopped_at is not None else Matter.OVERDUE
    to = frozenset[Audience]().union(*(mark.step.to for mark in saying))
    return Decision(fired, withdrawn, breach, Notice(matter, step, to), settled=True, due_at=following)


def _next(
    all_marks: Sequence[Mark], known: Mapping[str, bool], stopped_at: datetime | None, now: datetime
) -> datetime | None:
    """When the next step fires, if all goes on as it is."""
    if stopped_at is not None:
        return None
    ahead = [mark.at for mark in all_marks if mark.step.key not in known and mark.at > now]
    return min(ahead, default=None)


def first_look(
    all_marks: Sequence[Mark], known: Mapping[str, bool], stopped_at: datetime | None, now: datetime
) -> datetime | None:
    """When a clock that was reckoned anew has to be looked at: at once if anything is to be done."""
    found = decide(all_marks, known, stopped_at, now, now)
    return now if found.fired or found.withdrawn or found.notice or False in known.values() else found.due_at
