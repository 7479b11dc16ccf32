"""Calendar objects to edit, and what differs between two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sekretar.calendars.editing.document import Node, read
from sekretar.calendars.ics.contentlines import Component, components
from sekretar.calendars.ics.occurrences import Occurrence, occurrences
from sekretar.calendars.ics.reading import parse_object

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

_BERLIN = (
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Berlin",
    "BEGIN:DAYLIGHT",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "DTSTART:19810329T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "DTSTART:19961027T030000",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "END:STANDARD",
    "END:VTIMEZONE",
)

#: What no edit may lose: unknown properties and parameters, a fold of its own, an alarm, an attachment.
FOREIGN = (
    'X-WEIRD;X-P="a;b:c":value\\, kept',
    "x-lower-case:yes",
    "ATTACH;FMTTYPE=application/pdf:https://files.example/a.pdf",
    "COMMENT:a text folded by somebody else\r\n  in a place of their own",
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    "TRIGGER:-PT7M",
    "X-APPLE-DEFAULT-ALARM:TRUE",
    "END:VALARM",
)

PEOPLE = (
    "ORGANIZER;CN=Anna:mailto:anna@example.com",
    'ATTENDEE;CN="Boris; the first";PARTSTAT=NEEDS-ACTION;RSVP=TRUE;X-NUM=7:mailto:Boris@Example.com',
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:vera@example.com",
)

#: Where most programs fold a long attendee: before the colon.
FOLDED_ATTENDEE = (
    "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP="
    "\r\n TRUE:mailto:gleb@example.com"
)


def event(*lines: str, uid: str = "u1") -> str:
    """A VEVENT."""
    return "\r\n".join(("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"))


def calendar(*events: str) -> str:
    """An object, with the definition of Europe/Berlin."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Somebody//Else//EN", "X-WR-CALNAME:Theirs", *_BERLIN)
    return "\r\n".join((*head, *events, "END:VCALENDAR", ""))


def single(*extra: str) -> str:
    """A meeting on 5 March, 13:00 to 14:00 in Moscow."""
    times = ("DTSTART:20260305T100000Z", "DTEND:20260305T110000Z")
    return calendar(event(*times, "SUMMARY:Demo", "LOCATION:Room 1", "SEQUENCE:2", *PEOPLE, *FOREIGN, *extra))


def weekly(*extra: str, exceptions: tuple[str, ...] = (), rule: str = "FREQ=WEEKLY") -> str:
    """A series on Mondays at nine in Berlin since 2 March."""
    times = ("DTSTART;TZID=Europe/Berlin:20260302T090000", "DTEND;TZID=Europe/Berlin:20260302T100000")
    master = event(*times, f"RRULE:{rule}", "SUMMARY:Weekly", "SEQUENCE:2", *extra, *PEOPLE, *FOREIGN)
    return calendar(master, *exceptions)


def exception(day: str, *lines: str, hour: str = "09") -> str:
    """An exception of the series on a day like 20260309."""
    times = (
        f"RECURRENCE-ID;TZID=Europe/Berlin:{day}T090000",
        f"DTSTART;TZID=Europe/Berlin:{day}T{hour}0000",
        f"DTEND;TZID=Europe/Berlin:{day}T{int(hour) + 1:02}0000",
    )
    return event(*times, *(lines or ("SUMMARY:Weekly",)), "X-OVERRIDE:kept", *PEOPLE)


def lines_of(data: str) -> Counter[str]:
    """Every line with the components it stands in."""
    return Counter(line for component in components(data) for line in _lines(component, ""))


def lines_of_document(data: str) -> Counter[str]:
    """The same, as an edit sees them."""
    nodes = (child for child in read(data) if isinstance(child, Node))
    return Counter(line for node in nodes for line in _document_lines(node, ""))


def difference(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and the lines that came, apart from the marks of every writing."""
    old, new = lines_of(before), lines_of(after)
    marks = ("DTSTAMP:", "LAST-MODIFIED:")

    def visible(counter: Counter[str]) -> list[str]:
        return sorted(
            line.partition("/")[2]
            for line in counter.elements()
            if not line.split("/", 2)[-1].startswith(marks)
        )

    return visible(old - new), visible(new - old)


def _lines(component: Component, path: str) -> Iterator[str]:
    here = f"{path}{component.name}/"
    for line in component.lines:
        yield f"{here}{line.name}{line.raw_parameters}:{line.value}"
    for inner in component.inner:
        yield from _lines(inner, here)


def _document_lines(node: Node, path: str) -> Iterator[str]:
    here = f"{path}{node.name}/"
    for child in node.children:
        if isinstance(child, Node):
            yield from _document_lines(child, here)
        elif child.line is not None:
            yield f"{here}{child.line.name}{child.line.raw_parameters}:{child.line.value}"


def meetings(*texts: str, zone: ZoneInfo = BERLIN) -> list[Occurrence]:
    """What takes place in 2026."""
    found = [each for text in texts for each in occurrences(parse_object(text, zone), YEAR, zone)]
    return sorted(found, key=lambda each: each.start)


def shown(*texts: str, zone: ZoneInfo = BERLIN, most: int = 5) -> list[str]:
    """The first meetings as `03-09 09:00-10:00 Title`, by the clock of the zone."""
    return [
        f"{each.start.astimezone(zone):%m-%d %H:%M}-{each.end.astimezone(zone):%H:%M} {each.title}"
        + (" CANCELLED" if each.status == "CANCELLED" else "")
        for each in meetings(*texts, zone=zone)[:most]
    ]
