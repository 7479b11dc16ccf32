"""Drafts and changes field by field: what any adapter writes under the tracker's own names, and looks for afterwards.

Trackers drop in silence what the account may not set. So what was written is compared with the ticket that came back,
and both are said in the same terms: those of `Draft` and `Change`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from sekretar.trackers.requests import KEEP, Change, Draft
from sekretar.trackers.values import Field, Ticket, TicketRef

#: The fields that a `Change` can speak of.
CHANGEABLE = tuple(Field(each.name) for each in dataclasses.fields(Change) if each.name != "custom")

_SHOWN: Mapping[Field, Callable[[Ticket], object]] = {
    Field.PROJECT: lambda ticket: ticket.project.id,
    Field.TYPE: lambda ticket: ticket.type.id,
    Field.STATUS: lambda ticket: ticket.status.id,
    Field.PRIORITY: lambda ticket: ticket.priority and ticket.priority.id,
    Field.ASSIGNEE: lambda ticket: ticket.assignee and ticket.assignee.id,
}


def filled_in(draft: Draft, names: Mapping[Field, str]) -> dict[str, object]:
    """The fields that a draft fills in, by the tracker's names; what it leaves open stays out."""
    values = {name: getattr(draft, field.value) for field, name in names.items()}
    return {name: value for name, value in values.items() if not is_open(value)}


def changed(change: Change, names: Mapping[Field, str]) -> dict[str, object]:
    """The fields that a change speaks of, by the tracker's names; None for one that is emptied."""
    values = {names[field]: getattr(change, field.value) for field in CHANGEABLE if field in names}
    return {name: value for name, value in values.items() if value is not KEEP}


def is_open(value: object) -> bool:
    """Whether a draft leaves a field with this value to the tracker."""
    return value is None or value is False or value == ""


def shown(field: Field, ticket: Ticket) -> object:
    """What a ticket shows in a field, as a `Draft` or a `Change` would say it."""
    return _SHOWN[field](ticket) if field in _SHOWN else getattr(ticket, field.value)


def plain(value: object, length: Callable[[timedelta], str]) -> object:
    """A value of a `Draft` or a `Change` as JSON takes it; `length` is how the tracker writes lengths."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return length(value)
    return value.key if isinstance(value, TicketRef) else value
