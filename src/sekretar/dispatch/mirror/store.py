"""The rows of the mirror: what is due, who is at work on it, what is known of a ticket."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.dispatch.mirror.values import MirrorState
from sekretar.kernel.database import insert_into

#: For how long an incident is nobody else's to compare; after that whoever did it has died.
HELD = timedelta(minutes=2)


async def mark(session: AsyncSession, desk: str, tracker: str, incident_id: int, now: datetime) -> None:
    """Have an incident compared with its ticket; one that has none yet gets one."""
    statement = insert_into(session, MirrorRow).values(
        desk=desk, tracker=tracker, incident_id=incident_id, due_at=now, **new_row()
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=[MirrorRow.incident_id], set_={"due_at": now})
    )


def new_row() -> dict[str, Any]:
    """What is known of a mirror that has only begun."""
    return {
        "project": "",
        "key": None,
        "link": "",
        "replaces": "",
        "state": MirrorState.WAITING.value,
        "seen": {},
        "fields": {},
        "wrote": {},
        "tried": {},
        "told": 0,
        "telling": 0,
        "touched_by": "",
        "warned": False,
        "failures": 0,
        "problem": "",
        "busy_until": None,
    }


async def due(
    session: AsyncSession, desks: Collection[str], now: datetime, limit: int
) -> Sequence[MirrorRow]:
    """What is to be compared now, the longest waiting first."""
    free = or_(MirrorRow.busy_until.is_(None), MirrorRow.busy_until <= now)
    query = select(MirrorRow).where(MirrorRow.due_at <= now, MirrorRow.desk.in_(desks), free)
    return (await session.scalars(query.order_by(MirrorRow.due_at, MirrorRow.incident_id).limit(limit))).all()


async def next_due(session: AsyncSession, desks: Collection[str]) -> datetime | None:
    """When something is to be compared next."""
    waits = func.coalesce(MirrorRow.busy_until, MirrorRow.due_at)
    query = select(func.min(waits)).where(MirrorRow.desk.in_(desks), MirrorRow.due_at.is_not(None))
    return await session.scalar(query)


async def claim(session: AsyncSession, incident_id: int, now: datetime) -> MirrorRow | None:
    """Take an incident to compare; None when somebody else has it, or it is not due any more."""
    row = await session.get(MirrorRow, incident_id, with_for_update=True, populate_existing=True)
    if row is None or row.due_at is None or row.due_at > now:
        return None
    if row.busy_until is not None and row.busy_until > now:
        return None
    # Should we die, it is due again when it is free again.
    row.busy_until = row.due_at = now + HELD
    return row


async def release(session: AsyncSession, row: MirrorRow, next_at: datetime | None, **values: Any) -> None:
    """Let go of it. Whoever asked for another comparison meanwhile gets it."""
    stored = await session.get(MirrorRow, row.incident_id, with_for_update=True, populate_existing=True)
    if stored is None:
        return
    if stored.due_at == stored.busy_until:
        stored.due_at = next_at
    stored.busy_until = None
    for name, value in values.items():
        setattr(stored, name, value)


async def keep(session: AsyncSession, incident_id: int, **values: Any) -> None:
    """Store what is known of a ticket."""
    await session.execute(update(MirrorRow).where(MirrorRow.incident_id == incident_id).values(**values))


async def free_all(session: AsyncSession, now: datetime) -> None:
    """Nobody is at work on anything: the process that was has ended."""
    await session.execute(
        update(MirrorRow)
        .where(MirrorRow.busy_until.is_not(None))
        .values(busy_until=None, due_at=now)
        .execution_options(synchronize_session=False)
    )


async def by_keys(session: AsyncSession, tracker: str, keys: Collection[str]) -> dict[str, MirrorRow]:
    """The mirrors whose tickets these are."""
    query = select(MirrorRow).where(MirrorRow.tracker == tracker, MirrorRow.key.in_(keys))
    return {row.key: row for row in await session.scalars(query) if row.key is not None}


async def hasten(session: AsyncSession, incident_ids: Collection[int], now: datetime) -> None:
    """Have these incidents compared now, but for those that somebody is at work on, or that wait after a failure."""
    await session.execute(
        update(MirrorRow)
        .where(MirrorRow.incident_id.in_(incident_ids), MirrorRow.due_at.is_(None) | (MirrorRow.due_at > now))
        .where(MirrorRow.busy_until.is_(None), MirrorRow.failures == 0)
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


async def mark_all(session: AsyncSession, desk: str, now: datetime) -> None:
    """Have every open incident of a desk compared: its tracker has other fields or statuses than before."""
    open_ones = select(IncidentRow.id).where(IncidentRow.desk == desk, IncidentRow.finished_at.is_(None))
    await session.execute(
        update(MirrorRow)
        .where(MirrorRow.desk == desk, MirrorRow.incident_id.in_(open_ones))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
