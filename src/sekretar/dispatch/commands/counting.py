"""How many incidents of a desk everybody has."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.model import ClockRow


async def open_by_person(session: AsyncSession, desk: str) -> dict[int | None, int]:
    """Open incidents by who is responsible; None is nobody."""
    return await _by_person(session, desk, IncidentRow.finished_at.is_(None))


async def finished_by_person(session: AsyncSession, desk: str, since: datetime) -> dict[int | None, int]:
    """Incidents that were finished since."""
    return await _by_person(session, desk, IncidentRow.finished_at >= since)


async def overdue_by_person(session: AsyncSession, desk: str, now: datetime) -> dict[int | None, int]:
    """Open incidents whose deadline is over."""
    query = (
        select(IncidentRow.responsible_id, func.count())
        .join(ClockRow, ClockRow.incident_id == IncidentRow.id)
        .where(
            ClockRow.desk == desk,
            ClockRow.kind == ClockKind.DISPATCHER,
            ClockRow.stopped_at.is_(None),
            ClockRow.deadline <= now,
        )
    )
    return await _counted(session, query)


async def _by_person(
    session: AsyncSession, desk: str, condition: ColumnElement[bool]
) -> dict[int | None, int]:
    query = select(IncidentRow.responsible_id, func.count()).where(IncidentRow.desk == desk, condition)
    return await _counted(session, query)


async def _counted(session: AsyncSession, query: Select[int | None, int]) -> dict[int | None, int]:
    rows = await session.execute(query.group_by(IncidentRow.responsible_id))
    return {row[0]: row[1] for row in rows}
