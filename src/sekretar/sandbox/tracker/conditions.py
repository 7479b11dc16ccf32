"""Which issues a search means: the conditions of a filter, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

from sekretar.sandbox.tracker.refusals import Refused
from sekretar.sandbox.tracker.state import PRIORITIES, RESOLUTIONS, STATUSES, TYPES, Issue, User, World

Condition = Callable[[Issue], bool]

_ALIASES = {
    "author": "createdBy",
    "created": "createdAt",
    "updated": "updatedAt",
    "resolved": "resolvedAt",
    "due date": "deadline",
}
_DIRECTORIES = {"status": STATUSES, "type": TYPES, "priority": PRIORITIES, "resolution": RESOLUTIONS}
_PEOPLE = ("assignee", "createdBy", "followers", "updatedBy")
_MOMENTS = ("createdAt", "updatedAt", "resolvedAt")
_TEXTS = ("summary", "description", "comment")


class Conditions:
    """Makes conditions as one user."""

    def __init__(self, world: World, user: User) -> None:
        self._world, self._user = world, user

    def name(self, written: str) -> str:
        """The field that a filter or a query names. 400 for one that nobody knows."""
        name = _ALIASES.get(written.lower(), written)
        queues = self._world.queues.values()
        known = {*_PEOPLE, *_MOMENTS, *_TEXTS, *_DIRECTORIES, "queue", "key", "deadline", "start", "parent"}
        known |= {"tags", *(field.id for queue in queues for field in queue.fields)}
        found = next((each for each in known if each.lower() == name.lower()), None)
        if found is None:
            raise Refused(400, [f"There is no field {written}."])
        return found

    def one_of(self, name: str, values: Iterable[Any]) -> Condition:
        """The field has one of these values, or what a function among them means."""
        conditions = [self._equals(name, str(value)) for value in values]
        return lambda issue: any(each(issue) for each in conditions)

    def between(self, name: str, first: str | None, last: str | None) -> Condition:
        """A date or a moment within bounds, both included."""

        def holds(issue: Issue) -> bool:
            value = self.value(issue, name)
            if value is None:
                return False
            low, high = (bound and _comparable(name, bound) for bound in (first, last))
            found = _comparable(name, value)
            return (not low or found >= low) and (not high or found <= high)

        return holds

    def value(self, issue: Issue, name: str) -> Any:
        """What an issue has in a field, as it is stored."""
        own: dict[str, Any] = {
            "createdBy": issue.by,
            "updatedBy": issue.updated_by,
            "createdAt": issue.at,
            "updatedAt": issue.updated,
            "resolvedAt": issue.resolved,
            "key": issue.key,
            "comment": " ".join(comment.text for comment in issue.comments),
        }
        return own[name] if name in own else issue.values.get(name)

    def _equals(self, name: str, wanted: str) -> Condition:
        if wanted == "empty()":
            return lambda issue: self.value(issue, name) in (None, [], "")
        if wanted == "notEmpty()":
            return lambda issue: self.value(issue, name) not in (None, [], "")
        if wanted == "me()":
            return lambda issue: self._user.uid in _listed(self.value(issue, name))
        if name in _TEXTS:
            return lambda issue: wanted.casefold() in str(self.value(issue, name) or "").casefold()
        return lambda issue: any(
            wanted.casefold() in self._names(name, each) for each in _listed(self.value(issue, name))
        )

    def _names(self, name: str, value: Any) -> set[str]:
        """All that a value may be called."""
        names = {str(value)}
        if name in _DIRECTORIES and value in _DIRECTORIES[name]:
            entry = _DIRECTORIES[name][value]
            names |= {entry.id, entry.key, entry.name}
        elif name in _PEOPLE:
            user = self._world.users[value]
            names |= {str(user.uid), user.login, user.display}
        elif name == "queue":
            queue = self._world.queues[value]
            names |= {str(queue.id), queue.name}
        elif name == "parent":
            names.add(self._world.issues[value].key)
        return {each.casefold() for each in names}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _comparable(name: str, value: Any) -> Any:
    if name not in _MOMENTS:
        return date.fromisoformat(str(value)[:10])
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Refused(400, [f"{value} is not a date."]) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
