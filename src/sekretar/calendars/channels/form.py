"""The form of a subscription: what is asked, and what the answers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from zoneinfo import ZoneInfo

from sekretar.calendars.channels.subscriptions import Wishes
from sekretar.calendars.settings.grammar import format_offsets, parse_offsets
from sekretar.calendars.settings.preferences import DIGEST_AT
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form, Value
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import truncate
from sekretar.mattermost.zones import find_zone

ADD_FORM, CHANGE_FORM = "calendars.channel.add", "calendars.channel.change"

_OFF, _WORKDAYS, _EVERY_DAY = "off", "workdays", "daily"
_TITLES, _BUSY = "titles", "busy"

_QUOTED = 40


def add_form(calendars: Sequence[Choice], wishes: Wishes, t: Translator) -> Form:
    """The questions to somebody who lets a channel see one of their calendars."""
    which = Field(
        "calendar",
        FieldKind.CHOICE,
        t.plain("calendars.channel.ask_calendar"),
        default=calendars[0].value if len(calendars) == 1 else None,
        choices=tuple(calendars),
    )
    return Form(
        ADD_FORM,
        t.plain("calendars.channel.add_title"),
        t("calendars.channel.add_intro"),
        (which, *_asked(wishes, t), _titles(wishes, t)),
        t.plain("calendars.channel.add_submit"),
    )


def change_form(calendar: str, wishes: Wishes, owner: bool, t: Translator) -> Form:
    """The questions to somebody who changes what a channel hears.

    Only the owner can show more than before: whoever else may change it can only show less.
    """
    titles = (_titles(wishes, t),) if owner or wishes.titles else ()
    return Form(
        CHANGE_FORM,
        t.plain("calendars.channel.change_title"),
        t("calendars.channel.change_intro", calendar=calendar),
        (*_asked(wishes, t), *titles),
        t.plain("calendars.channel.change_submit"),
    )


def wishes_of(values: Mapping[str, Value], before: Wishes) -> Wishes:
    """What the answers mean; what was not asked stays as it was."""
    digest = values["digest"]
    zone = find_zone(str(values["zone"]))
    return Wishes(
        zone=zone or before.zone,
        digest_at=None if digest == _OFF else time.fromisoformat(str(values["digest_at"])),
        every_day=digest == _EVERY_DAY,
        digest_always=values["digest_always"] is True,
        reminders=parse_offsets(str(values["reminders"])),
        changes=values["changes"] is True,
        titles=values["titles"] == _TITLES if "titles" in values else before.titles,
    )


def _asked(wishes: Wishes, t: Translator) -> Iterator[Field]:
    yield from _asked_of_digest(wishes, t)
    yield Field(
        "reminders",
        FieldKind.TEXT,
        t.plain("calendars.channel.ask_reminders"),
        help=t.plain("calendars.channel.ask_reminders_help"),
        placeholder="10",
        optional=True,
        default=format_offsets(wishes.reminders, t.language),
        max_length=100,
        check=lambda value: parse_offsets(str(value)),
    )
    yield Field(
        "changes",
        FieldKind.BOOL,
        t.plain("calendars.channel.ask_changes"),
        optional=True,
        default=wishes.changes,
    )


def _asked_of_digest(wishes: Wishes, t: Translator) -> Iterator[Field]:
    yield Field(
        "digest",
        FieldKind.CHOICE,
        t.plain("calendars.channel.ask_digest"),
        default=_named(wishes),
        choices=(
            Choice(_WORKDAYS, t.plain("calendars.channel.on_workdays")),
            Choice(_EVERY_DAY, t.plain("calendars.channel.on_every_day")),
            Choice(_OFF, t.plain("calendars.channel.never")),
        ),
    )
    yield Field(
        "digest_at",
        FieldKind.TIME,
        t.plain("calendars.channel.ask_digest_at"),
        default=f"{wishes.digest_at or DIGEST_AT:%H:%M}",
        quick=tuple(Choice(each, each) for each in ("08:00", "09:00", "10:00")),
    )
    yield Field(
        "digest_always",
        FieldKind.BOOL,
        t.plain("calendars.channel.ask_digest_always"),
        optional=True,
        default=wishes.digest_always,
    )
    yield Field(
        "zone",
        FieldKind.TEXT,
        t.plain("calendars.channel.ask_zone"),
        help=t.plain("calendars.channel.ask_zone_help"),
        default=wishes.zone.key,
        quick=(Choice(wishes.zone.key, wishes.zone.key),),
        max_length=64,
        check=_zone,
    )


def _titles(wishes: Wishes, t: Translator) -> Field:
    return Field(
        "titles",
        FieldKind.RADIO,
        t.plain("calendars.channel.ask_titles"),
        help=t.plain("calendars.channel.ask_titles_help"),
        default=_TITLES if wishes.titles else _BUSY,
        choices=(
            Choice(_TITLES, t.plain("calendars.channel.show_titles")),
            Choice(_BUSY, t.plain("calendars.channel.show_busy")),
        ),
    )


def _named(wishes: Wishes) -> str:
    if wishes.digest_at is None:
        return _OFF
    return _EVERY_DAY if wishes.every_day else _WORKDAYS


def _zone(value: Value) -> ZoneInfo:
    zone = find_zone(str(value))
    if zone is None:
        raise PersonError("calendars.channel.no_zone", given=truncate(str(value), _QUOTED))
    return zone
