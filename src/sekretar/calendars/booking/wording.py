"""How a meeting to be made is put before whoever makes it, and how it is told that it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sekretar.calendars.booking.draft import Checked, Draft, Guest
from sekretar.calendars.booking.form import reminder_words
from sekretar.calendars.booking.saving import Booked
from sekretar.calendars.booking.series import WEEKS
from sekretar.calendars.booking.source import Suggested
from sekretar.calendars.finding.standing import Busy, GuestTime, Source, Standing
from sekretar.calendars.views.agenda import Meeting
from sekretar.calendars.wording import join_link, stack, title_of
from sekretar.kernel.dates import format_day, format_span, format_time, near_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.signing import JsonScalar
from sekretar.kernel.text import Markdown, escape_block, link, truncate
from sekretar.mattermost.messages import Attachment, Button, Colour, Message

CREATE = "calendars.book.create"
EDIT = "calendars.book.edit"
CANCEL = "calendars.book.cancel"

MOST_CONFLICTS = 5
MOST_GUESTS = 30
_NAME_LIMIT = 60
_PLACE_LIMIT = 150
_DESCRIPTION_LIMIT = 500

_STANDINGS = {
    Standing.FREE: "✅",
    Standing.TENTATIVE: "🤔",
    Standing.BUSY: "⛔",
    Standing.UNKNOWN: "❔",
}


def preview(checked: Checked, number: int, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """What would be made, what speaks against it, and the buttons to decide."""
    draft = checked.draft
    record: Mapping[str, JsonScalar] = {"draft": number}
    attachment = Attachment(
        color=Colour.BLUE,
        title=title_of(draft.title, t),
        text=_with_description(
            stack(
                *_facts(draft, checked.calendar, zone, t, now),
                *_warnings(checked, zone, t, now),
                *_guests(checked, zone, t),
            ),
            draft,
        ),
        actions=(
            Button(t.plain("calendars.booking.create"), CREATE, record, style="primary"),
            Button(t.plain("calendars.booking.edit"), EDIT, record),
            Button(t.plain("calendars.booking.cancel"), CANCEL, record),
        ),
    )
    return Message(t("calendars.booking.preview"), (attachment,))


def offer(found: Suggested, number: int, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """What a message seems to say of a meeting, with the button that asks for the rest."""
    draft, record = found.draft, {"draft": number}
    names = ", ".join(_name(each) for each in draft.guests.known[:MOST_GUESTS])
    attachment = Attachment(
        color=Colour.BLUE,
        title=title_of(draft.title, t),
        text=stack(
            when_words(draft.start, draft.end, zone, t, now) if found.timed else "",
            t("calendars.booking.would_invite", names=names) if names else "",
            t("calendars.booking.hidden", names=", ".join(draft.guests.hidden))
            if draft.guests.hidden
            else "",
        ),
        actions=(
            Button(t.plain("calendars.booking.fill_in"), EDIT, record, style="primary"),
            Button(t.plain("calendars.booking.cancel"), CANCEL, record),
        ),
    )
    message = link(t.plain("calendars.booking.message"), found.link)
    return Message(t("calendars.booking.offered", message=message), (attachment,))


def booked(made: Booked, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """It stands in the calendar."""
    draft = made.draft
    join = join_link(made.join_url, made.join_service, t)
    guests = ", ".join(_name(each) for each in draft.guests.known[:MOST_GUESTS])
    attachment = Attachment(
        color=Colour.GREEN,
        title=title_of(draft.title, t),
        text=stack(
            *_facts(draft, made.calendar, zone, t, now),
            t("calendars.booking.invited", names=guests) if guests else "",
            Markdown(f"**{join}**") if join else "",
            t("calendars.booking.room_later") if draft.telemost and not join and not made.before else "",
            t("calendars.booking.altered") if made.altered else "",
        ),
    )
    return Message(
        t("calendars.booking.made_before" if made.before else "calendars.booking.made"), (attachment,)
    )


def cancelled(draft: Draft, t: Translator) -> Message:
    """Nothing was made."""
    return Message(t("calendars.booking.given_up", title=title_of(draft.title, t)))


def when_words(start: datetime, end: datetime, zone: ZoneInfo, t: Translator, now: datetime) -> str:
    """Day and time: `tomorrow, Thursday, 5 March, 15:00–15:45`."""
    day, today = start.astimezone(zone).date(), now.astimezone(zone).date()
    named, near = format_day(day, t.language, today), near_day(day, today, t.language)
    return ", ".join(part for part in (near, named, format_span(start, end, zone, t.language)) if part)


def _facts(draft: Draft, calendar: str, zone: ZoneInfo, t: Translator, now: datetime) -> Iterator[str]:
    yield t("calendars.details.when", when=when_words(draft.start, draft.end, zone, t, now), zone=zone.key)
    if draft.repeat is not None:
        yield t("calendars.booking.repeats", repeat=t.plain(f"calendars.booking.repeat_{draft.repeat.value}"))
    if draft.place:
        yield t("calendars.details.place", value=truncate(draft.place, _PLACE_LIMIT))
    yield t("calendars.details.calendar", value=truncate(calendar, _NAME_LIMIT))
    if draft.reminder is not None:
        yield t("calendars.booking.reminds", when=reminder_words(draft.reminder, t))
    if draft.telemost:
        yield t("calendars.booking.with_room")


def _warnings(checked: Checked, zone: ZoneInfo, t: Translator, now: datetime) -> Iterator[str]:
    draft = checked.draft
    if draft.start < now:
        yield t("calendars.booking.past")
    for meeting in checked.conflicts[:MOST_CONFLICTS]:
        yield t("calendars.booking.overlaps", meeting=_conflict(meeting, zone, t))
    if (rest := len(checked.conflicts) - MOST_CONFLICTS) > 0:
        yield t.plural("calendars.booking.overlaps_more", rest)
    if (series := checked.series) is not None:
        first = _on_its_day(series.first, zone, t, now)
        yield t.plural("calendars.booking.series", series.met, times=series.times, weeks=WEEKS, meeting=first)
    guests = draft.guests
    if guests.unknown:
        yield t("calendars.booking.unknown", names=", ".join(guests.unknown))
    if guests.hidden:
        yield t("calendars.booking.hidden", names=", ".join(guests.hidden))


def _on_its_day(meeting: Meeting, zone: ZoneInfo, t: Translator, now: datetime) -> Markdown:
    today = now.astimezone(zone).date()
    day = format_day(meeting.start.astimezone(zone).date(), t.language, today)
    return Markdown(f"{day}, {_conflict(meeting, zone, t)}")


def _conflict(meeting: Meeting, zone: ZoneInfo, t: Translator) -> Markdown:
    title = title_of(meeting.title, t)
    return _taking(title, meeting.start, meeting.end, zone, t, whole_days=meeting.all_day)


def _taking(
    title: Markdown, start: datetime, end: datetime, zone: ZoneInfo, t: Translator, *, whole_days: bool
) -> Markdown:
    when = t("calendars.meeting.all_day") if whole_days else format_span(start, end, zone, t.language)
    return Markdown(f"{title} ({when})")


def _guests(checked: Checked, zone: ZoneInfo, t: Translator) -> Iterator[str]:
    guests = checked.draft.guests.known
    if not guests:
        return
    yield t("calendars.booking.guests")
    for guest, time in list(zip(guests, checked.times, strict=True))[:MOST_GUESTS]:
        yield _guest(guest, time, checked.draft.start, zone, t)
    if (rest := len(guests) - MOST_GUESTS) > 0:
        yield t.plural("calendars.details.more", rest)


def _guest(guest: Guest, time: GuestTime, start: datetime, zone: ZoneInfo, t: Translator) -> Markdown:
    """Whether the guest has time, who says so, and what they let others see."""
    said = [t(f"calendars.booking.guest_{time.standing.value}", name=_name(guest))]
    if time.source is Source.SERVER:
        said.append(t("calendars.booking.guest_by_server"))
    said += [_seen(each, zone, t) for each in time.seen]
    if time.off_hours is not None:
        clock = format_time(start, time.off_hours, t.language)
        said.append(t("calendars.booking.guest_off_hours", time=clock, zone=time.off_hours.key))
    return Markdown(f"{_STANDINGS[time.standing]} ") + Markdown(" · ").join(said)


def _seen(busy: Busy, zone: ZoneInfo, t: Translator) -> Markdown:
    title = title_of(truncate(busy.title, _NAME_LIMIT), t)
    return _taking(title, busy.start, busy.end, zone, t, whole_days=busy.whole_days)


def _name(guest: Guest) -> str:
    return truncate(guest.name or guest.address, _NAME_LIMIT)


def _with_description(text: Markdown, draft: Draft) -> Markdown:
    if not draft.description:
        return text
    return Markdown(f"{text}\n\n{escape_block(truncate(draft.description, _DESCRIPTION_LIMIT))}")


def no_calendar(t: Translator) -> Message:
    """Nothing can be made without a calendar."""
    button = Button(t.plain("calendars.menu.connect"), "calendars.connect.where", style="primary")
    return Message(t("calendars.booking.unconnected"), (Attachment(actions=(button,)),))
