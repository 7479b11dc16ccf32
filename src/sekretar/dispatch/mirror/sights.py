"""Reads an incident with everything that its ticket may show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.mirror.people import MirrorPeople
from sekretar.dispatch.mirror.values import Sight
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.keeping import Slas
from sekretar.dispatch.sla.model import ClockRow


@dataclass(frozen=True)
class Sights:
    """Gathers; nothing here writes."""

    assets: Assets
    slas: Slas
    people: MirrorPeople

    async def of(self, session: AsyncSession, incident: Incident, tracker: str, now: datetime) -> Sight:
        """The incident as it stands at this moment."""
        kind = await types.by_id(session, incident.type_id) if incident.type_id else None
        assignee: tuple[str, ...] | None = ()
        if incident.responsible_id is not None:
            account = await self.people.account_of(session, tracker, incident.responsible_id)
            assignee = (account,) if account else None
        return Sight(
            incident=incident,
            asset=await self.assets.describe(session, incident),
            type=kind.name if kind else "",
            clock=(await self.slas.of(session, [incident], now))[incident.id].dispatcher,
            assignee=assignee,
            changes_at=await _changes_at(session, incident.id, now),
        )


async def _changes_at(session: AsyncSession, incident_id: int, now: datetime) -> datetime | None:
    """When the clock is in another state by itself."""
    query = select(ClockRow.soon_at, ClockRow.deadline).where(
        ClockRow.incident_id == incident_id,
        ClockRow.kind == ClockKind.DISPATCHER.value,
        ClockRow.stopped_at.is_(None),
    )
    row = (await session.execute(query)).first()
    return min((at for at in row or () if at is not None and at > now), default=None)
