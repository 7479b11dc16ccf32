"""What waits for somebody, and the lock under which it is given away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import cast

from sqlalchemy import Insert, Table, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment.model import PoolRow, QueueRow
from sekretar.dispatch.assignment.team import TASK
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.rows import incident_of, locked_all
from sekretar.dispatch.incidents.values import Incident
from sekretar.kernel.database import insert_into, wake_after_commit
from sekretar.kernel.people import PersonRow

_QUEUE = cast("Table", QueueRow.__table__)
_DEQUEUING = delete(_QUEUE).where(_QUEUE.c.incident_id == bindparam("incident"))

#: How many incidents are given away in one transaction.
BATCH = 50


class Reason(StrEnum):
    """Why an incident waits for somebody."""

    OPENED = "opened"
    #: It has no responsible any more.
    FREED = "freed"
    #: A letter came while its responsible is off shift.
    ANSWER = "answer"
    #: The shift of its responsible ended.
    SHIFT_END = "shift_end"
    #: The account of its responsible is closed.
    LEFT = "left"

    @property
    def keeps(self) -> bool:
        """Whether it has a responsible while it waits."""
        return self in (Reason.ANSWER, Reason.SHIFT_END, Reason.LEFT)


async def enqueue(session: AsyncSession, waiting: Sequence[tuple[Incident, Reason]]) -> None:
    """Let incidents wait for somebody; one that waits already keeps its reason."""
    if waiting:
        rows = [
            {
                "incident_id": incident.id,
                "desk": incident.desk,
                "opened_at": incident.opened_at,
                "reason": reason.value,
            }
            for incident, reason in waiting
        ]
        await session.execute(_enqueuing(session.get_bind().dialect.name), rows)
        wake_after_commit(session, TASK)


@cache
def _enqueuing(dialect: str) -> Insert:
    """Made once: making it takes longer than running it."""
    statement = postgresql.insert(_QUEUE) if dialect == "postgresql" else sqlite.insert(_QUEUE)
    return statement.on_conflict_do_nothing()


async def dequeue(session: AsyncSession, incident_ids: Collection[int]) -> None:
    """These incidents wait for nobody any more, or never did."""
    if incident_ids:
        await session.execute(_DEQUEUING, [{"incident": each} for each in sorted(incident_ids)])


async def locked_pool(session: AsyncSession, desk: str, now: datetime) -> PoolRow:
    """The desk's own lock, held until the end of the transaction."""
    await session.execute(
        insert_into(session, PoolRow).values(desk=desk, alarm="", looked_until=now).on_conflict_do_nothing()
    )
    return await session.get_one(PoolRow, desk, with_for_update=True, populate_existing=True)


async def queued(session: AsyncSession, desk: str) -> list[QueueRow]:
    """The next of those that wait at a desk, the oldest first."""
    query = select(QueueRow).where(QueueRow.desk == desk)
    return list(await session.scalars(query.order_by(QueueRow.opened_at, QueueRow.incident_id).limit(BATCH)))


async def left_behind(session: AsyncSession, desk: str) -> list[int]:
    """The open incidents of those whose accounts are closed, as far as they do not wait already."""
    query = select(IncidentRow.id).where(
        IncidentRow.desk == desk,
        IncidentRow.finished_at.is_(None),
        IncidentRow.responsible_id.in_(select(PersonRow.id).where(PersonRow.active.is_(False))),
        IncidentRow.id.not_in(select(QueueRow.incident_id)),
    )
    return list(await session.scalars(query))


async def lock_incidents(session: AsyncSession, incident_ids: Iterable[int]) -> dict[int, Incident]:
    """Hold these incidents until the end of the transaction."""
    rows = await locked_all(session, incident_ids)
    return {number: incident_of(row) for number, row in rows.items()}
