"""What a person wants of their calendars: one value, read in one place and written in one place.

Somebody who has chosen nothing has the defaults. What is stored is read field by field, so that a release that
knows more fields, or one that no longer understands an old value, loses none of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import time
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.digest.schedule import Schedule
from sekretar.calendars.reminders.rules import DEFAULT_MINUTES, Offsets
from sekretar.kernel.people import Plain, Preference

WORKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))

#: The hour of the digest for those who have not chosen another.
DIGEST_AT = time(9)

#: Reminders further ahead than this belong into a calendar, and more of them than that are noise.
LONGEST_OFFSET = 7 * 24 * 60
MOST_OFFSETS = 10

#: What Mattermost keeps of a custom status (`CustomStatusTextMaxRunes`, server/public/model/custom_status.go).
STATUS_TEXT_LIMIT = 100


class News(StrEnum):
    """A kind of change that a person may want to be told of. The first four are those of `changes.Kind`."""

    ADDED = "added"
    MOVED = "moved"
    EDITED = "edited"
    CANCELLED = "cancelled"
    #: Attendees have accepted, declined, or may come.
    ANSWERS = "answers"


@dataclass(frozen=True)
class Hours:
    """A stretch of one day."""

    begin: time
    end: time

    def __post_init__(self) -> None:
        if self.end <= self.begin:
            raise ValueError("working hours end after they begin")


#: The working time of each day of the week, Monday first: stretches in order with breaks between them, none on a day
#: off.
Week = tuple[tuple[Hours, ...], ...]

#: In more stretches nobody works on one day.
MOST_HOURS = 4

LUNCH = Hours(time(13), time(14))

OFFICE_WEEK: Week = (*((Hours(time(9), time(18)),),) * 5, (), ())


def put_together(hours: Iterable[Hours]) -> tuple[Hours, ...]:
    """The stretches of one day in order; those that touch are one.

    Raises:
        ValueError: two of them overlap.
    """
    joined: list[Hours] = []
    for each in sorted(hours, key=lambda each: each.begin):
        if joined and each.begin < joined[-1].end:
            raise ValueError("working hours overlap")
        if joined and each.begin == joined[-1].end:
            each = Hours(joined.pop().begin, each.end)
        joined.append(each)
    return tuple(joined)


@dataclass(frozen=True)
class Preferences:
    """Everything a person can choose about their calendars."""

    #: Minutes before the start, each at least one, the longest first.
    reminders: tuple[int, ...] = DEFAULT_MINUTES
    #: A reminder at the very start too.
    at_start: bool = False
    #: Also the alarms that stand in the event itself.
    own_alarms: bool = False
    #: None: no digest.
    digest_at: time | None = DIGEST_AT
    #: Days of the week, Monday is 0.
    digest_days: frozenset[int] = WORKDAYS
    #: No digest on a day without meetings.
    digest_only_if_meetings: bool = True
    news: frozenset[News] = frozenset(News)
    #: The status in Mattermost follows the meetings.
    status: bool = False
    #: Empty: the usual words in the person's language, the usual emoji.
    status_text: str = ""
    status_emoji: str = ""
    #: No notifications of Mattermost during meetings.
    do_not_disturb: bool = False
    #: Those who invite see the titles, not only that one is busy.
    show_titles: bool = False
    working_hours: Week = OFFICE_WEEK
    #: Meetings at that time are offered last; None: any time is as good.
    lunch: Hours | None = LUNCH

    @property
    def offsets(self) -> Offsets:
        """When to remind, as reminders are planned."""
        return Offsets((*self.reminders, 0) if self.at_start else self.reminders, self.own_alarms)

    @property
    def schedule(self) -> Schedule | None:
        """When the digest comes; None when it never does."""
        if self.digest_at is None or not self.digest_days:
            return None
        return Schedule(self.digest_at, self.digest_days)

    def tells(self, kind: str) -> bool:
        """Whether the person wants to hear of changes of this kind."""
        return kind in self.news


#: Rows of their own: the job that keeps statuses looks for those who have them.
STATUS_WANTED: Preference[bool] = Preference("calendars.status", False, Plain(bool))
QUIET_WANTED: Preference[bool] = Preference("calendars.do_not_disturb", False, Plain(bool))

_APART: Mapping[str, Preference[bool]] = {"status": STATUS_WANTED, "do_not_disturb": QUIET_WANTED}


async def read(session: AsyncSession, person_id: int) -> Preferences:
    """What the person has chosen, with the defaults for the rest."""
    chosen = await _CHOSEN.read(session, person_id)
    apart: dict[str, Any] = {name: await each.read(session, person_id) for name, each in _APART.items()}
    return replace(chosen, **apart)


async def write(session: AsyncSession, person_id: int, wanted: Preferences) -> None:
    """Store what the person wants. What follows from it is done by `settings.change`."""
    await _CHOSEN.write(session, person_id, wanted)
    for name, each in _APART.items():
        if await each.read(session, person_id) != getattr(wanted, name):
            await each.write(session, person_id, getattr(wanted, name))


def normal_offsets(minutes: Iterable[int]) -> tuple[int, ...]:
    """Offsets as they are stored: each once, the longest first."""
    return tuple(sorted(set(minutes), reverse=True))


# --- how it is stored -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stored:
    """How one field becomes JSON and back; `decode` refuses with ValueError, TypeError or KeyError."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def _clock(value: time) -> str:
    return f"{value:%H:%M}"


def _offsets(stored: Any) -> tuple[int, ...]:
    found = normal_offsets(_exactly(int)(each) for each in stored)
    if any(not 1 <= each <= LONGEST_OFFSET for each in found):
        raise ValueError("not offsets")
    return found[:MOST_OFFSETS]


def _days(stored: Any) -> frozenset[int]:
    days = frozenset(_exactly(int)(each) for each in stored)
    if not days <= EVERY_DAY:
        raise ValueError("not days of the week")
    return days


def _span(hours: Hours | None) -> list[str] | None:
    return [_clock(hours.begin), _clock(hours.end)] if hours else None


def _hours(stored: Any) -> Hours | None:
    return Hours(*(time.fromisoformat(each) for each in stored)) if stored else None


def _stored_day(day: tuple[Hours, ...]) -> list[str] | list[list[str] | None] | None:
    """One stretch is stored as it was before a day could have several."""
    return [_span(each) for each in day] if len(day) > 1 else _span(next(iter(day), None))


def _day(stored: Any) -> tuple[Hours, ...]:
    if not stored:
        return ()
    stretches = [stored] if isinstance(stored[0], str) else stored
    day = tuple(Hours(*(time.fromisoformat(each) for each in stretch)) for stretch in stretches)
    if day != put_together(day) or len(day) > MOST_HOURS:
        raise ValueError("not the hours of a day")
    return day


def _week(stored: Any) -> Week:
    week = tuple(_day(day) for day in stored)
    if len(week) != 7:
        raise ValueError("not a week")
    return week


def _exactly(kind: type[Any]) -> Callable[[Any], Any]:
    return Plain(kind).decode


_FLAG = _Stored(bool, _exactly(bool))
_TEXT = _Stored(str, _exactly(str))

_FIELDS: Mapping[str, _Stored] = {
    "reminders": _Stored(list, _offsets),
    "at_start": _FLAG,
    "own_alarms": _FLAG,
    "digest_at": _Stored(
        lambda value: _clock(value) if value else None,
        lambda stored: time.fromisoformat(stored) if stored is not None else None,
    ),
    "digest_days": _Stored(sorted, _days),
    "digest_only_if_meetings": _FLAG,
    "news": _Stored(sorted, lambda stored: frozenset(News(each) for each in stored)),
    "status_text": _TEXT,
    "status_emoji": _TEXT,
    "show_titles": _FLAG,
    "working_hours": _Stored(lambda week: [_stored_day(day) for day in week], _week),
    "lunch": _Stored(_span, _hours),
}


@dataclass(frozen=True)
class _Codec:
    """Preferences as a JSON object of the fields that differ from the defaults."""

    defaults: Preferences = field(default_factory=Preferences)

    def encode(self, value: Preferences) -> dict[str, Any]:
        return {
            name: stored.encode(getattr(value, name))
            for name, stored in _FIELDS.items()
            if getattr(value, name) != getattr(self.defaults, name)
        }

    def decode(self, stored: Any) -> Preferences:
        if not isinstance(stored, dict):
            raise ValueError("not preferences")  # noqa: TRY004 - what a codec refuses with
        found = {}
        for name in _FIELDS.keys() & stored.keys():
            try:
                found[name] = _FIELDS[name].decode(stored[name])
            except (ValueError, TypeError):
                continue
        return replace(self.defaults, **found)


assert _FIELDS.keys() | _APART.keys() == {each.name for each in fields(Preferences)}

_CHOSEN: Preference[Preferences] = Preference("calendars.preferences", Preferences(), _Codec())
