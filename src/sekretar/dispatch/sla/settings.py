"""What the administrator decides about deadlines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from sekretar.dispatch.part import Part
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.escalation import Audience
from sekretar.dispatch.spans import Opening

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_OFFICE = ("09:00-18:00",)


class HoursSettings(Part):
    """Working hours; days that are left out are free."""

    week: dict[Weekday, tuple[str, ...]] = Field(
        default=dict.fromkeys(WEEKDAYS[:5], _OFFICE),
        description="Hours of each day, like `mon = ['09:00-13:00', '14:00-18:00']`; an end before the beginning"
        " is on the next day.",
    )
    country: str = Field(
        default="RU",
        pattern=r"^([A-Z]{2})?$",
        description="Whose holidays and transferred days count; empty: nobody's.",
    )

    @field_validator("week")
    @classmethod
    def _readable(cls, value: dict[Weekday, tuple[str, ...]]) -> dict[Weekday, tuple[str, ...]]:
        for texts in value.values():
            for text in texts:
                Opening.parse(text)
        return value

    def openings(self) -> tuple[tuple[Opening, ...], ...]:
        """The hours of each day, Monday first."""
        return tuple(tuple(Opening.parse(text) for text in self.week.get(day, ())) for day in WEEKDAYS)


class StepSettings(Part):
    """Somebody is told of a deadline."""

    clock: ClockKind = Field(
        default=ClockKind.DISPATCHER, description="Which clock: `dispatcher`, `reaction` or `contractor`."
    )
    minutes: int = Field(
        description="How long after the deadline; before it when negative. The breach itself is 0."
    )
    to: tuple[Audience, ...] = Field(
        description="Who is told: `responsible`, `shift`, `channel`, `head`, any of them."
    )


def _step(clock: ClockKind, minutes: int, *to: Audience) -> StepSettings:
    return StepSettings(clock=clock, minutes=minutes, to=to)


_STEPS = (
    _step(ClockKind.DISPATCHER, -60, Audience.RESPONSIBLE),
    _step(ClockKind.DISPATCHER, -15, Audience.CHANNEL),
    _step(ClockKind.DISPATCHER, 0, Audience.RESPONSIBLE, Audience.CHANNEL),
    _step(ClockKind.DISPATCHER, 30, Audience.HEAD),
    _step(ClockKind.REACTION, -3, Audience.RESPONSIBLE),
    _step(ClockKind.REACTION, 0, Audience.CHANNEL),
    _step(ClockKind.REACTION, 10, Audience.HEAD),
    _step(ClockKind.CONTRACTOR, -60, Audience.RESPONSIBLE),
    _step(ClockKind.CONTRACTOR, 0, Audience.RESPONSIBLE, Audience.CHANNEL),
)


class SlaSettings(Part):
    """Deadlines. Without hours the clocks run around the clock."""

    reaction_minutes: int = Field(
        default=10,
        ge=0,
        description="Within how many minutes somebody takes up an incident; 0: no such clock.",
    )
    contractor_minutes: int = Field(
        default=0, ge=0, description="How long the contractor has, in minutes; 0: as long as the type says."
    )
    hours: HoursSettings | None = Field(
        default=None, description="Working hours by which the clocks run; without them around the clock."
    )
    contractor_hours: HoursSettings | None = Field(
        default=None, description="Those of the contractors, where they are others."
    )
    notice_hours: HoursSettings | None = Field(
        default=None, description="When people may be told of deadlines; without it at any time."
    )
    steps: tuple[StepSettings, ...] = Field(
        default=_STEPS,
        description="Who is told when (`[[desk.sla.steps]]`); given ones replace the usual ones.",
    )
