"""What a list changes: compared with the register as it is, to be judged and then written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.registry import store
from sekretar.dispatch.assets.registry.listing import Listed
from sekretar.dispatch.assets.registry.planning import Known, Plan, plan, renamed_poles
from sekretar.dispatch.assets.registry.report import Report
from sekretar.dispatch.assets.registry.rows import Contractors, Entry, Poles, Stations, digest
from sekretar.dispatch.assets.registry.store import Written

K = TypeVar("K")

Write = Callable[[AsyncSession, datetime, Written], Awaitable[None]]


@dataclass(frozen=True)
class Changes:
    """What is to be written.

    Attributes:
        version: Of the register with which the list was compared.
        report: With the numbers of what is different.
        present: What is registered of this kind, and `lost`, how many of these the list takes away; of contractors
            these are the poles that have one, because a list of contractors has a row for each pole.
        write: Writes the changes within a transaction.
    """

    version: int
    report: Report
    present: int
    lost: int
    write: Write


async def compare(session: AsyncSession, report: Report, listed: Listed) -> Changes:
    """Compare a list with the register."""
    remarks = listed.remarks
    report = replace(
        report,
        rows=listed.rows,
        rejected=remarks.rejected,
        remarks=tuple(remarks.first),
        remarked=remarks.total,
    )
    version = await store.version(session, report.desk)
    match listed.gathered:
        case Poles() as poles:
            return await _poles(session, report, version, poles)
        case Contractors() as contractors:
            return await _contractors(session, report, version, contractors)
        case Stations() as stations:
            return await _stations(session, report, version, stations)


async def _poles(session: AsyncSession, report: Report, version: int, listed: Poles) -> Changes:
    known, entries = (await store.known_poles(session, report.desk)).poles, listed.entries
    renamed = renamed_poles(known, {key: entry.site for key, entry in entries.items()})
    changes = await asyncio.to_thread(_planned, known, entries, renamed)

    async def write(session: AsyncSession, now: datetime, written: Written) -> None:
        await store.write_poles(session, report.desk, changes, entries, now, written)

    return Changes(version, _counted(report, changes), changes.present, len(changes.gone), write)


async def _contractors(session: AsyncSession, report: Report, version: int, listed: Contractors) -> Changes:
    known, entries = await store.known_contractors(session, report.desk), listed.entries
    changes = plan(known, {key: digest(entry) for key, entry in entries.items()})
    poles = await store.known_poles(session, report.desk)
    moved = store.assignments(poles, listed.poles, {key: each.id for key, each in known.items()})
    assigned = [key for key, (contractor, _) in poles.contractors.items() if contractor is not None]

    async def write(session: AsyncSession, now: datetime, written: Written) -> None:
        await store.write_contractors(session, report.desk, changes, entries, now, written)
        contractors = await store.known_contractors(session, report.desk)
        numbers = {key: each.id for key, each in contractors.items()}
        await store.assign(session, store.assignments(poles, listed.poles, numbers), written)

    lost = sum(key not in listed.poles for key in assigned)
    counted = replace(_counted(report, changes), assigned=len(moved))
    return Changes(version, counted, len(assigned), lost, write)


async def _stations(session: AsyncSession, report: Report, version: int, listed: Stations) -> Changes:
    known = await store.known_stations(session, report.desk)
    entries = await asyncio.to_thread(lambda: listed.entries)
    changes = await asyncio.to_thread(_planned, known, entries)
    poles = (await store.known_poles(session, report.desk)).poles
    operators = await store.changed_operators(session, report.desk, listed.operators)

    async def write(session: AsyncSession, now: datetime, written: Written) -> None:
        numbers = await store.write_operators(session, report.desk, operators)
        await store.write_stations(session, report.desk, changes, entries, poles, numbers, now, written)

    counted = replace(_counted(report, changes), regrouped=len(operators))
    return Changes(version, counted, changes.present, len(changes.gone), write)


def _planned(
    known: Mapping[K, Known], entries: Mapping[K, Entry], renamed: Mapping[K, int] | None = None
) -> Plan[K]:
    """A second of work for a hundred thousand entries: done in a thread, so that nothing else waits for it."""
    return plan(known, {key: digest(entry) for key, entry in entries.items()}, renamed)


def _counted(report: Report, changes: Plan[Any]) -> Report:
    returned = len(changes.returned)
    return replace(
        report,
        entries=len(changes.created) + len(changes.updated) + changes.unchanged,
        created=len(changes.created),
        updated=len(changes.updated) - returned,
        returned=returned,
        gone=len(changes.gone),
        unchanged=changes.unchanged,
    )
