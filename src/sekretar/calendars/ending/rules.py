"""Which meetings have an end that matters to anybody, and who took part in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sekretar.calendars.answers.attending import Part, part_in
from sekretar.calendars.ics.events import PartStat, Role
from sekretar.calendars.model import StoredOccurrence
from sekretar.calendars.sync.happenings import THINGS, normal_address
from sekretar.kernel.meetings import Meeting, Participant

#: What is shorter is a note or a call, and nobody gives assignments in it.
SHORTEST = timedelta(minutes=5)

#: After a pause of ours nobody is told of meetings that ended longer ago than this.
LATEST = timedelta(hours=4)


def takes_place(stored: StoredOccurrence) -> bool:
    """Whether the person was in a meeting then: busy, at a time of the day, and for longer than a moment."""
    spared = stored.all_day or stored.cancelled or stored.transparent
    goes = stored.answer != PartStat.DECLINED.value
    return goes and not spared and stored.ends_at - stored.starts_at >= SHORTEST


def others(
    stored: StoredOccurrence, mine: Collection[str], people: Mapping[str, int]
) -> tuple[Participant, ...]:
    """Who takes part beside the person, each once; the organizer takes part in their own meeting.

    Args:
        mine: The person's own addresses.
        people: Who is known, by address in lower case.
    """
    own = {normal_address(each) for each in mine}
    organizer = [stored.organizer] if stored.organizer else []
    invited = [each for each in stored.attendees if _comes(each)]
    found: dict[str, Participant] = {}
    for each in (*organizer, *invited):
        address = normal_address(each["address"])
        if address in own or not (address or each["name"]):
            continue
        found.setdefault(address or each["name"], Participant(each["name"], address, people.get(address)))
    return tuple(found.values())


def _comes(attendee: Mapping[str, str]) -> bool:
    """Rooms do not, and neither do those who said no or were only informed."""
    if attendee.get("kind") in THINGS or attendee["role"] == Role.INFORMED.value:
        return False
    return attendee["answer"] != PartStat.DECLINED.value


def addresses(stored: Iterable[StoredOccurrence]) -> set[str]:
    """The addresses of everybody in these meetings, as `others` looks them up."""
    rows = list(stored)
    written = [each["address"] for row in rows for each in row.attendees]
    written += [row.organizer["address"] for row in rows if row.organizer]
    return {normal_address(each) for each in written} - {""}


def meeting_of(stored: StoredOccurrence, mine: Collection[str], people: Mapping[str, int]) -> Meeting:
    """What is stored, as other features know it."""
    return Meeting(
        person_id=stored.person_id,
        uid=stored.uid,
        recurrence_id=stored.recurrence_id,
        title=stored.title,
        start=stored.starts_at,
        end=stored.ends_at,
        others=tuple(each for each in others(stored, mine, people) if each.person_id != stored.person_id),
        is_organizer=part_in(stored, mine) is Part.OWNER,
        calendar_id=stored.calendar_id,
        join_url=stored.join_url,
    )


def earliest(told_until: datetime, now: datetime) -> datetime:
    """Since when ends are told: since the last time, but not of meetings that are long over."""
    return max(told_until, now - LATEST)
