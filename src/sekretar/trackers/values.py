"""What a tracker holds, as values: nothing here knows which tracker it was, or how it was asked.

Redmine and Yandex Tracker speak of the same things under other names: project and queue, tracker and type,
updated_on and version. One word is used here for each, and what only one of them has is optional and announced
by a `Can`. Ids are the tracker's own, as text: they are handed back to the tracker that gave them, never read.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Generic, TypeVar

_ItemT = TypeVar("_ItemT")


class Can(enum.StrEnum):
    """What not every tracker, or not every installation of one, can do."""

    #: The service account may act in the name of a person who was only mapped, without a key of their own.
    ACT_FOR_PEOPLE = "act_for_people"
    #: The tracker itself refuses a second ticket with the same unique key.
    NATIVE_UNIQUE = "native_unique"
    START_DATE = "start_date"
    DONE_RATIO = "done_ratio"
    #: Logged time belongs to an activity (`Tracker.activities`).
    TIME_ACTIVITIES = "time_activities"
    PRIVATE_TICKETS = "private_tickets"
    #: A status can be given while a ticket is made; elsewhere a new ticket begins in the status of its type.
    INITIAL_STATUS = "initial_status"
    #: A group can be an assignee, where the installation lets it (`Tracker.assignable` tells).
    GROUP_ASSIGNEES = "group_assignees"
    #: It can call us when something changes; elsewhere only asking tells.
    PUSH = "push"


class Field(enum.StrEnum):
    """The fields that every tracker knows. A custom field is named by `CustomField.key`."""

    PROJECT = "project"
    TYPE = "type"
    SUBJECT = "subject"
    DESCRIPTION = "description"
    STATUS = "status"
    PRIORITY = "priority"
    ASSIGNEE = "assignee"
    START = "start"
    DUE = "due"
    ESTIMATE = "estimate"
    DONE = "done"
    PARENT = "parent"
    PRIVATE = "private"
    COMMENT = "comment"
    FILES = "files"
    SPENT = "spent"
    ACTIVITY = "activity"


_CUSTOM: Final = "custom:"


def custom_key(field_id: str) -> str:
    """How errors and changes name the custom field with this id."""
    return f"{_CUSTOM}{field_id}"


def custom_id(key: str) -> str | None:
    """The id within the name of a custom field; None when the name is that of another field."""
    return key.removeprefix(_CUSTOM) if key.startswith(_CUSTOM) else None


@dataclass(frozen=True, slots=True)
class TicketRef:
    """Which ticket: the configured name of the tracker and the ticket's key there (`10`, `DESK-12`)."""

    tracker: str
    key: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several: the id goes to the tracker, the name to people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project or a queue. `key` is what a person may type for it (`demo`, `DESK`)."""

    id: str
    key: str
    name: str
    #: The project that this one belongs to.
    parent: str | None = None
    #: False for a closed or archived one: it can be read, not written.
    open: bool = True


@dataclass(frozen=True, slots=True)
class Status:
    """A status. Names differ from house to house; only `closed` may be concluded from."""

    id: str
    name: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Priority:
    """A priority; `rank` ascends with urgency."""

    id: str
    name: str
    rank: int
    default: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody as the tracker knows them. Login and mail are None where it does not tell."""

    id: str
    name: str
    login: str | None = None
    mail: str | None = None
    #: Several people at once: it can be an assignee, and nobody can act as it.
    group: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Who the tracker says we are."""

    member: Member
    administrator: bool


class Kind(enum.StrEnum):
    """How the value of a custom field is typed."""

    LINE = "line"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    #: Written as `1` and `0`.
    YES_NO = "yes_no"
    #: One of `choices`.
    CHOICE = "choice"
    #: The id of a `Member`.
    PERSON = "person"
    LINK = "link"
    #: Something that can only be filled in the tracker itself.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that this house has invented."""

    id: str
    name: str
    kind: Kind
    required: bool
    multiple: bool = False
    choices: tuple[Choice, ...] = ()
    #: What the tracker fills in by itself.
    default: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """How errors and changes name it."""
        return custom_key(self.id)


@dataclass(frozen=True, slots=True)
class CustomValue:
    """The value of a custom field in a ticket. `values` is empty when it has none."""

    id: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketForm:
    """What may and must be filled in for a new ticket of this type in this project."""

    project: Project
    #: The type the form is for.
    type: Choice
    fields: frozenset[Field]
    required: frozenset[Field]
    custom: tuple[CustomField, ...]
    #: The status a new ticket begins in; None when the tracker does not tell.
    status: Status | None
    #: False when the tracker did not tell its custom fields: then only its refusal names one that is required.
    complete: bool = True
    #: Custom fields that may be here: a tracker may tell only by the tickets that there are.
    doubtful: tuple[CustomField, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as the account that asked may see it. Empty texts are "", absent values None."""

    ref: TicketRef
    #: Its page, for browsers.
    link: str
    project: Choice
    type: Choice
    subject: str
    description: str
    status: Status
    priority: Choice | None
    author: Member
    assignee: Member | None
    start: date | None
    due: date | None
    estimate: timedelta | None
    #: Percent.
    done: int | None
    parent: TicketRef | None
    private: bool
    custom: tuple[CustomValue, ...]
    created: datetime
    updated: datetime
    closed: datetime | None
    #: Differs after every change; handed back to `Tracker.change` so that nobody's change is overwritten.
    version: str


@dataclass(frozen=True, slots=True)
class Comment:
    """Something that was written below a ticket; what the tracker marks as private is never told."""

    id: str
    author: Member
    text: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a ticket; `link` is its page or content for somebody signed in to the tracker."""

    id: str
    name: str
    size: int
    link: str


class LinkKind(enum.StrEnum):
    """How two tickets belong together, read from the first: it *relates to*, *blocks* … the other."""

    RELATES = "relates"
    BLOCKS = "blocks"
    BLOCKED_BY = "blocked_by"
    DUPLICATES = "duplicates"
    DUPLICATED_BY = "duplicated_by"


@dataclass(frozen=True, slots=True)
class Relation:
    """A link from one ticket to another."""

    #: None for a kind that Sekretar does not set.
    kind: LinkKind | None
    other: TicketRef


@dataclass(frozen=True, slots=True)
class Details:
    """A ticket with what hangs on it."""

    ticket: Ticket
    comments: tuple[Comment, ...]
    attachments: tuple[Attachment, ...]
    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """The ticket as it was read back after a write.

    `ignored` names the fields that the tracker accepted and did not take over (`Field` or `CustomField.key`): the
    person lacks the right, or the workflow forbids it. A person is told about each.
    """

    ticket: Ticket
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Created:
    """A new ticket, or the one that an earlier attempt with the same unique key has made."""

    written: Written
    #: False when an earlier attempt made it.
    new: bool

    @property
    def ticket(self) -> Ticket:
        return self.written.ticket


@dataclass(frozen=True, slots=True)
class Transition:
    """A legal step from the present status."""

    id: str
    name: str
    to: Status
    #: Fields that must come along (`Field` or `CustomField.key`), where the tracker tells.
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page(Generic[_ItemT]):
    """Some of many. `next` asks for the following ones; None at the end."""

    items: tuple[_ItemT, ...]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after. Values are ids or dates as the tracker writes them; None where there was none."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a ticket: it was made, or somebody commented or changed it."""

    #: Unique within the tracker, and the same whenever the event is read again.
    id: str
    #: The ticket as it is now.
    ticket: Ticket
    at: datetime
    by: Member
    created: bool
    comment: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since a cursor, oldest first, and the cursor to ask with next time.

    The cursor is stored in the transaction that deals with the events. `more` asks to go on at once.
    """

    events: tuple[Event, ...]
    cursor: str
    more: bool


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """Something about a tracker that the administrator can mend; both texts are English, for the doctor."""

    seen: str
    remedy: str
    #: True when tickets cannot be worked with; False when something less than that is missing.
    fatal: bool


@dataclass(frozen=True, slots=True)
class Examination:
    """What the doctor learns from a tracker: who we are there (None when it does not tell), and what is wrong."""

    account: Account | None
    shortcomings: tuple[Shortcoming, ...]
