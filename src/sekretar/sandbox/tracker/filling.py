"""Values on their way into an issue: what people may write for a reference, and what the service refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sekretar.sandbox.tracker.refusals import Refused, invalid, missing
from sekretar.sandbox.tracker.state import (
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    TYPES,
    Entry,
    Issue,
    Json,
    Queue,
    User,
    World,
)

_ENTRIES: Mapping[str, Mapping[str, Entry]] = {
    "status": STATUSES,
    "priority": PRIORITIES,
    "issuetype": TYPES,
    "resolution": RESOLUTIONS,
}
_DURATION = re.compile(
    r"P(?=.)(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?(?:T(?=.)(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:\d+S)?)?"
)
#: Fields of an issue that a request cannot set by name.
_READ_ONLY = frozenset({"status", "queue", "key", "id", "version", "createdBy", "createdAt", "updatedAt"})


class Filling:
    """Reads the values of a request for one queue, as somebody."""

    def __init__(self, world: World, queue: Queue, user: User) -> None:
        self._world, self._queue, self._user = world, queue, user

    def new(self, body: Json) -> Json:
        """The values of a new issue, with what the queue adds by itself."""
        values: Json = {"queue": self._queue.key, "status": "open", "type": "task", "priority": "normal"}
        given = {name: self._value(name, value) for name, value in body.items() if name not in _READ_ONLY}
        values |= {name: value for name, value in given.items() if value not in (None, [], "")}
        faults = {
            field.id: "Required" for field in self._queue.fields if field.required and field.id not in values
        }
        if "summary" not in values:
            faults["summary"] = "Required"
        if faults:
            raise Refused(422, errors=faults)
        return values

    def changed(self, issue: Issue, body: Json) -> Json:
        """What a request makes of the values of an issue, those that differ."""
        if "status" in body:
            raise invalid("status", "The status is changed by transitions.")
        found: Json = {}
        for name, value in body.items():
            if name in _READ_ONLY:
                raise invalid(name, "The field cannot be changed.")
            before = issue.values.get(name)
            after = self._applied(name, before, value)
            if after != before and not (before in (None, [], "") and after in (None, [], "")):
                found[name] = after
        if "summary" in found and not found["summary"]:
            raise invalid("summary", "Required")
        return found

    def _applied(self, name: str, before: Any, value: Any) -> Any:
        if not isinstance(value, dict) or not value.keys() & {"set", "add", "remove", "replace"}:
            return self._value(name, value)
        if "set" in value:
            return self._value(name, value["set"])
        rows = list(before or [])
        for each in self._value(name, value.get("add", [])):
            if each not in rows:
                rows.append(each)
        gone = self._value(name, value.get("remove", []))
        rows = [each for each in rows if each not in gone]
        for pair in value.get("replace", []):
            [old], [new] = self._value(name, [pair["target"]]), self._value(name, [pair["replacement"]])
            rows = [new if each == old else each for each in rows]
        return rows

    def _value(self, name: str, value: Any) -> Any:
        kind = self._world.field_of(self._queue, name)
        if kind is None:
            raise invalid(name, "There is no such field.")
        name_of_type, many = kind
        if value is None:
            return None
        if many:
            given = value if isinstance(value, list) else [value]
            return [self._one(name, name_of_type, each) for each in given]
        return None if value == [] else self._one(name, name_of_type, value)

    def _one(self, name: str, kind: str, value: Any) -> Any:
        if kind in _ENTRIES:
            return self._entry(name, _ENTRIES[kind], value)
        if kind == "user":
            return self.person(name, value)
        if kind == "issue":
            return self._issue(name, value)
        if not isinstance(value, str | int | float):
            raise invalid(name, "The value has a wrong type.")
        if kind == "date":
            return _day(name, str(value))
        if kind == "timetracking":
            return _duration(name, str(value))
        return self._text(name, value)

    def _text(self, name: str, value: Any) -> Any:
        if name == "summary" and len(str(value)) > self._world.limits.summary:
            raise invalid(name, f"The text is longer than {self._world.limits.summary} characters.")
        local = next((each for each in self._queue.fields if each.id == name), None)
        if local is not None and local.values and value not in local.values:
            raise invalid(name, "There is no such value.")
        return value

    def _entry(self, name: str, entries: Mapping[str, Entry], value: Any) -> str:
        wanted = str(_handle(value))
        for entry in entries.values():
            if wanted in (entry.id, entry.key, entry.name):
                return entry.key
        raise invalid(name, "There is no such value.")

    def person(self, name: str, value: Any) -> int:
        wanted = str(_handle(value))
        for user in self._world.users.values():
            if wanted in (str(user.uid), user.login):
                able = user.licensed and not user.dismissed and self._world.may("read", self._queue, user)
                if name == "assignee" and not able:
                    raise invalid(name, f"{user.display} has no access.")
                return user.uid
        raise invalid(name, "There is no such user.")

    def _issue(self, name: str, value: Any) -> str:
        found = self._world.issue(str(_handle(value)))
        if found is None or not self._world.may("read", self._world.queues[found.queue], self._user):
            raise invalid(name, "There is no such issue.")
        return found.id


def queue_of(world: World, value: Any, user: User) -> Queue:
    """The queue that a request names. 404 for none, 403 for one that is not for this user."""
    wanted = str(_handle(value))
    found = next((each for each in world.queues.values() if wanted in (each.key, str(each.id))), None)
    if found is None:
        raise missing("Queue")
    if not world.may("read", found, user):
        raise Refused(403, ["You are not authorized to view this queue."])
    return found


def _handle(value: Any) -> Any:
    """What a reference is named by: a key, an id, or an object with one of these."""
    if not isinstance(value, dict):
        return value
    return next((value[name] for name in ("id", "key", "uid", "name") if name in value), "")


def _day(name: str, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise invalid(name, "This is not a date.") from error


def _duration(name: str, value: str) -> str:
    """As the service keeps it: a day of work has eight hours, a week five days."""
    found = _DURATION.fullmatch(value)
    if found is None:
        raise invalid(name, "This is not a duration.")
    weeks, days, hours, minutes = (int(found[part] or 0) for part in "wdhm")
    total = ((weeks * 5 + days) * 8 + hours) * 60 + minutes
    hours, minutes = divmod(total, 60)
    days, hours = divmod(hours, 8)
    weeks, days = divmod(days, 5)
    day_part = "".join(f"{number}{letter}" for number, letter in ((weeks, "W"), (days, "D")) if number)
    time_part = "".join(f"{number}{letter}" for number, letter in ((hours, "H"), (minutes, "M")) if number)
    return (
        f"P{day_part}"
        + (f"T{time_part}" if time_part or not day_part else "")
        + ("" if day_part or time_part else "0M")
    )
