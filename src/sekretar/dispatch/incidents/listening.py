"""Telling everybody who has to know what has changed, in the transaction of the change.

Listeners may change incidents in turn. They hear of one thing after another, each listener of all of it before any
of the next, and always see the incidents as they are by then. What was changed together is told together, so that
what follows for many costs hardly more than for one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.rows import incident_of
from sekretar.dispatch.incidents.values import Changed, Event

#: Called in the transaction of a change with what has changed, in its order.
ChangeListener = Callable[[AsyncSession, Sequence[Changed]], Awaitable[None]]

#: What was changed together: the rows, and what happened to each.
Happened = Sequence[tuple[IncidentRow, Sequence[Event]]]

_UNTOLD = "sekretar.dispatch.untold"


class Listeners:
    """Whoever hears of every change."""

    def __init__(self) -> None:
        self._listeners: list[ChangeListener] = []

    def add(self, listener: ChangeListener) -> None:
        """Have one more called, after those who are here."""
        self._listeners.append(listener)

    async def tell(self, session: AsyncSession, happened: Happened, now: datetime) -> None:
        """Tell the listeners, who may be in the middle of hearing something else."""
        untold: deque[tuple[Happened, datetime]] | None = session.info.get(_UNTOLD)
        if untold is not None:
            untold.append((happened, now))
            return
        untold = session.info[_UNTOLD] = deque([(happened, now)])
        try:
            while untold:
                next_ones, at = untold.popleft()
                rows = [row for row, _ in next_ones]
                changes = [Changed(incident_of(row), some, at) for row, some in next_ones]
                for listener in self._listeners:
                    changes = [_as_it_is(each, row) for each, row in zip(changes, rows, strict=True)]
                    await listener(session, changes)
        finally:
            del session.info[_UNTOLD]


def _as_it_is(changed: Changed, row: IncidentRow) -> Changed:
    """The same with the incident as it is by now: every change counts its version up."""
    same = changed.incident.version == row.version
    return changed if same else replace(changed, incident=incident_of(row))
