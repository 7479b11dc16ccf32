"""When a reminder is due, and what it may still say when it comes late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

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


def timeliness(start: datetime, end: datetime, now: datetime) -> Timeliness:
    """How the meeting stands now. A meeting without length is over a minute after it began."""
    if now < start:
        return Timeliness.AHEAD
    return Timeliness.RUNNING if now < max(end, start + SHORTEST) else Timeliness.OVER
