"""What an occurrence is to one person: a meeting, an invitation without an answer, a note in the calendar.

People know themselves by several addresses, in any letter case; the account tells which are theirs.
"""

from __future__ import annotations

from collections.abc import Collection

from sekretar.calendars.ics.events import Attendee, PartStat, Status
from sekretar.calendars.ics.occurrences import Occurrence

#: Invited things and lists: they make no meeting by themselves.
THINGS = frozenset({"RESOURCE", "ROOM"})


def normal_address(address: str) -> str:
    """An address as the calendar rules compare it."""
    text = address.strip()
    return (text[7:] if text.lower().startswith("mailto:") else text).strip().lower()


def is_mine(address: str, addresses: Collection[str]) -> bool:
    """Whether an address belongs to a person known by these."""
    wanted = normal_address(address)
    return bool(wanted) and wanted in {normal_address(each) for each in addresses}


def me_among(occurrence: Occurrence, addresses: Collection[str]) -> Attendee | None:
    """The person's own entry among the attendees; of several, one by which they have answered."""
    mine = {normal_address(each) for each in addresses} - {""}
    own = [each for each in occurrence.attendees if each.address in mine]
    return next((each for each in own if each.partstat is not PartStat.NEEDS_ACTION), next(iter(own), None))


def is_organizer(occurrence: Occurrence, addresses: Collection[str]) -> bool:
    """Whether the person has called the meeting; one without organizer is the owner's."""
    return occurrence.organizer is None or is_mine(occurrence.organizer.address, addresses)


def my_answer(occurrence: Occurrence, addresses: Collection[str]) -> PartStat | None:
    """The person's answer; None where they are not among the attendees."""
    me = me_among(occurrence, addresses)
    return me.partstat if me is not None else None


def is_cancelled(occurrence: Occurrence) -> bool:
    """Whether the meeting does not take place."""
    return occurrence.status is Status.CANCELLED


def is_declined(occurrence: Occurrence, addresses: Collection[str]) -> bool:
    """Whether the person said no."""
    return my_answer(occurrence, addresses) is PartStat.DECLINED


def awaits_answer(occurrence: Occurrence, addresses: Collection[str]) -> bool:
    """Whether the person was invited by somebody else and has not answered."""
    invited = my_answer(occurrence, addresses) is PartStat.NEEDS_ACTION
    return invited and not is_organizer(occurrence, addresses) and not is_cancelled(occurrence)


def takes_time(occurrence: Occurrence, addresses: Collection[str]) -> bool:
    """Whether the person is busy then: not cancelled, not declined, not marked as free."""
    return not (occurrence.transparent or is_cancelled(occurrence) or is_declined(occurrence, addresses))
