"""A meeting that somebody wants to make, before it exists.

A draft holds what was understood: moments instead of words, addresses instead of names. What it is checked against
(the person's other meetings, the time of those invited) stands beside it and is looked up anew for each preview.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sekretar.calendars.editing import Invitee, NewEvent, Repeat, Timed
from sekretar.calendars.finding.standing import GuestTime
from sekretar.calendars.ics.zones import to_utc
from sekretar.calendars.views.agenda import Meeting
from sekretar.calendars.views.periods import EARLIEST, LATEST
from sekretar.kernel.dates import minutes_in
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate

TITLE_LIMIT = 150
PLACE_LIMIT = 150
DESCRIPTION_LIMIT = 3000
#: Longer ones are whole days, which are another kind of thing.
LONGEST_MINUTES = 24 * 60
DEFAULT_MINUTES = 60

_QUOTED = 40
_SATURDAY = 5


@dataclass(frozen=True)
class Guest:
    """Somebody to be invited. `person_id` is 0 for those whom Sekretar has never met."""

    address: str
    name: str = ""
    username: str = ""
    person_id: int = 0


@dataclass(frozen=True)
class Guests:
    """Who was meant by the names that were given."""

    known: tuple[Guest, ...] = ()
    #: Names that nobody has.
    unknown: tuple[str, ...] = ()
    #: People whose address Mattermost does not show.
    hidden: tuple[str, ...] = ()

    @property
    def as_typed(self) -> str:
        """The names as a person would type them again."""
        names = [f"@{each.username}" if each.username else each.address for each in self.known]
        return " ".join([*names, *self.hidden, *self.unknown])


@dataclass(frozen=True)
class Draft:
    """What is to be made. `start` is aware; `reminder` is in minutes before it, None for no alarm."""

    title: str
    start: datetime
    minutes: int
    calendar_id: int
    guests: Guests = field(default_factory=Guests)
    place: str = ""
    description: str = ""
    reminder: int | None = None
    repeat: Repeat | None = None
    telemost: bool = False

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Collisions:
    """Of so many times of a series in its first weeks some meet something; `first` is the first thing that is met."""

    met: int
    times: int
    first: Meeting


@dataclass(frozen=True)
class Checked:
    """A draft with what speaks against it. `times` go with the known guests, in their order."""

    draft: Draft
    calendar: str
    conflicts: tuple[Meeting, ...]
    times: tuple[GuestTime, ...]
    #: Of a series, beside its first time.
    series: Collisions | None = None


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment of a local time.

    Raises:
        PersonError: `calendars.period.too_far`, the day is beyond what calendars hold.
    """
    if not EARLIEST <= day <= LATEST:
        raise PersonError("calendars.period.too_far")
    return to_utc(datetime.combine(day, at), zone)


def on_its_days(draft: Draft, zone: ZoneInfo) -> Draft:
    """The same, begun on the next Monday where a meeting on workdays would begin at a weekend: calendars count the
    day that a series begins with, whatever its rule says.
    """
    local = draft.start.astimezone(zone)
    if draft.repeat is not Repeat.WEEKDAYS or local.weekday() < _SATURDAY:
        return draft
    monday = local.date() + timedelta(days=7 - local.weekday())
    return replace(draft, start=moment_of(monday, local.time(), zone))


def event_of(draft: Draft, zone: ZoneInfo, organizer: Invitee) -> NewEvent:
    """The meeting as it is written."""
    return NewEvent(
        title=draft.title,
        span=Timed(draft.start, draft.end),
        zone=zone,
        description=draft.description,
        place=draft.place,
        organizer=organizer,
        attendees=tuple(Invitee(each.address, each.name) for each in draft.guests.known),
        reminders=() if draft.reminder is None else (timedelta(minutes=draft.reminder),),
        repeat=draft.repeat,
        telemost=draft.telemost,
    )


# --- how long ---------------------------------------------------------------------------------------------


def parse_length(text: str) -> int:
    """Minutes: `45`, `45m`, `1 ч`, `1h 30m`, `1,5 часа`, `1:30`, `полчаса`.

    Raises:
        PersonError: `calendars.booking.bad_length`, it cannot be read; `…long_length`, more than a day.
    """
    minutes = minutes_in(text)
    if not minutes:
        raise PersonError("calendars.booking.bad_length", given=truncate(text, _QUOTED))
    if minutes > LONGEST_MINUTES:
        raise PersonError("calendars.booking.long_length")
    return minutes


# --- how it is stored -------------------------------------------------------------------------------------


def stored(draft: Draft) -> dict[str, Any]:
    """The draft as JSON."""
    guests = draft.guests
    return {
        "title": draft.title,
        "start": draft.start.astimezone(UTC).isoformat(),
        "minutes": draft.minutes,
        "calendar": draft.calendar_id,
        "guests": [[each.address, each.name, each.username, each.person_id] for each in guests.known],
        "unknown": list(guests.unknown),
        "hidden": list(guests.hidden),
        "place": draft.place,
        "description": draft.description,
        "reminder": draft.reminder,
        "repeat": draft.repeat.value if draft.repeat else None,
        "telemost": draft.telemost,
    }


def restored(payload: Mapping[str, Any]) -> Draft:
    """What `stored` has made of a draft."""
    known = tuple(Guest(*each) for each in payload["guests"])
    return Draft(
        title=payload["title"],
        start=datetime.fromisoformat(payload["start"]),
        minutes=payload["minutes"],
        calendar_id=payload["calendar"],
        guests=Guests(known, tuple(payload["unknown"]), tuple(payload["hidden"])),
        place=payload["place"],
        description=payload["description"],
        reminder=payload["reminder"],
        repeat=Repeat(payload["repeat"]) if payload["repeat"] else None,
        telemost=payload["telemost"],
    )
