"""Finding assets: the index of each desk, kept as new as the database, and the names of what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.deciding import Verdict, in_letter, typed
from sekretar.dispatch.assets.index import EMPTY, AssetIndex
from sekretar.dispatch.assets.model import PoleRow, RegistryRow, StationRow
from sekretar.dispatch.assets.values import (
    MOST_CANDIDATES,
    MOST_EXAMPLES,
    Candidate,
    Found,
    Kind,
    Place,
    Typed,
)

# Asked for every letter; statements that are made once are compiled once.
_VERSION = select(RegistryRow.version).where(RegistryRow.desk == bindparam("desk"))
_NAMES = (
    select(PoleRow.id, PoleRow.code, PoleRow.address, PoleRow.contractor_id, StationRow.id, StationRow.name)
    .outerjoin(
        StationRow,
        and_(StationRow.pole_id == PoleRow.id, StationRow.id.in_(bindparam("stations", expanding=True))),
    )
    .where(PoleRow.id.in_(bindparam("poles", expanding=True)))
)
_NO_STATION = 0

#: Rows that are read at a time, so that nobody waits for an index that is being built.
_AT_A_TIME = 2_000


@dataclass
class _Kept:
    """The index of one desk; -1 is older than any version."""

    index: AssetIndex = EMPTY
    version: int = -1
    building: asyncio.Lock = field(default_factory=asyncio.Lock)


class Lookup:
    """Finds the assets of desks by what people write."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    async def in_letter(self, session: AsyncSession, desk: str, subject: str, fresh: str) -> Found:
        """What a letter says of its place; `fresh` is its text without quotes and signature."""
        verdict = in_letter(await self.index(session, desk), subject, fresh)
        certain = verdict.certain
        open_ones = () if verdict.total == 1 else verdict.options[:MOST_CANDIDATES]
        shown = await candidates(session, [*([certain] if certain else []), *open_ones])
        return Found(
            certain=shown.get(certain) if certain else None,
            candidates=tuple(shown[each] for each in open_ones if each in shown),
            total=0 if verdict.total == 1 else verdict.total,
            source=verdict.source,
        )

    async def typed(
        self,
        session: AsyncSession,
        desk: str,
        text: str,
        kind: Kind = Kind.ANY,
        on_pole: int | None = None,
    ) -> Typed:
        """What somebody who was asked for an asset typed; with `on_pole` only what stands there is thought of."""
        verdict: Verdict = typed(await self.index(session, desk), text, kind, on_pole)
        shown = await candidates(session, verdict.options[:MOST_EXAMPLES])
        ordered = tuple(shown[each] for each in verdict.options[:MOST_EXAMPLES] if each in shown)
        match = ordered[0] if verdict.total == 1 and ordered else None
        return Typed(
            text.strip(), kind, match, verdict.completed, () if match else ordered, max(verdict.total, 0)
        )

    async def index(self, session: AsyncSession, desk: str) -> AssetIndex:
        """The index of a desk as the register is now; read anew when the register has changed."""
        kept = self._kept.setdefault(desk, _Kept())
        version = await session.scalar(_VERSION, {"desk": desk}) or 0
        if version > kept.version:
            async with kept.building:
                if version > kept.version:
                    kept.index, kept.version = await _read(session, desk), version
        return kept.index


async def candidates(session: AsyncSession, places: Sequence[Place]) -> dict[Place, Candidate]:
    """The places with their names; one that never was is left out."""
    if not places:
        return {}
    poles = sorted({each.pole_id for each in places})
    stations = sorted({each.station_id for each in places if each.station_id is not None})
    found: dict[Place, Candidate] = {}
    named = await session.execute(_NAMES, {"poles": poles, "stations": stations or [_NO_STATION]})
    for pole_id, code, address, contractor_id, station_id, station in named:
        pole, place = Place(pole_id), Place(pole_id, station_id)
        found[pole] = Candidate(pole, code, "", address, contractor_id)
        found[place] = Candidate(place, code, station or "", address, contractor_id)
    return {each: found[each] for each in places if each in found}


async def _read(session: AsyncSession, desk: str) -> AssetIndex:
    of_poles = select(PoleRow.key, PoleRow.id).where(PoleRow.desk == desk, PoleRow.gone_at.is_(None))
    of_stations = (
        select(StationRow.key, StationRow.id, StationRow.pole_id)
        .join(PoleRow, PoleRow.id == StationRow.pole_id)
        .where(StationRow.desk == desk, StationRow.gone_at.is_(None), PoleRow.gone_at.is_(None))
    )
    poles: list[tuple[str, int]] = []
    async for batch in (await session.stream(of_poles)).partitions(_AT_A_TIME):
        poles += [(row.key, row.id) for row in batch if row.key]
    stations: list[tuple[str, int, int]] = []
    async for some in (await session.stream(of_stations)).partitions(_AT_A_TIME):
        stations += [(row.key, row.id, row.pole_id) for row in some if row.key]
    return await asyncio.to_thread(AssetIndex, poles, stations)
