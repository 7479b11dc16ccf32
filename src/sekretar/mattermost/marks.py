"""Small facts that the chat must still know after a restart: which installation this is, what it has
heard.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, insert_into

_INSTALLATION = "installation"
_HEARD_UNTIL = "heard_until"


class MarkRow(Base):
    """One fact."""

    __tablename__ = "mattermost_marks"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


async def installation(session: AsyncSession) -> str:
    """A name of this database that no other has.

    Row numbers start anew with every database; a server that saw an earlier one must not take the first
    post of the new one for a repetition.
    """
    await session.execute(
        insert_into(session, MarkRow)
        .values(name=_INSTALLATION, value=secrets.token_hex(6))
        .on_conflict_do_nothing()
    )
    row = await session.get_one(MarkRow, _INSTALLATION)
    return row.value


async def heard_until(session: AsyncSession) -> datetime | None:
    """Up to when everything that was said to the bot has been dealt with; None before the first time."""
    row = await session.get(MarkRow, _HEARD_UNTIL)
    return datetime.fromisoformat(row.value) if row else None


async def mark_heard(session: AsyncSession, until: datetime) -> None:
    """Everything said up to this moment has been dealt with."""
    value = until.isoformat()
    await session.execute(
        insert_into(session, MarkRow)
        .values(name=_HEARD_UNTIL, value=value)
        .on_conflict_do_update(index_elements=[MarkRow.name], set_={"value": value})
    )
