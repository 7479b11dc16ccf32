"""The ends of shifts: what somebody leaves behind, each end told once.

Whoever shows the list listens here. By a setting, what is left is put into the queue for those who work now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment.model import PoolRow
from sekretar.dispatch.assignment.queue import Reason, enqueue, lock_incidents, locked_pool
from sekretar.dispatch.assignment.shifts import ended_between
from sekretar.dispatch.assignment.team import Role, Team
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.rows import incident_of
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.settings import DeskSettings
from sekretar.mattermost.desk import Desk

#: An end that was missed for longer, because nothing ran, is no news any more.
_NEWS = timedelta(hours=2)
#: As long as nothing ends, how far was looked is written down this often.
_NOTE_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Handover:
    """What somebody leaves at the end of a shift.

    Attributes:
        incidents: Theirs that are open, the oldest first.
        present: The dispatchers who work now.
    """

    desk: str
    person_id: int
    ended_at: datetime
    incidents: tuple[Incident, ...]
    present: tuple[int, ...]


#: Called in a transaction when a shift has ended.
ShiftEndListener = Callable[[AsyncSession, Handover, datetime], Awaitable[None]]


class HandingOver:
    """Looks after the ends of shifts."""

    def __init__(self, chat: Desk, desks: Mapping[str, DeskSettings], team: Team) -> None:
        self._database = chat.database
        self._clock = chat.clock
        self._desks = desks
        self._team = team
        self._listeners: list[ShiftEndListener] = []

    def on_shift_end(self, listener: ShiftEndListener) -> None:
        """Be told of each end of a shift, once."""
        self._listeners.append(listener)

    async def look(self, desk: DeskSettings) -> None:
        """Tell of the shifts that have ended since the last look."""
        now = self._clock.now()
        async with self._database.reading() as session:
            pool = await session.get(PoolRow, desk.name)
            looked_until = pool.looked_until if pool else None
            ends = await self._ends(session, desk, looked_until or now, now)
        if looked_until is not None and not ends and now - looked_until < _NOTE_EVERY:
            return
        async with self._database.transaction() as session:
            pool = await locked_pool(session, desk.name, now)
            for ended_at, person_id in await self._ends(session, desk, pool.looked_until, now):
                await self._tell(session, desk, person_id, ended_at, now)
            pool.looked_until = max(pool.looked_until, now)

    async def handover(
        self, session: AsyncSession, desk: str, person_id: int, at: datetime, now: datetime
    ) -> Handover:
        """What somebody would leave behind at this moment."""
        query = select(IncidentRow).where(
            IncidentRow.desk == desk,
            IncidentRow.responsible_id == person_id,
            IncidentRow.finished_at.is_(None),
        )
        rows = await session.scalars(query.order_by(IncidentRow.opened_at, IncidentRow.id))
        present = await self._team.on_shift(session, desk, now)
        return Handover(desk, person_id, at, tuple(incident_of(row) for row in rows), tuple(present))

    async def _ends(
        self, session: AsyncSession, desk: DeskSettings, after: datetime, now: datetime
    ) -> list[tuple[datetime, int]]:
        if not desk.assignment.shifts:
            return []
        members = await self._team.members(session, desk.name, now)
        schedules = {each.person.id: each.schedule for each in members if each.role is Role.DISPATCHER}
        return ended_between(schedules, max(after, now - _NEWS), now)

    async def _tell(
        self, session: AsyncSession, desk: DeskSettings, person_id: int, ended_at: datetime, now: datetime
    ) -> None:
        found = await self.handover(session, desk.name, person_id, ended_at, now)
        for listener in self._listeners:
            await listener(session, found, now)
        if desk.assignment.shift_end == "reassign":
            await lock_incidents(session, [each.id for each in found.incidents])
            await enqueue(session, [(each, Reason.SHIFT_END) for each in found.incidents])
