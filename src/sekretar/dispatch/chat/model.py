"""Which incidents stand in a channel, and when their posts are looked at next."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, UtcDateTime


class CardRow(Base):
    """The post of an incident. It is posted once and then kept up to date in place."""

    __tablename__ = "dispatch_cards"

    incident_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: Where it stands; empty while it is not posted.
    channel_id: Mapped[str] = mapped_column(Text)
    #: Up to which event of the history its thread tells.
    told: Mapped[int] = mapped_column(BigId)
    #: What it showed last, hashed.
    shown: Mapped[str] = mapped_column(Text)
    #: Counts its changes.
    version: Mapped[int]
    #: When it may have to show something else; None when only a change of the incident can make it.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


_KEY = "dispatch:card:"


def card_key(incident_id: int) -> str:
    """The name of the post of an incident."""
    return f"{_KEY}{incident_id}"


def incident_of_card(message_key: str) -> int | None:
    """Which incident a message is the post of; None for any other message."""
    number = message_key.removeprefix(_KEY)
    return int(number) if message_key.startswith(_KEY) and number.isdecimal() else None
