"""Letters in the database: as they came, what they say, where they were found, and how far folders were read.

A letter is stored as it came before anybody tries to understand it, in the transaction that moves the cursor of its
folder. So whatever fails later (a parser, a rule, the process) fails about a letter that is here, and can be done
again. What was understood stands beside the raw letter, never in its place.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime

#: Message-IDs and messages in the chat name letters by number.
_NEVER_REUSED = {"sqlite_autoincrement": True}


class Direction(StrEnum):
    """Which way a letter went, seen from the desk."""

    IN = "in"
    #: Sent by the desk, or by a person from the desk's mailbox.
    OUT = "out"


class LetterState(StrEnum):
    """How far a letter has come."""

    #: Stored as it came; nobody has read it yet.
    RAW = "raw"
    #: Understood; its incident is not known yet.
    PARSED = "parsed"
    #: It belongs to an incident.
    FILED = "filed"
    #: It cannot be understood; a person decides, or it is read again by a later release.
    UNREADABLE = "unreadable"
    #: It makes no incident and belongs to none; `why` tells the reason.
    SET_ASIDE = "set_aside"
    #: Another copy of a letter that is here already, from another mailbox or by another way.
    DUPLICATE = "duplicate"


class LetterRow(Base):
    """A letter."""

    __tablename__ = "dispatch_letters"
    __table_args__ = (
        UniqueConstraint("desk", "digest"),
        UniqueConstraint("desk", "fingerprint"),
        Index(None, "desk", "state", "id"),
        Index(None, "desk", "message_id"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    desk: Mapped[str] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    #: Why it is unreadable or was set aside.
    why: Mapped[str] = mapped_column(Text, default="")
    #: Of which letter it is another copy.
    duplicate_of: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("dispatch_letters.id", ondelete="CASCADE"), index=True
    )
    #: What tells this letter, byte by byte, from others, before it is parsed; None for letters made here.
    digest: Mapped[str | None] = mapped_column(Text)
    #: What copies of it have in common; None until it is parsed, and in copies.
    fingerprint: Mapped[str | None] = mapped_column(Text)
    #: With its angle brackets, as `columns.id_key` writes it; empty if it has none.
    message_id: Mapped[str] = mapped_column(Text, default="")
    subject: Mapped[str] = mapped_column(Text, default="")
    sender_name: Mapped[str] = mapped_column(Text, default="")
    sender_address: Mapped[str] = mapped_column(Text, default="", index=True)
    #: As the letter says; None when it says nothing that can be a date.
    date: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the mail server took it, or when it was made here.
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: In bytes, as the server tells it.
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    #: False when only its headers are here, because the letter is too large; it stays on the server.
    whole: Mapped[bool] = mapped_column(default=True)
    #: The new words alone.
    fresh: Mapped[str] = mapped_column(Text, default="")
    #: Everything a person can read in it.
    text: Mapped[str] = mapped_column(Text, default="")
    #: The rest of what was understood: recipients, attachments, remarks.
    facts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    incident_id: Mapped[int | None] = mapped_column(BigId, index=True)
    #: By what its incident was found.
    threaded_by: Mapped[str] = mapped_column(Text, default="")
    #: Why it did not reach a recipient; empty as long as nothing is known of that.
    undelivered: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RawLetterRow(Base):
    """The bytes of a letter, apart from it, so that lists of letters do not carry them."""

    __tablename__ = "dispatch_raw_letters"

    letter_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_letters.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: None once it was purged.
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    purged_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class LetterIdRow(Base):
    """A Message-ID that a letter has or refers to. Letters that share one belong together."""

    __tablename__ = "dispatch_letter_ids"
    __table_args__ = (Index(None, "desk", "message_id"),)

    letter_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_letters.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    message_id: Mapped[str] = mapped_column(Text, primary_key=True)
    desk: Mapped[str] = mapped_column(Text)
    #: The letter's own, not one it refers to.
    is_own: Mapped[bool]


class ArrivalRow(Base):
    """Where a letter was found. One letter may be found in several places, and in one more than once."""

    __tablename__ = "dispatch_arrivals"
    __table_args__ = (UniqueConstraint("mailbox", "folder", "uidvalidity", "uid"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Its address, in small letters.
    mailbox: Mapped[str] = mapped_column(Text)
    #: The readable name, not that of the wire.
    folder: Mapped[str] = mapped_column(Text)
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    letter_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_letters.id", ondelete="CASCADE"), index=True
    )
    noticed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FolderRow(Base):
    """How far a folder was read."""

    __tablename__ = "dispatch_folders"

    mailbox: Mapped[str] = mapped_column(Text, primary_key=True)
    folder: Mapped[str] = mapped_column(Text, primary_key=True)
    #: The server it was read on: the numbers of another one mean nothing here.
    host: Mapped[str] = mapped_column(Text)
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger)
    #: Letters up to this number were numbered anew: they may be here already. 0 when there are none.
    known_until: Mapped[int] = mapped_column(BigInteger, default=0)
    #: What the server took before this moment is history and makes no incident.
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When something was read last.
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
