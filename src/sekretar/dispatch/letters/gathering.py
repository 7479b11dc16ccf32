"""What the database knows of an incident, gathered for its letters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import AssetCard
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.letters.composing import House
from sekretar.dispatch.letters.values import Contractor, Filed, Matter, Place
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import Address
from sekretar.dispatch.mail.model import ArrivalRow, Direction, LetterRow
from sekretar.dispatch.settings import DeskSettings, MailboxSettings
from sekretar.kernel.errors import PersonError

#: Until when an incident shall be mended; None where that is not known.
Deadlines = Callable[[AsyncSession, Incident], Awaitable[datetime | None]]


@dataclass(frozen=True)
class Gatherer:
    """Reads; nothing here writes."""

    desks: Mapping[str, DeskSettings]
    assets: Assets
    deadlines: Deadlines

    async def matter(self, session: AsyncSession, incident: Incident) -> Matter:
        """Everything that a letter may say of the incident."""
        card = await self.assets.describe(session, incident)
        kind = await types.by_id(session, incident.type_id) if incident.type_id else None
        return Matter(
            incident_id=incident.id,
            code=incident.code,
            summary=incident.summary,
            registered_at=incident.opened_at,
            applicant=Address(incident.applicant.name, incident.applicant.address),
            letters=await letters_of(session, incident.id),
            place=_place(card, incident.language),
            contractor=_contractor(card),
            type=kind.name if kind else "",
            type_description=kind.description if kind else "",
            deadline=await self.deadlines(session, incident),
        )

    async def house(self, session: AsyncSession, incident: Incident) -> House:
        """The desk as it writes about this incident: from the mailbox that its letters came to.

        Raises:
            PersonError: `dispatch.letters.no_mailbox`, the desk has no mailbox that sends.
        """
        desk = self.desks[incident.desk]
        box = await self._mailbox(session, desk, incident.id)
        return House(
            mailbox=Address(box.sender, box.address),
            own=desk.addresses,
            zone=ZoneInfo(desk.zone),
            signature=desk.signature,
            largest=desk.letters.largest,
        )

    async def _mailbox(self, session: AsyncSession, desk: DeskSettings, incident_id: int) -> MailboxSettings:
        sending = {box.address.casefold(): box for box in desk.mailboxes if box.smtp_host}
        if not sending:
            raise PersonError("dispatch.letters.no_mailbox")
        found = await session.scalars(
            select(ArrivalRow.mailbox)
            .join(LetterRow, LetterRow.id == ArrivalRow.letter_id)
            .where(LetterRow.incident_id == incident_id, ArrivalRow.mailbox.in_(sorted(sending)))
            .order_by(ArrivalRow.id)
            .limit(1)
        )
        return sending[found.first() or next(iter(sending))]


async def letters_of(session: AsyncSession, incident_id: int) -> tuple[Filed, ...]:
    """The letters of an incident that were understood, in the order in which they were received or sent."""
    rows = await store.of_incident(session, incident_id)
    purged = await store.purged(session, [row.id for row in rows])
    understood = ((row, store.understood(row)) for row in rows)
    return tuple(
        Filed(
            row.id, row.direction == Direction.OUT, row.date or row.received_at, letter, row.id not in purged
        )
        for row, letter in understood
        if letter is not None
    )


def _place(card: AssetCard, language: str) -> Place:
    pole, station = card.pole, card.station
    if pole is None:
        return Place(station=station.name if station else "")
    region = pole.region_ru if language == "ru" and pole.region_ru else pole.region
    return Place(
        pole=pole.code,
        region=region,
        address=pole.address,
        coordinates=pole.coordinates,
        map_link=pole.map_link,
        station=station.name if station else "",
        operators=tuple(each.name for each in station.operators) if station else (),
    )


def _contractor(card: AssetCard) -> Contractor:
    found = card.contractor
    if found is None:
        return Contractor()
    return Contractor(found.name, found.emails, found.excluded)
