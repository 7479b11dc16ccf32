"""How the clocks of an incident stand at a moment, as cards, lists and the API show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sekretar.dispatch.sla.clocks import ClockKind, Plan, SlaState


@dataclass(frozen=True)
class ClockView:
    """A clock at a moment.

    Attributes:
        deadline: None while it is not known or the clock is paused.
        paused: Whether it stands still.
        left: Until the deadline by the clock on the wall; of a paused clock, what remains when it goes on.
        late: By how much the deadline is, or was, missed.
    """

    state: SlaState
    deadline: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    paused: bool = False
    left: timedelta | None = None
    late: timedelta | None = None


@dataclass(frozen=True)
class IncidentSla:
    """The clocks of an incident; those it does not have are *unknown*."""

    dispatcher: ClockView
    reaction: ClockView
    contractor: ClockView


def view(plan: Plan, now: datetime) -> ClockView:
    """How a clock stands."""
    state = plan.state(now)
    left = late = None
    if state in (SlaState.OVERDUE, SlaState.LATE) and plan.deadline is not None:
        late = (plan.stopped_at or now) - plan.deadline
    elif plan.paused:
        left = plan.remaining
    elif state in (SlaState.RUNNING, SlaState.SOON) and plan.deadline is not None:
        left = plan.deadline - now
    return ClockView(state, plan.deadline, plan.started_at, plan.stopped_at, plan.paused, left, late)


def sla_of(incident_id: int, plans: Mapping[tuple[int, str], Plan], now: datetime) -> IncidentSla:
    """The clocks of one incident, out of those of many by number and kind."""

    def clock(kind: ClockKind) -> ClockView:
        return view(plans.get((incident_id, kind.value), Plan(kind)), now)

    return IncidentSla(clock(ClockKind.DISPATCHER), clock(ClockKind.REACTION), clock(ClockKind.CONTRACTOR))
