"""Between the rows of the database and the values that everybody reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import EventRow, IncidentRow, TypeRow
from sekretar.dispatch.incidents.values import (
    Actor,
    ActorKind,
    Applicant,
    Event,
    EventKind,
    Incident,
    IncidentType,
    Origin,
    Status,
)
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import clean


def incident_of(row: IncidentRow) -> Incident:
    """The incident as it stands in this row."""
    return Incident(
        id=row.id,
        desk=row.desk,
        code=row.code,
        number=row.number,
        opened_at=row.opened_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        status=Status(row.status),
        finished_at=row.finished_at,
        type_id=row.type_id,
        responsible_id=row.responsible_id,
        pole_id=row.pole_id,
        station_id=row.station_id,
        contractor_id=row.contractor_id,
        applicant=Applicant(row.applicant_name, row.applicant_address),
        summary=row.summary,
        description=row.description,
        origin=Origin(row.origin),
        language=row.language,
        unread=row.unread,
        version=row.version,
        merged_into_id=row.merged_into_id,
    )


def type_of(row: TypeRow) -> IncidentType:
    """The type as it stands in this row."""
    return IncidentType(row.id, row.desk, row.name, row.description, row.minutes, row.active, row.position)


def event_of(row: EventRow) -> Event:
    """The event as it stands in this row."""
    return Event(
        id=row.id,
        incident_id=row.incident_id,
        at=row.at,
        kind=EventKind(row.kind),
        actor=Actor(ActorKind(row.actor_kind), row.actor_name, row.actor_id),
        old=row.old,
        new=row.new,
        why=row.why,
        letter_id=row.letter_id,
    )


async def record(session: AsyncSession, events: Sequence[Event]) -> list[Event]:
    """Write events into the histories; returned with their numbers."""
    await session.flush()
    tidy = [
        replace(
            event,
            actor=replace(event.actor, name=clean(event.actor.name)),
            old=clean(event.old),
            new=clean(event.new),
            why=clean(event.why),
        )
        for event in events
    ]
    # One statement for all; rows of one statement are numbered in their order.
    numbers = sorted(await session.scalars(_ADDING, [_columns_of(event) for event in tidy]))
    return [replace(event, id=number) for event, number in zip(tidy, numbers, strict=True)]


_HISTORY = cast("Table", EventRow.__table__)
#: Made once: making it takes longer than running it.
_ADDING = insert(_HISTORY).returning(_HISTORY.c.id)


def _columns_of(event: Event) -> dict[str, Any]:
    return {
        "incident_id": event.incident_id,
        "at": event.at,
        "kind": event.kind,
        "actor_kind": event.actor.kind,
        "actor_name": event.actor.name,
        "actor_id": event.actor.person_id,
        "old": event.old,
        "new": event.new,
        "why": event.why,
        "letter_id": event.letter_id,
    }


async def locked(session: AsyncSession, incident_id: int) -> IncidentRow:
    """The row, as it is now, and nobody else's until the end of the transaction.

    Raises:
        PersonError: `dispatch.incident.gone`, there is no such incident.
    """
    rows = await locked_all(session, [incident_id])
    if not rows:
        raise PersonError("dispatch.incident.gone")
    return rows[incident_id]


async def locked_all(session: AsyncSession, incident_ids: Iterable[int]) -> dict[int, IncidentRow]:
    """The same for many, by their numbers; those that there are. All are taken in the order of their numbers, as
    merging does, so that nobody waits for somebody who waits for them.
    """
    query = select(IncidentRow).where(IncidentRow.id.in_(sorted(set(incident_ids)))).order_by(IncidentRow.id)
    rows = await session.scalars(query.with_for_update(), execution_options={"populate_existing": True})
    return {row.id: row for row in rows}
