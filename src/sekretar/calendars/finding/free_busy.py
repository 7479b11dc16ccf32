"""What calendar servers say of the time of people who are not here: the text of the question and of the answer.

The answer to a question for free and busy times is a VFREEBUSY (RFC 5545 §3.6.4). It holds no titles. What cannot be
read is no answer: nobody is called free because of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sekretar.calendars.editing.creating import PRODUCT, mailto, utc_text
from sekretar.calendars.editing.document import fold
from sekretar.calendars.finding.standing import Busy
from sekretar.calendars.ics.contentlines import Line, components
from sekretar.calendars.ics.reading import duration
from sekretar.kernel.errors import SekretarError

#: More periods than this are nobody's calendar.
_MOST_PERIODS = 10_000


class NoFreeBusy(SekretarError):
    """The text tells nothing of anybody's time."""


def question(
    asker: str, addresses: Sequence[str], begin: datetime, end: datetime, uid: str, now: datetime
) -> str:
    """The scheduling message that asks for the time of these people (RFC 6638 §5).

    Raises ValueError for what cannot be an address.
    """
    lines = [
        Line("BEGIN", "", "VCALENDAR"),
        Line("VERSION", "", "2.0"),
        Line("PRODID", "", PRODUCT),
        Line("METHOD", "", "REQUEST"),
        Line("BEGIN", "", "VFREEBUSY"),
        Line("UID", "", uid),
        Line("DTSTAMP", "", utc_text(now)),
        Line("DTSTART", "", utc_text(begin)),
        Line("DTEND", "", utc_text(end)),
        Line("ORGANIZER", "", mailto(asker)),
        *(Line("ATTENDEE", "", mailto(each)) for each in addresses),
        Line("END", "", "VFREEBUSY"),
        Line("END", "", "VCALENDAR"),
    ]
    return "".join(f"{fold(each)}\r\n" for each in lines)


def periods(text: str) -> tuple[Busy, ...]:
    """When somebody is busy.

    Raises:
        NoFreeBusy: the text is no answer, or cannot be understood completely.
    """
    found = [
        inner
        for each in components(text)
        if each.name == "VCALENDAR"
        for inner in each.inner
        if inner.name == "VFREEBUSY"
    ]
    if not found:
        raise NoFreeBusy("no VFREEBUSY")
    try:
        busy = [each for component in found for line in component.named("FREEBUSY") for each in _read(line)]
    except (ValueError, OverflowError) as error:
        raise NoFreeBusy(f"a period that cannot be read: {error}"[:200]) from None
    if len(busy) > _MOST_PERIODS:
        raise NoFreeBusy(f"{len(busy)} periods")
    return tuple(sorted(busy, key=lambda each: each.start))


def _read(line: Line) -> Iterator[Busy]:
    """The periods of one property; a kind that is not known counts as busy (RFC 5545 §3.2.9)."""
    kind = line.parameters.get("FBTYPE", "BUSY").upper()
    if kind == "FREE":
        return
    for text in line.value.split(","):
        if not text.strip():
            continue
        begin, _, until = text.strip().partition("/")
        start = _moment(begin)
        end = start + _length(until) if until[:1] in ("P", "+") else _moment(until)
        if end > start:
            yield Busy(start, end, tentative=kind == "BUSY-TENTATIVE")


def _moment(text: str) -> datetime:
    """These are always in UTC (RFC 5545 §3.8.2.6)."""
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _length(text: str) -> timedelta:
    length = duration(text)
    if length is None:
        raise ValueError("not a duration")
    return length.roughly
