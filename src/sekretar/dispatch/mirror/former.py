"""Tickets in a project that the settings do not name (any more): they stay there, and are followed until they end.

Nobody looks for a ticket in a second place because a setting was changed. New tickets are made in the new project;
what people do in the old ones is heard of as before, but no ticket there becomes a new incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.mirror.model import MirrorFormerRow, MirrorRow
from sekretar.kernel.database import insert_into

#: So long after the end of its incident a ticket may be opened again and is heard of.
_FOLLOWED_FOR: Final = timedelta(days=30)


async def followed(session: AsyncSession, desk: str) -> Sequence[str]:
    """Where else a desk has tickets."""
    query = select(MirrorFormerRow.project).where(MirrorFormerRow.desk == desk)
    return (await session.scalars(query.order_by(MirrorFormerRow.project))).all()


async def locked_cursor(session: AsyncSession, desk: str, project: str) -> MirrorFormerRow | None:
    """How far a former project was read, held; None when it is not followed any more."""
    return await session.get(MirrorFormerRow, (desk, project), with_for_update=True, populate_existing=True)


async def leave(session: AsyncSession, desk: str, project: str, cursor: str | None, now: datetime) -> None:
    """The settings name another project from now on; what is in this one is compared once more."""
    await session.merge(MirrorFormerRow(desk=desk, project=project, cursor=cursor))
    await compare_once(session, desk, project, now)


async def follow(session: AsyncSession, desk: str, project: str) -> None:
    """A ticket is in this project, which the settings do not name; it is read from now on."""
    row = insert_into(session, MirrorFormerRow).values(desk=desk, project=project, cursor=None)
    await session.execute(row.on_conflict_do_nothing())


async def compare_once(session: AsyncSession, desk: str, project: str, now: datetime) -> None:
    """Have everything in a project compared: what happened there last was perhaps not heard of."""
    await session.execute(
        update(MirrorRow)
        .where(MirrorRow.desk == desk, MirrorRow.project == project, MirrorRow.incident_id.in_(living(now)))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
    await session.flush()


async def come_back(session: AsyncSession, desk: str, project: str) -> str | None:
    """The settings name a project (again); returns how far it was read, if it was followed meanwhile."""
    row = await session.get(MirrorFormerRow, (desk, project))
    if row is None:
        return None
    await session.delete(row)
    await session.flush()
    return row.cursor


async def forget(session: AsyncSession, desk: str, now: datetime) -> None:
    """Follow no project any more in which nothing is worked on."""
    worked_on = select(MirrorRow.project).where(
        MirrorRow.desk == desk, MirrorRow.key.is_not(None), MirrorRow.incident_id.in_(living(now))
    )
    await session.execute(
        delete(MirrorFormerRow)
        .where(MirrorFormerRow.desk == desk, MirrorFormerRow.project.not_in(worked_on))
        .execution_options(synchronize_session=False)
    )


def living(now: datetime) -> Select[int]:
    """The numbers of the incidents whose tickets are followed."""
    return select(IncidentRow.id).where(
        or_(IncidentRow.finished_at.is_(None), IncidentRow.finished_at > now - _FOLLOWED_FOR)
    )
