"""What is known when a letter is written, and the draft that comes of it.

Composing is a function from a `Matter` to a `Draft`. A draft is a value: the chat shows it, a person changes it, and
only `LettersOut.send` makes a letter of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from sekretar.dispatch.mail.letter import Address, Attachment, ParsedLetter

#: How much a file grows on its way: base64 with line ends.
GROWTH: Final = 1.37


class Purpose(StrEnum):
    """What a letter is for. The first three are sent by moves of the workflow and are called as there."""

    #: To the applicant: the desk has taken it up.
    ACCEPTED = "accepted"
    #: To the contractor: the incident is theirs now.
    HANDED_OVER = "handed_over"
    #: To the applicant: it is mended.
    CLOSED = "closed"
    #: What a person writes.
    REPLY = "reply"
    #: To whoever writes about an incident that ended long ago: a new letter is needed.
    TOO_LATE = "too_late"


class Voice(StrEnum):
    """Who speaks. Programs at the other end are told, so that they do not answer (RFC 3834)."""

    #: A person, who decided to send it: a letter like any other.
    PERSON = "person"
    #: Sekretar, in answer to a letter. Nobody is told when it cannot be delivered.
    ANSWER = "answer"
    #: Sekretar, of its own accord.
    NOTICE = "notice"

    @property
    def is_automatic(self) -> bool:
        return self is not Voice.PERSON


@dataclass(frozen=True)
class Filed:
    """A letter of the incident, in or out."""

    id: int
    #: Sent by the desk, or by a person from its mailbox.
    is_ours: bool
    at: datetime
    letter: ParsedLetter
    #: Whether its files are still here.
    keeps_files: bool = True


@dataclass(frozen=True)
class Place:
    """Where it is, as letters say it; what is not known is empty."""

    pole: str = ""
    region: str = ""
    address: str = ""
    coordinates: str = ""
    map_link: str = ""
    station: str = ""
    operators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contractor:
    """Who repairs there."""

    name: str = ""
    emails: tuple[str, ...] = ()
    #: No longer under contract for this pole.
    excluded: bool = False


@dataclass(frozen=True)
class Matter:
    """An incident as letters speak of it."""

    incident_id: int
    code: str
    summary: str
    registered_at: datetime
    applicant: Address
    #: In the order in which they were received or sent.
    letters: tuple[Filed, ...] = ()
    place: Place = Place()
    contractor: Contractor = Contractor()
    type: str = ""
    type_description: str = ""
    #: Until when it shall be mended; None where nothing is agreed.
    deadline: datetime | None = None


@dataclass(frozen=True)
class AttachmentRef:
    """An attachment of a letter that is here."""

    letter_id: int
    attachment: Attachment


@dataclass(frozen=True)
class File:
    """An attachment with its content."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Draft:
    """A letter before it is sent. People may change its recipients, subject, text and attachments."""

    incident_id: int
    code: str
    purpose: Purpose
    voice: Voice
    #: The mailbox it is sent from, in small letters.
    mailbox: str
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    text: str
    attachments: tuple[AttachmentRef, ...] = ()
    #: What whoever writes puts in.
    enclosed: tuple[File, ...] = ()
    #: Names of files that are too large to go along.
    left_out: tuple[str, ...] = ()
    #: How many people of the conversation do not get it, because there are more than a letter goes to.
    unreached: int = 0
    #: The Message-ID of the letter that is answered; empty when it begins a conversation.
    in_reply_to: str = ""
    #: Ids of the conversation so far, the oldest first, without the pseudo id of the incident.
    references: tuple[str, ...] = field(default=())
