"""What was prepared, made ready to be sent before anybody decides that it is.

Between `prepare` and `confirm` lie seconds in which there is nothing to do. What can be done of a delivery without
touching the wire (find the place, encode the words) is done in them and kept in memory, so that a row is claimed
without being read again. What is confirmed before its moment is claimed before it, too, and waits on the wire. The
row remains the truth: what is lost with the process, or was never made ready, goes the usual way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox.effects import OutboxRow, State
from sekretar.kernel.outbox.policy import Delivery, Ready

#: Makes a delivery ready; None where it needs its handler.
Readier = Callable[[Delivery], Awaitable[Ready | None]]

#: How many are made ready between two looks at what is due.
_PORTION = 100
#: What is not confirmed so long after its moment never will be.
_KEPT = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class NotReady(Exception):
    """What was made ready does not suit any more: the row is due again, for its handler."""


@dataclass
class Ahead:
    """Knows what is ready, by the number of its row."""

    database: Database
    clock: Clock
    readiers: dict[str, Readier] = field(default_factory=dict)
    _ready: dict[int, Ready] = field(default_factory=dict)
    #: When each of them is due.
    _due: dict[int, datetime] = field(default_factory=dict)
    _last: int = 0

    def __contains__(self, number: int) -> bool:
        return number in self._ready

    def soon(self, now: datetime, until: datetime) -> bool:
        """Whether anything that is ready has its moment in this time."""
        return any(now < due_at <= until for due_at in self._due.values())

    def take(self, number: int) -> Ready | None:
        """What is ready of this row; it serves only once."""
        self._due.pop(number, None)
        return self._ready.pop(number, None)

    async def look(self) -> bool:
        """Make a portion of what was prepared ready; returns whether there may be more."""
        self._forget(self.clock.now())
        rows = await self._unread(self.readiers)
        for delivery, due_at in rows:
            self._last = delivery.id
            try:
                ready = await self.readiers[delivery.kind](delivery)
            except Exception:
                # It will be read and delivered as any other, and fail there where somebody sees it.
                _log.exception("outbox_not_ready", key=delivery.key)
                continue
            if ready is not None:
                self._ready[delivery.id], self._due[delivery.id] = ready, due_at
        return len(rows) == _PORTION

    async def _unread(self, kinds: Collection[str]) -> list[tuple[Delivery, datetime]]:
        if not kinds:
            return []
        query = (
            select(OutboxRow.id, OutboxRow.kind, OutboxRow.key, OutboxRow.payload, OutboxRow.due_at)
            .where(
                OutboxRow.state == State.PREPARED,
                OutboxRow.id > self._last,
                OutboxRow.kind.in_(sorted(kinds)),
            )
            .order_by(OutboxRow.id)
            .limit(_PORTION)
        )
        async with self.database.reading() as session:
            found = (await session.execute(query)).all()
        return [
            (Delivery(each.id, each.kind, each.key, each.payload, 1, None), each.due_at) for each in found
        ]

    def _forget(self, now: datetime) -> None:
        for number in [number for number, due_at in self._due.items() if due_at + _KEPT < now]:
            self.take(number)
