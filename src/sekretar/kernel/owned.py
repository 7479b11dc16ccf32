"""Rows that people name by clicks: a click may bring any number, and the row must be the person's own."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import Base

RowT = TypeVar("RowT", bound=Base)


async def owned(
    session: AsyncSession, model: type[RowT], person_id: int, number: object, *, for_update: bool = False
) -> RowT | None:
    """The row of this number, of a table with `id` and `person_id`; None when the person has no such row."""
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    query = select(model).filter_by(id=number, person_id=person_id)
    found: RowT | None = await session.scalar(query.with_for_update() if for_update else query)
    return found
