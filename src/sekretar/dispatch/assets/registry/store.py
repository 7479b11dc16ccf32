"""The register in the database: what is known of it, and the writing of what changes.

Only numbers, keys and digests are read to compare, and only what differs is written, some hundred rows at a time:
everything else that Sekretar does goes on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import CompoundSelect, Select, Text, cast, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.model import (
    ContractorRow,
    OperatorRow,
    PoleRow,
    RegistryRow,
    StationOperatorRow,
    StationRow,
)
from sekretar.dispatch.assets.registry.planning import Known, Plan
from sekretar.dispatch.assets.registry.rows import (
    Assignment,
    ContractorEntry,
    OperatorEntry,
    PoleEntry,
    StationEntry,
    digest,
)
from sekretar.dispatch.assets.values import Feed
from sekretar.kernel.database import insert_into

T = TypeVar("T")

_READ_AT_A_TIME = 2_000
_WRITTEN_AT_A_TIME = 500

#: Told how many rows more have been written.
Written = Callable[[int], None]


async def version(session: AsyncSession, desk: str) -> int:
    """Which version of the register is in the database."""
    return await session.scalar(select(RegistryRow.version).where(RegistryRow.desk == desk)) or 0


async def locked(session: AsyncSession, desk: str, now: datetime) -> RegistryRow:
    """The row of the register, which no other import can get at the same time; made when it is not there."""
    made = insert_into(session, RegistryRow).values(desk=desk, version=0, next_at=now)
    await session.execute(made.on_conflict_do_nothing())
    return await session.get_one(RegistryRow, desk, with_for_update=True, populate_existing=True)


# --- what is known -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KnownPoles:
    """The poles that were ever registered, and who repairs those that are there."""

    poles: Mapping[str, Known]
    contractors: Mapping[str, tuple[int | None, bool]]


async def known_poles(session: AsyncSession, desk: str) -> KnownPoles:
    """By key."""
    columns = (PoleRow.id, PoleRow.key, PoleRow.digest, PoleRow.gone_at, PoleRow.site)
    query = select(*columns, PoleRow.contractor_id, PoleRow.excluded).where(PoleRow.desk == desk)
    poles: dict[str, Known] = {}
    contractors: dict[str, tuple[int | None, bool]] = {}
    async for batch in (await session.stream(query)).partitions(_READ_AT_A_TIME):
        for row in batch:
            gone = row.gone_at is not None
            poles[row.key] = Known(row.id, row.digest, gone, row.site)
            if not gone:
                contractors[row.key] = row.contractor_id, row.excluded
    return KnownPoles(poles, contractors)


async def known_contractors(session: AsyncSession, desk: str) -> dict[str, Known]:
    """By key."""
    columns = (ContractorRow.id, ContractorRow.key, ContractorRow.digest, ContractorRow.gone_at)
    rows = await session.execute(select(*columns).where(ContractorRow.desk == desk))
    return {row.key: Known(row.id, row.digest, row.gone_at is not None) for row in rows}


async def known_stations(session: AsyncSession, desk: str) -> dict[tuple[str, str], Known]:
    """By the keys of pole and station."""
    query = (
        select(
            StationRow.id,
            StationRow.key,
            StationRow.digest,
            StationRow.gone_at,
            PoleRow.key.label("pole_key"),
        )
        .join(PoleRow, PoleRow.id == StationRow.pole_id)
        .where(StationRow.desk == desk)
    )
    known: dict[tuple[str, str], Known] = {}
    async for batch in (await session.stream(query)).partitions(_READ_AT_A_TIME):
        for row in batch:
            known[row.pole_key, row.key] = Known(row.id, row.digest, row.gone_at is not None)
    return known


async def filled(session: AsyncSession, desk: str, feed: Feed, columns: Iterable[str]) -> list[str]:
    """Those columns of a list from which something is known of entries that are there."""
    return [
        name for name in columns if await session.scalar(_known_from(desk, feed, name).limit(1)) is not None
    ]


def _known_from(desk: str, feed: Feed, name: str) -> Select[int] | CompoundSelect[int]:
    """The entries of which a column that a list need not have says something."""
    poles = select(PoleRow.id).where(PoleRow.desk == desk, PoleRow.gone_at.is_(None))
    contractors = select(ContractorRow.id).where(ContractorRow.desk == desk, ContractorRow.gone_at.is_(None))
    match feed, name:
        case Feed.POLES, "latitude" | "longitude" | "height":
            return poles.where(getattr(PoleRow, name).is_not(None))
        case Feed.POLES, _:
            return poles.where(getattr(PoleRow, name) != "")
        case Feed.CONTRACTORS, "excluded":
            return poles.where(PoleRow.excluded).union_all(contractors.where(ContractorRow.excluded))
        case Feed.CONTRACTORS, _:
            return contractors.where(cast(ContractorRow.phones, Text) != "[]")
        case Feed.STATIONS, _:
            return select(OperatorRow.id).where(OperatorRow.desk == desk, OperatorRow.group != "")


# --- writing -----------------------------------------------------------------------------------------------


async def write_poles(
    session: AsyncSession,
    desk: str,
    changes: Plan[str],
    entries: Mapping[str, PoleEntry],
    now: datetime,
    written: Written,
) -> None:
    """Make, change and mark poles as gone."""

    def values(key: str) -> dict[str, Any]:
        return asdict(entries[key]) | {"digest": digest(entries[key]), "gone_at": None}

    fresh = {"desk": desk, "contractor_id": None, "excluded": False}
    # A pole that is renamed may take the key of one that is gone in the same list only afterwards.
    await _mark_gone(session, PoleRow, changes.gone, now, written)
    await _update(
        session, PoleRow, ((number, values(key)) for number, key in changes.updated.items()), written
    )
    await _insert(session, PoleRow, (values(key) | fresh for key in changes.created), written)


async def write_contractors(
    session: AsyncSession,
    desk: str,
    changes: Plan[str],
    entries: Mapping[str, ContractorEntry],
    now: datetime,
    written: Written,
) -> None:
    """Make, change and mark contractors as gone."""

    def values(key: str) -> dict[str, Any]:
        entry = entries[key]
        lists = {"emails": list(entry.emails), "phones": list(entry.phones)}
        return asdict(entry) | lists | {"digest": digest(entry), "gone_at": None}

    await _mark_gone(session, ContractorRow, changes.gone, now, written)
    await _update(
        session, ContractorRow, ((number, values(key)) for number, key in changes.updated.items()), written
    )
    await _insert(session, ContractorRow, (values(key) | {"desk": desk} for key in changes.created), written)


def assignments(
    poles: KnownPoles, wanted: Mapping[str, Assignment], contractor_ids: Mapping[str, int]
) -> list[tuple[int, dict[str, Any]]]:
    """The poles that get another contractor or none, or whose contract ends: number and columns."""
    changes: list[tuple[int, dict[str, Any]]] = []
    for key, before in poles.contractors.items():
        given = wanted.get(key)
        # One that is not registered yet is another one in any case.
        after = (contractor_ids.get(given.contractor, _NEW), given.excluded) if given else (None, False)
        if after != before:
            changes.append((poles.poles[key].id, {"contractor_id": after[0], "excluded": after[1]}))
    return changes


_NEW = 0


async def assign(
    session: AsyncSession, changes: Iterable[tuple[int, dict[str, Any]]], written: Written
) -> None:
    """Give the poles their contractors."""
    await _update(session, PoleRow, changes, written)


async def write_stations(
    session: AsyncSession,
    desk: str,
    changes: Plan[tuple[str, str]],
    entries: Mapping[tuple[str, str], StationEntry],
    poles: Mapping[str, Known],
    operator_ids: Mapping[str, int],
    now: datetime,
    written: Written,
) -> None:
    """Make, change and mark stations as gone, with their operators."""

    def values(key: tuple[str, str]) -> dict[str, Any]:
        entry = entries[key]
        return {"name": entry.name, "key": entry.key, "digest": digest(entry), "gone_at": None}

    await _mark_gone(session, StationRow, changes.gone, now, written)
    await _update(
        session, StationRow, ((number, values(key)) for number, key in changes.updated.items()), written
    )
    for numbers in _batches(changes.updated, _WRITTEN_AT_A_TIME):
        await session.execute(delete(StationOperatorRow).where(StationOperatorRow.station_id.in_(numbers)))
    used = [
        {"station_id": number, "operator_id": operator_ids[operator]}
        for number, key in changes.updated.items()
        for operator in entries[key].operators
    ]
    pole_keys = {poles[pole].id: pole for pole, _ in changes.created}
    for batch in _batches(changes.created, _WRITTEN_AT_A_TIME):
        made = [values(key) | {"desk": desk, "pole_id": poles[key[0]].id} for key in batch]
        returning = insert(StationRow).returning(StationRow.id, StationRow.pole_id, StationRow.key)
        for number, pole_id, key in await session.execute(returning, made):
            entry = entries[pole_keys[pole_id], key]
            used += [
                {"station_id": number, "operator_id": operator_ids[operator]} for operator in entry.operators
            ]
        written(len(batch))
    await _insert(session, StationOperatorRow, used, lambda _: None)


async def changed_operators(
    session: AsyncSession, desk: str, wanted: Mapping[str, OperatorEntry]
) -> list[OperatorEntry]:
    """The operators that are new, or have another name or group. One that nobody uses any more does no harm."""
    columns = (OperatorRow.key, OperatorRow.name, OperatorRow.group)
    rows = await session.execute(select(*columns).where(OperatorRow.desk == desk))
    known = {OperatorEntry(row.name, row.key, row.group) for row in rows}
    return [entry for entry in wanted.values() if entry not in known]


async def write_operators(
    session: AsyncSession, desk: str, changed: Iterable[OperatorEntry]
) -> dict[str, int]:
    """Make and change operators; returns the numbers of all by key."""
    for entry in changed:
        made = insert_into(session, OperatorRow).values(
            desk=desk, key=entry.key, name=entry.name, group_name=entry.group
        )
        await session.execute(
            made.on_conflict_do_update(
                index_elements=["desk", "key"], set_={"name": entry.name, "group_name": entry.group}
            )
        )
    rows = await session.execute(select(OperatorRow.key, OperatorRow.id).where(OperatorRow.desk == desk))
    return {row.key: row.id for row in rows}


_Table = type[PoleRow] | type[ContractorRow] | type[StationRow]


async def _insert(
    session: AsyncSession,
    table: _Table | type[StationOperatorRow],
    rows: Iterable[dict[str, Any]],
    written: Written,
) -> None:
    for batch in _batches(rows, _WRITTEN_AT_A_TIME):
        await session.execute(insert(table), batch)
        written(len(batch))


async def _update(
    session: AsyncSession, table: _Table, rows: Iterable[tuple[int, dict[str, Any]]], written: Written
) -> None:
    for batch in _batches(rows, _WRITTEN_AT_A_TIME):
        await session.execute(update(table), [values | {"id": number} for number, values in batch])
        written(len(batch))


async def _mark_gone(
    session: AsyncSession, table: _Table, numbers: Sequence[int], now: datetime, written: Written
) -> None:
    for batch in _batches(numbers, _WRITTEN_AT_A_TIME):
        await session.execute(update(table).where(table.id.in_(batch)).values(gone_at=now))
        written(len(batch))


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    pending = iter(rows)
    while batch := list(islice(pending, size)):
        yield batch
