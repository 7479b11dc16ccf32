"""What is remembered of the trackers: how far each was read, what people were told, which channels listen."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime

#: The job that tells of last days. It is woken when somebody connects, and has a first look at what is theirs.
MORNINGS = "tickets:due"

#: In `TicketCursor.eyes`: the service account of the tracker.
SERVICE = "service"


class TicketCursor(Base):
    """How far a tracker was read through somebody's eyes, and when it is read next."""

    __tablename__ = "ticket_cursors"

    tracker: Mapped[str] = mapped_column(Text, primary_key=True)
    #: `SERVICE`, or our id of the person whose eyes they are.
    eyes: Mapped[str] = mapped_column(Text, primary_key=True)
    #: None for the service account.
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    #: None before the first look.
    cursor: Mapped[str | None] = mapped_column(Text)
    #: Failures in a row.
    failures: Mapped[int] = mapped_column(default=0)
    #: When it was last read without a failure.
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TicketTold(Base):
    """Who tells somebody of their new ticket, see `told`."""

    __tablename__ = "ticket_told"

    tracker: Mapped[str] = mapped_column(Text, primary_key=True)
    ticket_key: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    teller: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class TicketMorning(Base):
    """When a person's due tickets are looked at next, and the last day, of their own calendar, that was settled."""

    __tablename__ = "ticket_mornings"

    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    last_day: Mapped[date | None]


class TicketDue(Base):
    """What a person was told of the last day of a ticket; a ticket whose day moves is told anew."""

    __tablename__ = "ticket_dues"

    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    tracker: Mapped[str] = mapped_column(Text, primary_key=True)
    ticket_key: Mapped[str] = mapped_column(Text, primary_key=True)
    due: Mapped[date]
    #: A `due.Stage`.
    stage: Mapped[str] = mapped_column(Text)


class TicketSubscription(Base):
    """A project or queue that a channel hears of, with the rights of whoever subscribed it."""

    __tablename__ = "ticket_subscriptions"
    __table_args__ = (
        UniqueConstraint("channel_id", "tracker", "project"),
        Index(None, "tracker"),
        # Keys of messages name it by number.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel_id: Mapped[str] = mapped_column(Text)
    tracker: Mapped[str] = mapped_column(Text)
    #: The tracker's own id of the project, and what people call it.
    project: Mapped[str] = mapped_column(Text)
    project_key: Mapped[str] = mapped_column(Text)
    project_name: Mapped[str] = mapped_column(Text)
    #: Who subscribed it.
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    #: The language of what is said there.
    language: Mapped[str] = mapped_column(Text)
    #: Of `channels.Kind`.
    kinds: Mapped[list[str]] = mapped_column(Json)
    #: Why nothing is told, as a `channels.Pause`; empty while it is.
    paused: Mapped[str] = mapped_column(Text, default="")
    #: When the rights were last looked at.
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
