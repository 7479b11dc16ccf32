"""What may be done to an incident, as pure functions: the moves of the workflow and the checks before closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sekretar.dispatch.incidents.values import Incident, IncidentChange, Status
from sekretar.dispatch.incidents.workflow import is_finished, is_legal
from sekretar.kernel.errors import PersonError


def differing(incident: Incident, change: IncidentChange) -> dict[str, Any]:
    """The fields that are really different afterwards."""
    return {name: value for name, value in change.given().items() if getattr(incident, name) != value}


def check_seen(incident: Incident, seen: IncidentChange) -> None:
    """Refuse what was decided on the sight of an incident that is not so any more.

    Raises:
        PersonError: `dispatch.incident.changed_meanwhile`.
    """
    if differing(incident, seen):
        raise PersonError("dispatch.incident.changed_meanwhile", code=incident.code)


def check_move(incident: Incident, target: Status) -> None:
    """Refuse a move that the workflow does not have.

    Raises:
        PersonError: the text says what can be done from where the incident stands.
    """
    if not is_legal(incident.status, target):
        raise PersonError(f"dispatch.move.from_{incident.status.value}", code=incident.code)


def check_closing(incident: Incident, type_id: int | None, waited_for: Sequence[str]) -> None:
    """Refuse to close an incident that is not complete.

    Args:
        incident: The incident.
        type_id: The type that it will have.
        waited_for: Codes of the open incidents that it depends on.

    Raises:
        PersonError: what is missing.
    """
    if type_id is None:
        raise PersonError("dispatch.close.needs_type", code=incident.code)
    if waited_for:
        raise PersonError(
            "dispatch.close.depends", code=incident.code, others=", ".join(waited_for), count=len(waited_for)
        )


def finished_at(incident: Incident, target: Status, now: datetime) -> datetime | None:
    """When the incident counts as finished after this move: its first finished status since it was opened."""
    if not is_finished(target):
        return None
    return incident.finished_at or now


def columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an incident as columns of its row."""
    found = dict(values)
    if (applicant := found.pop("applicant", None)) is not None:
        found |= {"applicant_name": applicant.name, "applicant_address": applicant.address}
    return found
