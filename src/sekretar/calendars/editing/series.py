"""The events of one object with the lines they are written in.

What an occurrence *is* (its identity, whether it takes place, when it ends) is asked of the modules that read
calendars, never decided here a second time: an edit must mean the very meeting that people were shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.editing.creating import utc_text
from sekretar.calendars.editing.document import Leaf, Node, read, written
from sekretar.calendars.editing.values import NoSuchOccurrence, Uneditable
from sekretar.calendars.ics.contentlines import Line
from sekretar.calendars.ics.events import Event, ParsedObject, When
from sekretar.calendars.ics.occurrences import Occurrence, expand, identity
from sekretar.calendars.ics.reading import MOST_EVENTS, UnreadableObject, parse_object
from sekretar.calendars.ics.zones import to_utc

_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_SECOND = timedelta(seconds=1)

#: What an exception does not take over from its series.
_OF_THE_SERIES = ("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")


_MOMENT = re.compile(r"\d{8}T\d{6}Z")


def moment_of(alarm: Node) -> datetime | None:
    """When an alarm rings that has a moment of its own."""
    trigger = alarm.first("TRIGGER")
    text = trigger.value.strip().upper() if trigger is not None else ""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


@dataclass(slots=True)
class Member:
    """One VEVENT: as it is written, and as it was understood before the edit."""

    node: Node
    event: Event


class Series:
    """The master and the exceptions of the one meeting in an object.

    `zone` is the person's, as in `occurrences.expand`. Raises `Uneditable`.
    """

    def __init__(self, data: str, zone: ZoneInfo) -> None:
        self.children = read(data)
        self.zone = zone
        calendars = [child for child in self.children if isinstance(child, Node)]
        self.calendars = [node for node in calendars if node.name == "VCALENDAR"]
        if not self.calendars:
            raise Uneditable("not a calendar")
        self.members = [member for calendar in self.calendars for member in self._members(calendar)]
        if len({member.event.uid for member in self.members}) != 1:
            raise Uneditable("not exactly one meeting in this object")
        masters = [member for member in self.members if member.event.recurrence_id is None]
        self.master = max(masters, key=lambda member: member.event.sequence, default=None)

    @property
    def recurring(self) -> bool:
        """Whether the meeting has occurrences that can be told apart."""
        return self.exceptions() != {} or any(member.event.recurring for member in self.members)

    @property
    def text(self) -> str:
        """The object as it is now."""
        return written(self.children)

    def exceptions(self) -> dict[str, Member]:
        """By identity; of several for one occurrence the one with the highest sequence."""
        found: dict[str, Member] = {}
        for member in sorted(self.members, key=lambda each: each.event.sequence):
            if member.event.recurrence_id is not None:
                found[self.identity(member.event.recurrence_id)] = member
        return found

    def identity(self, original: When) -> str:
        """The name under which people were shown this occurrence."""
        return identity(original, self.master.event.start if self.master else None, self.zone)

    def discard(self, members: Iterable[Member]) -> None:
        """Leave out whole events."""
        gone = list(members)
        for calendar in self.calendars:
            calendar.drop(*(member.node for member in gone))
        self.members = [member for member in self.members if member not in gone]

    # --- one occurrence -----------------------------------------------------------------------------------

    def original(self, recurrence_id: str) -> When:
        """The original time of an occurrence in the terms of the series. Raises `NoSuchOccurrence`."""
        exception = self.exceptions().get(recurrence_id)
        try:
            if self.master is not None:
                return _like(self.master.event.start, recurrence_id)
            if exception is not None and exception.event.recurrence_id is not None:
                return exception.event.recurrence_id
        except ValueError:
            pass
        raise NoSuchOccurrence(recurrence_id)

    def occurrence(self, recurrence_id: str) -> Occurrence:
        """What takes place at this original time by the rule alone. Raises `NoSuchOccurrence`."""
        master = self.master
        if master is None:
            raise NoSuchOccurrence(recurrence_id)
        turns = self._turns()
        shifts = [abs(_shift(member.event)) for member in turns]
        margin = max(shifts, default=timedelta())
        moment = self.original(recurrence_id).utc(self.zone)
        # A start that ends the window would be an occurrence that only follows.
        window = moment - margin, moment + margin + _SECOND
        plain = ParsedObject((master.event, *(member.event for member in turns)))
        for found in expand(plain, window, self.zone).occurrences:
            if found.recurrence_id in (recurrence_id, ""):
                return found
        raise NoSuchOccurrence(recurrence_id)

    def exception(self, recurrence_id: str) -> Member:
        """The exception for this occurrence; written from the series where there is none yet.

        Raises `NoSuchOccurrence`, and `Uneditable` where the exception stands for all later ones as well.
        """
        known = self.exceptions().get(recurrence_id)
        if known is not None:
            if known.event.this_and_future:
                raise Uneditable("an exception that holds for all later occurrences")
            return known
        if self.master is None or not self.recurring:
            raise NoSuchOccurrence(recurrence_id)
        found = self.occurrence(recurrence_id)
        original = self.original(recurrence_id)
        moment = original.utc(self.zone)
        before = [member for member in self._turns() if self._original_of(member).utc(self.zone) < moment]
        pattern = max(before, key=lambda each: self._original_of(each).utc(self.zone), default=self.master)
        member = self._written_exception(pattern, original, found)
        self._calendar_of(pattern.node).children.append(member.node)
        self.members.append(member)
        return member

    def _written_exception(self, pattern: Member, original: When, found: Occurrence) -> Member:
        master = self.master or pattern
        node = pattern.node.copy()
        node.remove(*_OF_THE_SERIES)
        self.leave_alarms(node, found.start)
        node.put(self.respelled(_start_line(node), found.start))
        if found.end - found.start != pattern.event.length.end_of(pattern.event.start, self.zone) - (
            pattern.event.start.utc(self.zone)
        ):
            node.remove("DURATION")
            node.put(self.respelled(replace(_start_line(node), name="DTEND"), found.end))
        elif (end := node.first("DTEND")) is not None:
            node.put(self.respelled(end, found.end))
        spelled = self.respelled(_start_line(master.node), original.utc(self.zone))
        node.add(replace(spelled, name="RECURRENCE-ID"))
        event = replace(pattern.event, recurrence_id=original, this_and_future=False, rules=(), dates=())
        return Member(node, replace(event, start=self.read(_start_line(node)), excluded=()))

    def leave_alarms(self, node: Node, since: datetime) -> None:
        """Leave out the alarms that ring at a moment of their own for an earlier time of the series."""
        master = self.master
        plain = ParsedObject((master.event,) if master else ())
        for alarm in node.nodes("VALARM"):
            moment = moment_of(alarm)
            if moment is not None and moment < since:
                found = expand(plain, (moment, since), self.zone).occurrences
                if any(each.start >= moment for each in found):
                    node.drop(alarm)

    def _turns(self) -> list[Member]:
        return [
            member
            for member in self.members
            if member.event.this_and_future and member.event.recurrence_id is not None
        ]

    def _original_of(self, member: Member) -> When:
        original = member.event.recurrence_id
        if original is None:
            raise Uneditable("a series where an exception is expected")
        return original

    def _calendar_of(self, node: Node) -> Node:
        return next(each for each in self.calendars if any(child is node for child in each.children))

    # --- times as they are written ------------------------------------------------------------------------

    def read(self, line: Line) -> When:
        """The time a property says. Raises `Uneditable`."""
        found = self.read_all([(line.raw_parameters, line.value)])[0]
        if found is None:
            raise Uneditable("a time that cannot be read")
        return found

    def read_all(self, times: Sequence[tuple[str, str]]) -> list[When | None]:
        """The times of raw parameters and values, read as the start of an event would be."""
        if len(times) > MOST_EVENTS:
            raise Uneditable("more dates than a series has")
        events = []
        for number, (parameters, value) in enumerate(times):
            node = Node("VEVENT")
            node.add(Line("UID", "", str(number)))
            node.children.append(Leaf(f"DTSTART{parameters}:{value}", None))
            events.append(node)
        try:
            found = self._parsed(self.calendars[0], events)
        except UnreadableObject:
            found = ()
        by_number = {event.uid: event.start for event in found}
        return [by_number.get(str(number)) for number in range(len(times))]

    def respelled(self, line: Line, moment: datetime) -> Line:
        """The property with another moment, in the same type and zone. Days are midnights in UTC."""
        if line.parameters.get("VALUE") == "DATE" or _DATE.fullmatch(line.value.strip()):
            return replace(line, value=f"{moment.astimezone(UTC):%Y%m%d}")
        if line.value.strip().upper().endswith("Z"):
            return replace(line, value=utc_text(moment))
        zone = self.read(line).zone or self.zone
        return replace(line, value=f"{moment.astimezone(zone):%Y%m%dT%H%M%S}")

    # --- reading ------------------------------------------------------------------------------------------

    def _members(self, calendar: Node) -> list[Member]:
        nodes = calendar.nodes("VEVENT")
        if len(nodes) > MOST_EVENTS:
            raise Uneditable(f"{len(nodes)} events")
        try:
            events = self._parsed(calendar, nodes)
        except UnreadableObject:
            return []
        if len(events) == len(nodes):
            return [Member(node, event) for node, event in zip(nodes, events, strict=True)]
        return [Member(node, event) for node in nodes for event in self._alone(calendar, node)]

    def _alone(self, calendar: Node, node: Node) -> tuple[Event, ...]:
        """What cannot be read stays in the text and is not edited."""
        try:
            return self._parsed(calendar, [node])
        except UnreadableObject:
            return ()

    def _parsed(self, calendar: Node, events: list[Node]) -> tuple[Event, ...]:
        shell = Node("VCALENDAR")
        shell.children = [
            child for child in calendar.children if isinstance(child, Leaf) or child.name == "VTIMEZONE"
        ]
        shell.children += events
        return parse_object(written([shell]), self.zone).events


def _start_line(node: Node) -> Line:
    line = node.first("DTSTART")
    if line is None:
        raise Uneditable("an event without DTSTART")
    return line


def _shift(event: Event) -> timedelta:
    if event.recurrence_id is None:
        return timedelta()
    return event.start.local - event.recurrence_id.local


def _like(start: When, recurrence_id: str) -> When:
    """The time with this identity, in the zone of the series. Raises ValueError."""
    if start.all_day:
        return replace(start, local=datetime.combine(date.fromisoformat(recurrence_id), time.min))
    moment = datetime.fromisoformat(recurrence_id)
    if start.zone is None:
        if moment.tzinfo is not None:
            raise ValueError("a floating series has no moments")
        return replace(start, local=moment)
    if moment.tzinfo is None:
        raise ValueError("a moment has a zone")
    local = moment.astimezone(start.zone).replace(tzinfo=None)
    if to_utc(local, start.zone) != moment:
        raise ValueError("a time that the clock shows a second time")
    return replace(start, local=local)
