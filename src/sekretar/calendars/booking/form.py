"""The form of a new meeting: what is asked, with quick answers, and what the answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.booking.draft import (
    DEFAULT_MINUTES,
    DESCRIPTION_LIMIT,
    PLACE_LIMIT,
    TITLE_LIMIT,
    Draft,
    Guests,
    moment_of,
    on_its_days,
    parse_length,
)
from sekretar.calendars.booking.words import read_soon
from sekretar.calendars.editing import Repeat
from sekretar.kernel.dates import format_duration, parse_time
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form, Value
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import truncate

BOOK_FORM = "calendars.book"

#: Minutes before the start that can be chosen.
_REMINDERS = (0, 5, 10, 15, 30, 60, 1440)
_LENGTHS = (15, 30, 60, 90)
_NONE = "none"
_NAME_LIMIT = 60


@dataclass(frozen=True)
class Target:
    """A calendar to choose. `makes_rooms`: its server makes rooms for calls."""

    calendar_id: int
    name: str
    makes_rooms: bool = False


@dataclass(frozen=True)
class Answers:
    """What was filled in; who is meant by `guests` is found out by others."""

    draft: Draft
    guests: str


def form_of(
    targets: Sequence[Target], draft: Draft | None, t: Translator, zone: ZoneInfo, now: datetime
) -> Form:
    """The questions, filled in with what is known of the meeting."""
    fields = [
        _title(draft, t),
        *_when(draft, t, zone, now),
        _length(draft, t),
        _guests(draft, t),
        _text("place", draft.place if draft else "", PLACE_LIMIT, t),
        _description(draft, t),
    ]
    if len(targets) > 1:
        fields.append(_calendar(targets, draft, t))
    fields += [_reminder(draft, t), _repeat(draft, t)]
    if any(each.makes_rooms for each in targets):
        fields.append(
            Field(
                "telemost",
                FieldKind.BOOL,
                t.plain("calendars.booking.ask_telemost"),
                optional=True,
                default=draft.telemost if draft else False,
            )
        )
    title = t.plain("calendars.booking.form_title")
    return Form(BOOK_FORM, title, "", tuple(fields), t.plain("calendars.booking.form_submit"))


def answers_of(
    values: Mapping[str, Value], targets: Sequence[Target], zone: ZoneInfo, now: datetime
) -> Answers:
    """The meeting that was filled in.

    Raises:
        PersonError: the day is out of reach.
    """
    chosen = str(values.get("calendar", ""))
    target = next((each for each in targets if str(each.calendar_id) == chosen), targets[0])
    reminder, repeat = str(values["reminder"]), str(values["repeat"])
    day = date.fromisoformat(str(values["day"]))
    draft = Draft(
        title=str(values["title"]),
        start=_start(day, str(values["time"]), zone, now),
        minutes=parse_length(str(values["length"])),
        calendar_id=target.calendar_id,
        place=str(values["place"]),
        description=str(values["description"]),
        reminder=None if reminder in ("", _NONE) else int(reminder),
        repeat=None if repeat in ("", _NONE) else Repeat(repeat),
        telemost=values.get("telemost") is True and target.makes_rooms,
    )
    return Answers(on_its_days(draft, zone), str(values["guests"]))


def _start(day: date, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The moment of a day and a time. What is counted from now may be tomorrow when today was said."""
    local = now.astimezone(zone)
    soon = read_soon(text, local)
    if soon is None:
        return moment_of(day, parse_time(text), zone)
    return soon if day <= local.date() else moment_of(day, soon.astimezone(zone).time(), zone)


def next_hour(now: datetime, zone: ZoneInfo) -> datetime:
    """The next full hour where the person is."""
    local = now.astimezone(zone)
    return (now + timedelta(minutes=60 - local.minute)).replace(second=0, microsecond=0)


# --- the fields -------------------------------------------------------------------------------------------


def _title(draft: Draft | None, t: Translator) -> Field:
    return Field(
        "title",
        FieldKind.TEXT,
        t.plain("calendars.booking.ask_title"),
        placeholder=t.plain("calendars.booking.title_example"),
        default=(draft.title or None) if draft else None,
        max_length=TITLE_LIMIT,
    )


def _when(draft: Draft | None, t: Translator, zone: ZoneInfo, now: datetime) -> tuple[Field, Field]:
    start = (draft.start if draft else next_hour(now, zone)).astimezone(zone)
    today = now.astimezone(zone).date()
    days = tuple(
        Choice((today + timedelta(days=ahead)).isoformat(), t.plain(f"calendars.booking.day_{ahead}"))
        for ahead in range(3)
    )
    labels = (t.plain("calendars.booking.time_next_hour"), t.plain("calendars.booking.time_in_an_hour"))
    day = Field(
        "day",
        FieldKind.DATE,
        t.plain("calendars.booking.ask_day"),
        help=t.plain("calendars.booking.day_help"),
        default=f"{start:%d.%m.%Y}",
        quick=days,
    )
    time = Field(
        "time",
        FieldKind.TEXT,
        t.plain("calendars.booking.ask_time"),
        help=t.plain("calendars.booking.time_help"),
        default=f"{start:%H:%M}",
        quick=tuple(Choice(each, each) for each in labels),
        max_length=40,
        check=_reads(lambda text: read_soon(text, now.astimezone(zone)) or parse_time(text)),
    )
    return day, time


def _length(draft: Draft | None, t: Translator) -> Field:
    def spoken(minutes: int) -> str:
        return format_duration(timedelta(minutes=minutes), t.language)

    return Field(
        "length",
        FieldKind.TEXT,
        t.plain("calendars.booking.ask_length"),
        help=t.plain("calendars.booking.length_help"),
        default=spoken(draft.minutes if draft else DEFAULT_MINUTES),
        quick=tuple(Choice(spoken(each), spoken(each)) for each in _LENGTHS),
        max_length=40,
        check=_reads(parse_length),
    )


def _guests(draft: Draft | None, t: Translator) -> Field:
    return Field(
        "guests",
        FieldKind.TEXTAREA,
        t.plain("calendars.booking.ask_guests"),
        help=t.plain("calendars.booking.guests_help"),
        placeholder="@boris vera@example.com",
        optional=True,
        default=(draft.guests if draft else Guests()).as_typed,
        max_length=3000,
    )


def _description(draft: Draft | None, t: Translator) -> Field:
    label = t.plain("calendars.booking.ask_description")
    text = draft.description if draft else ""
    return Field(
        "description", FieldKind.TEXTAREA, label, optional=True, default=text, max_length=DESCRIPTION_LIMIT
    )


def _text(name: str, default: str, limit: int, t: Translator) -> Field:
    label = t.plain(f"calendars.booking.ask_{name}")
    help_text = t.plain(f"calendars.booking.{name}_help")
    return Field(
        name, FieldKind.TEXT, label, help=help_text, optional=True, default=default, max_length=limit
    )


def _calendar(targets: Sequence[Target], draft: Draft | None, t: Translator) -> Field:
    choices = tuple(
        Choice(str(each.calendar_id), truncate(each.name, _NAME_LIMIT) or str(each.calendar_id))
        for each in targets
    )
    known = {each.value for each in choices}
    wanted = str(draft.calendar_id) if draft else ""
    return Field(
        "calendar",
        FieldKind.CHOICE,
        t.plain("calendars.booking.ask_calendar"),
        default=wanted if wanted in known else choices[0].value,
        choices=choices,
    )


def _reminder(draft: Draft | None, t: Translator) -> Field:
    chosen = draft.reminder if draft else None
    offsets = sorted({*_REMINDERS, *([] if chosen is None else [chosen])})
    choices = (
        Choice(_NONE, t.plain("calendars.booking.no_reminder")),
        *(Choice(str(each), reminder_words(each, t)) for each in offsets),
    )
    return Field(
        "reminder",
        FieldKind.CHOICE,
        t.plain("calendars.booking.ask_reminder"),
        help=t.plain("calendars.booking.reminder_help"),
        default=_NONE if chosen is None else str(chosen),
        choices=choices,
    )


def _repeat(draft: Draft | None, t: Translator) -> Field:
    choices = (
        Choice(_NONE, t.plain("calendars.booking.no_repeat")),
        *(Choice(each.value, t.plain(f"calendars.booking.repeat_{each.value}")) for each in Repeat),
    )
    chosen = draft.repeat.value if draft and draft.repeat else _NONE
    label = t.plain("calendars.booking.ask_repeat")
    return Field("repeat", FieldKind.CHOICE, label, default=chosen, choices=choices)


def reminder_words(minutes: int, t: Translator) -> str:
    """How long before the start, or at it."""
    if not minutes:
        return t.plain("calendars.booking.at_start")
    duration = format_duration(timedelta(minutes=minutes), t.language)
    return t.plain("calendars.booking.before", duration=duration)


def _reads(read: Callable[[str], object]) -> Callable[[Value], object]:
    """A check that reads an answer and lets its error pass."""

    def check(value: Value) -> object:
        return read(str(value))

    return check


def at_field(error: PersonError) -> Mapping[str, PersonError]:
    """Where an error of `answers_of` or of the guests is shown."""
    fields = {"calendars.period.too_far": "day", "calendars.booking.many_guests": "guests"}
    return {fields.get(error.key, ""): error}
