"""What part a person has in a meeting: it is theirs, they are invited, or they only see it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.model import StoredOccurrence
from sekretar.calendars.sync.happenings import is_mine
from sekretar.calendars.views.agenda import Details, Meeting

#: The answers that a person can give.
ANSWERS = (PartStat.ACCEPTED, PartStat.TENTATIVE, PartStat.DECLINED)


class Part(StrEnum):
    """A person's part in a meeting."""

    #: They have called it, or nobody has: they may move, change and cancel it.
    OWNER = "owner"
    #: They were invited by somebody else, and may answer.
    INVITED = "invited"
    #: It stands in a calendar that they see.
    WITNESS = "witness"


@dataclass(frozen=True)
class Invitation:
    """A meeting that waits for an answer. `times`: how many of a series do."""

    meeting: Meeting
    times: int = 1


def part(organizer: str | None, answer: str, addresses: Collection[str]) -> Part:
    """The part of somebody known by these addresses.

    Args:
        organizer: the address of whoever called the meeting, empty when it is not known; None for a meeting without
            organizer, which is the owner's of the calendar.
        answer: the person's own PARTSTAT; empty where they are not among the attendees.
        addresses: the person's own.
    """
    if organizer is None or is_mine(organizer, addresses):
        return Part.OWNER
    return Part.INVITED if answer else Part.WITNESS


def part_in(stored: StoredOccurrence, addresses: Collection[str]) -> Part:
    """The same of a stored meeting."""
    organizer = stored.organizer["address"] if stored.organizer else None
    return part(organizer, stored.answer, addresses)


def part_of(found: Details, addresses: Collection[str]) -> Part:
    """The same of one that is shown."""
    organizer = found.organizer.address if found.organizer else None
    return part(organizer, found.meeting.answer, addresses)


def awaits_answer(meeting: Meeting | StoredOccurrence, has_part: Part) -> bool:
    """Whether the person was invited and has not answered."""
    return (
        has_part is Part.INVITED and meeting.answer == PartStat.NEEDS_ACTION.value and not meeting.cancelled
    )


def gathered(meetings: Collection[Meeting], now: datetime) -> list[Invitation]:
    """One invitation for each meeting: its next time, or the last one when all are over."""
    times: dict[str, dict[datetime, Meeting]] = {}
    for meeting in sorted(meetings, key=lambda each: each.start):
        times.setdefault(meeting.uid, {}).setdefault(meeting.start, meeting)
    found = []
    for known in times.values():
        ahead = [each for each in known.values() if each.end > now]
        found.append(Invitation(ahead[0] if ahead else list(known.values())[-1], len(ahead or known)))
    return sorted(found, key=lambda each: (each.meeting.end <= now, each.meeting.start))
