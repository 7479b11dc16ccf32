"""A series in two: what was, and what follows.

The first half keeps its UID and ends before the second begins; the second is a new object that takes along the
exceptions and excluded days of its time. A rule that counts is given the rest of its count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sekretar.calendars.editing.answering import touch
from sekretar.calendars.editing.creating import utc_text
from sekretar.calendars.editing.document import Leaf, Node, fold, written
from sekretar.calendars.editing.series import Member, Series
from sekretar.calendars.editing.values import NoSuchOccurrence, Uneditable
from sekretar.calendars.ics.contentlines import Line
from sekretar.calendars.ics.events import When
from sekretar.calendars.ics.recurrence import Rule, Work, starts

_ENDS = re.compile(r";?(?:UNTIL|COUNT)=[^;]*", re.IGNORECASE)
_COUNT = re.compile(r"COUNT=[^;]*", re.IGNORECASE)

#: More steps than any series that a person could divide.
_WORK = 500_000


def divide(series: Series, recurrence_id: str, uid: str, now: datetime) -> str:
    """End the series before an occurrence and return the text of a new object that goes on from there.

    Raises `NoSuchOccurrence` and `Uneditable`.
    """
    twin = Series(series.text, series.zone)
    boundary = twin.original(recurrence_id)
    if recurrence_id not in twin.exceptions():
        twin.occurrence(recurrence_id)
    _check(twin, recurrence_id, boundary)
    _begin_with(twin, boundary)
    for member in twin.members:
        member.node.put(Line("UID", "", uid))
        member.node.put(Line("CREATED", "", utc_text(now)))
        member.node.put(Line("SEQUENCE", "", "0"))
        touch(member.node, now, bump_sequence=False)
    for calendar in twin.calendars:
        # What is stored has no METHOD (RFC 4791 §4.1).
        calendar.remove("METHOD")
    end_before(series, recurrence_id)
    return written(twin.children)


def end_before(series: Series, recurrence_id: str) -> None:
    """Leave out an occurrence of a series and all that follow it. Raises `NoSuchOccurrence`, `Uneditable`."""
    boundary = series.original(recurrence_id)
    if recurrence_id not in series.exceptions():
        series.occurrence(recurrence_id)
    master = _checked_master(series)
    moment = boundary.utc(series.zone)
    gone = [
        member
        for member in series.members
        if member.event.recurrence_id is not None and member.event.recurrence_id.utc(series.zone) >= moment
    ]
    series.discard(gone)
    _keep_dates(series, master.node, lambda when: when.utc(series.zone) < moment)
    for leaf, line in master.node.leaves("RRULE"):
        bare = _ENDS.sub("", line.value).strip(";")
        _write(leaf, replace(line, value=f"{bare};UNTIL={_last_before(series, boundary)}"))


def _begin_with(series: Series, boundary: When) -> None:
    master = _checked_master(series)
    moment = boundary.utc(series.zone)
    gone = [
        member
        for member in series.members
        if member.event.recurrence_id is not None and member.event.recurrence_id.utc(series.zone) < moment
    ]
    series.discard(gone)
    _keep_dates(series, master.node, lambda when: when.utc(series.zone) >= moment)
    for (leaf, line), rule in zip(list(master.node.leaves("RRULE")), master.event.rules, strict=True):
        if rule.count is not None:
            rest = rule.count - _happened(rule, master.event.start, boundary)
            _write(leaf, replace(line, value=_COUNT.sub(f"COUNT={rest}", line.value)))
    node = master.node
    series.leave_alarms(node, moment)
    start = node.first("DTSTART")
    end = node.first("DTEND")
    if start is None:
        raise Uneditable("a series without DTSTART")
    node.put(series.respelled(start, moment))
    if end is not None:
        node.put(series.respelled(end, master.event.length.end_of(boundary, series.zone)))


def _check(series: Series, recurrence_id: str, boundary: When) -> None:
    """Whether the rule goes on from the boundary as it would have."""
    master = _checked_master(series)
    for rule in master.event.rules:
        after = boundary.local + timedelta(seconds=1)
        work = Work(_WORK)
        if boundary.local not in starts(rule, master.event.start.local, boundary.local, after, work):
            raise Uneditable(f"{recurrence_id} is a date beside the rule")


def _checked_master(series: Series) -> Member:
    master = series.master
    if master is None:
        raise NoSuchOccurrence("exceptions without their series")
    rules = list(master.node.leaves("RRULE"))
    if len(rules) > 1 or len(rules) != len(master.event.rules) or master.node.first("EXRULE") is not None:
        raise Uneditable("a series with more than one rule")
    if any(member.event.this_and_future for member in series.members):
        raise Uneditable("exceptions that hold for all later occurrences")
    return master


def _happened(rule: Rule, first: When, boundary: When) -> int:
    work = Work(_WORK)
    count = sum(1 for _ in starts(rule, first.local, first.local, boundary.local, work))
    if work.exhausted:
        raise Uneditable("a rule that takes too long to count")
    return count


def _last_before(series: Series, boundary: When) -> str:
    """UNTIL in the type of the start (RFC 5545 §3.3.10): a day, a local time, or a moment in UTC."""
    if boundary.all_day:
        return f"{boundary.local - timedelta(days=1):%Y%m%d}"
    if boundary.zone is None:
        return f"{boundary.local - timedelta(seconds=1):%Y%m%dT%H%M%S}"
    return utc_text(boundary.utc(series.zone) - timedelta(seconds=1))


def _keep_dates(series: Series, node: Node, wanted: Callable[[When], bool]) -> None:
    """EXDATE and RDATE of one half."""
    for leaf, line in list(node.leaves("EXDATE", "RDATE")):
        values = line.value.split(",")
        whens = series.read_all([(line.raw_parameters, value.partition("/")[0]) for value in values])
        kept = [value for value, when in zip(values, whens, strict=True) if when is None or wanted(when)]
        if not kept:
            node.drop(leaf)
        elif kept != values:
            _write(leaf, replace(line, value=",".join(kept)))


def _write(leaf: Leaf, line: Line) -> None:
    leaf.line = line
    leaf.raw = fold(line)
