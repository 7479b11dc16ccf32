"""What attendees have answered between two looks at a meeting.

Only somebody who was invited before and says something else now has answered: a new name on the list, one that is
gone and an answer that the organizer's move has made void are no answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sekretar.calendars.answers.attending import ANSWERS
from sekretar.calendars.sync.happenings import is_mine

_GIVEN = frozenset(each.value for each in ANSWERS)


@dataclass(frozen=True)
class Roll:
    """The attendees of one occurrence, as they are stored."""

    recurrence_id: str
    start: datetime
    end: datetime
    cancelled: bool
    attendees: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Given:
    """Somebody's new answer, a PARTSTAT. `start`: of the one time of a series that it is for, None for all of it."""

    address: str
    name: str
    answer: str
    start: datetime | None = None


def given(before: Iterable[Roll], after: Iterable[Roll], now: datetime) -> tuple[Given, ...]:
    """The answers that are new, in the order of the list of attendees.

    Args:
        before: the occurrences at the earlier look.
        after: those of now. What is over or cancelled does not matter.
        now: the moment of the look.
    """
    past = {each.recurrence_id: each for each in before}
    kept = [each for each in after if each.end > now and not each.cancelled and each.recurrence_id in past]
    found: dict[tuple[str, str], list[tuple[Roll, str]]] = {}
    for roll in kept:
        for address, name, answer in _changed(past[roll.recurrence_id], roll):
            found.setdefault((address, answer), []).append((roll, name))
    return tuple(
        Given(address, where[0][1], answer, start=where[0][0].start if len(where) == 1 < len(kept) else None)
        for (address, answer), where in found.items()
    )


def others(news: Iterable[Given], addresses: Collection[str]) -> tuple[Given, ...]:
    """The answers of everybody but the person known by these addresses."""
    return tuple(each for each in news if not is_mine(each.address, addresses))


def _changed(before: Roll, after: Roll) -> Iterable[tuple[str, str, str]]:
    if before.attendees == after.attendees:
        return
    earlier = {each["address"]: each["answer"] for each in before.attendees}
    for each in after.attendees:
        address, answer = each["address"], each["answer"]
        if address and answer in _GIVEN and earlier.get(address, answer) != answer:
            yield address, each["name"], answer
