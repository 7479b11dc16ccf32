"""What is said of deadlines."""

from __future__ import annotations

from collections.abc import Sequence
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
#: Of each kind in one message; the list of incidents shows the others.
_MOST_LINES = 30
_SIGNS = {Matter.WARNING: "⏳", Matter.OVERDUE: "⏰", Matter.LATE: "⌛"}


def notice(incident: Incident, plan: Plan, matter: Matter, reader: Reader) -> Message:
    """That a deadline is near, has passed, or was missed."""
    return Message(Markdown(f"{_SIGNS[matter]} {heading(incident)}\n{_sentence(plan, matter, reader)}"))


def together(about: Sequence[tuple[Incident, Plan, Matter]], reader: Reader) -> Message:
    """The same of several incidents, the worst first; of one it is a notice like any other."""
    if len(about) == 1:
        return notice(*about[0], reader)
    paragraphs = []
    for matter in (Matter.OVERDUE, Matter.WARNING, Matter.LATE):
        these = sorted((each for each in about if each[2] is matter), key=lambda each: _deadline(each[1]))
        if these:
            head = reader.t.plural(f"dispatch.sla.together.{matter.value}", len(these))
            lines = [
                f"* {heading(incident)}: {_sentence(plan, matter, reader)}"
                for incident, plan, _ in these[:_MOST_LINES]
            ]
            if len(these) > _MOST_LINES:
                rest = reader.t.plural("dispatch.sla.together.more", len(these) - _MOST_LINES)
                lines.append(f"* {rest}")
            paragraphs.append("\n".join([f"{_SIGNS[matter]} {head}", *lines]))
    return Message(Markdown("\n\n".join(paragraphs)))


def _sentence(plan: Plan, matter: Matter, reader: Reader) -> Markdown:
    gone = abs((plan.stopped_at or reader.now) - _deadline(plan))
    just_now = matter is Matter.OVERDUE and gone < _MINUTE
    return reader.t(
        f"dispatch.sla.{plan.kind.value}.{'due' if just_now else matter.value}",
        time=format_duration(max(gone, _MINUTE), reader.t.language),
        deadline=reader.moment(_deadline(plan)),
    )


def _deadline(plan: Plan) -> datetime:
    assert plan.deadline is not None
    return plan.deadline


def breach(kind: ClockKind, deadline: datetime, reader: Reader) -> str:
    """For the history: a deadline was missed."""
    return reader.t.plain(f"dispatch.sla.history.breach_{kind.value}", deadline=reader.dated(deadline))


def moved(kind: ClockKind, deadline: datetime, reader: Reader) -> str:
    """For the history: a deadline is another one now."""
    return reader.t.plain(f"dispatch.sla.history.moved_{kind.value}", deadline=reader.dated(deadline))
