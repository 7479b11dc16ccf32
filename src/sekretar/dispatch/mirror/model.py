"""What is known of the tickets that show incidents: where they are, what was written, what was read there last."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime

#: Values of fields by our names of them.
Shown = dict[str, list[str]]


class MirrorRow(Base):
    """An incident that has, or is to have, a ticket."""

    __tablename__ = "dispatch_mirrors"
    __table_args__ = (UniqueConstraint("tracker", "key"),)

    incident_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    desk: Mapped[str] = mapped_column(Text, index=True)
    tracker: Mapped[str] = mapped_column(Text)
    #: Where the ticket is; empty while there is none.
    project: Mapped[str] = mapped_column(Text, server_default="")
    #: None while there is no ticket.
    key: Mapped[str | None] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text)
    #: The key of the lost ticket that this one stands in for; empty when it is the first.
    replaces: Mapped[str] = mapped_column(Text, server_default="")
    #: A `MirrorState`.
    state: Mapped[str] = mapped_column(Text)
    #: What the ticket showed when it was read last.
    seen: Mapped[Shown] = mapped_column(Json)
    #: From which fields that was read, by our names: what another field shows is another matter.
    fields: Mapped[dict[str, str]] = mapped_column(Json, server_default="{}")
    #: What was written last, whatever the tracker made of it.
    wrote: Mapped[Shown] = mapped_column(Json)
    #: What a write under way is to show: when it is found there, it is no change of anybody's.
    tried: Mapped[Shown] = mapped_column(Json)
    #: Up to which event of the history the comments tell.
    told: Mapped[int] = mapped_column(BigId)
    #: The event whose comment is on its way, or was when the process ended; 0 when none is.
    telling: Mapped[int] = mapped_column(BigId)
    #: Who has changed the ticket last, besides ourselves.
    touched_by: Mapped[str] = mapped_column(Text)
    #: Whether it was said that the ticket is nearly full.
    warned: Mapped[bool]
    failures: Mapped[int]
    #: What hinders it; empty when nothing does.
    problem: Mapped[str] = mapped_column(Text)
    #: Until when somebody is at work on it; None when nobody is.
    busy_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When incident and ticket are to be compared; None until one of them changes.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class MirrorCursorRow(Base):
    """How far the tracker of a desk was read."""

    __tablename__ = "dispatch_mirror_cursors"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    #: Another tracker or project is read from its own beginning.
    tracker: Mapped[str] = mapped_column(Text)
    project: Mapped[str] = mapped_column(Text)
    cursor: Mapped[str | None] = mapped_column(Text)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Failures of the tracker since it last answered, and until when it is left alone.
    failures: Mapped[int]
    problem: Mapped[str] = mapped_column(Text)
    #: A `Hindrance`; empty when there is none.
    hindrance: Mapped[str] = mapped_column(Text, server_default="")
    rest_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MirrorFormerRow(Base):
    """How far a project was read that the settings of a desk do not name any more, where it still has tickets."""

    __tablename__ = "dispatch_mirror_former"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    project: Mapped[str] = mapped_column(Text, primary_key=True)
    cursor: Mapped[str | None] = mapped_column(Text)


class MirrorPersonRow(Base):
    """Who is who: an account of the tracker that has the mail address or the login of a person."""

    __tablename__ = "dispatch_mirror_people"

    tracker: Mapped[str] = mapped_column(Text, primary_key=True)
    member_id: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
