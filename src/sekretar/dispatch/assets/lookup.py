"""Finding assets: the index of each desk, kept as new as the database, and the names of what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from sqlalchemy import BigInteger, BindParameter, Select, Table, and_, bindparam, literal_column, select
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
    Said,
    Typed,
)

#: As many places as one letter may name.
_LEAST_SLOTS = MOST_CANDIDATES + 1
_NO_ID = 0

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

    async def in_letters(self, session: AsyncSession, desk: str, letters: Sequence[Said]) -> list[Found]:
        """What letters say of their places, as `Assets.lookup` says."""
        kept = self._kept.setdefault(desk, _Kept())
        index, read = kept.index, kept.version
        verdicts = _verdicts(index, letters)
        # Whether the register is still what was read is asked together with the names: mostly it is.
        version, shown = await _named(session, desk, _shown_of(verdicts))
        if version > read:
            verdicts = _verdicts(await self.index(session, desk), letters)
            _, shown = await _named(session, desk, _shown_of(verdicts))
        return [_found(each, shown) for each in verdicts]

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
        asked = (*verdict.options[:MOST_EXAMPLES], *_apart(verdict))
        shown = await candidates(session, asked)
        ordered = tuple(shown[each] for each in verdict.options[:MOST_EXAMPLES] if each in shown)
        match = ordered[0] if verdict.total == 1 and ordered else None
        return Typed(
            text.strip(),
            kind,
            match,
            verdict.completed,
            () if match else ordered,
            max(verdict.total, 0),
            next((shown[each] for each in _apart(verdict) if each in shown), None),
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


def _open_ones(verdict: Verdict) -> tuple[Place, ...]:
    """What is offered to people."""
    return () if verdict.total == 1 else verdict.options[:MOST_CANDIDATES]


def _apart(verdict: Verdict) -> tuple[Place, ...]:
    return () if verdict.apart is None else (verdict.apart,)


def _verdicts(index: AssetIndex, letters: Sequence[Said]) -> list[Verdict]:
    return [in_letter(index, each.subject, each.fresh, each.otherwise) for each in letters]


def _shown_of(verdicts: Sequence[Verdict]) -> list[Place]:
    """The places that have to be named, each once."""
    shown: dict[Place, None] = {}
    for verdict in verdicts:
        certain = [verdict.certain] if verdict.certain else []
        shown.update(dict.fromkeys((*certain, *_open_ones(verdict), *_apart(verdict))))
    return list(shown)


def _found(verdict: Verdict, shown: Mapping[Place, Candidate]) -> Found:
    certain = verdict.certain
    return Found(
        certain=shown.get(certain) if certain else None,
        candidates=tuple(shown[each] for each in _open_ones(verdict) if each in shown),
        total=0 if verdict.total == 1 else verdict.total,
        source=verdict.source,
        apart=next((shown[each] for each in _apart(verdict) if each in shown), None),
    )


async def candidates(session: AsyncSession, places: Sequence[Place]) -> dict[Place, Candidate]:
    """A few places with their names; one that never was is left out."""
    return (await _named(session, "", places))[1] if places else {}


async def _named(
    session: AsyncSession, desk: str, places: Sequence[Place]
) -> tuple[int, dict[Place, Candidate]]:
    """The version of the register of a desk, and the places with their names."""
    poles = sorted({each.pole_id for each in places})
    stations = sorted({each.station_id for each in places if each.station_id is not None})
    found: dict[Place, Candidate] = {}
    version = 0
    slots = _slots_for(max(len(poles), len(stations)))
    asked = {"desk": desk, **_numbered("pole", poles, slots), **_numbered("station", stations, slots)}
    for known, pole_id, code, address, contractor_id, station_id, station in await session.execute(
        _names(slots), asked
    ):
        version = known or 0
        if pole_id is None:
            continue
        pole, place = Place(pole_id), Place(pole_id, station_id)
        found[pole] = Candidate(pole, code, "", address, contractor_id)
        found[place] = Candidate(place, code, station or "", address, contractor_id)
    return version, {each: found[each] for each in places if each in found}


def _slots_for(count: int) -> int:
    """Room for so many places; always as much, or twice as much and so on, so that the statements are few."""
    slots = _LEAST_SLOTS
    while slots < count:
        slots *= 2
    return slots


def _numbered(name: str, ids: Sequence[int], slots: int) -> dict[str, int]:
    return {f"{name}{at}": ids[at] if at < len(ids) else _NO_ID for at in range(slots)}


def _one_of(name: str, slots: int) -> list[BindParameter[int]]:
    return [bindparam(f"{name}{at}", type_=BigInteger) for at in range(slots)]


# Asked for every letter: made once, and compiled once.
_POLES, _STATIONS = cast("Table", PoleRow.__table__), cast("Table", StationRow.__table__)
_REGISTRIES = cast("Table", RegistryRow.__table__)
_VERSION = select(_REGISTRIES.c.version).where(_REGISTRIES.c.desk == bindparam("desk"))
#: One row at least, also of a letter that names nothing.
_HERE = select(literal_column("1").label("here")).subquery()


@cache
def _names(slots: int) -> Select[Any]:
    on_poles = _STATIONS.c.pole_id == _POLES.c.id
    return select(
        _VERSION.scalar_subquery(),
        _POLES.c.id,
        _POLES.c.code,
        _POLES.c.address,
        _POLES.c.contractor_id,
        _STATIONS.c.id,
        _STATIONS.c.name,
    ).select_from(
        _HERE.outerjoin(_POLES, _POLES.c.id.in_(_one_of("pole", slots))).outerjoin(
            _STATIONS, and_(on_poles, _STATIONS.c.id.in_(_one_of("station", slots)))
        )
    )


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
