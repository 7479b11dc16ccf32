"""The buttons and forms by which people move, change and cancel their own meetings, and what is said afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.booking.draft import (
    DESCRIPTION_LIMIT,
    LONGEST_MINUTES,
    PLACE_LIMIT,
    TITLE_LIMIT,
    parse_length,
)
from sekretar.calendars.editing import Edit, Reach, Span, Timed
from sekretar.calendars.sync.happenings import is_mine
from sekretar.calendars.views.agenda import Attendance, Details, Meeting
from sekretar.calendars.views.wording import choice_of, when_of
from sekretar.calendars.wording import last_day, place_of, stack, title_of
from sekretar.kernel.dates import format_duration
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form, Value
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import Record
from sekretar.mattermost.messages import Attachment, Button, Colour, Message

MOVE, EDIT, CANCEL = "calendars.change.move", "calendars.change.edit", "calendars.change.cancel"
CANCEL_NOW, KEEP = "calendars.change.cancel.yes", "calendars.change.cancel.no"
MOVE_FORM, EDIT_FORM = "calendars.move", "calendars.edit"

#: Whole days that a meeting can last.
_MOST_DAYS = 366
_LENGTHS = (15, 30, 60, 90)
_GUESTS_LIMIT = 3000


def offered(meeting: Meeting, t: Translator) -> Attachment:
    """What the person can do with a meeting of theirs."""
    record = record_of(meeting)
    return Attachment(
        actions=(
            Button(t.plain("calendars.own.move"), MOVE, record),
            Button(t.plain("calendars.own.edit"), EDIT, record),
            Button(t.plain("calendars.own.cancel"), CANCEL, record),
        )
    )


def record_of(meeting: Meeting) -> Record:
    """How buttons and forms name a meeting."""
    return {"meeting": choice_of(meeting)}


def looked_like(meeting: Meeting) -> str:
    """What of a meeting a person has before their eyes when they decide to change it, condensed."""
    when = (meeting.start.timestamp(), meeting.end.timestamp(), meeting.all_day, meeting.cancelled)
    seen = json.dumps([*when, meeting.title, meeting.place, meeting.description])
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


def sure(found: Details, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """The question before a meeting is cancelled; of a series, how much of it."""
    meeting = found.meeting
    record = record_of(meeting)
    reaches = tuple(Reach) if found.repeats else (Reach.ALL,)
    buttons = [
        Button(
            t.plain(f"calendars.own.cancel_{each.value}" if found.repeats else "calendars.own.cancel_yes"),
            CANCEL_NOW,
            {**record, "reach": each.value},
            style="danger",
        )
        for each in reaches
    ]
    buttons.append(Button(t.plain("calendars.own.cancel_no"), KEEP, record))
    when = when_of(meeting, zone, t, now.astimezone(zone).date())
    text = stack(
        t("calendars.own.sure", title=title_of(meeting.title, t), when=when),
        t("calendars.own.guests_hear") if found.attendees else "",
    )
    return Message(Markdown(""), (Attachment(color=Colour.AMBER, text=text, actions=tuple(buttons)),))


def cancelled(meeting: Meeting, reach: Reach, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """It is done."""
    return _told(f"calendars.own.cancelled_{reach.value}", meeting, zone, t, now, Colour.RED)


def kept(meeting: Meeting, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """It was not meant."""
    return _told("calendars.own.kept", meeting, zone, t, now, Colour.BLUE)


def moved(meeting: Meeting, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """The meeting at its new time."""
    return _told("calendars.own.moved", meeting, zone, t, now, Colour.GREEN)


def edited(meeting: Meeting, zone: ZoneInfo, t: Translator, now: datetime, *notes: Markdown) -> Message:
    """The meeting as it is now; `notes` are about people who could not be invited."""
    message = _told("calendars.own.edited", meeting, zone, t, now, Colour.GREEN)
    return Message(stack(message.text, *notes), message.attachments)


def at(meeting: Meeting, span: Span, zone: ZoneInfo) -> Meeting:
    """The meeting as it is shown at another time."""
    if isinstance(span, Timed):
        return replace(meeting, start=span.start, end=span.end)
    first, after_last = (
        datetime.combine(day, time.min, zone) for day in (span.first, span.last + timedelta(days=1))
    )
    return replace(meeting, start=first, end=after_last)


def after(meeting: Meeting, edit: Edit) -> Meeting:
    """The meeting as it is shown after an edit of its words."""
    return replace(
        meeting,
        title=meeting.title if edit.title is None else edit.title,
        place=meeting.place if edit.place is None else edit.place,
    )


def _told(
    key: str, meeting: Meeting, zone: ZoneInfo, t: Translator, now: datetime, colour: Colour
) -> Message:
    when = when_of(meeting, zone, t, now.astimezone(zone).date())
    attachment = Attachment(color=colour, text=stack(Markdown(when), place_of(meeting)))
    return Message(t(key, title=title_of(meeting.title, t)), (attachment,))


# --- forms ------------------------------------------------------------------------------------------------


def move_form(found: Details, zone: ZoneInfo, t: Translator) -> Form:
    """When it shall be, filled in with when it is."""
    meeting = found.meeting
    start = meeting.start.astimezone(zone)
    fields = [
        Field(
            "day",
            FieldKind.DATE,
            t.plain("calendars.booking.ask_day"),
            help=t.plain("calendars.booking.day_help"),
            default=f"{start:%d.%m.%Y}",
        )
    ]
    if meeting.all_day:
        fields.append(_days(meeting, zone, t))
    else:
        at = t.plain("calendars.booking.ask_time")
        fields.append(Field("time", FieldKind.TIME, at, default=f"{start:%H:%M}"))
        if 0 < minutes_of(meeting) <= LONGEST_MINUTES:
            fields.append(_length(meeting, t))
    if found.repeats:
        fields.append(_reach(t))
    return Form(
        MOVE_FORM, t.plain("calendars.own.move_title"), "", tuple(fields), t.plain("calendars.own.save")
    )


def edit_form(found: Details, addresses: Collection[str], t: Translator) -> Form:
    """What it is about and who comes, filled in; a description too long for a form is left alone."""
    meeting = found.meeting
    fields = [
        _text("title", FieldKind.TEXT, meeting.title, TITLE_LIMIT, t, optional=False),
        _text("place", FieldKind.TEXT, meeting.place, PLACE_LIMIT, t),
        _text("description", FieldKind.TEXTAREA, meeting.description, DESCRIPTION_LIMIT, t),
        Field(
            "guests",
            FieldKind.TEXTAREA,
            t.plain("calendars.booking.ask_guests"),
            help=t.plain("calendars.booking.guests_help"),
            optional=True,
            default=", ".join(each.address for each in guests_of(found, addresses)),
            max_length=_GUESTS_LIMIT,
        ),
    ]
    limits = {
        "title": TITLE_LIMIT,
        "place": PLACE_LIMIT,
        "description": DESCRIPTION_LIMIT,
        "guests": _GUESTS_LIMIT,
    }
    shown = [each for each in fields if len(str(each.default or "")) <= limits[each.name]]
    if found.repeats:
        shown.append(_reach(t))
    return Form(
        EDIT_FORM, t.plain("calendars.own.edit_title"), "", tuple(shown), t.plain("calendars.own.save")
    )


def guests_of(found: Details, addresses: Collection[str]) -> tuple[Attendance, ...]:
    """Whom the organizer, known by these addresses, has invited."""
    return tuple(each for each in found.attendees if each.address and not is_mine(each.address, addresses))


def minutes_of(meeting: Meeting) -> int:
    """How long a meeting lasts."""
    return round((meeting.end - meeting.start) / timedelta(minutes=1))


def reach_in(word: object) -> Reach:
    """How much of a series was chosen; all of it where nothing is to be chosen.

    Raises:
        PersonError: no such choice.
    """
    if word is None:
        return Reach.ALL
    for each in Reach:
        if each.value == word:
            return each
    raise PersonError("calendars.details.gone")


def _length(meeting: Meeting, t: Translator) -> Field:
    def spoken(minutes: int) -> str:
        return format_duration(timedelta(minutes=minutes), t.language)

    return Field(
        "length",
        FieldKind.TEXT,
        t.plain("calendars.booking.ask_length"),
        help=t.plain("calendars.booking.length_help"),
        default=str(minutes_of(meeting)),
        quick=tuple(Choice(spoken(each), spoken(each)) for each in _LENGTHS),
        max_length=40,
        check=_reads_length,
    )


def _reads_length(answer: Value) -> object:
    return parse_length(str(answer))


def _days(meeting: Meeting, zone: ZoneInfo, t: Translator) -> Field:
    first: date = meeting.start.astimezone(zone).date()
    count = (last_day(meeting, zone) - first).days + 1
    label = t.plain("calendars.own.ask_days")
    return Field("days", FieldKind.NUMBER, label, default=str(count), max_length=3, check=_reads_days)


def _reads_days(answer: Value) -> object:
    text = str(answer)
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_DAYS:
        raise PersonError("calendars.own.bad_days", most=_MOST_DAYS)
    return int(text)


def _reach(t: Translator) -> Field:
    choices = tuple(Choice(each.value, t.plain(f"calendars.own.reach_{each.value}")) for each in Reach)
    label = t.plain("calendars.own.ask_reach")
    return Field("reach", FieldKind.RADIO, label, default=Reach.THIS.value, choices=choices)


def _text(
    name: str, kind: FieldKind, default: str, limit: int, t: Translator, *, optional: bool = True
) -> Field:
    label = t.plain(f"calendars.booking.ask_{name}")
    return Field(name, kind, label, optional=optional, default=default, max_length=limit)
