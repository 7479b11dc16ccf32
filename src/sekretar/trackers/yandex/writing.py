"""Drafts and changes as Tracker's JSON, and what of them it did not take over. Pure: nothing is sent here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sekretar.trackers.errors import FieldProblem, InvalidFields
from sekretar.trackers.fields import CHANGEABLE, changed, filled_in, is_open, plain, shown
from sekretar.trackers.requests import KEEP, Change, Draft, TimeSpent, Uploaded
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
    tidied = replace(draft, description=draft.description.rstrip())
    body = {name: plain(value, duration) for name, value in filled_in(tidied, NAMES).items()}
    return body | _custom(draft.custom, known) | of_files(draft.files)


def of_change(change: Change, known: Iterable[CustomField]) -> Body:
    """The fields to change, without the queue, which a ticket is moved to; an emptied one is null."""
    fields = changed(change, NAMES)
    body = {name: plain(value, duration) for name, value in fields.items() if name != NAMES[Field.PROJECT]}
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
    wanted = {field: getattr(draft, field.value) for field in (*_COMPARED, Field.STATUS, Field.PRIVATE)}
    missing = {
        field.value for field, value in wanted.items() if not is_open(value) and value != shown(field, ticket)
    }
    own = {value.id: value.values for value in ticket.custom}
    return frozenset(
        missing | {custom_key(each) for each in draft.custom if draft.custom[each] != own.get(each, ())}
    )


def not_changed(change: Change, ticket: Ticket) -> frozenset[str]:
    """The fields of a change that the ticket does not show."""
    wanted = {field: getattr(change, field.value) for field in _COMPARED}
    return frozenset(
        field.value for field, value in wanted.items() if value is not KEEP and value != shown(field, ticket)
    )


#: What is compared: texts come back as Tracker likes to write them, and a ticket is moved to its queue by itself.
_COMPARED = tuple(
    each for each in CHANGEABLE if each not in (Field.PROJECT, Field.SUBJECT, Field.DESCRIPTION)
)
