"""Drafts and changes as Tracker's JSON, and what of them it did not take over. Pure: nothing is sent here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from sekretar.trackers.errors import FieldProblem, InvalidFields
from sekretar.trackers.requests import KEEP, Change, Draft, TimeSpent, Uploaded, plain
from sekretar.trackers.values import (
    CustomField,
    Field,
    Kind,
    Ticket,
    custom_id,
    custom_key,
)
from sekretar.trackers.yandex.wire import Unprocessable

#: How Tracker calls each field.
NAMES: Mapping[Field, str] = {
    Field.PROJECT: "queue",
    Field.TYPE: "type",
    Field.SUBJECT: "summary",
    Field.DESCRIPTION: "description",
    Field.PRIORITY: "priority",
    Field.ASSIGNEE: "assignee",
    Field.START: "start",
    Field.DUE: "deadline",
    Field.ESTIMATE: "originalEstimation",
    Field.PARENT: "parent",
}
#: What refusals and changelogs speak of besides.
FIELDS: Mapping[str, Field] = {name: each for each, name in NAMES.items()} | {
    "status": Field.STATUS,
    "attachmentIds": Field.FILES,
    "attachments": Field.FILES,
    "text": Field.COMMENT,
    "comment": Field.COMMENT,
    "duration": Field.SPENT,
}

#: What closing asks for, and what it means to everybody who does not say.
RESOLUTION = "resolution"

Body = dict[str, Any]


def of_draft(draft: Draft, known: Iterable[CustomField]) -> Body:
    """A new ticket; what was left open stays out."""
    given: dict[Field, object] = {
        Field.PROJECT: draft.project,
        Field.TYPE: draft.type,
        Field.SUBJECT: draft.subject,
        Field.DESCRIPTION: draft.description.rstrip() or None,
        Field.PRIORITY: draft.priority,
        Field.ASSIGNEE: draft.assignee,
        Field.START: draft.start,
        Field.DUE: draft.due,
        Field.ESTIMATE: draft.estimate,
        Field.PARENT: draft.parent,
    }
    body = {NAMES[name]: plain(value, duration) for name, value in given.items() if value is not None}
    return body | _custom(draft.custom, known) | of_files(draft.files)


def of_change(change: Change, known: Iterable[CustomField]) -> Body:
    """The fields to change, without the queue, which a ticket is moved to; an emptied one is null."""
    body = {
        NAMES[Field(name)]: plain(value, duration)
        for name in _CHANGEABLE
        if (value := getattr(change, name)) is not KEEP
    }
    return body | _custom(change.custom, known)


def of_values(values: Mapping[str, tuple[str, ...]], known: Iterable[CustomField]) -> Body:
    """Values by field key, as a step in the workflow takes them along."""
    body: Body = {
        NAMES.get(Field(key), key): given[0] if given else None
        for key, given in values.items()
        if not custom_id(key)
    }
    return body | _custom({own: given for key, given in values.items() if (own := custom_id(key))}, known)


def of_files(files: Iterable[Uploaded]) -> Body:
    """Files that were uploaded before."""
    tokens = [file.token for file in files]
    return {"attachmentIds": tokens} if tokens else {}


def of_time(time: TimeSpent) -> Body:
    """An entry of the worklog. Tracker wants a moment: noon, so that the day is the same nearly everywhere."""
    start = f"{time.on.isoformat()}T12:00:00.000+0000"
    return {"start": start, "duration": duration(time.spent), "comment": time.comment}


def problems(error: Unprocessable) -> InvalidFields:
    """A refusal by our names of the fields; what was said about none comes with the rest."""
    named = [FieldProblem(field_key(name), text) for name, text in error.errors.items()]
    return InvalidFields(error.peer, [*named, *(FieldProblem(None, text) for text in error.messages)])


def field_key(name: str) -> str:
    """Our name of a field of Tracker's."""
    found = FIELDS.get(name)
    return found.value if found else custom_key(name)


_CHANGEABLE = (
    "type",
    "subject",
    "description",
    "priority",
    "assignee",
    "start",
    "due",
    "estimate",
    "parent",
)


def _custom(values: Mapping[str, tuple[str, ...]], known: Iterable[CustomField]) -> Body:
    fields = {field.id: field for field in known}
    return {name: _typed(given, fields.get(name)) for name, given in values.items()}


def _typed(given: tuple[str, ...], field: CustomField | None) -> object:
    """Values as the field's type wants them; a wrong one goes as it is, so that Tracker says what is wrong."""
    if field is not None and field.multiple:
        return list(given)
    if not given:
        return None
    convert: type[int] | type[float] | type[str] = str
    if field is not None and field.kind in _NUMBERS:
        convert = _NUMBERS[field.kind]
    try:
        return convert(given[0])
    except ValueError:
        return given[0]


_NUMBERS: Mapping[Kind, type[int] | type[float]] = {Kind.INTEGER: int, Kind.DECIMAL: float}


def duration(spent: timedelta) -> str:
    """In hours and minutes: a day of Tracker's has eight hours."""
    minutes = round(spent.total_seconds() / 60)
    return f"PT{minutes // 60}H{minutes % 60}M"


def not_taken(draft: Draft, ticket: Ticket) -> frozenset[str]:
    """The fields of a draft that the new ticket does not show."""
    wanted = {name: getattr(draft, name.value) for name in (*_SHOWN, Field.STATUS, Field.DONE, Field.PRIVATE)}
    missing = {
        name.value
        for name, value in wanted.items()
        if value not in (None, "", False) and value != _shown(name, ticket)
    }
    own = {value.id: value.values for value in ticket.custom}
    return frozenset(
        missing | {custom_key(each) for each in draft.custom if draft.custom[each] != own.get(each, ())}
    )


def not_changed(change: Change, ticket: Ticket) -> frozenset[str]:
    """The fields of a change that the ticket does not show."""
    names = (Field(name) for name in (*_CHANGEABLE, "done") if name not in ("subject", "description"))
    wanted = {name: getattr(change, name.value) for name in names}
    return frozenset(
        name.value for name, value in wanted.items() if value is not KEEP and value != _shown(name, ticket)
    )


def _shown(name: Field, ticket: Ticket) -> object:
    return _SHOWN[name](ticket) if name in _SHOWN else getattr(ticket, name.value)


_SHOWN: Mapping[Field, Callable[[Ticket], object]] = {
    Field.TYPE: lambda ticket: ticket.type.id,
    Field.PRIORITY: lambda ticket: ticket.priority and ticket.priority.id,
    Field.ASSIGNEE: lambda ticket: ticket.assignee and ticket.assignee.id,
    Field.START: lambda ticket: ticket.start,
    Field.DUE: lambda ticket: ticket.due,
    Field.ESTIMATE: lambda ticket: ticket.estimate,
    Field.PARENT: lambda ticket: ticket.parent,
}
