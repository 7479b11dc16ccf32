"""What happened since a moment, from `updated_on` and the journals. Pure: nothing is asked here.

Redmine tells nobody about changes (before 7.0, and then only as a hint), so it is polled. `updated_on` has a
resolution of one second and is set before its transaction ends, so a change can appear behind a moment that was
read already: each look begins a little earlier than the last one ended (`cursor.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sekretar.trackers.cursor import Cursor, moment
from sekretar.trackers.redmine import reading
from sekretar.trackers.redmine.reading import Reader
from sekretar.trackers.redmine.writing import FIELDS
from sekretar.trackers.values import Event, Field, FieldChange, Ticket, custom_key


def events_of(issue: Mapping[str, Any], reader: Reader, cursor: Cursor) -> Iterator[Event]:
    """What happened to a ticket that the cursor has not told, oldest first."""
    ticket = reader.ticket(issue)
    yield from filter(cursor.is_news, _all_events(issue, ticket, reader))


def _all_events(issue: Mapping[str, Any], ticket: Ticket, reader: Reader) -> Iterator[Event]:
    yield Event(f"c{ticket.ref.key}", ticket, ticket.created, ticket.author, True, "", ())
    for journal in sorted(issue.get("journals", ()), key=lambda each: int(each["id"])):
        comment = "" if journal.get("private_notes") else reading.lines(journal.get("notes"))
        changes = tuple(_change(detail) for detail in journal.get("details", ()))
        if comment or changes:
            at, by = moment(journal["created_on"]), reader.person(journal.get("user"))
            yield Event(f"j{journal['id']}", ticket, at, by, False, comment, changes)


def _change(detail: Mapping[str, Any]) -> FieldChange:
    name = str(detail["name"])
    return FieldChange(
        _KINDS.get(str(detail["property"]), _plain)(name), detail.get("old_value"), detail.get("new_value")
    )


def _attribute(name: str) -> str:
    found = FIELDS.get(name)
    return found.value if found else name


def _file(_name: str) -> str:
    return Field.FILES


def _plain(name: str) -> str:
    return name


_KINDS = {
    "attr": _attribute,
    "cf": custom_key,
    "attachment": _file,
}
