"""Who people are in the trackers.

An account hangs on one person and one configured tracker, by the tracker's name in the settings. A mapped account
has no key of its own: the service account acts for it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Secret, UtcDateTime

#: SQLite would give the number of a deleted row to the next one; buttons name accounts by number.
_NEVER_REUSED = {"sqlite_autoincrement": True}


class Origin(StrEnum):
    """How it became known who a person is in a tracker."""

    #: The person gave their own key.
    OWN = "own"
    #: An administrator said so.
    MAPPED = "mapped"


class TrackerAccount(Base):
    """Who a person is in one tracker."""

    __tablename__ = "tracker_accounts"
    __table_args__ = (
        UniqueConstraint("person_id", "tracker"),
        Index("ix_tracker_accounts_member", "tracker", "member_id"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    #: The name of the tracker in the settings.
    tracker: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    login: Mapped[str] = mapped_column(Text)
    #: The tracker's own id of the person: it finds them as author and assignee.
    member_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    #: None for a mapped account.
    key: Mapped[str | None] = mapped_column(Secret)
    #: When the tracker refused the key; None while it is accepted. The person has been told by then.
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime)
