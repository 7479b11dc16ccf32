"""Drafts and changes as Redmine's JSON, and what of them it did not take over. Pure: nothing is sent here.

Redmine answers success and drops what the person may not set. So every write is read back and compared by the same
names that were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sekretar.trackers.fields import changed, filled_in, plain, shown
from sekretar.trackers.requests import Change, Draft, TimeSpent, Uploaded
from sekretar.trackers.values import Field, Ticket, custom_id, custom_key

#: How Redmine calls each field.
NAMES: Mapping[Field, str] = {
    Field.PROJECT: "project_id",
    Field.TYPE: "tracker_id",
    Field.SUBJECT: "subject",
    Field.DESCRIPTION: "description",
    Field.STATUS: "status_id",
    Field.PRIORITY: "priority_id",
    Field.ASSIGNEE: "assigned_to_id",
    Field.START: "start_date",
    Field.DUE: "due_date",
    Field.ESTIMATE: "estimated_hours",
    Field.DONE: "done_ratio",
    Field.PARENT: "parent_issue_id",
    Field.PRIVATE: "is_private",
}
FIELDS: Mapping[str, Field] = {name: each for each, name in NAMES.items()} | {
    # Journals name the parent like this.
    "parent_id": Field.PARENT
}

Body = dict[str, Any]


def of_draft(draft: Draft) -> Body:
    """A new ticket without its files and its marker; what was left open stays out."""
    body = {name: plain(value, hours) for name, value in filled_in(draft, NAMES).items()}
    return body | _custom(draft.custom)


def of_change(change: Change) -> Body:
    """The fields to change; an emptied one is an empty text."""
    body = {
        name: "" if value is None else plain(value, hours) for name, value in changed(change, NAMES).items()
    }
    return body | _custom(change.custom)


def of_values(values: Mapping[str, tuple[str, ...]]) -> Body:
    """Values by field key, as a step in the workflow takes them along."""
    body = {
        NAMES[Field(key)]: given[0] if given else "" for key, given in values.items() if not custom_id(key)
    }
    own = {field_id: given for key, given in values.items() if (field_id := custom_id(key))}
    return body | _custom(own)


def of_files(files: Iterable[Uploaded]) -> Body:
    """Files that were uploaded before."""
    uploads = [
        {"token": file.token, "filename": file.name, "content_type": file.media_type} for file in files
    ]
    return {"uploads": uploads} if uploads else {}


def of_time(key: str, time: TimeSpent) -> Body:
    """An entry of spent time."""
    entry: Body = {
        "issue_id": key,
        "hours": hours(time.spent),
        "spent_on": time.on.isoformat(),
        "comments": time.comment,
    }
    return entry | ({"activity_id": time.activity} if time.activity else {})


def _custom(values: Mapping[str, tuple[str, ...]]) -> Body:
    if not values:
        return {}
    return {
        "custom_fields": [
            {"id": int(field_id), "value": given[0] if len(given) == 1 else list(given) or ""}
            for field_id, given in values.items()
        ]
    }


def hours(spent: timedelta) -> str:
    """`1:05`: exact to the minute where decimals would not be."""
    minutes = round(spent.total_seconds() / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def keys_of(body: Body) -> tuple[str, ...]:
    """The field keys (`Field` or custom) that a body sets."""
    own = tuple(custom_key(str(item["id"])) for item in body.get("custom_fields", ()))
    return tuple(FIELDS[name].value for name in body if name in FIELDS) + own


def without(body: Body, key: str) -> Body:
    """The same body with one field left open."""
    field_id = custom_id(key)
    if field_id is None:
        return {name: value for name, value in body.items() if name != NAMES[Field(key)]}
    kept = [item for item in body["custom_fields"] if str(item["id"]) != field_id]
    return {**body, "custom_fields": kept}


def ignored(body: Body, ticket: Ticket) -> frozenset[str]:
    """The fields of a body that the ticket does not show."""
    own = {value.id: value.values for value in ticket.custom}
    missing = {
        FIELDS[name].value
        for name, value in body.items()
        if name in FIELDS and not _taken(name, value, ticket)
    }
    for item in body.get("custom_fields", ()):
        wanted = item["value"] if isinstance(item["value"], list) else [item["value"]]
        if sorted(str(each) for each in wanted if each != "") != sorted(own.get(str(item["id"]), ())):
            missing.add(custom_key(str(item["id"])))
    return frozenset(missing)


def _taken(name: str, value: object, ticket: Ticket) -> bool:
    seen = shown(FIELDS[name], ticket)
    if name in ("subject", "description"):
        return str(value).split() == str(seen).split()
    return str(value) == ("" if seen is None else str(plain(seen, hours)))
