"""What Tracker's JSON means, as values. Pure: nothing is asked here.

Empty fields are absent. Directory entries are known by their keys, which are the same in every queue; people by their
ids. An answer without its usual shape is no conclusion but a `PeerDown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sekretar.trackers.cursor import moment
from sekretar.trackers.exchange import shaped
from sekretar.trackers.values import (
    Account,
    Attachment,
    Choice,
    Comment,
    CustomField,
    CustomValue,
    Details,
    Kind,
    LinkKind,
    Member,
    Priority,
    Project,
    Relation,
    Status,
    Ticket,
    TicketRef,
    Transition,
)
from sekretar.trackers.yandex.addresses import Addresses
from sekretar.trackers.yandex.wire import Item

#: Kinds of status that a ticket is closed in.
_CLOSING = frozenset({"done", "cancelled"})

_KINDS = {
    "string": Kind.LINE,
    "text": Kind.TEXT,
    "integer": Kind.INTEGER,
    "float": Kind.DECIMAL,
    "date": Kind.DATE,
    "user": Kind.PERSON,
    "uri": Kind.LINK,
}

#: Type of a link and its direction → the kind it means, read from the ticket that shows it.
_RELATIONS = {
    ("relates", "outward"): LinkKind.RELATES,
    ("relates", "inward"): LinkKind.RELATES,
    ("depends", "outward"): LinkKind.BLOCKED_BY,
    ("depends", "inward"): LinkKind.BLOCKS,
    ("duplicates", "outward"): LinkKind.DUPLICATES,
    ("duplicates", "inward"): LinkKind.DUPLICATED_BY,
}

#: Fields that a house has invented: local ones begin with the id of their own, global ones are nothing else.
_OWN_FIELD = re.compile(r"[0-9a-f]{24}(--.+)?")

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")
_HOURS_A_DAY, _DAYS_A_WEEK = 8, 5


def account(user: Item) -> Account:
    """Tracker does not tell who administers it."""
    return Account(user_of(user), administrator=False)


def user_of(user: Item) -> Member:
    """A user as `/users` tells it."""
    return Member(str(user["uid"]), user["display"], user.get("login") or None, user.get("email") or None)


def has_full_access(user: Item) -> bool:
    """Whether tickets can be given to this user at all; rights in queues are a matter of their own."""
    return bool(user.get("hasLicense", True)) and not user.get("dismissed")


def choice(item: Item) -> Choice:
    """A reference to an entry of a directory."""
    return Choice(str(item["key"]), str(item.get("display") or item["key"]))


def project(queue: Item) -> Project:
    return Project(queue["key"], queue["key"], queue["name"])


def status(item: Item) -> Status:
    """An entry of the directory of statuses."""
    kind = item.get("type") or (item.get("statusType") or {}).get("key")
    closed = kind in _CLOSING if kind else item["key"] == "closed"
    return Status(str(item["key"]), str(item["name"]), closed)


def priorities(items: Iterable[Item]) -> tuple[Priority, ...]:
    """By urgency. What a queue gives to a ticket without one is *normal* unless somebody changed it there."""
    ordered = sorted(items, key=lambda item: int(item["order"]))
    return tuple(
        Priority(str(item["key"]), str(item["name"]), rank, item["key"] == "normal")
        for rank, item in enumerate(ordered)
    )


def custom_field(item: Item, queue: str) -> CustomField:
    """A field of a queue that Sekretar has no name of its own for."""
    schema = item["schema"]
    many = schema["type"] == "array"
    options = (item.get("optionsProvider") or {}).get("values") or ()
    if isinstance(options, Mapping):
        options = options.get(queue, ())
    choices = tuple(Choice(str(each), str(each)) for each in options)
    kind = (
        Kind.CHOICE if choices else _KINDS.get(str(schema["items"] if many else schema["type"]), Kind.OTHER)
    )
    return CustomField(
        str(item["id"]), str(item["name"]), kind, bool(schema.get("required")), multiple=many, choices=choices
    )


def values(value: object) -> tuple[str, ...]:
    """The values of a field: keys and ids of references, texts of the rest."""
    if value is None or value == "":
        return ()
    if isinstance(value, list):
        return tuple(text for each in value for text in values(each))
    if isinstance(value, Mapping):
        return (str(value.get("key") or value["id"]),)
    return (str(value),)


def duration(text: str | None) -> timedelta | None:
    """A duration in working time: a day has eight hours, a week five days."""
    if not text:
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"not a duration: {text}")
    weeks, days, hours, minutes = (int(each or 0) for each in found.groups())
    return timedelta(hours=(weeks * _DAYS_A_WEEK + days) * _HOURS_A_DAY + hours, minutes=minutes)


class Reader:
    """Reads tickets of one Tracker."""

    def __init__(
        self, addresses: Addresses, statuses: Iterable[Status], field_names: Mapping[str, str]
    ) -> None:
        """`field_names` are the names of custom fields, as far as they are known."""
        self._addresses = addresses
        self._statuses = {each.id: each for each in statuses}
        self._field_names = field_names

    def ticket(self, issue: Item) -> Ticket:
        with shaped(self._addresses.name):
            return self._ticket(issue)

    def _ticket(self, issue: Item) -> Ticket:
        key = str(issue["key"])
        parent = issue.get("parent")
        return Ticket(
            ref=self.ref(key),
            link=self._addresses.ticket(key),
            project=choice(issue["queue"]),
            type=choice(issue["type"]),
            subject=issue["summary"],
            description=(issue.get("description") or "").replace("\r\n", "\n"),
            status=self.status(issue["status"], resolved="resolution" in issue),
            priority=choice(issue["priority"]) if issue.get("priority") else None,
            author=self.person(issue.get("createdBy")),
            assignee=self.person(issue["assignee"]) if issue.get("assignee") else None,
            start=_day(issue.get("start")),
            due=_day(issue.get("deadline")),
            estimate=duration(issue.get("originalEstimation")),
            done=None,
            parent=self.ref(str(parent["key"])) if parent else None,
            private=False,
            custom=tuple(
                CustomValue(name, self._field_names.get(name, name.rpartition("--")[2]), values(value))
                for name, value in issue.items()
                if _OWN_FIELD.fullmatch(name)
            ),
            created=moment(issue["createdAt"]),
            updated=moment(issue["updatedAt"]),
            closed=moment(issue["resolvedAt"]) if issue.get("resolvedAt") else None,
            version=str(issue["version"]),
        )

    def details(
        self, issue: Item, comments: Iterable[Item], files: Iterable[Item], links: Iterable[Item]
    ) -> Details:
        with shaped(self._addresses.name):
            ticket = self._ticket(issue)
            return Details(
                ticket,
                tuple(self._comment(each) for each in comments if each.get("text")),
                tuple(
                    Attachment(str(each["id"]), each["name"], int(each["size"]), ticket.link)
                    for each in files
                ),
                tuple(self._relation(each) for each in links),
            )

    def ref(self, key: str) -> TicketRef:
        return TicketRef(self._addresses.name, key)

    def person(self, item: Item | None) -> Member:
        """Somebody named in a ticket."""
        return Member(str(item["id"]), item.get("display", "")) if item else Member("", "")

    def status(self, item: Item, *, resolved: bool = False) -> Status:
        """A reference to a status. A ticket with a resolution is closed in whatever status."""
        key = str(item["key"])
        known = self._statuses.get(key)
        name = str(item.get("display") or (known.name if known else key))
        return Status(key, name, resolved or bool(known and known.closed))

    def transition(self, item: Item) -> Transition:
        with shaped(self._addresses.name):
            to = self.status(item["to"])
            return Transition(str(item["id"]), str(item.get("display") or to.name), to)

    def _comment(self, item: Item) -> Comment:
        text = item["text"].replace("\r\n", "\n")
        return Comment(str(item["id"]), self.person(item.get("createdBy")), text, moment(item["createdAt"]))

    def _relation(self, item: Item) -> Relation:
        kind = _RELATIONS.get((str(item["type"]["id"]), str(item["direction"])))
        return Relation(kind, self.ref(str(item["object"]["key"])))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def keys_of(issue: Item) -> list[str]:
    """The keys that an issue answers under: its own, and those it had in other queues."""
    found: list[Any] = [issue["key"], *issue.get("aliases", ())]
    return [str(each) for each in found]
