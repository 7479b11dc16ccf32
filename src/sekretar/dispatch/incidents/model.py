"""Incidents, their types, links and histories in the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, UtcDateTime

#: Text that is ordered by its characters' numbers on both databases, so that an index knows how words begin.
BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")

#: What lists of incidents are filtered by, besides desk, time and status.
_FILTERED = ("type_id", "responsible_id", "contractor_id", "unread")

#: Messages, letters and the tracker name these by number.
_NEVER_REUSED = {"sqlite_autoincrement": True}


class NumberRow(Base):
    """The last number that a desk gave to an incident."""

    __tablename__ = "dispatch_numbers"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[int] = mapped_column(BigId)


class TypeRow(Base):
    """A type of incidents of a desk."""

    __tablename__ = "dispatch_types"
    __table_args__ = (UniqueConstraint("desk", "name"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    desk: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    minutes: Mapped[int]
    active: Mapped[bool]
    position: Mapped[int]


class IncidentRow(Base):
    """An incident. Assets are only ever marked as gone, so their numbers stay good without a constraint."""

    __tablename__ = "dispatch_incidents"
    __table_args__ = (
        UniqueConstraint("desk", "number"),
        # Lists are found in an index alone, whatever is filtered by: reading rows is what takes long.
        Index("ix_dispatch_incidents_by_time", "desk", "opened_at", "id", *_FILTERED, "status"),
        Index("ix_dispatch_incidents_by_status", "desk", "status", "opened_at", "id", *_FILTERED),
        Index(
            "ix_dispatch_incidents_by_change", "desk", "updated_at", "id", *_FILTERED, "status", "opened_at"
        ),
        Index(None, "responsible_id", "status"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    desk: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigId)
    code: Mapped[str] = mapped_column(BYTEWISE, unique=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(Text)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    type_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("dispatch_types.id"), index=True)
    responsible_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id", ondelete="SET NULL"))
    pole_id: Mapped[int | None] = mapped_column(BigId, index=True)
    station_id: Mapped[int | None] = mapped_column(BigId, index=True)
    contractor_id: Mapped[int | None] = mapped_column(BigId, index=True)
    applicant_name: Mapped[str] = mapped_column(Text)
    applicant_address: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    unread: Mapped[bool]
    version: Mapped[int]
    merged_into_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("dispatch_incidents.id"), index=True)


class EventRow(Base):
    """Something that happened to an incident; written once, never changed."""

    __tablename__ = "dispatch_history"
    __table_args__ = (Index(None, "incident_id", "id"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[int] = mapped_column(BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_name: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    old: Mapped[str] = mapped_column(Text)
    new: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    #: Of letters that are gone the history still tells.
    letter_id: Mapped[int | None] = mapped_column(BigId)


class LinkRow(Base):
    """A link, once for its two incidents: `incident_id` *kind* `other_id`; `blocks` is stored as `depends`."""

    __tablename__ = "dispatch_incident_links"

    incident_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"), primary_key=True
    )
    other_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    kind: Mapped[str] = mapped_column(Text, primary_key=True)


class WordRow(Base):
    """A word by which an incident is found."""

    __tablename__ = "dispatch_incident_words"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - the name and the form are SQLAlchemy's

    word: Mapped[str] = mapped_column(BYTEWISE, primary_key=True)
    incident_id: Mapped[int] = mapped_column(
        BigId,
        ForeignKey("dispatch_incidents.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )


class WordBlockRow(Base):
    """A word of many of the incidents whose numbers begin with `first`: see `word_blocks`.

    Incidents are never deleted, so nothing has to be taken out of the marks.
    """

    __tablename__ = "dispatch_word_blocks"

    word: Mapped[str] = mapped_column(BYTEWISE, primary_key=True)
    first: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False, index=True)
    marks: Mapped[bytes]
