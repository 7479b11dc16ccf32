"""The people of the desks, their shifts, and who was given what, in the database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime

_NEVER_REUSED = {"sqlite_autoincrement": True}


class MemberRow(Base):
    """Somebody who works at a desk."""

    __tablename__ = "dispatch_members"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    #: A `Role`.
    role: Mapped[str] = mapped_column(Text)
    #: More open incidents are not given to them; None for the limit of the desk.
    most: Mapped[int | None]
    #: By whose clock their shifts are written; None for the zone of their profile.
    zone: Mapped[str | None] = mapped_column(Text)
    #: When they were given an incident last.
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ShiftRow(Base):
    """Hours of somebody that repeat."""

    __tablename__ = "dispatch_shifts"
    __table_args__ = (Index(None, "desk", "person_id"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    desk: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    first: Mapped[date]
    #: In days.
    every: Mapped[int]
    last: Mapped[date | None]
    #: Like `20:00-08:00`.
    opening: Mapped[str] = mapped_column(Text)


class ShiftExceptionRow(Base):
    """How single days of somebody differ."""

    __tablename__ = "dispatch_shift_exceptions"
    __table_args__ = (Index(None, "desk", "ends_at"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    desk: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    #: An `ExceptionKind`.
    kind: Mapped[str] = mapped_column(Text)
    begins_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: To whom a shift was given, or from whom it was taken.
    other_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    note: Mapped[str] = mapped_column(Text)


class QueueRow(Base):
    """An incident that waits for somebody."""

    __tablename__ = "dispatch_queue"
    __table_args__ = (Index(None, "desk", "opened_at", "incident_id"),)

    incident_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"), primary_key=True
    )
    desk: Mapped[str] = mapped_column(Text)
    #: That of the incident: the oldest is given away first.
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: A `Reason`.
    reason: Mapped[str] = mapped_column(Text)


class AssignmentRow(Base):
    """Whom an incident was given to by the rule, and why; people ask."""

    __tablename__ = "dispatch_assignments"
    __table_args__ = _NEVER_REUSED

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"), index=True
    )
    person_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)
    #: `Seen.as_json` of everybody, the chosen one first.
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(Json)


class NewsRow(Base):
    """Somebody is to be told of an incident that changed hands, or was."""

    __tablename__ = "dispatch_assignment_news"
    # Keys of messages name it by number.
    __table_args__ = (Index(None, "desk", "told_at"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    desk: Mapped[str] = mapped_column(Text)
    incident_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"), index=True
    )
    #: Who is told.
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    #: A `Side`.
    side: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    #: Who had it before, or has it now.
    other_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: None until it is told.
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PoolRow(Base):
    """The lock under which a desk gives incidents away, and what is known of its shifts."""

    __tablename__ = "dispatch_pools"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    #: The `Alarm` that was raised because nobody could be given anything; empty while there is none.
    alarm: Mapped[str] = mapped_column(Text)
    #: Up to when ends of shifts were looked after.
    looked_until: Mapped[datetime] = mapped_column(UtcDateTime)
