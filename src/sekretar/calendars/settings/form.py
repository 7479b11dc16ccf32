"""The form of the settings: what is asked, pre-filled with what holds, and what the answers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import time
from enum import StrEnum
from typing import Any

from sekretar.calendars.settings.grammar import (
    format_days,
    format_hours,
    format_lunch,
    format_offsets,
    parse_emoji,
    parse_hours,
    parse_lunch,
    parse_offsets,
)
from sekretar.calendars.settings.preferences import (
    DIGEST_AT,
    EVERY_DAY,
    STATUS_TEXT_LIMIT,
    WORKDAYS,
    News,
    Preferences,
)
from sekretar.kernel.dates import parse_time
from sekretar.kernel.forms import Choice, Field, FieldKind, Form, Value
from sekretar.kernel.i18n import Translator

SETTINGS_FORM = "calendars.settings"


class Part(StrEnum):
    """A part of the settings that can be asked alone."""

    REMINDERS = "reminders"
    DIGEST = "digest"
    NEWS = "news"
    STATUS = "status"
    TIME = "time"


#: Choices of days that have a name; any other choice is a list of days.
_NO_DAYS, _WORKDAYS, _EVERY_DAY, _SAME_DAYS = "off", "workdays", "daily", "same"


def form_of(wanted: Preferences, t: Translator, part: Part | None) -> Form:
    """The questions of a part, or all of them."""
    fields = tuple(asked for each in Part if part in (None, each) for asked in _ASKED[each](wanted, t))
    title = t.plain(f"calendars.settings.title_{part.value}" if part else "calendars.settings.title")
    return Form(SETTINGS_FORM, title, "", fields, t.plain("calendars.settings.submit"))


def chosen_in(values: Mapping[str, Value], before: Preferences) -> Preferences:
    """The preferences after the answers; what was not asked stays as it was."""
    chosen: dict[str, Any] = {}
    for name, read in _READ.items():
        if name in values:
            chosen |= read(values, before)
    return replace(before, **chosen)


# --- asking -----------------------------------------------------------------------------------------------


def _reminders(wanted: Preferences, t: Translator) -> Iterator[Field]:
    yield Field(
        "reminders",
        FieldKind.TEXT,
        t.plain("calendars.settings.reminders"),
        help=t.plain("calendars.settings.reminders_help"),
        placeholder="10, 1",
        optional=True,
        default=format_offsets(wanted.reminders, t.language),
        quick=_quick_offsets(t),
        max_length=300,
        check=_text(parse_offsets),
    )
    yield _switch("at_start", wanted.at_start, t)
    yield _switch("own_alarms", wanted.own_alarms, t)


def _digest(wanted: Preferences, t: Translator) -> Iterator[Field]:
    yield Field(
        "digest_days",
        FieldKind.CHOICE,
        t.plain("calendars.settings.digest_days"),
        help=t.plain("calendars.settings.digest_days_help"),
        default=_named_days(wanted),
        choices=_day_choices(wanted, t),
    )
    hour = wanted.digest_at or DIGEST_AT
    yield Field(
        "digest_at",
        FieldKind.TIME,
        t.plain("calendars.settings.digest_at"),
        default=f"{hour:%H:%M}",
        quick=tuple(Choice(each, each) for each in ("08:00", "09:00", "10:00")),
    )
    yield _switch("digest_only_if_meetings", wanted.digest_only_if_meetings, t)


def _news(wanted: Preferences, t: Translator) -> Iterator[Field]:
    for kind in News:
        label = t.plain(f"calendars.settings.news_{kind.value}")
        yield Field(f"news_{kind.value}", FieldKind.BOOL, label, optional=True, default=kind in wanted.news)


def _status(wanted: Preferences, t: Translator) -> Iterator[Field]:
    yield _switch("status", wanted.status, t)
    yield Field(
        "status_text",
        FieldKind.TEXT,
        t.plain("calendars.settings.status_text"),
        placeholder=t.plain("calendars.status.text"),
        optional=True,
        default=wanted.status_text,
        max_length=STATUS_TEXT_LIMIT,
    )
    yield Field(
        "status_emoji",
        FieldKind.TEXT,
        t.plain("calendars.settings.status_emoji"),
        help=t.plain("calendars.settings.status_emoji_help"),
        placeholder="calendar",
        optional=True,
        default=wanted.status_emoji,
        max_length=66,
        check=_text(parse_emoji),
    )
    yield _switch("do_not_disturb", wanted.do_not_disturb, t)


def _time(wanted: Preferences, t: Translator) -> Iterator[Field]:
    yield Field(
        "working_hours",
        FieldKind.TEXT,
        t.plain("calendars.settings.working_hours"),
        help=t.plain("calendars.settings.working_hours_help"),
        placeholder=t.plain("calendars.settings.working_hours_example"),
        optional=True,
        default=format_hours(wanted.working_hours, t.language),
        max_length=500,
        check=_text(parse_hours),
    )
    yield Field(
        "lunch",
        FieldKind.TEXT,
        t.plain("calendars.settings.lunch"),
        help=t.plain("calendars.settings.lunch_help"),
        placeholder="13:00–14:00",
        optional=True,
        default=format_lunch(wanted.lunch),
        max_length=30,
        check=_text(parse_lunch),
    )
    yield _switch("show_titles", wanted.show_titles, t)


def _quick_offsets(t: Translator) -> tuple[Choice, ...]:
    texts = (format_offsets(each, t.language) for each in ((10,), (10, 1), (15,), (5,)))
    return tuple(Choice(text, text) for text in texts)


_ASKED = {
    Part.REMINDERS: _reminders,
    Part.DIGEST: _digest,
    Part.NEWS: _news,
    Part.STATUS: _status,
    Part.TIME: _time,
}


def _switch(name: str, on: bool, t: Translator) -> Field:
    help_text = t.plain(f"calendars.settings.{name}_help")
    label = t.plain(f"calendars.settings.{name}")
    return Field(name, FieldKind.BOOL, label, help=help_text, optional=True, default=on)


def _text(read: Any) -> Any:
    """A check that reads an answer and lets its error pass."""

    def check(value: Value) -> object:
        return read(str(value))

    return check


def _named_days(wanted: Preferences) -> str:
    if wanted.schedule is None:
        return _NO_DAYS
    return {WORKDAYS: _WORKDAYS, EVERY_DAY: _EVERY_DAY}.get(wanted.digest_days, _SAME_DAYS)


def _day_choices(wanted: Preferences, t: Translator) -> tuple[Choice, ...]:
    own = (Choice(_SAME_DAYS, format_days(wanted.digest_days, t.language)),)
    return (
        Choice(_WORKDAYS, t.plain("calendars.settings.days_workdays")),
        Choice(_EVERY_DAY, t.plain("calendars.settings.days_daily")),
        *(own if _named_days(wanted) == _SAME_DAYS else ()),
        Choice(_NO_DAYS, t.plain("calendars.settings.days_off")),
    )


# --- answers ----------------------------------------------------------------------------------------------

_Values = Mapping[str, Value]


def _read_reminders(values: _Values, before: Preferences) -> dict[str, Any]:
    minutes = parse_offsets(str(values["reminders"]))
    at_start = values.get("at_start") is True or 0 in minutes
    return {"reminders": tuple(each for each in minutes if each), "at_start": at_start}


def _read_digest(values: _Values, before: Preferences) -> dict[str, Any]:
    days = values["digest_days"]
    if days == _NO_DAYS:
        return {"digest_at": None}
    hour: time = parse_time(str(values["digest_at"]))
    named = {_WORKDAYS: WORKDAYS, _EVERY_DAY: EVERY_DAY}.get(str(days), before.digest_days)
    return {"digest_at": hour, "digest_days": named}


def _read_news(values: _Values, before: Preferences) -> dict[str, Any]:
    return {"news": frozenset(kind for kind in News if values.get(f"news_{kind.value}") is True)}


def _flag(name: str) -> Any:
    return lambda values, before: {name: values[name] is True}


_READ: Mapping[str, Any] = {
    "reminders": _read_reminders,
    "own_alarms": _flag("own_alarms"),
    "digest_days": _read_digest,
    "digest_only_if_meetings": _flag("digest_only_if_meetings"),
    "news_added": _read_news,
    "status": _flag("status"),
    "status_text": lambda values, before: {"status_text": str(values["status_text"]).strip()},
    "status_emoji": lambda values, before: {"status_emoji": parse_emoji(str(values["status_emoji"]))},
    "do_not_disturb": _flag("do_not_disturb"),
    "working_hours": lambda values, before: {"working_hours": parse_hours(str(values["working_hours"]))},
    "lunch": lambda values, before: {"lunch": parse_lunch(str(values["lunch"]))},
    "show_titles": _flag("show_titles"),
}
