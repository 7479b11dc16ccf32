"""Gathering what the card of an incident shows."""

from __future__ import annotations

from collections.abc import Collection
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
from sekretar.kernel.people import People, Person


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
        return (await self.of_all(session, [incident], desk, now))[incident.id]

    async def of_all(
        self, session: AsyncSession, incidents: Collection[Incident], desk: DeskSettings, now: datetime
    ) -> dict[int, CardView]:
        """The same for a few hundred incidents of one desk at most, by their numbers."""
        numbers = [each.id for each in incidents]
        known = await types.of_desk(session, desk.name)
        responsible = {each.responsible_id for each in incidents if each.responsible_id is not None}
        people = await self.people.by_ids(session, responsible) if responsible else {}
        assets = await self.assets.describe_all(session, list(incidents))
        links = await self.incidents.links_of_all(session, numbers)
        slas = await self.slas.of(session, incidents, now)
        zone = ZoneInfo(desk.zone)
        return {
            each.id: CardView(
                incident=each,
                type=next((type_ for type_ in known if type_.id == each.type_id), None),
                types=tuple(type_ for type_ in known if type_.active),
                asset=assets[each.id],
                responsible=_name(people.get(each.responsible_id or 0)),
                links=tuple(links[each.id]),
                sla=slas[each.id],
                zone=zone,
                mirror=await self.mirror.view(session, each),
            )
            for each in incidents
        }


def _name(person: Person | None) -> str:
    return person.display_name if person else ""
