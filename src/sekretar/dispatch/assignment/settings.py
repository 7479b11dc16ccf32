"""What the administrator decides about who gets new incidents."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.part import Part


class AssignmentSettings(Part):
    """Who gets new incidents. People and shifts themselves are kept in the chat."""

    automatic: bool = Field(
        default=True, description="Whether new incidents are given to the least loaded dispatcher on shift."
    )
    shifts: bool = Field(
        default=True, description="Whether there are shifts; without them everybody not on leave counts."
    )
    presence: bool = Field(
        default=True, description="Whether who is away or offline in Mattermost comes after the others."
    )
    limit: int = Field(
        default=0,
        ge=0,
        description="More open incidents are given to nobody; 0: no limit. People may have their own.",
    )
    waiting: tuple[Status, ...] = Field(
        default=(Status.HANDED_OVER, Status.AWAITING_CONFIRMATION, Status.CLOSURE_NOTIFIED),
        description="Statuses in which an incident waits for others and counts less.",
    )
    waiting_weight: float = Field(default=0.5, ge=0, le=1, description="How much such an incident counts.")
    answers: Literal["reassign", "stay"] = Field(
        default="reassign",
        description="A letter to an incident whose responsible is off shift: it is given to somebody else, or stays.",
    )
    shift_end: Literal["stay", "reassign"] = Field(
        default="stay",
        description="What is open when a shift ends: it stays with the person, or is given on.",
    )
