"""Which posts speak of tickets and what was answered, and what channels want of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.columns import NullableJson
from sekretar.kernel.database import Base, BigId, UtcDateTime, insert_into
from sekretar.trackers.values import TicketRef

#: The job that answers.
TASK = "tickets.references"

#: How long a post that is edited is still known.
KEPT_FOR = timedelta(days=30)


class Mode(StrEnum):
    """What is done in a channel about posts that speak of tickets."""

    #: A reply in the thread.
    REPLY = "reply"
    #: Links in the post itself.
    EDIT = "edit"
    OFF = "off"


class TicketReferenceChannel(Base):
    """What a channel has chosen; without a row it is `Mode.REPLY`."""

    __tablename__ = "ticket_reference_channels"

    channel_id: Mapped[str] = mapped_column(Text, primary_key=True)
    mode: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TicketReferencePost(Base):
    """A post that speaks, or spoke, of tickets."""

    __tablename__ = "ticket_reference_posts"
    __table_args__ = (Index(None, "channel_id", "said_at"), Index(None, "person_id", "said_at"))

    post_id: Mapped[str] = mapped_column(Text, primary_key=True)
    channel_id: Mapped[str] = mapped_column(Text)
    #: Who wrote it.
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    #: Since when it says what it says, by the server's clock.
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: How often it was written or edited: an answer to an earlier text settles nothing.
    version: Mapped[int]
    #: What the reply names, as `Named` packs it; None while there is no reply.
    answered: Mapped[list[list[str]] | None] = mapped_column(NullableJson)
    #: Attempts at the present version.
    attempts: Mapped[int]
    #: None once it is settled.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: When we last heard of it.
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Named:
    """A ticket in a reply; `open` when its subject and status stand there too."""

    ref: TicketRef
    open: bool


def packed(named: Iterable[Named]) -> list[list[str]]:
    """As it is stored."""
    return [[each.ref.tracker, each.ref.key, "open" if each.open else ""] for each in named]


def unpacked(stored: Sequence[Sequence[str]]) -> list[Named]:
    """As it was stored."""
    return [Named(TicketRef(tracker, key), bool(shown)) for tracker, key, shown in stored]


async def mode_of(session: AsyncSession, channel_id: str) -> Mode:
    """What is done in this channel."""
    row = await session.get(TicketReferenceChannel, channel_id)
    return Mode(row.mode) if row else Mode.REPLY


async def set_mode(session: AsyncSession, channel_id: str, mode: Mode, now: datetime) -> None:
    """From now on this is done there."""
    values = {"mode": mode.value, "set_at": now}
    statement = insert_into(session, TicketReferenceChannel).values(channel_id=channel_id, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[TicketReferenceChannel.channel_id], set_=values)
    )


async def prune(session: AsyncSession, now: datetime) -> None:
    """Forget old posts."""
    await session.execute(delete(TicketReferencePost).where(TicketReferencePost.noted_at < now - KEPT_FOR))
