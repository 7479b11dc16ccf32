"""What a tracker is asked for, as values: drafts, changes, queries and files on their way."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from sekretar.trackers.values import TicketRef


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be uploaded."""

    name: str
    content: bytes = field(repr=False)
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that waits in the tracker to be attached, once."""

    token: str
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A ticket to be made. Ids everywhere; None leaves the choice to the tracker."""

    project: str
    subject: str
    type: str | None = None
    description: str = ""
    status: str | None = None
    priority: str | None = None
    assignee: str | None = None
    start: date | None = None
    due: date | None = None
    estimate: timedelta | None = None
    done: int | None = None
    parent: TicketRef | None = None
    private: bool = False
    #: Id of the custom field → its values.
    custom: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[Uploaded, ...] = ()


class Keep(enum.Enum):
    """The type of `KEEP`."""

    KEEP = "keep"


#: In a `Change`: leave the field as it is. None empties it.
KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True)
class Change:
    """What shall be different in a ticket. The status has a call of its own (`Tracker.transition`)."""

    project: str | Keep = KEEP
    type: str | Keep = KEEP
    subject: str | Keep = KEEP
    description: str | Keep = KEEP
    priority: str | Keep = KEEP
    assignee: str | Keep | None = KEEP
    start: date | Keep | None = KEEP
    due: date | Keep | None = KEEP
    estimate: timedelta | Keep | None = KEEP
    done: int | Keep = KEEP
    parent: TicketRef | Keep | None = KEEP
    #: Id of the custom field → its values; () empties it.
    custom: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """Work on a ticket. `activity` is an id of `Tracker.activities`, None for the tracker's default."""

    spent: timedelta
    on: date
    comment: str = ""
    activity: str | None = None


class Me(enum.Enum):
    """The type of `ME`."""

    ME = "me"


#: In a `Query`: whoever asks.
ME: Final = Me.ME


class Openness(enum.StrEnum):
    """Which tickets by their status."""

    OPEN = "open"
    CLOSED = "closed"
    ANY = "any"


class Order(enum.StrEnum):
    """In which order tickets are listed."""

    #: What changed last comes first.
    RECENT = "recent"
    #: What is due first comes first; what is never due, last.
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Query:
    """Which tickets; all conditions hold together."""

    text: str = ""
    project: str | None = None
    assignee: str | Me | None = None
    author: str | Me | None = None
    #: Not theirs to do: somebody else's, or nobody's.
    not_assignee: str | Me | None = None
    openness: Openness = Openness.OPEN
    #: Due on this day or earlier.
    due_until: date | None = None
    order: Order = Order.RECENT
    #: How many to a page, 1 to 100.
    limit: int = 25
