"""Batches of tickets between preview and tracker: what was shown is kept, row by row, and so is what became of it.

Buttons name a batch by number, so a click carries no tickets. Each row has a name of its own that the tracker is
given with it: a row that is tried again after its answer was lost makes no second ticket.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime
from sekretar.kernel.errors import PersonError
from sekretar.kernel.owned import owned
from sekretar.tickets.batches.planning import Planned, restored, stored
from sekretar.tickets.remarks import Remark

#: How long a preview can be acted upon. What waits for the tracker is kept as long.
KEPT = timedelta(days=30)


class BatchState(StrEnum):
    """How far a batch got."""

    #: It was shown, nothing has been decided.
    OPEN = "open"
    #: The person has said yes; rows are made one by one.
    CREATING = "creating"
    #: Something stands in the way of the rest; it goes on at the person's word.
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    #: The person has changed it: another batch stands in its place.
    REPLACED = "replaced"


class RowState(StrEnum):
    """What became of a row."""

    #: It has problems and is not tried.
    WRONG = "wrong"
    WAITING = "waiting"
    CREATED = "created"
    #: The tracker does not take it; the remark says why.
    REFUSED = "refused"


class TicketBatch(Base):
    """Several tickets that one person wants to have made."""

    __tablename__ = "ticket_batches"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    tracker: Mapped[str] = mapped_column(Text)
    #: Begins the names of its rows; the number alone would come again in another database.
    unique: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, index=True)
    #: As it was typed, for changing it.
    text: Mapped[str] = mapped_column(Text)
    #: The key of the project that rows go to which name none; empty for none.
    project: Mapped[str] = mapped_column(Text)
    #: Where it is summed up when it is done; empty for nowhere.
    channel_id: Mapped[str] = mapped_column(Text)
    root_id: Mapped[str] = mapped_column(Text)
    #: Ends the description of each ticket: where they come from.
    origin: Mapped[str] = mapped_column(Text)
    #: The minutes of a meeting that it belongs to (`minutes.model`); None for a list of its own.
    minutes_id: Mapped[int | None] = mapped_column(BigId)
    #: How often the person has said yes.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Why it is paused, as `Remark`.
    remark: Mapped[list[Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class TicketBatchRow(Base):
    """One of them."""

    __tablename__ = "ticket_batch_rows"

    batch_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("ticket_batches.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: The `Planned` row.
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(Text)
    ticket_key: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(Text, default="")
    remark: Mapped[list[Any] | None] = mapped_column(Json)
    #: In which attempt its assignee was told; 0 before.
    told_in: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True)
class Intent:
    """What somebody wants to have made, and where it was said."""

    tracker: str
    text: str
    project: str = ""
    channel_id: str = ""
    root_id: str = ""
    origin: str = ""
    minutes_id: int | None = None


@dataclass(frozen=True)
class Row:
    """A row and what became of it."""

    planned: Planned
    state: RowState
    ticket_key: str = ""
    link: str = ""
    remark: Remark | None = None
    told_in: int = 0


async def add(
    session: AsyncSession, person_id: int, intent: Intent, planned: Sequence[Planned], now: datetime
) -> int:
    """Keep a batch; returns its number. Old ones of everybody are forgotten on the occasion."""
    await session.execute(delete(TicketBatch).where(TicketBatch.created_at < now - KEPT))
    batch = TicketBatch(
        person_id=person_id,
        tracker=intent.tracker,
        unique=f"sekretar-{secrets.token_hex(8)}",
        state=BatchState.OPEN,
        text=intent.text,
        project=intent.project,
        channel_id=intent.channel_id,
        root_id=intent.root_id,
        origin=intent.origin,
        minutes_id=intent.minutes_id,
        created_at=now,
    )
    session.add(batch)
    await session.flush()
    session.add_all(
        TicketBatchRow(
            batch_id=batch.id,
            row=each.row,
            payload=stored(each),
            state=RowState.WAITING if each.creatable else RowState.WRONG,
        )
        for each in planned
    )
    return batch.id


async def of_person(
    session: AsyncSession, person_id: int, number: object, *, for_update: bool = False
) -> TicketBatch:
    """The batch of this number; a click may bring anything.

    Raises:
        PersonError: `tickets.batch.gone`, this person has no such batch (any more).
    """
    batch = await owned(session, TicketBatch, person_id, number, for_update=for_update)
    if batch is None:
        raise PersonError("tickets.batch.gone")
    return batch


def must_be_open(batch: TicketBatch) -> None:
    """Raises PersonError: something became of the batch that keeps it from being changed."""
    if batch.state != BatchState.OPEN:
        raise PersonError(f"tickets.batch.is_{batch.state}")


async def rows(session: AsyncSession, batch_id: int) -> list[Row]:
    """The rows of a batch, in order."""
    query = select(TicketBatchRow).where(TicketBatchRow.batch_id == batch_id).order_by(TicketBatchRow.row)
    return [_row(each) for each in await session.scalars(query)]


async def settle(
    session: AsyncSession, batch_id: int, row: int, state: RowState, *, key: str = "", link: str = "",
    remark: Remark | None = None,
) -> None:  # fmt: skip
    """Note what became of a row."""
    found = await session.get_one(TicketBatchRow, (batch_id, row))
    found.state, found.ticket_key, found.link = state, key, link
    found.remark = _kept(remark)


async def told(session: AsyncSession, batch_id: int, attempt: int) -> None:
    """Note that everybody has been told of the rows that are made by now."""
    query = select(TicketBatchRow).where(
        TicketBatchRow.batch_id == batch_id,
        TicketBatchRow.state == RowState.CREATED,
        TicketBatchRow.told_in == 0,
    )
    for row in await session.scalars(query):
        row.told_in = attempt


def unique_of(batch: TicketBatch, row: int) -> str:
    """The name of a row that the tracker is given."""
    return f"{batch.unique}-{row}"


def keep_remark(batch: TicketBatch, remark: Remark | None) -> None:
    """Note why the batch is paused; None when it is not."""
    batch.remark = _kept(remark)


def remark_of(batch: TicketBatch) -> Remark | None:
    """Why the batch is paused."""
    return Remark(*batch.remark) if batch.remark else None


def _kept(remark: Remark | None) -> list[Any] | None:
    return [remark.key, dict(remark.params)] if remark else None


def _row(row: TicketBatchRow) -> Row:
    return Row(
        planned=restored(row.payload),
        state=RowState(row.state),
        ticket_key=row.ticket_key,
        link=row.link,
        remark=Remark(*row.remark) if row.remark else None,
        told_in=row.told_in,
    )
