"""SLA clocks in the database: how each runs, what was said of it, and the single dates of the calendars.

A clock's row is a due time too: `due_at` says when it has to be looked at next.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime


class ClockRow(Base):
    """A clock of an incident. What it was read off is the incident's history; the row only saves reading it again."""

    __tablename__ = "dispatch_sla_clocks"
    __table_args__ = (
        UniqueConstraint("incident_id", "kind"),
        Index(None, "desk", "stopped_at"),
        # Keys of messages name it by number.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[int] = mapped_column(BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"))
    desk: Mapped[str] = mapped_column(Text)
    #: A `ClockKind`.
    kind: Mapped[str] = mapped_column(Text)
    #: In minutes; None while the incident has no type.
    allowance: Mapped[int | None]
    #: [begin, end or null, paused] each.
    segments: Mapped[list[Any]] = mapped_column(Json)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deadline: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: From when less than an hour is left.
    soon_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What is left of a paused clock, in seconds.
    remaining: Mapped[int | None]
    #: The deadline that was missed first.
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: None when nothing more will happen by itself.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: By which hours, pauses and steps it was reckoned.
    rules: Mapped[str] = mapped_column(Text)


class MarkRow(Base):
    """A step of a clock that has fired; it never fires again."""

    __tablename__ = "dispatch_sla_marks"

    clock_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_sla_clocks.id", ondelete="CASCADE"), primary_key=True
    )
    #: `Step.key`.
    step: Mapped[str] = mapped_column(Text, primary_key=True)
    #: When it was to fire, and when it did.
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    fired_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When it was said, or was not worth saying any more; None while it waits for the hours of notices.
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class CalendarDayRow(Base):
    """What is ruled for a single date in all calendars of a desk."""

    __tablename__ = "dispatch_calendar_days"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    #: A `DayKind`.
    kind: Mapped[str] = mapped_column(Text)
    #: Hours like `09:00-13:00`, for the kind *own*.
    openings: Mapped[list[str]] = mapped_column(Json)
