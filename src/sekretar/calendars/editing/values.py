"""What can be done to a meeting, as values.

A change of a series is not complete without its reach: people mean this meeting, this and all later ones, or
all of them, and the texts that follow from it are very different.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sekretar.calendars.ics.events import Role
from sekretar.kernel.errors import SekretarError


class EditError(SekretarError):
    """The edit cannot be made; nothing was changed."""


class Uneditable(EditError):
    """The text cannot be changed safely, or not in this way. The message says why, for the log."""


class NoSuchOccurrence(EditError):
    """The series has no such meeting (any more)."""


class NotInvited(EditError):
    """The person is not among the attendees, so there is no answer to give."""


class NothingToCarry(EditError):
    """The series cannot take over the new day.

    Its rule names days (the last Friday of the month, workdays) that cannot follow; a single meeting can.
    """


class Repeat(StrEnum):
    """How a new meeting repeats."""

    DAILY = "daily"
    #: Monday to Friday.
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    #: On the same day of the month; months without it are left out.
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Timed:
    """From one moment to another, both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("times of a meeting need a zone")
        if self.end < self.start:
            raise ValueError("a meeting ends after it begins")


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days, the last one included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a meeting ends after it begins")


Span = Timed | Days


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody to invite, by mail address."""

    address: str
    name: str = ""
    role: Role = Role.REQUIRED


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A meeting to be written for the first time."""

    title: str
    span: Span
    #: In which a repeated meeting keeps its time of day.
    zone: ZoneInfo
    description: str = ""
    place: str = ""
    #: Who calls it; written only when somebody is invited.
    organizer: Invitee | None = None
    attendees: tuple[Invitee, ...] = ()
    #: How long before the start to remind.
    reminders: tuple[timedelta, ...] = ()
    repeat: Repeat | None = None
    #: The last day on which a repeated meeting may begin; without it there is no end.
    repeat_until: date | None = None
    #: The time stays free for others.
    transparent: bool = False
    tentative: bool = False
    #: Ask Yandex to make a room for a call.
    telemost: bool = False


class Reach(StrEnum):
    """How much of a series is meant."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an edit is about.

    `recurrence_id` names the occurrence that the person looks at, as `Occurrence.recurrence_id` does; it is
    empty for a meeting that does not repeat. With `Reach.ALL` it says from which occurrence a new time is
    meant.
    """

    reach: Reach = Reach.ALL
    recurrence_id: str = ""

    def __post_init__(self) -> None:
        if self.reach is Reach.FOLLOWING and not self.recurrence_id:
            raise ValueError("the following ones of which meeting?")


@dataclass(frozen=True, slots=True)
class Edit:
    """What shall be different; None leaves it as it is, an empty text removes it."""

    title: str | None = None
    place: str | None = None
    description: str | None = None
    span: Span | None = None
    invite: tuple[Invitee, ...] = ()
    #: Addresses.
    uninvite: tuple[str, ...] = ()
    #: Who calls the meeting: needed when the first attendee of a meeting without organizer is invited.
    organizer: Invitee | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """The text after an edit."""

    data: str
    #: The text of a further object, with a UID of its own, when a series was divided.
    further: str | None = None
    #: The UID of the further object.
    further_uid: str = ""
