"""What the administrator was told of, in the database: nothing is said twice because a process was restarted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, UtcDateTime


class TroubleRow(Base):
    """A `Standing`."""

    __tablename__ = "dispatch_troubles"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    sort: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    said: Mapped[int]
    clear_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    returns: Mapped[int]
