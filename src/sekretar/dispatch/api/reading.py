"""Incidents as the API shows them: put together for many at the price of a few queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.api import words
from sekretar.dispatch.api.schema import (
    ActorOut,
    AddressOut,
    AttachmentOut,
    EventOut,
    IncidentDetail,
    IncidentOut,
    LetterOut,
    LinkOut,
    PersonOut,
)
from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import AssetCard
from sekretar.dispatch.incidents.finding import IncidentFilter, Order, find
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.model import EventRow, IncidentRow, TypeRow
from sekretar.dispatch.incidents.values import Event, EventKind, Incident, Status
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import Address
from sekretar.dispatch.mail.model import Direction, LetterRow
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.clocks import SlaState
from sekretar.dispatch.sla.keeping import Slas
from sekretar.dispatch.sla.reading import IncidentSla
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.people import PersonRow

#: Incidents that are put together at a time.
_BATCH = 500

_CONTRACTOR_LATE = {SlaState.OVERDUE: True, SlaState.LATE: True, SlaState.UNKNOWN: None}


@dataclass(frozen=True)
class Known:
    """What belongs to an incident and stands in other tables."""

    asset: AssetCard
    sla: IncidentSla
    type_name: str | None
    handed_over_at: datetime | None


@dataclass(frozen=True)
class Listed:
    """Some incidents, and how many fulfil the filter in all."""

    incidents: list[IncidentOut]
    total: int


@dataclass(frozen=True)
class Reading:
    """Reads for the API. `private`: whether what people wrote, and how they are reached, is shown."""

    database: Database
    clock: Clock
    desks: Mapping[str, DeskSettings]
    incidents: Incidents
    assets: Assets
    slas: Slas

    async def listed(
        self, wanted: IncidentFilter, order: Order, limit: int, offset: int, *, private: bool
    ) -> Listed:
        """The incidents that fulfil the filter, from `offset` on, at most `limit` of them."""
        async with self.database.reading() as session:
            page = await find(session, wanted, order, limit=limit, offset=offset)
            found: list[IncidentOut] = []
            for first in range(0, len(page.incidents), _BATCH):
                some = page.incidents[first : first + _BATCH]
                known = await self._known(session, some)
                found += [shown(each, known[each.id], self.zone(each.desk), private=private) for each in some]
        return Listed(found, page.total)

    async def detail(self, incident_id: int, *, private: bool) -> IncidentDetail:
        """An incident with everything about it.

        Raises:
            PersonError: `dispatch.incident.gone`, there is none.
        """
        async with self.database.reading() as session:
            incident = await self.incidents.get(session, incident_id)
            known = (await self._known(session, [incident]))[incident.id]
            zone = self.zone(incident.desk)
            about = await self._about(session, incident, zone) if private else _NOTHING
            merged_into = await _code(session, incident.merged_into_id)
        return IncidentDetail(
            **shown(incident, known, zone, private=private).model_dump(),
            desk=incident.desk,
            status=incident.status,
            origin=incident.origin,
            created_at=moment(incident.created_at, zone),
            updated_at=moment(incident.updated_at, zone),
            version=incident.version,
            deadline=_optional(known.sla.dispatcher.deadline, zone),
            sla_state=known.sla.dispatcher.state,
            vendor_sla_state=known.sla.contractor.state,
            merged_into=merged_into,
            unread=incident.unread,
            **about,
        )

    def zone(self, desk: str) -> ZoneInfo:
        """The zone of a desk; UTC for one that is not in the settings any more."""
        settings = self.desks.get(desk)
        return ZoneInfo(settings.zone if settings else "UTC")

    async def _known(self, session: AsyncSession, incidents: Sequence[Incident]) -> dict[int, Known]:
        assets = await self.assets.describe_all(session, incidents)
        slas = await self.slas.of(session, incidents, self.clock.now())
        names = await _type_names(session, {each.type_id for each in incidents if each.type_id is not None})
        handed_over = await _handed_over(session, [each.id for each in incidents])
        return {
            each.id: Known(
                assets[each.id], slas[each.id], names.get(each.type_id or 0), handed_over.get(each.id)
            )
            for each in incidents
        }

    async def _about(self, session: AsyncSession, incident: Incident, zone: ZoneInfo) -> dict[str, object]:
        letters = await store.of_incident(session, incident.id)
        history = await self.incidents.history(session, incident.id)
        links = await self.incidents.links(session, incident.id)
        return {
            "summary": incident.summary,
            "description": incident.description,
            "applicant": AddressOut(name=incident.applicant.name, address=incident.applicant.address),
            "responsible": await _person(session, incident.responsible_id),
            "links": [LinkOut(kind=each.kind, id=each.other.id, code=each.other.code) for each in links],
            "letters": [_letter(row, zone) for row in letters],
            "history": [_event(each, zone) for each in history],
        }


_NOTHING: dict[str, object] = dict.fromkeys(
    ("summary", "description", "applicant", "responsible", "links", "letters", "history")
)


def shown(incident: Incident, known: Known, zone: ZoneInfo, *, private: bool) -> IncidentOut:
    """An incident in the fields of the predecessor."""
    pole, station, contractor = known.asset.pole, known.asset.station, known.asset.contractor
    clock = known.sla.contractor
    return IncidentOut(
        id=incident.id,
        code=incident.code,
        incident_datetime=moment(incident.opened_at, zone),
        incident_type=known.type_name,
        is_vendor_sla_expired=_CONTRACTOR_LATE.get(clock.state, False),
        vendor_deadline=_optional(clock.deadline, zone),
        is_incident_finish=incident.finished_at is not None,
        incident_finish_datetime=_optional(incident.finished_at, zone),
        last_status=words.STATUS[incident.status],
        is_transfer_to_avr=known.handed_over_at is not None,
        transfer_timestamp_to_avr=_optional(known.handed_over_at, zone),
        base_station=station.name if station else None,
        operator_group=_joined({each.group for each in station.operators}) if station else None,
        operators=_joined({each.name for each in station.operators}) if station else None,
        pole=pole.code if pole else None,
        region_ru=(pole.region_ru or None) if pole else None,
        address=(pole.address or None) if pole else None,
        pole_latitude=pole.latitude if pole else None,
        pole_longtitude=pole.longitude if pole else None,
        vendor=(contractor.name or None) if contractor else None,
        vendor_emails=_joined(contractor.emails) if contractor and private else None,
        registration_method=words.registration_method(incident.origin),
        pole_longitude=pole.longitude if pole else None,
    )


def moment(value: datetime, zone: ZoneInfo) -> str:
    """A moment as the predecessor wrote it: in the zone of the desk, to the second."""
    return value.astimezone(zone).replace(microsecond=0).isoformat()


def _optional(value: datetime | None, zone: ZoneInfo) -> str | None:
    return moment(value, zone) if value is not None else None


def _joined(names: Collection[str]) -> str | None:
    return ", ".join(sorted({name for name in names if name})) or None


def _letter(row: LetterRow, zone: ZoneInfo) -> LetterOut:
    said = store.understood(row)
    return LetterOut(
        id=row.id,
        direction=Direction(row.direction),
        at=moment(row.received_at, zone),
        message_id=row.message_id,
        subject=row.subject,
        sender=AddressOut(name=row.sender_name, address=row.sender_address),
        to=_addresses(said.to) if said else [],
        cc=_addresses(said.cc) if said else [],
        text=row.fresh,
        attachments=[
            AttachmentOut(
                name=each.name or each.safe_name,
                media_type=each.media_type,
                size=each.size,
                kept=each.refusal is None,
            )
            for each in (said.attachments if said else ())
        ],
        undelivered=row.undelivered,
    )


def _addresses(written: Sequence[Address]) -> list[AddressOut]:
    return [AddressOut(name=each.name, address=each.address) for each in written]


def _event(event: Event, zone: ZoneInfo) -> EventOut:
    return EventOut(
        id=event.id,
        at=moment(event.at, zone),
        kind=event.kind,
        actor=ActorOut(kind=event.actor.kind, name=event.actor.name),
        old=event.old,
        new=event.new,
        why=event.why,
        letter_id=event.letter_id,
    )


async def _type_names(session: AsyncSession, numbers: Collection[int]) -> dict[int, str]:
    if not numbers:
        return {}
    query = select(TypeRow.id, TypeRow.name).where(TypeRow.id.in_(sorted(numbers)))
    return dict((await session.execute(query)).all())


async def _handed_over(session: AsyncSession, numbers: Collection[int]) -> dict[int, datetime]:
    """When each of these incidents was handed to the contractor first."""
    query = (
        select(EventRow.incident_id, func.min(EventRow.at))
        .where(
            EventRow.incident_id.in_(numbers),
            EventRow.kind == EventKind.STATUS,
            EventRow.new == Status.HANDED_OVER,
        )
        .group_by(EventRow.incident_id)
    )
    return dict((await session.execute(query)).all())


async def _person(session: AsyncSession, person_id: int | None) -> PersonOut | None:
    row = await session.get(PersonRow, person_id) if person_id is not None else None
    return PersonOut(username=row.username, name=row.display_name) if row else None


async def _code(session: AsyncSession, incident_id: int | None) -> str | None:
    if incident_id is None:
        return None
    return await session.scalar(select(IncidentRow.code).where(IncidentRow.id == incident_id))
