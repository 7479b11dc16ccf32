"""Letters out in the database: what became of each, by recipient; templates; and where programs may write again.

The letter itself stands with the letters that came (`mail.model`); here is what only a letter out has.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, UtcDateTime


class Fate(StrEnum):
    """What became of a letter."""

    #: On its way: not every recipient it is meant for has had an answer.
    WAITING = "waiting"
    #: The mail server has taken it for somebody it was meant for.
    SENT = "sent"
    #: It reached nobody it was meant for.
    FAILED = "failed"


class RecipientFate(StrEnum):
    """What became of a letter on its way to one recipient."""

    WAITING = "waiting"
    #: The mail server has taken it.
    ACCEPTED = "accepted"
    #: The mail server will never take it.
    REFUSED = "refused"
    #: It was tried for too long.
    GIVEN_UP = "given_up"
    #: The mail server took it, and later said that it could not be delivered.
    UNDELIVERED = "undelivered"


class OutgoingRow(Base):
    """What only a letter out has."""

    __tablename__ = "dispatch_outgoing"

    letter_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_letters.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    incident_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_incidents.id", ondelete="CASCADE"), index=True
    )
    #: The meaning of sending it, such as one press of a button: at most one letter has it.
    key: Mapped[str] = mapped_column(Text, unique=True)
    purpose: Mapped[str] = mapped_column(Text)
    voice: Mapped[str] = mapped_column(Text)
    #: The address of the mailbox that sends it, in small letters.
    mailbox: Mapped[str] = mapped_column(Text)
    #: The status from which the incident moves on when the letter is delivered; empty where it does not.
    awaited_in: Mapped[str] = mapped_column(Text)
    fate: Mapped[str] = mapped_column(Text, index=True)
    #: What hindered it last, in the words of the mail server.
    problem: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    gives_up_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When its copy was put into the folder of sent letters; None where that is not done, or not yet.
    copied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecipientRow(Base):
    """A recipient of a letter."""

    __tablename__ = "dispatch_recipients"
    __table_args__ = (Index(None, "key", "changed_at"),)

    letter_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_letters.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: The address in small letters.
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    #: Only in the copy: the letter is not meant for them in the first place.
    is_copy: Mapped[bool]
    fate: Mapped[str] = mapped_column(Text)
    #: The last answer of the mail server.
    reply: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TemplateRow(Base):
    """The text that a desk has written for a letter; without a row it is the usual one."""

    __tablename__ = "dispatch_templates"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: A name, as it was then.
    changed_by: Mapped[str] = mapped_column(Text)


class ResetRow(Base):
    """Letters of programs to this address are counted from this moment on."""

    __tablename__ = "dispatch_counter_resets"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    reset_at: Mapped[datetime] = mapped_column(UtcDateTime)
