"""Drafts of meetings between preview and calendar: buttons name them by number, so that a click carries no meeting.

A draft knows how far it got. The UID of its meeting is fixed when the draft is, so that making it twice makes one.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.calendars.booking.draft import Draft, stored
from sekretar.kernel.database import Base, BigId, Json, UtcDateTime
from sekretar.kernel.errors import PersonError
from sekretar.kernel.owned import owned

#: A preview older than this says nothing about the day any more.
KEPT = timedelta(days=1)


class State(StrEnum):
    """How far a draft got."""

    OPEN = "open"
    #: The server was asked, and whether it has done it may not be known.
    BEGUN = "begun"
    BOOKED = "booked"
    CANCELLED = "cancelled"
    #: The person has changed it: another draft stands in its place.
    REPLACED = "replaced"


class BookingDraft(Base):
    """One draft of one person."""

    __tablename__ = "booking_drafts"
    # Buttons name drafts by number, which must not come to mean another one.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    #: Of the meeting that is made of it.
    uid: Mapped[str] = mapped_column(Text)
    #: A word of `State`.
    state: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


async def add(session: AsyncSession, person_id: int, draft: Draft, now: datetime) -> int:
    """Keep a draft; returns its number. Old ones of everybody are forgotten on the occasion."""
    await session.execute(delete(BookingDraft).where(BookingDraft.created_at < now - KEPT))
    row = BookingDraft(
        person_id=person_id,
        uid=f"sekretar-{secrets.token_hex(16)}",
        state=State.OPEN,
        payload=stored(draft),
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row.id


async def of_person(
    session: AsyncSession, person_id: int, number: object, *, for_update: bool = False
) -> BookingDraft:
    """The draft of this number; a click may bring anything.

    Raises:
        PersonError: `calendars.booking.gone`, this person has no such draft (any more).
    """
    row = await owned(session, BookingDraft, person_id, number, for_update=for_update)
    if row is None:
        raise PersonError("calendars.booking.gone")
    return row


async def has_made(session: AsyncSession, person_id: int, uid: str) -> bool:
    """Whether the meeting was made by this person here, a short while ago: then it is no news to them."""
    query = select(BookingDraft.id).where(BookingDraft.person_id == person_id, BookingDraft.uid == uid)
    return await session.scalar(query.limit(1)) is not None


def must_be_changeable(row: BookingDraft) -> None:
    """Raises PersonError: what became of the draft keeps it from being changed or cancelled."""
    if row.state != State.OPEN:
        raise PersonError(f"calendars.booking.is_{row.state}")


def must_be_bookable(row: BookingDraft) -> None:
    """Raises PersonError: the draft was given up."""
    if row.state in (State.CANCELLED, State.REPLACED):
        raise PersonError(f"calendars.booking.is_{row.state}")
