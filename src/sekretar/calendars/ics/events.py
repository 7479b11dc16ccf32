"""What an invitation says, as values that leave nothing open.

A time knows its zone or that it has none on purpose; an all-day event is dates, not midnights somewhere; a
length is never negative. Reading (`ics`) makes these values, expanding (`occurrences`) turns them into
meetings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sekretar.calendars.ics.joinlinks import JoinLink
from sekretar.calendars.ics.recurrence import Rule
from sekretar.calendars.ics.zones import to_utc

#: Attendees of one event that are kept; all are counted.
MOST_ATTENDEES = 300

#: Alarms further away from the start than this are left out.
EARLIEST_ALARM = timedelta(days=366)

_UTC = ZoneInfo("UTC")


class PartStat(StrEnum):
    """An attendee's answer, in iCalendar's own words (RFC 5545 §3.2.12)."""

    NEEDS_ACTION = "NEEDS-ACTION"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TENTATIVE = "TENTATIVE"
    DELEGATED = "DELEGATED"


class Role(StrEnum):
    """How much an attendee is needed."""

    CHAIR = "CHAIR"
    REQUIRED = "REQ-PARTICIPANT"
    OPTIONAL = "OPT-PARTICIPANT"
    INFORMED = "NON-PARTICIPANT"


class Status(StrEnum):
    """Whether a meeting takes place."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Party:
    """The organizer: an address in lower case without `mailto:`, empty when unknown, and a name."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody (or a room) who is invited."""

    address: str
    name: str
    partstat: PartStat
    role: Role
    #: INDIVIDUAL, GROUP, RESOURCE, ROOM or UNKNOWN.
    kind: str = "INDIVIDUAL"
    #: An answer is asked for.
    rsvp: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """A wall clock time with its zone; without one it floats (the same hour wherever one is).

    For an all-day event `local` is midnight and the zone is absent: a date belongs to no zone.
    """

    local: datetime
    zone: ZoneInfo | None
    all_day: bool = False

    def utc(self, floating: ZoneInfo) -> datetime:
        """The moment; a date is midnight UTC, so that it stays the same date for everyone."""
        return to_utc(self.local, _UTC if self.all_day else self.zone or floating)

    def text(self, floating: ZoneInfo) -> str:
        """The spelling by which an occurrence is known; one moment has one spelling, whatever its zone."""
        if self.all_day:
            return self.local.date().isoformat()
        if self.zone is None:
            return self.local.isoformat()
        return self.utc(floating).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Length:
    """How long an event lasts: days follow the wall clock, the rest is exact (RFC 5545 §3.8.5.3)."""

    days: int = 0
    exact: timedelta = timedelta()

    def end_of(self, start: When, floating: ZoneInfo) -> datetime:
        """When an event that begins then is over."""
        try:
            later = replace(start, local=start.local + timedelta(days=self.days))
            return max(later.utc(floating) + self.exact, start.utc(floating))
        except OverflowError:
            return start.utc(floating)

    @property
    def roughly(self) -> timedelta:
        return timedelta(days=self.days) + self.exact


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT: a meeting, a series, or an exception from one."""

    uid: str
    start: When
    length: Length
    #: The original time of the occurrence that this event replaces.
    recurrence_id: When | None
    #: The replacement holds for all later ones too.
    this_and_future: bool
    rules: tuple[Rule, ...]
    #: Further starts, each with a length of its own where one is given.
    dates: tuple[tuple[When, Length | None], ...]
    excluded: tuple[When, ...]
    title: str
    location: str
    description: str
    organizer: Party | None
    attendees: tuple[Attendee, ...]
    #: All of them, also those beyond `MOST_ATTENDEES`.
    attendee_count: int
    status: Status
    transparent: bool
    private: bool
    #: Offsets from the start, negative before it.
    alarms: tuple[timedelta, ...]
    #: Alarms at a moment of their own, UTC. Each rings once, also in a series (RFC 5545 §3.8.6.3).
    alarm_moments: tuple[datetime, ...]
    join_link: JoinLink | None
    url: str
    sequence: int

    @property
    def recurring(self) -> bool:
        return bool(self.rules or self.dates)


@dataclass(frozen=True, slots=True)
class ParsedObject:
    """A calendar object resource: usually one UID with its series and exceptions."""

    events: tuple[Event, ...]
    #: METHOD, where a program left one in; CANCEL cancels.
    method: str = ""
    #: Sentences for the log about what was left out.
    problems: tuple[str, ...] = ()

    @property
    def uid(self) -> str:
        """The UID of the first event; empty for an object that holds none (a task, for example)."""
        return self.events[0].uid if self.events else ""

    @property
    def recurring(self) -> bool:
        """Whether more occurrences appear when one looks further."""
        return any(event.recurring for event in self.events)
