"""Who gets the next incident. Pure: who there is in, whom and why out.

Of those who are on shift, not on leave and below their limit: who has the least open, where what waits for others
counts less; among equals whoever was given something the longest time ago. Who is away from the chat comes after
those who are there, but is not left out: presence is a hint. Nobody else is ever chosen in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

_NEVER = datetime.min.replace(tzinfo=UTC)


class Presence(StrEnum):
    """What the chat knows of somebody."""

    ONLINE = "online"
    AWAY = "away"
    BUSY = "dnd"
    OFFLINE = "offline"
    #: It was not asked, or did not answer.
    UNKNOWN = "unknown"

    @property
    def here(self) -> bool:
        """Whether nothing speaks against them."""
        return self in (Presence.ONLINE, Presence.UNKNOWN)


class Hindrance(StrEnum):
    """Why somebody cannot be chosen."""

    OFF_SHIFT = "off_shift"
    ON_LEAVE = "on_leave"
    AT_LIMIT = "at_limit"


@dataclass(frozen=True)
class Candidate:
    """A dispatcher of the desk.

    Attributes:
        active: Open incidents that wait for the dispatcher.
        waiting: Open incidents that wait for somebody else.
        limit: More than so much load is not given to them; 0 for no limit.
        last_at: When they were given something last.
    """

    person_id: int
    name: str
    on_shift: bool
    on_leave: bool = False
    active: int = 0
    waiting: int = 0
    limit: int = 0
    last_at: datetime | None = None
    presence: Presence = Presence.UNKNOWN


@dataclass(frozen=True)
class Seen:
    """How a candidate stood when somebody was chosen."""

    person_id: int
    name: str
    load: float
    presence: Presence
    hindrance: Hindrance | None

    def as_json(self) -> dict[str, Any]:
        """For the record; people ask why it was they."""
        return {
            "person": self.person_id,
            "name": self.name,
            "load": self.load,
            "presence": self.presence.value,
            "hindrance": self.hindrance.value if self.hindrance else None,
        }


@dataclass(frozen=True)
class Choice:
    """Who was chosen, and of whom; the chosen one comes first, then the others in their order."""

    person_id: int | None
    seen: tuple[Seen, ...]

    @property
    def all_at_limit(self) -> bool:
        """Whether there was somebody on shift, but with too much to do."""
        return self.person_id is None and any(each.hindrance is Hindrance.AT_LIMIT for each in self.seen)


def choose(candidates: Sequence[Candidate], waiting_weight: float) -> Choice:
    """Choose a dispatcher; None when nobody may be chosen.

    Args:
        candidates: All dispatchers of the desk.
        waiting_weight: How much an incident that waits for others counts, between 0 and 1.
    """

    def load(each: Candidate) -> float:
        return each.active + each.waiting * waiting_weight

    def order(each: Candidate) -> tuple[bool, bool, float, datetime, int]:
        hindered = _hindrance(each, load(each)) is not None
        return hindered, not each.presence.here, load(each), each.last_at or _NEVER, each.person_id

    ordered = sorted(candidates, key=order)
    seen = tuple(
        Seen(each.person_id, each.name, load(each), each.presence, _hindrance(each, load(each)))
        for each in ordered
    )
    chosen = seen[0].person_id if seen and seen[0].hindrance is None else None
    return Choice(chosen, seen)


def _hindrance(candidate: Candidate, load: float) -> Hindrance | None:
    if candidate.on_leave:
        return Hindrance.ON_LEAVE
    if not candidate.on_shift:
        return Hindrance.OFF_SHIFT
    if candidate.limit and load >= candidate.limit:
        return Hindrance.AT_LIMIT
    return None
