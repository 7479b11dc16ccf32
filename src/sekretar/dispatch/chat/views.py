"""Gathering what the card of an incident shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.chat.card import CardView
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.mirror.mirroring import Mirror
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.keeping import Slas
from sekretar.kernel.people import People


@dataclass(frozen=True)
class Views:
    """Reads what belongs to an incident."""

    people: People
    incidents: Incidents
    assets: Assets
    slas: Slas
    mirror: Mirror

    async def of(
        self, session: AsyncSession, incident: Incident, desk: DeskSettings, now: datetime
    ) -> CardView:
        """The incident with all that stands beside it."""
        known = await types.of_desk(session, desk.name)
        responsible = ""
        if incident.responsible_id is not None:
            person = await self.people.by_id(session, incident.responsible_id)
            responsible = person.display_name if person else ""
        return CardView(
            incident=incident,
            type=next((each for each in known if each.id == incident.type_id), None),
            types=tuple(each for each in known if each.active),
            asset=await self.assets.describe(session, incident),
            responsible=responsible,
            links=tuple(await self.incidents.links(session, incident.id)),
            sla=(await self.slas.of(session, [incident], now))[incident.id],
            zone=ZoneInfo(desk.zone),
            mirror=await self.mirror.view(session, incident),
        )
