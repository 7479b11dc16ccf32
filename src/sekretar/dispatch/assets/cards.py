"""Assets as they are shown beside an incident: read by their numbers, whether the register still has them or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.model import (
    ContractorRow,
    OperatorRow,
    PoleRow,
    StationOperatorRow,
    StationRow,
)
from sekretar.dispatch.assets.values import (
    AssetCard,
    ContractorCard,
    HasAssets,
    OperatorCard,
    PoleCard,
    StationCard,
)

Row = TypeVar("Row", PoleRow, StationRow, ContractorRow)

#: Desk → where letters go for a contractor without an address.
DefaultEmails = Mapping[str, Sequence[str]]


async def cards(
    session: AsyncSession, incidents: Sequence[HasAssets], default_emails: DefaultEmails
) -> dict[int, AssetCard]:
    """The card of each incident, by the incident's id: four queries, however many they are.

    The contractor is the incident's own; an incident without one shows the contractor of its pole.
    """
    stations = await _stations(session, _given(each.station_id for each in incidents))
    poles = await _rows(session, PoleRow, _given(each.pole_id for each in incidents))
    of_poles = [pole.contractor_id for pole in poles.values()]
    numbers = _given([*of_poles, *(each.contractor_id for each in incidents)])
    contractors = await _rows(session, ContractorRow, numbers)
    found: dict[int, AssetCard] = {}
    for incident in incidents:
        pole = poles.get(incident.pole_id or 0)
        number = incident.contractor_id or (pole.contractor_id if pole else None)
        contractor = contractors.get(number or 0)
        found[incident.id] = AssetCard(
            _pole(pole) if pole else None,
            stations.get(incident.station_id or 0),
            _contractor(contractor, pole, default_emails.get(incident.desk, ())),
        )
    return found


async def _rows(session: AsyncSession, kind: type[Row], numbers: Sequence[int]) -> dict[int, Row]:
    if not numbers:
        return {}
    return {row.id: row for row in await session.scalars(select(kind).where(kind.id.in_(numbers)))}


async def _stations(session: AsyncSession, numbers: Sequence[int]) -> dict[int, StationCard]:
    if not numbers:
        return {}
    used = (
        select(StationOperatorRow.station_id, OperatorRow.name, OperatorRow.group)
        .join(OperatorRow, OperatorRow.id == StationOperatorRow.operator_id)
        .where(StationOperatorRow.station_id.in_(numbers))
        .order_by(OperatorRow.name)
    )
    operators: dict[int, list[OperatorCard]] = {}
    for station_id, name, group in await session.execute(used):
        operators.setdefault(station_id, []).append(OperatorCard(name, group))
    rows = await _rows(session, StationRow, numbers)
    return {
        row.id: StationCard(row.id, row.name, tuple(operators.get(row.id, ())), row.gone_at is not None)
        for row in rows.values()
    }


def _pole(row: PoleRow) -> PoleCard:
    return PoleCard(
        id=row.id,
        code=row.code,
        name=row.name,
        status=row.status,
        region=row.region,
        region_ru=row.region_ru,
        address=row.address,
        company=row.company,
        anchor_operator=row.anchor_operator,
        latitude=row.latitude,
        longitude=row.longitude,
        gone=row.gone_at is not None,
    )


def _contractor(
    row: ContractorRow | None, pole: PoleRow | None, default_emails: Sequence[str]
) -> ContractorCard | None:
    if row is None:
        if pole is None or not default_emails:
            return None
        return ContractorCard(
            None, "", tuple(default_emails), (), excluded=False, by_default=True, gone=False
        )
    by_default = not row.emails and bool(default_emails)
    return ContractorCard(
        id=row.id,
        name=row.name,
        emails=tuple(default_emails if by_default else row.emails),
        phones=tuple(row.phones),
        excluded=row.excluded or (pole is not None and pole.contractor_id == row.id and pole.excluded),
        by_default=by_default,
        gone=row.gone_at is not None,
    )


def _given(numbers: Iterable[int | None]) -> list[int]:
    return sorted({number for number in numbers if number is not None})
