"""How far a tracker was read, as a text that is stored between two looks.

Trackers set the time of a change before its transaction ends, and their lists may lag behind: a change can appear
behind a moment that was read already. So each look begins a little earlier than the last one ended, and the cursor
remembers what it has seen there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sekretar.kernel.errors import PeerInvalid
from sekretar.trackers.values import Event

#: How far back each look begins: longer than a transaction of a tracker, or its index, takes.
OVERLAP = timedelta(seconds=60)

#: A ticket that looks the same this long after it was read does not hide a second change in the same second.
SETTLED = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Sight:
    """A ticket as it was last read: its `updated_on`, when by our clock, and whether it is settled."""

    updated: str
    read: datetime
    settled: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a tracker was read.

    Attributes:
        begun: Nothing that happened at this moment or before is told.
        until: Every ticket that was last changed before this moment was read.
        complete: Every event before this moment was told. Another than `until` while there is more to read than one
            look can: a ticket that is still to come may hold events from before `until`, and an overlap that is too
            full for one look is read on from its beginning.
        sights: The tickets that were read within the overlap, by key.
        told: Events within the overlap that were told, with their moments.
        behind: Whether there is more to read at once, without overlap.
    """

    begun: datetime
    until: datetime
    complete: datetime
    sights: Mapping[str, Sight] = field(default_factory=dict)
    told: Mapping[str, datetime] = field(default_factory=dict)
    behind: bool = False

    @property
    def since(self) -> datetime:
        """From when on to ask."""
        return self.until if self.behind else max(self.until - OVERLAP, self.begun)

    def is_news(self, event: Event) -> bool:
        """Whether this was not told yet."""
        return event.at > self.begun and event.at >= self.complete - OVERLAP and event.id not in self.told

    def must_read(self, key: str, updated: str) -> bool:
        """Whether a listed ticket may hold something that was not told."""
        sight = self.sights.get(key)
        return sight is None or sight.updated != updated or not sight.settled

    def after(
        self,
        until: datetime,
        now: datetime,
        read: Mapping[str, str],
        events: Iterable[Event],
        *,
        behind: bool = False,
    ) -> Cursor:
        """The cursor once these tickets (key → `updated_on`) were read and these events are told."""
        complete = self.complete if behind else max(self.complete, until)
        sights = dict(self.sights)
        for key, updated in read.items():
            before = sights.get(key)
            same = before is not None and before.updated == updated
            sights[key] = Sight(
                updated,
                before.read if before and same else now,
                settled=bool(before and same and now - before.read >= SETTLED),
            )
        told = {**self.told, **{event.id: event.at for event in events}}
        return Cursor(
            self.begun,
            until,
            complete,
            {key: sight for key, sight in sights.items() if moment(sight.updated) >= until - OVERLAP},
            {key: at for key, at in told.items() if at >= complete - OVERLAP},
            behind,
        )

    def write(self) -> str:
        """As a text to be stored."""
        return json.dumps(
            {
                "begun": _written(self.begun),
                "until": _written(self.until),
                "complete": _written(self.complete),
                "sights": {key: [s.updated, s.read.timestamp(), s.settled] for key, s in self.sights.items()},
                "told": {key: _written(at) for key, at in self.told.items()},
                "behind": self.behind,
            },
            separators=(",", ":"),
        )

    @classmethod
    def read(cls, text: str, peer: str) -> Cursor:
        """From the stored text. Raises `PeerInvalid` when it is not one."""
        try:
            said = json.loads(text)
            return cls(
                moment(said["begun"]),
                moment(said["until"]),
                moment(said["complete"]),
                {
                    key: Sight(updated, datetime.fromtimestamp(read, UTC), bool(settled))
                    for key, (updated, read, settled) in said["sights"].items()
                },
                {key: moment(at) for key, at in said["told"].items()},
                bool(said.get("behind", said["complete"] < said["until"])),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PeerInvalid(peer, f"this is not a cursor: {type(error).__name__}") from error


def moment(text: str) -> datetime:
    """A time as trackers write it, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
