"""How incidents belong together: links, what waits for what, and merging.

`blocks` is `depends` told from the other side, and stored once. An incident that was merged points at its survivor;
when the survivor is merged in turn, everything that pointed at it points further.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import IncidentRow, LinkRow
from sekretar.dispatch.incidents.rows import incident_of, locked
from sekretar.dispatch.incidents.values import Incident, Link, LinkKind
from sekretar.dispatch.incidents.workflow import FINISHED
from sekretar.dispatch.mail.model import LetterRow
from sekretar.kernel.database import insert_into
from sekretar.kernel.errors import PersonError


async def of(session: AsyncSession, incident_id: int) -> list[Link]:
    """The links of an incident as it sees them, by kind and number."""
    return (await of_all(session, [incident_id]))[incident_id]


async def of_all(session: AsyncSession, incident_ids: Collection[int]) -> dict[int, list[Link]]:
    """The same for a few hundred incidents at most, by their numbers."""
    query = select(LinkRow).where(
        or_(LinkRow.incident_id.in_(incident_ids), LinkRow.other_id.in_(incident_ids))
    )
    seen: list[tuple[int, LinkKind, int]] = []
    for row in await session.scalars(query):
        kind = LinkKind(row.kind)
        seen += [(row.incident_id, kind, row.other_id), (row.other_id, kind.inverse, row.incident_id)]
    incidents: dict[int, Incident] = {}
    if seen:
        others = select(IncidentRow).where(IncidentRow.id.in_({each for _, _, each in seen}))
        incidents = {row.id: incident_of(row) for row in await session.scalars(others)}
    found: dict[int, list[Link]] = {each: [] for each in incident_ids}
    for incident_id, kind, other_id in seen:
        if incident_id in found:
            found[incident_id].append(Link(kind, incidents[other_id]))
    return {each: sorted(some, key=_place_of) for each, some in found.items()}


def _place_of(link: Link) -> tuple[int, int]:
    return list(LinkKind).index(link.kind), link.other.id


async def locked_pair(session: AsyncSession, one_id: int, other_id: int) -> tuple[IncidentRow, IncidentRow]:
    """Two different incidents of one desk, locked, in an order in which nobody waits for the other for ever.

    Raises:
        PersonError: one does not exist, or they cannot have to do with each other.
    """
    rows = {each: await locked(session, each) for each in sorted({one_id, other_id})}
    if one_id == other_id:
        raise PersonError("dispatch.link.same", code=rows[one_id].code)
    one, other = rows[one_id], rows[other_id]
    if one.desk != other.desk:
        raise PersonError("dispatch.link.other_desk", code=one.code, other=other.code)
    return one, other


async def store(session: AsyncSession, one_id: int, kind: LinkKind, other_id: int) -> bool:
    """Write a link; False when it is there already.

    Raises:
        PersonError: `dispatch.link.circle`, each would wait for the other.
    """
    one_id, kind, other_id = _canonical(one_id, kind, other_id)
    if kind is LinkKind.DEPENDS and await _reaches(session, other_id, one_id):
        raise PersonError("dispatch.link.circle")
    if kind is not LinkKind.DEPENDS and await _exists(session, other_id, kind, one_id):
        return False
    statement = insert_into(session, LinkRow).values(incident_id=one_id, other_id=other_id, kind=kind)
    done = await session.execute(statement.on_conflict_do_nothing().returning(LinkRow.kind))
    return done.one_or_none() is not None


async def remove(session: AsyncSession, one_id: int, kind: LinkKind, other_id: int) -> bool:
    """Delete a link; False when there is none."""
    one_id, kind, other_id = _canonical(one_id, kind, other_id)
    either = _is(one_id, kind, other_id)
    if kind is not LinkKind.DEPENDS:
        either = or_(either, _is(other_id, kind, one_id))
    done = await session.execute(delete(LinkRow).where(either).returning(LinkRow.kind))
    return bool(done.all())


async def waited_for(session: AsyncSession, incident_id: int) -> Sequence[str]:
    """The codes of the open incidents that must be finished before this one can be closed."""
    query = (
        select(IncidentRow.code)
        .join(LinkRow, LinkRow.other_id == IncidentRow.id)
        .where(LinkRow.incident_id == incident_id, LinkRow.kind == LinkKind.DEPENDS)
        .where(IncidentRow.status.not_in(FINISHED))
        .order_by(IncidentRow.id)
    )
    return (await session.scalars(query)).all()


async def survivor(session: AsyncSession, incident_id: int) -> int:
    """The number of the incident in which this one lives on.

    Raises:
        PersonError: `dispatch.incident.gone`, there is no such incident.
    """
    while True:
        query = select(IncidentRow.merged_into_id).where(IncidentRow.id == incident_id)
        found = (await session.execute(query)).one_or_none()
        if found is None:
            raise PersonError("dispatch.incident.gone")
        if found.merged_into_id is None:
            return incident_id
        incident_id = found.merged_into_id


async def take_over(session: AsyncSession, one_id: int, other_id: int) -> None:
    """Hang what points at the one incident to the other: its letters, its links, and incidents merged into it."""
    letters = update(LetterRow).where(LetterRow.incident_id == one_id).values(incident_id=other_id)
    await session.execute(letters.execution_options(synchronize_session="fetch"))
    rows = (
        await session.scalars(
            delete(LinkRow)
            .where(or_(LinkRow.incident_id == one_id, LinkRow.other_id == one_id))
            .returning(LinkRow)
        )
    ).all()
    for row in rows:
        ends = tuple(other_id if each == one_id else each for each in (row.incident_id, row.other_id))
        kind = LinkKind(row.kind)
        if ends[0] != ends[1] and not (
            kind is LinkKind.DEPENDS and await _reaches(session, ends[1], ends[0])
        ):
            await store(session, ends[0], kind, ends[1])
    await session.execute(
        update(IncidentRow).where(IncidentRow.merged_into_id == one_id).values(merged_into_id=other_id)
    )


async def merged_error(session: AsyncSession, incident: Incident) -> PersonError:
    """What is said to whoever changes an incident that ended in another."""
    query = select(IncidentRow.code).where(IncidentRow.id == incident.merged_into_id)
    return PersonError(
        "dispatch.incident.merged", code=incident.code, survivor=await session.scalar(query) or ""
    )


async def _reaches(session: AsyncSession, start: int, goal: int) -> bool:
    """Whether `start` waits, over however many others, for `goal`."""
    seen: set[int] = set()
    wave = {start}
    while wave:
        if goal in wave:
            return True
        seen |= wave
        query = select(LinkRow.other_id).where(
            LinkRow.incident_id.in_(wave), LinkRow.kind == LinkKind.DEPENDS
        )
        wave = set(await session.scalars(query)) - seen
    return False


async def _exists(session: AsyncSession, one_id: int, kind: LinkKind, other_id: int) -> bool:
    query = select(LinkRow.kind).where(_is(one_id, kind, other_id))
    return await session.scalar(query) is not None


def _is(one_id: int, kind: LinkKind, other_id: int) -> ColumnElement[bool]:
    return and_(LinkRow.incident_id == one_id, LinkRow.other_id == other_id, LinkRow.kind == kind)


def _canonical(one_id: int, kind: LinkKind, other_id: int) -> tuple[int, LinkKind, int]:
    if kind is LinkKind.BLOCKS:
        return other_id, LinkKind.DEPENDS, one_id
    return one_id, kind, other_id
