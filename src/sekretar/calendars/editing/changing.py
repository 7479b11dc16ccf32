"""Editing, moving and cancelling one's own meeting: this time, from now on, or altogether.

What people see follows from three rules. An exception keeps what was changed for it alone and takes over the
rest. A series that moves takes its exceptions, excluded days and end along. Dividing a series makes a second
object, because one object holds one UID (RFC 4791 §4.1), and both halves together are the meetings that there
were before.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sekretar.calendars.editing.answering import touch
from sekretar.calendars.editing.creating import invitation, organizer_line
from sekretar.calendars.editing.dividing import divide, end_before
from sekretar.calendars.editing.document import Node, fold, text_line, with_parameter
from sekretar.calendars.editing.series import Member, Series
from sekretar.calendars.editing.shifting import Shift, set_span, shift_member
from sekretar.calendars.editing.values import (
    Edit,
    Edited,
    Invitee,
    NoSuchOccurrence,
    NothingToCarry,
    Reach,
    Scope,
    Span,
    Uneditable,
)
from sekretar.calendars.ics.contentlines import Line
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.ics.reading import address_in
from sekretar.calendars.sync.happenings import is_mine

#: All meetings of a series, or the one there is.
EVERYTHING = Scope()


def edited(
    data: str, edit: Edit, scope: Scope = EVERYTHING, *, now: datetime, zone: ZoneInfo, further_uid: str = ""
) -> Edited:
    """The text after an edit by the one who calls the meeting.

    SEQUENCE grows with time and place, as RFC 5546 §2.1.4 wants it; a new time asks everybody again.

    Args:
        data: the object as the server holds it.
        edit: what shall be different.
        scope: which meetings are meant.
        now: aware.
        zone: the person's, as the occurrences were expanded with.
        further_uid: the UID of the second half, for `Reach.FOLLOWING`.

    Raises `NoSuchOccurrence`, `NothingToCarry` and `Uneditable`.
    """
    series = Series(data, zone)
    if scope.reach is Reach.THIS and scope.recurrence_id and series.recurring:
        member = series.exception(scope.recurrence_id)
        _change(series, member, edit, now, edit.span)
        return Edited(series.text)
    if scope.reach is Reach.FOLLOWING and not begins_with(series, scope.recurrence_id):
        if not further_uid:
            raise ValueError("the second half of a series needs a UID")
        further = divide(series, scope.recurrence_id, further_uid, now)
        later = edited(further, edit, Scope(Reach.ALL, scope.recurrence_id), now=now, zone=zone)
        touch(_master(series).node, now, bump_sequence=True)
        return Edited(series.text, later.data, further_uid)
    _change_all(series, edit, scope.recurrence_id if series.recurring else "", now)
    return Edited(series.text)


def moved(
    data: str,
    span: Span,
    scope: Scope = EVERYTHING,
    *,
    now: datetime,
    zone: ZoneInfo,
    further_uid: str = "",
) -> Edited:
    """As `edited`, for the time alone."""
    return edited(data, Edit(span=span), scope, now=now, zone=zone, further_uid=further_uid)


def cancelled(
    data: str, scope: Scope = EVERYTHING, *, now: datetime, zone: ZoneInfo, visibly: bool = False
) -> Edited:
    """The text without the meetings that are called off.

    One occurrence is excluded from its series; `visibly` keeps it with STATUS:CANCELLED, for calendars whose
    server tells nobody. All of them stay with STATUS:CANCELLED: whoever wants them gone deletes the object.

    Raises `NoSuchOccurrence` and `Uneditable`.
    """
    series = Series(data, zone)
    if scope.reach is Reach.THIS and scope.recurrence_id and series.recurring:
        if visibly or series.master is None:
            _call_off(series.exception(scope.recurrence_id).node, now)
        else:
            _exclude(series, scope.recurrence_id, now)
    elif scope.reach is Reach.FOLLOWING and not begins_with(series, scope.recurrence_id):
        end_before(series, scope.recurrence_id)
        touch(_master(series).node, now, bump_sequence=True)
    else:
        for member in series.members:
            _call_off(member.node, now)
    return Edited(series.text)


def begins_with(series: Series, recurrence_id: str) -> bool:
    """Whether this occurrence is the first, so that it and the following ones are all of them."""
    if series.master is None or not series.recurring:
        return True
    return series.identity(series.master.event.start) == recurrence_id


def _master(series: Series) -> Member:
    if series.master is None:
        raise Uneditable("exceptions without their series")
    return series.master


def _call_off(node: Node, now: datetime) -> None:
    node.put(Line("STATUS", "", "CANCELLED"))
    touch(node, now, bump_sequence=True)


def _exclude(series: Series, recurrence_id: str, now: datetime) -> None:
    """RFC 6638 §3.2.1.2: the server tells the attendees of an excluded occurrence that it is off."""
    known = series.exceptions().get(recurrence_id)
    if known is None:
        series.occurrence(recurrence_id)
    else:
        if known.event.this_and_future:
            raise Uneditable("an exception that holds for all later occurrences")
        series.discard([known])
    master = _master(series).node
    start = master.first("DTSTART")
    if start is None:
        raise Uneditable("a series without DTSTART")
    spelled = series.respelled(start, series.original(recurrence_id).utc(series.zone))
    master.add(Line("EXDATE", spelled.raw_parameters, spelled.value))
    touch(master, now, bump_sequence=True)


def _change_all(series: Series, edit: Edit, recurrence_id: str, now: datetime) -> None:
    anchor = series.master or (series.members[0] if not recurrence_id else None)
    if anchor is None:
        anchor = series.exception(recurrence_id)
    exceptions, recurring = series.exceptions(), series.recurring
    shift = None
    if edit.span is not None and recurring:
        reference = _reference(series, recurrence_id)
        shift = Shift.of(series, _master(series), reference, edit.span)
    earlier = {name: _text(anchor.node, name) for name in ("SUMMARY", "LOCATION", "DESCRIPTION")}
    for member in list(series.members):
        own = Edit(
            title=_unless_own(member, "SUMMARY", edit.title, earlier),
            place=_unless_own(member, "LOCATION", edit.place, earlier),
            description=_unless_own(member, "DESCRIPTION", edit.description, earlier),
            invite=edit.invite,
            uninvite=edit.uninvite,
            organizer=edit.organizer,
        )
        shifted = shift is not None and shift_member(series, member, shift)
        meant = exceptions.get(recurrence_id) is member or not recurring
        _change(series, member, own, now, edit.span if meant else None, shifted=shifted)
    if shift is not None and shift.days:
        _check_exceptions(series)


def _check_exceptions(series: Series) -> None:
    """Every exception still replaces a meeting: the 31st moved by a day is not there every month."""
    moved_series = Series(series.text, series.zone)
    for recurrence_id in moved_series.exceptions():
        try:
            moved_series.occurrence(recurrence_id)
        except NoSuchOccurrence:
            raise NothingToCarry from None


def _reference(series: Series, recurrence_id: str) -> datetime:
    """The moment at which the occurrence that people look at takes place by the rule."""
    if recurrence_id:
        return series.original(recurrence_id).utc(series.zone)
    return _master(series).event.start.utc(series.zone)


def _change(
    series: Series, member: Member, edit: Edit, now: datetime, span: Span | None, *, shifted: bool = False
) -> None:
    """Carry out an edit on one component."""
    node = member.node
    before = list(node.lines())
    moved_place = _write_text(node, "LOCATION", edit.place)
    described = _write_text(node, "DESCRIPTION", edit.description)
    _write_text(node, "SUMMARY", edit.title)
    if described:
        # The same text in HTML would go on saying what it said.
        node.remove("X-ALT-DESC")
    _invite(node, edit)
    if span is not None and set_span(series, member, span):
        shifted = True
    if shifted:
        _ask_again(node)
    if shifted or list(node.lines()) != before:
        touch(node, now, bump_sequence=shifted or moved_place)


def _unless_own(member: Member, name: str, text: str | None, earlier: dict[str, str]) -> str | None:
    """The text for an exception that has none of its own."""
    return text if _text(member.node, name) == earlier[name] else None


def _text(node: Node, name: str) -> str:
    line = node.first(name)
    return line.text.strip() if line is not None else ""


def _write_text(node: Node, name: str, text: str | None) -> bool:
    if text is None or text.strip() == _text(node, name):
        return False
    if text.strip():
        node.put(text_line(name, text.strip()))
    else:
        node.remove(name)
    return True


def _invite(node: Node, edit: Edit) -> None:
    gone = [
        leaf
        for leaf, line in node.leaves("ATTENDEE")
        if edit.uninvite and is_mine(address_in(line), edit.uninvite)
    ]
    node.drop(*gone)
    known = [address_in(line) for _, line in node.leaves("ATTENDEE", "ORGANIZER")]
    new: list[Invitee] = []
    for each in edit.invite:
        if not is_mine(each.address, known):
            known.append(each.address)
            new.append(each)
    if new and node.first("ORGANIZER") is None:
        if edit.organizer is None:
            raise ValueError("an invitation needs an organizer")
        node.add(organizer_line(edit.organizer))
    for each in new:
        if edit.organizer is None or not is_mine(each.address, [edit.organizer.address]):
            node.add(invitation(each))


def _ask_again(node: Node) -> None:
    """Answers were given to another time; whoever calls the meeting need not answer."""
    organizer = node.first("ORGANIZER")
    own = [address_in(organizer)] if organizer is not None else []
    for leaf, line in node.leaves("ATTENDEE"):
        if is_mine(address_in(line), own):
            continue
        answer = with_parameter(line, "PARTSTAT", PartStat.NEEDS_ACTION.value)
        leaf.line = with_parameter(answer, "RSVP", "TRUE")
        leaf.raw = fold(leaf.line)
