"""What a card says of a deadline, and when that becomes wrong by itself.

The time that is left is told in steps, coarse while it is long, so that a post is edited when it matters and not
every minute. The deadline itself stands beside it, exact.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sekretar.dispatch.sla.clocks import SlaState
from sekretar.dispatch.sla.reading import ClockView
from sekretar.dispatch.telling import Reader
from sekretar.kernel.dates import format_duration
from sekretar.kernel.text import Markdown

#: Up to how much is left, and in which steps it is told then.
_STEPS: Final = (
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(hours=4), timedelta(minutes=15)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta.max, timedelta(hours=6)),
)
_SIGNS: Final = {
    SlaState.UNKNOWN: "⬜",
    SlaState.RUNNING: "🟦",
    SlaState.SOON: "🟨",
    SlaState.OVERDUE: "🟥",
    SlaState.IN_TIME: "🟩",
    SlaState.LATE: "🟥",
}


def clock_line(clock: ClockView, reader: Reader) -> Markdown:
    """How a clock stands, in a few words."""
    name = "paused" if clock.paused and not clock.state.finished else clock.state.value
    sign = "⏸" if name == "paused" else _SIGNS[clock.state]
    words = reader.t(
        f"dispatch.clock.{name}",
        left=_duration(clock.left, reader),
        late=_duration(clock.late, reader),
        deadline=reader.moment(clock.deadline) if clock.deadline else "",
    )
    return Markdown(f"{sign} {words}")


def changes_at(clock: ClockView, now: datetime) -> datetime | None:
    """When the line says something else although nobody has done anything; None for never."""
    if clock.paused or clock.deadline is None or clock.state.finished:
        return None
    away = abs(clock.deadline - now)
    step = _step(away)
    if clock.deadline > now:
        # Exactly then the words are still true.
        return clock.deadline - _floored(away, step) + timedelta(seconds=1)
    return clock.deadline + _floored(away, step) + step


def _duration(length: timedelta | None, reader: Reader) -> str:
    if length is None:
        return ""
    told = _floored(length, _step(length))
    return format_duration(told or timedelta(minutes=1), reader.t.language)


def _step(length: timedelta) -> timedelta:
    return next(step for most, step in _STEPS if length <= most)


def _floored(length: timedelta, step: timedelta) -> timedelta:
    return length // step * step
