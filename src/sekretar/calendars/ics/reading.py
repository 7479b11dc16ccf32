"""One resource of a calendar, read into values that cannot be ambiguous.

Programs write iCalendar in many dialects: times without zones, zones without definitions, meetings without an
end, ends before the beginning, attendees without `mailto:`. All of that is settled here, once; what stands
behind works with wall clock times that know their zone, lengths that are never negative, and texts of bounded
size. An event that makes no sense is left out and said so; only an object without any usable event is an
error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from sekretar.calendars.ics.contentlines import Component, Line, components, written
from sekretar.calendars.ics.events import (
    EARLIEST_ALARM,
    MOST_ATTENDEES,
    Attendee,
    Event,
    Length,
    ParsedObject,
    PartStat,
    Party,
    Role,
    Status,
    When,
)
from sekretar.calendars.ics.joinlinks import Sources, find
from sekretar.calendars.ics.recurrence import BadRule, Rule, parse_rule
from sekretar.calendars.ics.zones import named, resolve, to_utc
from sekretar.kernel.errors import SekretarError

LARGEST_OBJECT = 4 * 1024 * 1024
MOST_EVENTS = 5_000
MOST_DATES = 5_000
MOST_RULES = 10
MOST_ALARMS = 20
LONGEST_LINE = 1_000
LONGEST_TEXT = 16_000
LONGEST_EVENT = timedelta(days=3660)

_WHEN = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2}))?(?:\.\d+)?(Z?))?", re.IGNORECASE
)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?",
    re.IGNORECASE,
)
_Word = TypeVar("_Word", bound=StrEnum)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")

_CONFERENCE = frozenset(
    {
        "X-TELEMOST-CONFERENCE",
        "X-GOOGLE-CONFERENCE",
        "CONFERENCE",
        "X-MICROSOFT-SKYPETEAMSMEETINGURL",
        "X-MICROSOFT-ONLINEMEETINGCONFLINK",
    }
)


class UnreadableObject(SekretarError):
    """The text holds no event that could be understood. The message says why and quotes nothing private."""


_UTC = ZoneInfo("UTC")


def parse_object(
    data: str | bytes,
    default_zone: ZoneInfo,
    *,
    own_addresses: Collection[str] = (),
    own_hosts: Collection[str] = (),
) -> ParsedObject:
    """Read an iCalendar text.

    Args:
        data: the text of one resource.
        default_zone: for time zones that cannot be made out.
        own_addresses: the person's addresses in lower case; they are kept however many attendees there are.
        own_hosts: conference hosts of the organisation, see `joinlinks.find`.

    Raises `UnreadableObject` when the text is too large, no calendar, or without one usable event among its
    VEVENTs.
    """
    if len(data) > LARGEST_OBJECT:
        raise UnreadableObject(f"larger than {LARGEST_OBJECT} bytes")
    calendars = [each for each in components(data) if each.name == "VCALENDAR"]
    if not calendars:
        raise UnreadableObject("not a calendar")
    events: list[Event] = []
    problems: list[str] = []
    for calendar in calendars:
        reader = _Reader(calendar, default_zone, frozenset(own_addresses), own_hosts)
        found = [each for each in calendar.inner if each.name == "VEVENT"]
        if len(found) > MOST_EVENTS:
            problems.append(f"{len(found)} events, the first {MOST_EVENTS} are read")
        for component in found[:MOST_EVENTS]:
            try:
                events.append(reader.event(component))
            except (ValueError, OverflowError) as error:
                problems.append(str(error)[:200])
        problems += reader.problems
    if problems and not events:
        raise UnreadableObject("; ".join(problems[:3]))
    method = calendars[0].first("METHOD")
    return ParsedObject(tuple(events), method.value.strip().upper() if method else "", tuple(problems))


class _Reader:
    """What the events of one VCALENDAR share: its zones."""

    def __init__(
        self,
        calendar: Component,
        default_zone: ZoneInfo,
        own_addresses: frozenset[str],
        own_hosts: Collection[str],
    ) -> None:
        self._definitions = {
            line.value.strip(): each
            for each in calendar.inner
            if each.name == "VTIMEZONE" and (line := each.first("TZID")) is not None
        }
        self._default = default_zone
        self._own_addresses = own_addresses
        self._own_hosts = own_hosts
        line = calendar.first("X-WR-TIMEZONE")
        #: Some programs write UTC times and say here which zone they mean.
        self._calendar_zone = named(line.value) if line is not None else None
        self._cancelled = any(line.value.strip().upper() == "CANCEL" for line in calendar.named("METHOD"))
        self.problems: list[str] = []

    def event(self, component: Component) -> Event:
        """Raises ValueError for an event without a usable start."""
        lines: dict[str, Line] = {}
        for line in component.lines:
            lines.setdefault(line.name, line)
        if "DTSTART" not in lines:
            raise ValueError("an event without DTSTART")
        start = self.when(lines["DTSTART"])
        length = self._length(lines, start)
        original = lines.get("RECURRENCE-ID")
        attendees, count = self._attendees(component.named("ATTENDEE"))
        alarms, alarm_moments = _alarms(component, length, self)
        return Event(
            uid=_one_line(lines["UID"].value) if "UID" in lines else "",
            start=start,
            length=length,
            recurrence_id=self.when(original) if original else None,
            this_and_future=bool(
                original and original.parameters.get("RANGE", "").upper() == "THISANDFUTURE"
            ),
            rules=tuple(self._rules(component.named("RRULE"), start)),
            dates=tuple(self._dates(component.named("RDATE"), start)),
            excluded=tuple(when for when, _ in self._dates(component.named("EXDATE"), start)),
            title=_one_line(_text(component, "SUMMARY")),
            location=_one_line(_text(component, "LOCATION")),
            description=_paragraphs(_text(component, "DESCRIPTION")),
            organizer=_party(lines.get("ORGANIZER")),
            attendees=attendees,
            attendee_count=count,
            status=Status.CANCELLED
            if self._cancelled
            else _member(Status, lines.get("STATUS"), Status.CONFIRMED),
            transparent=_word(lines.get("TRANSP")) == "TRANSPARENT",
            private=_word(lines.get("CLASS")) in ("PRIVATE", "CONFIDENTIAL"),
            alarms=alarms,
            alarm_moments=alarm_moments,
            join_link=find(_sources(component), self._own_hosts),
            url=_web_address(lines.get("URL")),
            sequence=_small_number(lines.get("SEQUENCE")),
        )

    def when(self, line: Line) -> When:
        """Raises ValueError."""
        parameters = line.parameters
        return self.moment(line.value, parameters.get("TZID", ""), all_day=parameters.get("VALUE") == "DATE")

    def moment(self, text: str, tzid: str, *, all_day: bool = False) -> When:
        """A DATE or DATE-TIME value. Raises ValueError."""
        match = _WHEN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a time: {text.strip()[:40]!r}")
        day = datetime.combine(date(*map(int, match.group(1, 2, 3))), time.min)
        if all_day or match.group(4) is None:
            return When(day, None, all_day=True)
        hour, minute, second = (int(each or 0) for each in match.group(4, 5, 6))
        if hour > 24 or minute > 59 or second > 60:
            raise ValueError(f"not a time: {text.strip()[:40]!r}")
        # 24:00 and leap seconds exist in the wild.
        local = day + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))
        if match.group(7) or (tzid and named(tzid) is _UTC):
            return self._in_calendar_zone(local)
        if tzid:
            return When(local, self._zone(tzid, local.year))
        return When(local, self._calendar_zone)

    def _in_calendar_zone(self, local: datetime) -> When:
        if self._calendar_zone is None:
            return When(local, _UTC)
        return When(
            to_utc(local, _UTC).astimezone(self._calendar_zone).replace(tzinfo=None), self._calendar_zone
        )

    def _zone(self, tzid: str, year: int) -> ZoneInfo:
        found = named(tzid)
        if found is not None:
            return found
        definition = self._definitions.get(tzid)
        text = written(definition) if definition is not None else ""
        return resolve(tzid, text, self._calendar_zone or self._default, year)

    def _length(self, lines: dict[str, Line], start: When) -> Length:
        if "DTEND" in lines:
            try:
                return self._until(start, self.when(lines["DTEND"]))
            except ValueError as error:
                self.problems.append(str(error))
        elif "DURATION" in lines and (given := duration(lines["DURATION"].value)) is not None:
            return _bounded(given, start)
        return Length(days=1) if start.all_day else Length()

    def _until(self, start: When, end: When) -> Length:
        if start.all_day:
            return _bounded(Length(days=(end.local.date() - start.local.date()).days), start)
        if end.all_day:
            end = replace(end, all_day=False, zone=start.zone)
        return _bounded(Length(exact=end.utc(self._default) - start.utc(self._default)), start)

    def _rules(self, lines: Iterable[Line], start: When) -> Iterator[Rule]:
        for number, line in enumerate(lines):
            if number >= MOST_RULES:
                self.problems.append("too many recurrence rules")
                return
            try:
                yield parse_rule(line.value, self._until_of(start))
            except BadRule as error:
                self.problems.append(f"a recurrence rule was left out: {error}")

    def _until_of(self, start: When) -> Callable[[str], datetime]:
        def read(text: str) -> datetime:
            end = self.moment(text, "")
            if start.all_day:
                return datetime.combine(end.local.date(), time.min)
            if end.all_day:
                # A date ends a series of timed events with its day, not before it.
                return end.local + timedelta(days=1) - timedelta(microseconds=1)
            if start.zone is None or not text.strip().upper().endswith("Z"):
                return end.local
            return end.utc(self._default).astimezone(start.zone).replace(tzinfo=None)

        return read

    def _dates(self, lines: Iterable[Line], start: When) -> Iterator[tuple[When, Length | None]]:
        count = 0
        for line in lines:
            parameters = line.parameters
            for text in line.value.split(","):
                count += 1
                if count > MOST_DATES:
                    self.problems.append("too many dates of a series")
                    return
                try:
                    yield self._date(text, parameters, start)
                except (ValueError, OverflowError) as error:
                    self.problems.append(str(error)[:200])

    def _date(self, text: str, parameters: dict[str, str], start: When) -> tuple[When, Length | None]:
        tzid = parameters.get("TZID", "")
        begin, _, end = text.partition("/")
        when = self.moment(begin, tzid, all_day=parameters.get("VALUE") == "DATE")
        if start.all_day and not when.all_day:
            when = When(datetime.combine(when.local.date(), time.min), None, all_day=True)
        if not end:
            return when, None
        given = duration(end)
        return when, _bounded(given, when) if given else self._until(when, self.moment(end, tzid))

    def _attendees(self, lines: Iterable[Line]) -> tuple[tuple[Attendee, ...], int]:
        kept: list[Attendee] = []
        count = 0
        for line in lines:
            count += 1
            if count <= MOST_ATTENDEES or (self._own_addresses and address_in(line) in self._own_addresses):
                kept.append(_attendee(line))
        return tuple(kept), count


def duration(text: str) -> Length | None:
    """A DURATION value (RFC 5545 §3.3.6); negative ones have negative parts. None when it is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()[1:]):
        return None
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in match.groups()[1:])
    sign = -1 if match.group(1) == "-" else 1
    return Length(sign * (weeks * 7 + days), sign * timedelta(hours=hours, minutes=minutes, seconds=seconds))


def _bounded(length: Length, start: When) -> Length:
    """Not negative, not absurd, and whole days for a date."""
    if start.all_day:
        days = min(length.days, LONGEST_EVENT.days) + length.exact // timedelta(days=1)
        return Length(days=max(days, 1))
    if length.roughly > LONGEST_EVENT:
        return Length(exact=LONGEST_EVENT)
    return length if length.roughly >= timedelta() else Length()


def _alarms(
    component: Component, length: Length, reader: _Reader
) -> tuple[tuple[timedelta, ...], tuple[datetime, ...]]:
    """Offsets from the start, and the moments of those alarms that do not depend on it."""
    offsets: set[timedelta] = set()
    moments: set[datetime] = set()
    for alarm in component.inner:
        trigger, action = alarm.first("TRIGGER"), _word(alarm.first("ACTION"))
        if alarm.name != "VALARM" or trigger is None or action == "NONE":
            continue
        offset = duration(trigger.value)
        if offset is None:
            with suppress(ValueError, OverflowError):
                moments.add(reader.moment(trigger.value, "").utc(_UTC))
            continue
        before = offset.roughly
        if trigger.parameters.get("RELATED", "").upper() == "END":
            before += length.roughly
        if abs(before) <= EARLIEST_ALARM:
            offsets.add(before)
    return tuple(sorted(offsets)[:MOST_ALARMS]), tuple(sorted(moments)[:MOST_ALARMS])


def _attendee(line: Line) -> Attendee:
    parameters = line.parameters
    return Attendee(
        address=address_in(line),
        name=_one_line(parameters.get("CN", ""))[:200],
        partstat=_choice(PartStat, parameters.get("PARTSTAT", ""), PartStat.NEEDS_ACTION),
        role=_choice(Role, parameters.get("ROLE", ""), Role.REQUIRED),
        kind=parameters.get("CUTYPE", "INDIVIDUAL").upper()[:40],
        rsvp=parameters.get("RSVP", "").upper() == "TRUE",
    )


def _party(line: Line | None) -> Party | None:
    if line is None:
        return None
    parameters = line.parameters
    party = Party(address_in(line), _one_line(parameters.get("CN", ""))[:200])
    return party if party.address or party.name else None


def address_in(line: Line) -> str:
    """The mail address of an ATTENDEE or ORGANIZER; EMAIL tells it where the value is a path or an identifier."""
    value = line.value.strip().strip("<>")
    if value.lower().startswith("mailto:"):
        value = unquote(value[7:].partition("?")[0]).strip().strip("<>")
    if "@" not in value or ":" in value or "/" in value:
        value = line.parameters.get("EMAIL", "")
    return _one_line(value).lower()[:320] if "@" in value else ""


def _sources(component: Component) -> Sources:
    conference: list[str] = []
    html = ""
    for line in component.lines:
        if line.name in _CONFERENCE:
            conference.append(line.text)
        elif line.name == "X-ALT-DESC":
            html = line.text
    url = component.first("URL")
    return Sources(
        tuple(conference[:20]),
        url.value.strip() if url else "",
        _text(component, "LOCATION"),
        _text(component, "DESCRIPTION"),
        html,
    )


def _text(component: Component, name: str) -> str:
    """The first text of a property that says something."""
    return next((text for line in component.named(name) if (text := line.text.strip())), "")


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", " ".join(text[: 4 * LONGEST_LINE].split()))[:LONGEST_LINE]


def _paragraphs(text: str) -> str:
    lines = (_CONTROL.sub(" ", line).rstrip() for line in text[: 4 * LONGEST_TEXT].splitlines())
    return "\n".join(lines).strip()[:LONGEST_TEXT]


def _word(line: Line | None) -> str:
    return line.value.strip().upper() if line is not None else ""


def _choice(kind: type[_Word], text: str, default: _Word) -> _Word:
    try:
        return kind(text.strip().upper())
    except ValueError:
        return default


def _member(kind: type[_Word], line: Line | None, default: _Word) -> _Word:
    return _choice(kind, _word(line), default)


def _web_address(line: Line | None) -> str:
    value = line.value.strip() if line is not None else ""
    usable = value.lower().startswith(("https://", "http://")) and len(value) <= 2048 and value.isprintable()
    return value if usable and " " not in value else ""


def _small_number(line: Line | None) -> int:
    text = line.value.strip() if line is not None else ""
    return int(text) if text.isdecimal() and len(text) < 10 else 0
