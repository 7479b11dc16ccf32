"""What is said of deadlines."""

from __future__ import annotations

from datetime import datetime, timedelta

from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.incidents.wording import heading
from sekretar.dispatch.sla.clocks import ClockKind, Plan
from sekretar.dispatch.sla.escalation import Matter
from sekretar.dispatch.telling import Reader
from sekretar.kernel.dates import format_duration
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import Message

_MINUTE = timedelta(minutes=1)
_SIGNS = {Matter.WARNING: "⏳", Matter.OVERDUE: "⏰", Matter.LATE: "⌛"}


def notice(incident: Incident, plan: Plan, matter: Matter, reader: Reader) -> Message:
    """That a deadline is near, has passed, or was missed."""
    assert plan.deadline is not None
    gone = abs((plan.stopped_at or reader.now) - plan.deadline)
    just_now = matter is Matter.OVERDUE and gone < _MINUTE
    text = reader.t(
        f"dispatch.sla.{plan.kind.value}.{'due' if just_now else matter.value}",
        time=format_duration(max(gone, _MINUTE), reader.t.language),
        deadline=reader.moment(plan.deadline),
    )
    return Message(Markdown(f"{_SIGNS[matter]} {heading(incident)}\n{text}"))


def breach(kind: ClockKind, deadline: datetime, reader: Reader) -> str:
    """For the history: a deadline was missed."""
    return reader.t.plain(f"dispatch.sla.history.breach_{kind.value}", deadline=reader.dated(deadline))


def moved(kind: ClockKind, deadline: datetime, reader: Reader) -> str:
    """For the history: a deadline is another one now."""
    return reader.t.plain(f"dispatch.sla.history.moved_{kind.value}", deadline=reader.dated(deadline))
