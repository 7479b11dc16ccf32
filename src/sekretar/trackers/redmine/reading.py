"""What Redmine's JSON means, as values. Pure: nothing is asked here.

Older Redmines leave out what newer ones tell (`is_closed` of a status came with 5.0): what is missing is taken from
the directories that the caller brings. An answer without its usual shape is no conclusion but a `PeerDown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sekretar.trackers.cursor import moment
from sekretar.trackers.exchange import shaped
from sekretar.trackers.redmine.addresses import Addresses
from sekretar.trackers.redmine.marker import without_marker
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
)

_ACTIVE = 1

_KINDS = {
    "string": Kind.LINE,
    "text": Kind.TEXT,
    "int": Kind.INTEGER,
    "float": Kind.DECIMAL,
    "date": Kind.DATE,
    "bool": Kind.YES_NO,
    "list": Kind.CHOICE,
    "enumeration": Kind.CHOICE,
    "user": Kind.PERSON,
    "link": Kind.LINK,
}

#: Redmine's word and the kinds it means, read from the first ticket and from the second.
_RELATIONS = {
    "relates": (LinkKind.RELATES, LinkKind.RELATES),
    "blocks": (LinkKind.BLOCKS, LinkKind.BLOCKED_BY),
    "duplicates": (LinkKind.DUPLICATES, LinkKind.DUPLICATED_BY),
}


def account(user: Mapping[str, Any]) -> Account:
    return Account(user_of(user), administrator=bool(user.get("admin")))


def user_of(user: Mapping[str, Any]) -> Member:
    """A user as `/users` tells it."""
    name = " ".join(part for part in (user.get("firstname"), user.get("lastname")) if part)
    return Member(
        str(user["id"]), name or user.get("login", ""), user.get("login") or None, user.get("mail") or None
    )


def choice(item: Mapping[str, Any]) -> Choice:
    return Choice(str(item["id"]), str(item["name"]))


def project(item: Mapping[str, Any]) -> Project:
    parent = item.get("parent")
    return Project(
        str(item["id"]),
        item["identifier"],
        item["name"],
        parent=str(parent["id"]) if parent else None,
        open=item.get("status", _ACTIVE) == _ACTIVE,
    )


def has_tickets(item: Mapping[str, Any]) -> bool:
    """Whether the project uses tickets at all; true where Redmine does not tell."""
    modules = item.get("enabled_modules")
    return modules is None or any(module["name"] == "issue_tracking" for module in modules)


def status(item: Mapping[str, Any]) -> Status:
    return Status(str(item["id"]), item["name"], bool(item.get("is_closed")))


def priorities(items: Iterable[Mapping[str, Any]]) -> tuple[Priority, ...]:
    """Redmine lists them in their order of urgency."""
    return tuple(
        Priority(str(item["id"]), item["name"], rank, bool(item.get("is_default")))
        for rank, item in enumerate(items)
        if item.get("active", True)
    )


def member(membership: Mapping[str, Any]) -> Member | None:
    """A user or a group of a project; None for an entry that is neither."""
    for kind in ("user", "group"):
        if kind in membership:
            found = membership[kind]
            return Member(str(found["id"]), found["name"], group=kind == "group")
    return None


def custom_field(item: Mapping[str, Any]) -> CustomField:
    default = item.get("default_value")
    return CustomField(
        str(item["id"]),
        item["name"],
        _KINDS.get(item["field_format"], Kind.OTHER),
        required=bool(item.get("is_required")),
        multiple=bool(item.get("multiple")),
        choices=tuple(
            Choice(str(each["value"]), str(each.get("label") or each["value"]))
            for each in item.get("possible_values") or ()
        ),
        default=_values(default),
    )


class Reader:
    """Reads tickets of one Redmine."""

    def __init__(self, addresses: Addresses, closed: frozenset[str]) -> None:
        """`closed` are the ids of the statuses that close a ticket."""
        self._addresses = addresses
        self._closed = closed

    def ticket(self, issue: Mapping[str, Any]) -> Ticket:
        with shaped(self._addresses.name):
            return self._ticket(issue)

    def _ticket(self, issue: Mapping[str, Any]) -> Ticket:
        key = str(issue["id"])
        parent = issue.get("parent")
        return Ticket(
            ref=self.ref(key),
            link=self._addresses.ticket(key),
            project=choice(issue["project"]),
            type=choice(issue["tracker"]),
            subject=issue["subject"],
            description=without_marker(lines(issue.get("description"))),
            status=self._status(issue["status"]),
            priority=choice(issue["priority"]) if issue.get("priority") else None,
            author=self.person(issue.get("author")),
            assignee=self.person(issue["assigned_to"]) if issue.get("assigned_to") else None,
            start=_day(issue.get("start_date")),
            due=_day(issue.get("due_date")),
            estimate=duration(issue.get("estimated_hours")),
            done=issue.get("done_ratio"),
            parent=self.ref(str(parent["id"])) if parent else None,
            private=bool(issue.get("is_private")),
            custom=tuple(_custom_value(item) for item in issue.get("custom_fields", ())),
            created=moment(issue["created_on"]),
            updated=moment(issue["updated_on"]),
            closed=moment(issue["closed_on"]) if issue.get("closed_on") else None,
            version=version(issue),
        )

    def details(self, issue: Mapping[str, Any]) -> Details:
        with shaped(self._addresses.name):
            return self._details(issue)

    def _details(self, issue: Mapping[str, Any]) -> Details:
        key = str(issue["id"])
        return Details(
            self._ticket(issue),
            tuple(
                Comment(
                    str(journal["id"]),
                    self.person(journal.get("user")),
                    lines(journal["notes"]),
                    moment(journal["created_on"]),
                )
                for journal in issue.get("journals", ())
                if journal.get("notes") and not journal.get("private_notes")
            ),
            tuple(self._attachment(item) for item in issue.get("attachments", ())),
            tuple(self._relation(key, item) for item in issue.get("relations", ())),
        )

    def ref(self, key: str) -> TicketRef:
        return TicketRef(self._addresses.name, key)

    def person(self, item: Mapping[str, Any] | None) -> Member:
        """Somebody named in a ticket; those who were deleted have no id."""
        return Member(str(item["id"]), item.get("name", "")) if item else Member("", "")

    def _status(self, item: Mapping[str, Any]) -> Status:
        closed = item.get("is_closed")
        key = str(item["id"])
        return Status(key, item["name"], key in self._closed if closed is None else bool(closed))

    def _attachment(self, item: Mapping[str, Any]) -> Attachment:
        key = str(item["id"])
        return Attachment(key, item["filename"], int(item["filesize"]), self._addresses.attachment(key))

    def _relation(self, key: str, item: Mapping[str, Any]) -> Relation:
        forwards, backwards = _RELATIONS.get(item["relation_type"], (None, None))
        if str(item["issue_id"]) == key:
            return Relation(forwards, self.ref(str(item["issue_to_id"])))
        return Relation(backwards, self.ref(str(item["issue_id"])))


def whole(issue: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same ticket, once it has what every ticket has."""
    for name in ("project", "tracker", "status"):
        int(issue[name]["id"])
    moment(issue["updated_on"])
    return issue


def version(issue: Mapping[str, Any]) -> str:
    """The moment of the last change and, where the journals came along, the last of them.

    The moment alone has a resolution of one second.
    """
    journals = issue.get("journals")
    if journals is None:
        return str(issue["updated_on"])
    return f"{issue['updated_on']}#{max((int(journal['id']) for journal in journals), default=0)}"


def same_version(one: str, other: str) -> bool:
    """Whether two versions can be the same; the less exact one decides."""
    left, right = one.split("#"), other.split("#")
    return all(a == b for a, b in zip(left, right, strict=False))


def lines(text: str | None) -> str:
    """A text with our line ends: Redmine answers in CRLF."""
    return (text or "").replace("\r\n", "\n")


def duration(hours: float | None) -> timedelta | None:
    """Hours to the minute, which is what a person can write."""
    return None if hours is None else timedelta(minutes=round(float(hours) * 60))


def _custom_value(item: Mapping[str, Any]) -> CustomValue:
    return CustomValue(str(item["id"]), item["name"], _values(item.get("value")))


def _values(value: object) -> tuple[str, ...]:
    """Values of a custom field: a text, a list of them, or nothing."""
    if value is None or value == "":
        return ()
    return tuple(str(each) for each in value) if isinstance(value, list) else (str(value),)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
