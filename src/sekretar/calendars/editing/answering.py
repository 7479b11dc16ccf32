"""The answer to an invitation, written into one's own copy of it.

An attendee may change nothing but the own PARTSTAT, and add exceptions that differ in nothing else (RFC 6638
§3.2.2.1); servers undo or refuse everything beyond. The organizer is told by the server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sekretar.calendars.editing.creating import utc_text
from sekretar.calendars.editing.document import Leaf, Node, fold, with_parameter
from sekretar.calendars.editing.series import Member, Series
from sekretar.calendars.editing.values import NotInvited
from sekretar.calendars.ics.contentlines import Line
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.ics.reading import address_in
from sekretar.calendars.sync.happenings import is_mine


def answered(
    data: str,
    addresses: Collection[str],
    answer: PartStat,
    recurrence_id: str = "",
    *,
    now: datetime,
    zone: ZoneInfo,
    bump_sequence: bool = False,
) -> str:
    """The text with the person's answer.

    An answer to the series counts for its exceptions too, apart from those that the person had answered
    differently from the series; declining the series declines everything.

    Args:
        data: the object as the server holds it.
        addresses: the person's own, aliases included.
        answer: the new PARTSTAT.
        recurrence_id: of the one occurrence that is meant; empty for the series or a single meeting.
        now: aware.
        zone: the person's, as the occurrences were expanded with.
        bump_sequence: some servers ignore an answer without a higher SEQUENCE.

    Raises `NotInvited`, `NoSuchOccurrence`, `Uneditable`.
    """
    series = Series(data, zone)
    if recurrence_id and series.recurring:
        members = [_invited_to(series, recurrence_id, addresses)]
    else:
        members = list(_meant_by_all(series, addresses, answer))
        if not members and not any(_own(member.node, addresses) for member in series.members):
            raise NotInvited
    for member in members:
        if _answer(member.node, addresses, answer):
            touch(member.node, now, bump_sequence=bump_sequence)
    return series.text


def touch(node: Node, now: datetime, *, bump_sequence: bool) -> None:
    """Mark a component as written now."""
    node.put(Line("DTSTAMP", "", utc_text(now)))
    node.put(Line("LAST-MODIFIED", "", utc_text(now)))
    if bump_sequence:
        node.put(Line("SEQUENCE", "", str(sequence(node) + 1)))


def sequence(node: Node) -> int:
    """How often the meeting was revised; 0 where it is not said."""
    line = node.first("SEQUENCE")
    text = line.value.strip() if line is not None else ""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _invited_to(series: Series, recurrence_id: str, addresses: Collection[str]) -> Member:
    known = series.exceptions().get(recurrence_id)
    pattern = known or series.master
    if pattern is not None and not _own(pattern.node, addresses):
        raise NotInvited
    return series.exception(recurrence_id)


def _meant_by_all(series: Series, addresses: Collection[str], answer: PartStat) -> Iterator[Member]:
    earlier = _answer_in(series.master.node, addresses) if series.master is not None else None
    for member in series.members:
        own = _answer_in(member.node, addresses)
        same = own in (earlier, PartStat.NEEDS_ACTION.value) or earlier is None
        if own is not None and (same or answer is PartStat.DECLINED):
            yield member


def _own(node: Node, addresses: Collection[str]) -> list[tuple[Leaf, Line]]:
    return [(leaf, line) for leaf, line in node.leaves("ATTENDEE") if is_mine(address_in(line), addresses)]


def _answer_in(node: Node, addresses: Collection[str]) -> str | None:
    """The PARTSTAT as it is written; None where the person is not invited.

    Of several addresses of theirs, that of one by which they have answered.
    """
    waits = PartStat.NEEDS_ACTION.value
    own = [line.parameters.get("PARTSTAT", waits).upper() for _, line in _own(node, addresses)]
    return next((each for each in own if each != waits), waits if own else None)


def _answer(node: Node, addresses: Collection[str], answer: PartStat) -> bool:
    changed = False
    for leaf, line in _own(node, addresses):
        if line.parameters.get("PARTSTAT", "").upper() != answer.value:
            leaf.line = with_parameter(line, "PARTSTAT", answer.value)
            leaf.raw = fold(leaf.line)
            changed = True
    return changed
