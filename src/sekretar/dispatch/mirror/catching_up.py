"""A mirror that is switched on finds open incidents without a ticket, and tickets of what changed meanwhile.

Nobody has marked them, because marking is what a mirror does that is on. The rows are made at once, so nothing is
forgotten whenever the process ends; the tickets are made one after the other, so that what happens now need not wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.incidents.workflow import FINISHED
from sekretar.dispatch.mirror import store
from sekretar.dispatch.mirror.model import MirrorCursorRow, MirrorRow
from sekretar.kernel.database import insert_into

#: A new ticket of an older incident every so often.
APART: Final = timedelta(seconds=1)
_AT_ONCE: Final = 500
_OPEN: Final = [each for each in Status if each not in FINISHED]


async def catch_up(session: AsyncSession, desk: str, tracker: str, now: datetime) -> None:
    """Mark what the mirror of a desk has missed."""
    await _begin_anew(session, desk, tracker)
    await _mark_changed(session, desk, now)
    rows = [
        {
            "desk": desk,
            "tracker": tracker,
            "incident_id": incident_id,
            "due_at": now + place * APART,
            **store.new_row(),
        }
        for place, incident_id in enumerate(await _without_ticket(session, desk))
    ]
    for begin in range(0, len(rows), _AT_ONCE):
        some = insert_into(session, MirrorRow).values(rows[begin : begin + _AT_ONCE])
        await session.execute(some.on_conflict_do_nothing())


async def _without_ticket(session: AsyncSession, desk: str) -> Sequence[int]:
    """The open incidents that nothing is known of, the oldest first."""
    query = (
        select(IncidentRow.id)
        .outerjoin(MirrorRow, MirrorRow.incident_id == IncidentRow.id)
        .where(IncidentRow.desk == desk, IncidentRow.status.in_(_OPEN), MirrorRow.incident_id.is_(None))
    )
    return (await session.scalars(query.order_by(IncidentRow.id))).all()


async def _mark_changed(session: AsyncSession, desk: str, now: datetime) -> None:
    """What has changed since the tracker was read last, and was not marked."""
    cursor = await session.get(MirrorCursorRow, desk)
    if cursor is None or cursor.read_at is None:
        return
    changed = select(IncidentRow.id).where(IncidentRow.desk == desk, IncidentRow.updated_at >= cursor.read_at)
    await session.execute(
        update(MirrorRow)
        .where(MirrorRow.incident_id.in_(changed), MirrorRow.due_at.is_(None))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


async def _begin_anew(session: AsyncSession, desk: str, tracker: str) -> None:
    """Tickets of another tracker show nothing here: open incidents get new ones, others when they change again."""
    await session.execute(
        delete(MirrorRow)
        .where(MirrorRow.desk == desk, MirrorRow.tracker != tracker)
        .execution_options(synchronize_session=False)
    )
