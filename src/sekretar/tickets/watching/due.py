"""Which tickets a person is reminded of in the morning. Pure: tickets and what was told in, reminders out.

A last day is told twice at most: when it is near, which is until the person's next morning, and when it has passed.
Both are remembered with the day, so that a day that moves is told anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sekretar.kernel.morning import Hour
from sekretar.trackers.values import Ticket

_DAY = timedelta(days=1)


class Stage(StrEnum):
    """What was said of a last day."""

    NEAR = "near"
    OVERDUE = "overdue"


class Group(StrEnum):
    """Where a ticket stands in the list of the morning, in this order."""

    OVERDUE = "overdue"
    TODAY = "today"
    SOON = "soon"


@dataclass(frozen=True)
class Known:
    """The last day that was told, and how far."""

    due: date
    stage: Stage


def reminders(
    tickets: Iterable[Ticket], known: Mapping[str, Known], today: date, until: date
) -> list[tuple[Ticket, Stage]]:
    """What to say this morning; `until` is the next one. `known` is by the key of the ticket."""
    found = [(ticket, stage) for ticket in tickets if (stage := stage_of(ticket, today, until)) is not None]
    return [(ticket, stage) for ticket, stage in found if not _told(known.get(ticket.ref.key), ticket, stage)]


def stage_of(ticket: Ticket, today: date, until: date) -> Stage | None:
    """How the last day of a ticket stands; None when nothing has to be said of it."""
    if ticket.due is None or ticket.due > until or ticket.status.closed:
        return None
    return Stage.OVERDUE if ticket.due < today else Stage.NEAR


def grouped(
    tickets: Iterable[Ticket], stages: Collection[Stage], today: date, until: date
) -> dict[Group, list[Ticket]]:
    """The list of the morning, of what somebody wants to hear of; only groups in which something is."""
    found: dict[Group, list[Ticket]] = {group: [] for group in Group}
    for ticket in tickets:
        stage = stage_of(ticket, today, until)
        if stage is Stage.OVERDUE and stage in stages:
            found[Group.OVERDUE].append(ticket)
        elif stage is Stage.NEAR and stage in stages:
            found[Group.TODAY if ticket.due == today else Group.SOON].append(ticket)
    return {group: each for group, each in found.items() if each}


def _told(known: Known | None, ticket: Ticket, stage: Stage) -> bool:
    if known is None or known.due != ticket.due:
        return False
    return known.stage is stage or known.stage is Stage.OVERDUE


def next_morning(hour: Hour, zone: ZoneInfo, after: date) -> tuple[date, datetime]:
    """The first morning after a day: its day, and its moment in UTC."""
    days = hour.days or frozenset(range(7))
    day = next(each for ahead in range(1, 8) if (each := after + _DAY * ahead).weekday() in days)
    return day, datetime.combine(day, hour.at, zone).astimezone(ZoneInfo("UTC"))
