"""A new time for a meeting, and for all that hangs on the times of a series.

A series moves by the wall clock: nine o'clock becomes ten o'clock in summer and in winter. With its start move
the excluded days, further dates, the end of the rule and the names of its exceptions; otherwise a cancelled
meeting would come back and a moved one would be there twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sekretar.calendars.editing.creating import utc_text
from sekretar.calendars.editing.document import Node, fold
from sekretar.calendars.editing.series import Member, Series, moment_of
from sekretar.calendars.editing.values import Days, NothingToCarry, Span, Uneditable
from sekretar.calendars.ics.contentlines import Line
from sekretar.calendars.ics.events import When
from sekretar.calendars.ics.reading import duration
from sekretar.calendars.ics.recurrence import Frequency, Rule

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY = re.compile(r"BYDAY=[^;]*", re.IGNORECASE)
_WEEKDAY = re.compile("|".join(_DAYS), re.IGNORECASE)
_UNTIL = re.compile(r"(UNTIL=)([^;]*)", re.IGNORECASE)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much a series moves on the wall clock, and how long its meetings last from now on."""

    clock: timedelta
    #: Between the dates of the start before and after.
    days: int
    #: The new length; None when it stays.
    length: timedelta | None

    @classmethod
    def of(cls, series: Series, master: Member, reference: datetime, span: Span) -> Shift:
        """What moves the meeting at `reference` to `span`.

        Raises `Uneditable` when one is a time and the other a day.
        """
        start = master.event.start
        begin, end = moments(span)
        if start.all_day is not isinstance(span, Days):
            raise Uneditable("a series of days cannot become one of times, nor the other way round")
        zone = UTC if start.all_day else (start.zone or series.zone)
        old, new = (moment.astimezone(zone).replace(tzinfo=None) for moment in (reference, begin))
        clock = new - old
        length = end - begin
        shifted = start.local + clock
        same = master.event.length.end_of(start, series.zone) - start.utc(series.zone) == length
        return cls(clock, (shifted.date() - start.local.date()).days, None if same else length)


def moments(span: Span) -> tuple[datetime, datetime]:
    """Beginning and end, aware; days are midnights in UTC, as in `occurrences`."""
    if isinstance(span, Days):
        first, last = (datetime.combine(day, time.min, tzinfo=UTC) for day in (span.first, span.last))
        return first, last + _DAY
    return span.start, span.end


def set_span(series: Series, member: Member, span: Span) -> bool:
    """Give one event a time; False when it had it."""
    node = member.node
    line = _start_line(node)
    start = series.read(line)
    begin, end = moments(span)
    event = member.event
    current = replace(event, start=start)
    length = _length(series, member)
    if (
        start.all_day is isinstance(span, Days)
        and current.start.utc(series.zone) == begin
        and begin + length == end
    ):
        return False
    if start.all_day is isinstance(span, Days):
        _alarms(node, begin - start.utc(series.zone))
        node.put(series.respelled(line, begin))
        _set_end(series, node, end, keep_duration=length == end - begin)
        return True
    node.remove("DURATION", "DTEND")
    for name, moment in (("DTSTART", begin), ("DTEND", end)):
        if isinstance(span, Days):
            node.put(Line(name, ";VALUE=DATE", f"{moment:%Y%m%d}"))
        else:
            node.put(Line(name, "", utc_text(moment)))
    return True


def shift_member(series: Series, member: Member, shift: Shift) -> bool:
    """Move the series, or one of its exceptions along with it; False when nothing changes its time.

    Raises `NothingToCarry`.
    """
    if not shift.clock and shift.length is None:
        return False
    node, event = member.node, member.event
    moves = True
    if event.recurrence_id is None:
        _shift_rules(series, member, shift)
        _shift_dates(series, node, shift)
    else:
        moves = event.start.local == event.recurrence_id.local
        _shift_line(series, node, "RECURRENCE-ID", event.recurrence_id, shift)
    if not moves:
        # It has a time of its own.
        return False
    length = _length(series, member)
    own = length != _length(series, _master(series))
    wanted = shift.length if shift.length is not None and not own else length
    new = replace(event.start, local=event.start.local + shift.clock)
    begin = new.utc(series.zone)
    _alarms(node, begin - event.start.utc(series.zone))
    node.put(series.respelled(_start_line(node), begin))
    _set_end(series, node, begin + wanted, keep_duration=wanted == length)
    return True


def _master(series: Series) -> Member:
    if series.master is None:
        raise Uneditable("exceptions without their series")
    return series.master


def _length(series: Series, member: Member) -> timedelta:
    """As it was before the edit."""
    start = member.event.start
    return member.event.length.end_of(start, series.zone) - start.utc(series.zone)


def _set_end(series: Series, node: Node, end: datetime, *, keep_duration: bool) -> None:
    if keep_duration and node.first("DTEND") is None:
        return
    pattern = node.first("DTEND") or replace(_start_line(node), name="DTEND")
    node.remove("DURATION")
    node.put(series.respelled(pattern, end))


def _shift_line(series: Series, node: Node, name: str, when: When, shift: Shift) -> None:
    line = node.first(name)
    if line is not None and shift.clock:
        later = replace(when, local=when.local + shift.clock)
        node.put(series.respelled(line, later.utc(series.zone)))


def _alarms(node: Node, moved: timedelta) -> None:
    """Alarms at a moment of their own ring as long before the meeting as before."""
    for alarm in node.nodes("VALARM"):
        trigger, moment = alarm.first("TRIGGER"), moment_of(alarm)
        if trigger is not None and moment is not None:
            alarm.put(replace(trigger, value=utc_text(moment + moved)))


def _shift_dates(series: Series, node: Node, shift: Shift) -> None:
    """EXDATE and RDATE, value by value, each spelled as it was."""
    if not shift.clock:
        return
    for leaf, line in list(node.leaves("EXDATE", "RDATE")):
        values = [value.partition("/") for value in line.value.split(",")]
        whens = series.read_all([(line.raw_parameters, begin) for begin, _, _ in values])
        texts: list[str] = []
        for (begin, slash, end), when in zip(values, whens, strict=True):
            if when is None:
                raise Uneditable(f"a date of {line.name} that cannot be read")
            texts.append(_shifted_value(series, replace(line, value=begin), when, shift))
            if slash and duration(end) is None:
                texts[-1] += slash + _shifted_value(series, replace(line, value=end), None, shift)
            else:
                texts[-1] += slash + end
        leaf.line = replace(line, value=",".join(texts))
        leaf.raw = fold(leaf.line)


def _shifted_value(series: Series, line: Line, when: When | None, shift: Shift) -> str:
    when = when or series.read(line)
    pattern = series.master.event.start if series.master is not None else when
    if pattern.zone is not None and when.zone is not None:
        # By the clock of the series, whatever zone the date is written in.
        local = when.utc(series.zone).astimezone(pattern.zone).replace(tzinfo=None)
        when = replace(pattern, local=local)
    elif when.all_day and not pattern.all_day:
        return series.respelled(line, (when.local + timedelta(days=shift.days)).replace(tzinfo=UTC)).value
    later = replace(when, local=when.local + shift.clock)
    return series.respelled(line, later.utc(series.zone)).value


def _shift_rules(series: Series, member: Member, shift: Shift) -> None:
    found = list(member.node.leaves("RRULE"))
    if not found or not shift.clock:
        return
    if len(found) != 1 or len(member.event.rules) != 1 or member.node.first("EXRULE") is not None:
        raise Uneditable("a series with more than one rule")
    (leaf, line), rule = found[0], member.event.rules[0]
    text = _with_days(line.value, rule, shift)
    if rule.until is not None:
        text = _UNTIL.sub(lambda match: match[1] + _until(series, member, match[2], rule, shift), text)
    if text != line.value:
        leaf.line = replace(line, value=text)
        leaf.raw = fold(leaf.line)


def _with_days(text: str, rule: Rule, shift: Shift) -> str:
    """The rule with its days of the week moved. Raises `NothingToCarry`."""
    if rule.hours or rule.minutes or rule.seconds:
        raise NothingToCarry
    if shift.days == 0:
        return text
    if rule.month_days or rule.year_days or rule.weeks or rule.positions or rule.months:
        raise NothingToCarry
    if not rule.weekdays:
        return text
    if rule.frequency is not Frequency.WEEKLY or (len(rule.weekdays) > 1 and shift.days % 7):
        # Monday to Friday moved by a day would be Tuesday to Saturday: hardly what anybody means.
        raise NothingToCarry
    return _BYDAY.sub(lambda match: _WEEKDAY.sub(lambda day: _later(day[0], shift.days), match[0]), text)


def _later(day: str, days: int) -> str:
    return _DAYS[(_DAYS.index(day.upper()) + days) % 7]


def _until(series: Series, member: Member, text: str, rule: Rule, shift: Shift) -> str:
    if re.fullmatch(r"\d{8}", text.strip()):
        last = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + timedelta(days=shift.days)
        return f"{last:%Y%m%d}"
    until = rule.until or member.event.start.local
    later = replace(member.event.start, local=until + shift.clock)
    if text.strip().upper().endswith("Z"):
        return utc_text(later.utc(series.zone))
    return f"{later.local:%Y%m%dT%H%M%S}"


def _start_line(node: Node) -> Line:
    line = node.first("DTSTART")
    if line is None:
        raise Uneditable("an event without DTSTART")
    return line
