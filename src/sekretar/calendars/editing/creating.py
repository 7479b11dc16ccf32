"""A new meeting as iCalendar text that the picky servers accept too.

A single meeting is written in UTC: a moment needs no zone. A repeated one keeps its time of day across clock
changes only in its zone, so it is written with TZID and the definition beside it (Mail.ru refuses one without).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from sekretar.calendars.editing.document import Node, fold, parameter, text_line, written
from sekretar.calendars.editing.values import Days, Invitee, NewEvent, Repeat
from sekretar.calendars.editing.zonetext import vtimezone
from sekretar.calendars.ics.contentlines import Line
from sekretar.calendars.ics.zones import to_utc
from sekretar.calendars.sync.happenings import normal_address

PRODUCT = "-//Sekretar//Sekretar//EN"

_RULES = {
    Repeat.DAILY: "FREQ=DAILY",
    Repeat.WEEKDAYS: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    Repeat.WEEKLY: "FREQ=WEEKLY",
    Repeat.FORTNIGHTLY: "FREQ=WEEKLY;INTERVAL=2",
    Repeat.MONTHLY: "FREQ=MONTHLY",
}


def new_event(draft: NewEvent, uid: str, now: datetime) -> str:
    """The text of a calendar object with this one meeting.

    Args:
        draft: what the meeting is.
        uid: unique in the world; of letters, digits and dashes.
        now: aware; when the meeting was written.
    """
    calendar = Node("VCALENDAR")
    for line in (Line("VERSION", "", "2.0"), Line("PRODID", "", PRODUCT), Line("CALSCALE", "", "GREGORIAN")):
        calendar.add(line)
    text = [fold(line) for line in _event_lines(draft, uid, now)]
    alarms = [fold(line) for offset in draft.reminders for line in _alarm(draft.title, offset)]
    zone = vtimezone(draft.zone, _local_start(draft).year) if _needs_zone(draft) else ()
    body = written([calendar]).removesuffix("END:VCALENDAR\r\n")
    return "\r\n".join(
        [body + "\r\n".join([*zone, "BEGIN:VEVENT", *text, *alarms, "END:VEVENT", "END:VCALENDAR"]), ""]
    )


def utc_text(moment: datetime) -> str:
    """A moment as `20260305T120000Z`."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S}Z".rjust(16, "0")


def invitation(invitee: Invitee) -> Line:
    """The ATTENDEE of somebody who is asked for an answer."""
    parameters = (
        parameter("CN", invitee.name) if invitee.name else ""
    ) + f";CUTYPE=INDIVIDUAL;ROLE={invitee.role.value};PARTSTAT=NEEDS-ACTION;RSVP=TRUE"
    return Line("ATTENDEE", parameters, mailto(invitee.address))


def organizer_line(organizer: Invitee) -> Line:
    """The ORGANIZER of a meeting."""
    name = parameter("CN", organizer.name) if organizer.name else ""
    return Line("ORGANIZER", name, mailto(organizer.address))


def mailto(address: str) -> str:
    """An address as a calendar user (RFC 5545 §3.3.3).

    Raises ValueError for what cannot be an address: it would become another line of the text.
    """
    plain = normal_address(address)
    if "@" not in plain or not plain.isprintable() or any(character in plain for character in ' ";,<>\\'):
        raise ValueError("not a mail address")
    return f"mailto:{plain}"


def _event_lines(draft: NewEvent, uid: str, now: datetime) -> Iterator[Line]:
    yield Line("UID", "", uid)
    for name in ("DTSTAMP", "CREATED", "LAST-MODIFIED"):
        yield Line(name, "", utc_text(now))
    yield Line("SEQUENCE", "", "0")
    yield from _time_lines(draft)
    yield text_line("SUMMARY", draft.title)
    if draft.place:
        yield text_line("LOCATION", draft.place)
    if draft.description:
        yield text_line("DESCRIPTION", draft.description)
    if draft.attendees:
        if draft.organizer is None:
            raise ValueError("an invitation needs an organizer")
        yield organizer_line(draft.organizer)
        own = normal_address(draft.organizer.address)
        others = {normal_address(each.address): each for each in reversed(draft.attendees)}
        yield from (invitation(each) for address, each in reversed(others.items()) if address != own)
    yield Line("STATUS", "", "TENTATIVE" if draft.tentative else "CONFIRMED")
    yield Line("TRANSP", "", "TRANSPARENT" if draft.transparent else "OPAQUE")
    if draft.telemost:
        yield Line("X-TELEMOST-REQUIRED", "", "TRUE")


def _time_lines(draft: NewEvent) -> Iterator[Line]:
    span = draft.span
    if isinstance(span, Days):
        yield Line("DTSTART", ";VALUE=DATE", f"{span.first:%Y%m%d}")
        yield Line("DTEND", ";VALUE=DATE", f"{span.last + timedelta(days=1):%Y%m%d}")
    elif _needs_zone(draft):
        for name, moment in (("DTSTART", span.start), ("DTEND", span.end)):
            yield Line(name, f";TZID={draft.zone.key}", f"{moment.astimezone(draft.zone):%Y%m%dT%H%M%S}")
    else:
        yield Line("DTSTART", "", utc_text(span.start))
        yield Line("DTEND", "", utc_text(span.end))
    if draft.repeat is not None:
        yield Line("RRULE", "", _RULES[draft.repeat] + _until(draft))


def _until(draft: NewEvent) -> str:
    """In the type of DTSTART (RFC 5545 §3.3.10)."""
    if draft.repeat_until is None:
        return ""
    if isinstance(draft.span, Days):
        return f";UNTIL={draft.repeat_until:%Y%m%d}"
    last = datetime.combine(draft.repeat_until, time(23, 59, 59))
    return f";UNTIL={utc_text(to_utc(last, draft.zone))}"


def _needs_zone(draft: NewEvent) -> bool:
    return draft.repeat is not None and not isinstance(draft.span, Days) and draft.zone.key != "UTC"


def _local_start(draft: NewEvent) -> datetime:
    if isinstance(draft.span, Days):
        return datetime.combine(draft.span.first, time.min)
    return draft.span.start.astimezone(draft.zone)


def _alarm(title: str, before: timedelta) -> Iterator[Line]:
    yield Line("BEGIN", "", "VALARM")
    yield Line("ACTION", "", "DISPLAY")
    yield text_line("DESCRIPTION", title)
    yield Line("TRIGGER", "", _before(before))
    yield Line("END", "", "VALARM")


def _before(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    if minutes and minutes % 1440 == 0:
        return f"-P{minutes // 1440}D"
    if minutes and minutes % 60 == 0:
        return f"-PT{minutes // 60}H"
    return f"-PT{minutes}M"
