"""The types of a desk's incidents, each with the time until its deadline.

They begin as the list of the predecessor (or the desk's settings) and are the dispatchers' own from then on. A type
is never deleted, because finished incidents have it: it is only not offered any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import TypeRow
from sekretar.dispatch.incidents.rows import type_of
from sekretar.dispatch.incidents.values import IncidentType
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import insert_into
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues

#: The usual types and their minutes; the names stand in the catalogues.
_USUAL: Final = (
    ("dispatch.type.access", 2880),
    ("dispatch.type.power_by_staff", 1440),
    ("dispatch.type.threat", 240),
    ("dispatch.type.power_capital", 240),
    ("dispatch.type.power", 1440),
    ("dispatch.type.fibre", 1440),
    ("dispatch.type.authorities", 1440),
)

LONGEST_NAME = 120


@dataclass(frozen=True)
class TypeDraft:
    """A type as somebody wishes it to be."""

    name: str
    #: Until the deadline; above 0.
    minutes: int
    description: str = ""
    active: bool = True


def first_types(desk: DeskSettings) -> tuple[TypeDraft, ...]:
    """The types a desk begins with: those of its settings, else the usual ones."""
    if desk.types:
        return tuple(TypeDraft(each.name, each.minutes) for each in desk.types)
    t = Catalogues.load().translator(desk.language)
    return tuple(TypeDraft(t.plain(key), minutes) for key, minutes in _USUAL)


async def seed(session: AsyncSession, desk: DeskSettings) -> None:
    """Give a desk its first types; one that has any keeps them as they are."""
    if await session.scalar(select(TypeRow.id).where(TypeRow.desk == desk.name).limit(1)) is not None:
        return
    for position, draft in enumerate(first_types(desk), start=1):
        values = {
            "desk": desk.name,
            "name": draft.name,
            "description": draft.description,
            "minutes": draft.minutes,
            "active": draft.active,
            "position": position,
        }
        await session.execute(insert_into(session, TypeRow).values(**values).on_conflict_do_nothing())


async def of_desk(session: AsyncSession, desk: str) -> list[IncidentType]:
    """All types of a desk in their order, those that are not offered any more too."""
    query = select(TypeRow).where(TypeRow.desk == desk).order_by(TypeRow.position, TypeRow.id)
    return [type_of(row) for row in await session.scalars(query)]


async def by_id(session: AsyncSession, type_id: int) -> IncidentType | None:
    """The type with this number."""
    row = await session.get(TypeRow, type_id)
    return type_of(row) if row else None


async def add(session: AsyncSession, desk: str, draft: TypeDraft) -> IncidentType:
    """A new type, at the end of the list.

    Raises:
        PersonError: the name or the minutes are no good, or there is such a type.
    """
    draft = await _checked(session, desk, draft, None)
    last = await session.scalar(select(func.max(TypeRow.position)).where(TypeRow.desk == desk))
    row = TypeRow(
        desk=desk,
        name=draft.name,
        description=draft.description,
        minutes=draft.minutes,
        active=draft.active,
        position=(last or 0) + 1,
    )
    session.add(row)
    await session.flush()
    return type_of(row)


async def edit(session: AsyncSession, type_id: int, draft: TypeDraft) -> IncidentType:
    """Make a type as it is wished. Whoever computes deadlines is to be told, the type's incidents are not touched.

    Raises:
        PersonError: there is no such type, the name or the minutes are no good, or another type has the name.
    """
    row = await session.get(TypeRow, type_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise PersonError("dispatch.type.gone")
    draft = await _checked(session, row.desk, draft, type_id)
    row.name, row.description = draft.name, draft.description
    row.minutes, row.active = draft.minutes, draft.active
    await session.flush()
    return type_of(row)


async def _checked(session: AsyncSession, desk: str, draft: TypeDraft, own_id: int | None) -> TypeDraft:
    name = " ".join(draft.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise PersonError("dispatch.type.bad_name", most=LONGEST_NAME)
    if draft.minutes <= 0:
        raise PersonError("dispatch.type.bad_minutes")
    for other in await of_desk(session, desk):
        if other.id != own_id and other.name.casefold() == name.casefold():
            raise PersonError("dispatch.type.taken", name=other.name)
    return replace(draft, name=name)
