"""What is kept of meetings in which assignments were given.

A meeting is copied here when somebody is about to write something down, so that its history outlives the calendar.
It belongs to whoever writes; what was given to whom is known beside it, because they may ask about it too.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime

#: Messages and batches name these by number.
_NEVER_REUSED = {"sqlite_autoincrement": True}


class TicketMeeting(Base):
    """One time of a meeting, as one person had it."""

    __tablename__ = "ticket_meetings"
    __table_args__ = (UniqueConstraint("person_id", "uid", "recurrence_id"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    uid: Mapped[str] = mapped_column(Text, index=True)
    recurrence_id: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Who took part beside the person: name, address, our id of the person or None.
    others: Mapped[list[Any]] = mapped_column(Json)
    #: Since when a message offers to write assignments down; None when none does.
    offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class TicketMinutes(Base):
    """What is told of a meeting: a text, and where. Its assignments come as they are made."""

    __tablename__ = "ticket_minutes"
    __table_args__ = _NEVER_REUSED

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    meeting_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("ticket_meetings.id", ondelete="CASCADE"), index=True
    )
    text: Mapped[str] = mapped_column(Text)
    #: Mattermost's id; empty for no channel.
    channel_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When they were first told; until then they can be changed.
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TicketAssignment(Base):
    """A ticket that was made of minutes, as it was written down, and what is known of it since."""

    __tablename__ = "ticket_assignments"
    __table_args__ = (UniqueConstraint("minutes_id", "tracker", "ticket_key"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    minutes_id: Mapped[int] = mapped_column(BigId, ForeignKey("ticket_minutes.id", ondelete="CASCADE"))
    tracker: Mapped[str] = mapped_column(Text)
    ticket_key: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    #: Names, as they are told.
    who: Mapped[str] = mapped_column(Text)
    due: Mapped[date | None] = mapped_column(Date)
    closed: Mapped[bool] = mapped_column(default=False, index=True)
    #: Subject, who and due as whoever wrote the minutes sees them now; for their eyes only.
    current: Mapped[list[Any] | None] = mapped_column(Json)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AssignmentPerson(Base):
    """Somebody to whom it was given."""

    __tablename__ = "ticket_assignment_people"

    assignment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("ticket_assignments.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
