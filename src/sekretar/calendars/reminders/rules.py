"""When a reminder is due, and what it may still say when it comes late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

#: The job that gives reminders.
TASK = "calendars.reminders"
#: The job that puts them into words ahead.
AHEAD = "calendars.reminders.ahead"

#: What a person gets who has chosen nothing.
DEFAULT_MINUTES = (10,)

#: A meeting without length is taken to last this long.
SHORTEST = timedelta(minutes=1)


class Timeliness(Enum):
    """How a meeting stands at the moment its reminder goes out."""

    #: It has not begun.
    AHEAD = "ahead"
    #: It is running: a late reminder says so.
    RUNNING = "running"
    #: It is over: nobody needs the reminder any more.
    OVER = "over"


@dataclass(frozen=True)
class Offsets:
    """When somebody wants to be reminded: so many minutes before the start, 0 for the start itself."""

    minutes: tuple[int, ...] = DEFAULT_MINUTES
    #: Also by the alarms that stand in the event.
    own_alarms: bool = False

    def of(self, alarms: Iterable[int]) -> tuple[int, ...]:
        """The offsets for an event with these alarms; an alarm adds to what the person has chosen."""
        return tuple(sorted({*self.minutes, *(alarms if self.own_alarms else ())}, reverse=True))

    def of_whole_days(self, alarms: Iterable[int]) -> tuple[int, ...]:
        """The offsets for whole days: ten minutes before midnight is no time to be reminded, an alarm is."""
        return tuple(sorted(alarms, reverse=True)) if self.own_alarms else ()


@dataclass(frozen=True)
class Due:
    """A reminder so many minutes before the start, and when it goes out."""

    minutes: int
    at: datetime


def plan(start: datetime, minutes: Iterable[int], now: datetime) -> list[Due]:
    """The reminders for a meeting that was just created or moved.

    One whose moment has passed is due at once if the meeting is still ahead; of several such only the one
    nearest to the start is kept, because one message is enough.
    """
    if start <= now:
        return []
    wanted = sorted(set(minutes))
    ahead = [Due(each, start - timedelta(minutes=each)) for each in wanted]
    missed = [due for due in ahead if due.at <= now]
    on_time = [due for due in ahead if due.at > now]
    return [*(Due(due.minutes, now) for due in missed[:1]), *on_time]


def plan_whole_days(start: datetime, alarms: Iterable[int], now: datetime) -> list[Due]:
    """The reminders of whole days that begin then, at midnight where the person is; some come on the first day."""
    if now < start:
        return plan(start, alarms, now)
    dues = (Due(each, start - timedelta(minutes=each)) for each in sorted(set(alarms)))
    return [due for due in dues if due.at > now]


def plan_again(start: datetime, minutes: Iterable[int], now: datetime, given: Iterable[int]) -> list[Due]:
    """The reminders for a meeting when the person's wishes have changed."""
    return still_wanted(plan(start, minutes, now), now, given)


def still_wanted(planned: Iterable[Due], now: datetime, given: Iterable[int]) -> list[Due]:
    """Of reminders that are planned anew those that are missing.

    What was given is not given again, and who has had one needs none for what has passed meanwhile.
    """
    had = frozenset(given)
    return [due for due in planned if due.minutes not in had and (due.at > now or not had)]


def timeliness(start: datetime, end: datetime, now: datetime) -> Timeliness:
    """How the meeting stands now. A meeting without length is over a minute after it began."""
    if now < start:
        return Timeliness.AHEAD
    return Timeliness.RUNNING if now < max(end, start + SHORTEST) else Timeliness.OVER
