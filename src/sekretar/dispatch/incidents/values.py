"""The values in which the desk speaks of incidents.

An incident changes under many hands: letters, people in the chat, pages, the tracker, clocks. So nobody is given the
row; everybody reads an `Incident`, says what shall be different in an `IncidentChange`, and hears of what was changed
as `Event`s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final


class Status(StrEnum):
    """Where an incident stands. Its moves are in `workflow`."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    #: The letter to the applicant is on its way.
    NOTIFYING_APPLICANT = "notifying_applicant"
    APPLICANT_NOTIFIED = "applicant_notified"
    #: The letter to the contractor is on its way.
    HANDING_OVER = "handing_over"
    HANDED_OVER = "handed_over"
    #: Somebody outside is to confirm something.
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    #: The letter about the closing is on its way.
    NOTIFYING_CLOSURE = "notifying_closure"
    CLOSURE_NOTIFIED = "closure_notified"
    #: The site runs on a generator: nothing is left to do for the desk.
    ON_GENERATION = "on_generation"
    CLOSED = "closed"
    #: What was asked for could not be done; the history says why.
    ERROR = "error"


class ActorKind(StrEnum):
    """What kind of hand it was."""

    PERSON = "person"
    #: Sekretar itself: a rule, a clock, the delivery of a letter.
    SYSTEM = "system"
    #: A letter that came in.
    LETTER = "letter"
    TRACKER = "tracker"
    #: A program with a token.
    API = "api"


@dataclass(frozen=True)
class Actor:
    """Who did something. The name is as it was then, so that the history outlives the account."""

    kind: ActorKind
    name: str = ""
    #: Set only for a person.
    person_id: int | None = None


SYSTEM: Final = Actor(ActorKind.SYSTEM)


class Origin(StrEnum):
    """How an incident came to the desk."""

    LETTER = "letter"
    CHAT = "chat"
    PAGE = "page"
    API = "api"
    TRACKER = "tracker"

    @property
    def by_hand(self) -> bool:
        """Whether a person entered it; then there may be nobody to write to."""
        return self is not Origin.LETTER


@dataclass(frozen=True)
class Applicant:
    """Who told of it; both are empty where nobody is known."""

    name: str = ""
    #: A mail address in lower case.
    address: str = ""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return self.name


#: Says in a change that a field stays as it is; None means that it is emptied.
UNSET: Final = Unset.UNSET


@dataclass(frozen=True)
class Incident:
    """An incident as it was read; never changed in place."""

    id: int
    desk: str
    #: `<prefix>-<number>`, unique over all desks.
    code: str
    number: int
    #: From when the SLA counts: the date of the first letter, or when it was entered.
    opened_at: datetime
    created_at: datetime
    updated_at: datetime
    status: Status
    #: When it was finished the last time; None while it is open.
    finished_at: datetime | None
    type_id: int | None
    responsible_id: int | None
    pole_id: int | None
    station_id: int | None
    contractor_id: int | None
    applicant: Applicant
    summary: str
    description: str
    origin: Origin
    #: In which letters about it are written.
    language: str
    #: Whether there is a letter that nobody at the desk has looked at.
    unread: bool
    #: Counts up with every change.
    version: int
    #: The incident into which this one was merged; None for all others.
    merged_into_id: int | None = None


@dataclass(frozen=True)
class NewIncident:
    """What is known of an incident when it is entered."""

    desk: str
    opened_at: datetime
    summary: str
    origin: Origin
    description: str = ""
    applicant: Applicant = Applicant()
    type_id: int | None = None
    responsible_id: int | None = None
    pole_id: int | None = None
    station_id: int | None = None
    contractor_id: int | None = None
    #: Names of these, by field, where whoever enters it has them at hand.
    names: Mapping[str, str] = field(default_factory=dict)
    #: By what the pole, the station and the contractor are known.
    place_why: str = ""
    #: Empty for the language of the desk.
    language: str = ""
    unread: bool = False
    #: The letter that told of it, and its subject.
    letter_id: int | None = None
    letter_subject: str = ""


@dataclass(frozen=True)
class IncidentChange:
    """Some fields of an incident: those that shall be different, or those that somebody saw."""

    status: Status | Unset = UNSET
    opened_at: datetime | Unset = UNSET
    type_id: int | Unset | None = UNSET
    responsible_id: int | Unset | None = UNSET
    pole_id: int | Unset | None = UNSET
    station_id: int | Unset | None = UNSET
    contractor_id: int | Unset | None = UNSET
    applicant: Applicant | Unset = UNSET
    summary: str | Unset = UNSET
    unread: bool | Unset = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that are set, by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not UNSET}


class EventKind(StrEnum):
    """What can happen to an incident. `old` and `new` of an event hold what is said of each kind here."""

    #: new: the code.
    OPENED = "opened"
    #: The SLA counts from another moment; moments in ISO 8601, UTC.
    BEGUN = "begun"
    #: Values of `Status`.
    STATUS = "status"
    #: Names of types.
    TYPE = "type"
    #: Names of people.
    RESPONSIBLE = "responsible"
    #: Codes of poles.
    POLE = "pole"
    #: Names of base stations.
    STATION = "station"
    #: Names of contractors.
    CONTRACTOR = "contractor"
    SUMMARY = "summary"
    #: `Name <address>`.
    APPLICANT = "applicant"
    #: Somebody has looked at the new letters.
    READ = "read"
    #: There is something new to look at.
    UNREAD = "unread"
    #: new: the subject.
    LETTER_IN = "letter_in"
    LETTER_OUT = "letter_out"
    #: A letter could not be delivered; new: to whom.
    LETTER_FAILED = "letter_failed"
    #: new: what was remarked.
    NOTE = "note"
    #: old: the kind of the link, new: the code of the other incident.
    LINKED = "linked"
    UNLINKED = "unlinked"
    #: This one ended in another; new: its code.
    MERGED = "merged"
    #: Another one ended in this one; new: its code.
    ABSORBED = "absorbed"
    #: A mark of the SLA was passed.
    SLA = "sla"
    #: A remark about the mirror in the tracker.
    MIRROR = "mirror"


@dataclass(frozen=True)
class Event:
    """A row of the history: what happened, by whom and why."""

    incident_id: int
    at: datetime
    kind: EventKind
    actor: Actor
    old: str = ""
    new: str = ""
    #: In the words of whoever did it, or the reason of the rule that did.
    why: str = ""
    #: The letter that it is about, for the kinds that tell of letters.
    letter_id: int | None = None
    #: Counts up over all histories; 0 before it is stored.
    id: int = 0


@dataclass(frozen=True)
class Changed:
    """What happened to an incident at one moment, and how the incident is now."""

    incident: Incident
    events: Sequence[Event]
    at: datetime

    @property
    def kinds(self) -> frozenset[EventKind]:
        return frozenset(event.kind for event in self.events)


@dataclass(frozen=True)
class Opening:
    """An incident that somebody enters."""

    new: NewIncident
    actor: Actor
    #: In their words, or the reason of the rule.
    why: str = ""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be different about an incident.

    Attributes:
        why: In their words.
        seen: What they saw when they decided; when one of these fields is different by now, nothing is done.
    """

    incident_id: int
    change: IncidentChange
    actor: Actor
    why: str = ""
    seen: IncidentChange = field(default_factory=IncidentChange)


@dataclass(frozen=True)
class Came:
    """A letter that came to an incident."""

    incident_id: int
    actor: Actor
    subject: str
    why: str = ""
    letter_id: int | None = None


class LinkKind(StrEnum):
    """How one incident stands to another, read as: this one … the other."""

    RELATED = "related"
    DUPLICATE = "duplicate"
    #: The other one cannot be closed before this one.
    BLOCKS = "blocks"
    #: This one cannot be closed before the other.
    DEPENDS = "depends"

    @property
    def inverse(self) -> LinkKind:
        """The same link, told from the other incident."""
        return _INVERSE.get(self, self)


_INVERSE: Final = {LinkKind.BLOCKS: LinkKind.DEPENDS, LinkKind.DEPENDS: LinkKind.BLOCKS}


@dataclass(frozen=True)
class Link:
    """A link as one of its two incidents sees it."""

    kind: LinkKind
    other: Incident


@dataclass(frozen=True)
class IncidentType:
    """A kind of trouble, and how long the desk has for it."""

    id: int
    desk: str
    name: str
    description: str
    #: From `opened_at` to the deadline, in minutes; above 0.
    minutes: int
    #: False for one that is not offered any more; incidents that have it keep it.
    active: bool
    #: Where it stands in lists.
    position: int
