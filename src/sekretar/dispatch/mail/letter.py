"""What a letter says, read once at the border, so that nobody behind it has to know of MIME.

`parse` (in `parsing`) makes these values from the bytes of a letter and never refuses an odd one: what was odd is
said in `remarks`, an attachment that may not be kept is named with the reason, and a machine's letter carries the
sign by which it was known. Only what is no letter at all is `Unreadable`.

Text in these values has no NUL, ends its lines with `\\n` and is in Unicode's form NFC. It is a stranger's: whoever
shows it escapes it. `html` alone may be put into a page as it is.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sekretar.kernel.errors import SekretarError

#: The most ids that are taken from `References` and `In-Reply-To` each: the first and the last ones are kept.
MOST_REFERENCES: Final = 100

_FINGERPRINT_BODY = 1024


class Unreadable(SekretarError):
    """These bytes are no letter: they are empty, or not one header stands in them."""


#: What `LetterIds.reply_address` puts into an address.
_TAG = re.compile(r"\+incident\.\d{1,18}\.[0-9a-f]{16}@", re.ASCII)


@dataclass(frozen=True)
class Address:
    """Somebody in a letter: `address` is as written but for blanks (compare with `key`), `name` may be empty."""

    name: str
    address: str

    @property
    def key(self) -> str:
        """What two spellings of one address have in common; a reply address of ours is that of its mailbox."""
        key = self.address.casefold()
        return _TAG.sub("@", key) if "+" in key else key

    @property
    def domain(self) -> str:
        return self.key.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


# --- attachments ------------------------------------------------------------------------------------------


class Refusal(StrEnum):
    """Why an attachment is not kept (it stays in the stored letter as long as that is kept)."""

    #: Its kind is not on the list of what may be attached.
    TYPE = "type"
    #: It is larger than one attachment may be.
    SIZE = "size"
    #: With it the attachments of the letter together are too large.
    TOTAL = "total"
    #: The letter has more attachments than are kept.
    COUNT = "count"


@dataclass(frozen=True)
class Attachment:
    """A file in a letter."""

    #: As the sender named it; empty if they did not.
    name: str
    #: A name for any file system, unique in the letter: no path, nothing invisible, at most 120 characters.
    safe_name: str
    media_type: str
    #: In bytes, decoded.
    size: int
    #: Without the angle brackets; empty if it has none.
    content_id: str
    #: It is shown in the body, as the images of signatures are.
    inline: bool
    #: Where it is in the letter, for `attachment_content`: numbers as in IMAP, such as `2` or `2.1`.
    part: str
    refusal: Refusal | None = None


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DOCUMENTS = _words(
    "pdf doc docx docm dot dotx odt rtf txt text log md csv tsv xls xlsx xlsm xlsb xlt xltx ods ppt pptx pps ppsx odp"
    " vsd vsdx odg epub fb2 djvu json xml yaml yml mpp mdb accdb dwg dxf kml kmz gpx geojson ics vcf eml msg"
)
_PICTURES = _words("jpg jpeg jpe jfif png gif bmp tif tiff webp heic heif avif ico")
_RECORDINGS = _words("mp3 wav ogg oga opus m4a aac amr wma flac mp4 m4v mov avi mkv webm 3gp wmv mpg mpeg")
_ARCHIVES = _words("zip 7z rar tar gz tgz bz2 xz")
_SIGNATURES = _words("p7s p7m p7c sig asc dat")
_PROGRAMS = _words(
    "ade adp apk app appx bat cab chm cmd com cpl deb dll dmg exe gadget hta htm html img inf ins iso isp jar jnlp js"
    " jse lib lnk mde msc msi msix msp mst nsh pif ps1 psm1 py rb reg rpm scf scr sct sh shb shtml svg svgz swf sys"
    " url vb vbe vbs vhd vhdx vxd wsc wsf wsh xhtml xht xll"
)


@dataclass(frozen=True)
class AttachmentLimits:
    """Which attachments are kept. The sizes are in bytes, the extensions are without a dot and in lower case.

    A program is refused whatever its media type says; another file is kept if its extension or its media type is
    on the lists. HTML and SVG count as programs: a browser runs what is in them.
    """

    most: int = 50
    largest: int = 48 * 1024 * 1024
    largest_total: int = 100 * 1024 * 1024
    extensions: frozenset[str] = _DOCUMENTS | _PICTURES | _RECORDINGS | _ARCHIVES | _SIGNATURES
    #: Beginnings of media types.
    media_types: tuple[str, ...] = (
        "image/",
        "audio/",
        "video/",
        "text/plain",
        "text/csv",
        "text/calendar",
        "text/vcard",
        "message/rfc822",
        "message/global",
        "application/pdf",
        "application/json",
        "application/rtf",
        "application/zip",
        "application/x-7z-compressed",
        "application/vnd.rar",
        "application/msword",
        "application/vnd.ms-",
        "application/vnd.openxmlformats-officedocument.",
        "application/vnd.oasis.opendocument.",
        "application/vnd.google-",
        "application/ms-tnef",
        "application/pkcs7-",
        "application/x-pkcs7-",
        "application/pgp-signature",
    )
    programs: frozenset[str] = _PROGRAMS


# --- machines, bounces, receipts --------------------------------------------------------------------------


class MachineSign(StrEnum):
    """By what a letter was known to be a machine's."""

    AUTO_SUBMITTED = "auto_submitted"
    EMPTY_ENVELOPE = "empty_envelope"
    SENDER = "sender"
    NO_SENDER = "no_sender"
    PRECEDENCE = "precedence"
    LIST = "list"
    SUPPRESSION = "suppression"
    AUTORESPONDER = "autoresponder"
    GENERATED = "generated"
    BOUNCE = "bounce"
    RECEIPT = "receipt"
    #: Its subject alone says so, which is never enough to put a letter aside.
    SUBJECT = "subject"


@dataclass(frozen=True)
class Machine:
    """Why a letter counts as a machine's: the sign, and where it stood (the header and its value)."""

    sign: MachineSign
    header: str
    value: str

    @property
    def is_certain(self) -> bool:
        return self.sign is not MachineSign.SUBJECT


class DeliveryAction(StrEnum):
    """What became of a letter on its way to one recipient (RFC 3464, 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class BounceReason(StrEnum):
    """Why a letter did not arrive, as far as a dispatcher has to know it."""

    UNKNOWN_ADDRESS = "unknown_address"
    UNKNOWN_DOMAIN = "unknown_domain"
    MAILBOX_FULL = "mailbox_full"
    MAILBOX_CLOSED = "mailbox_closed"
    TOO_LARGE = "too_large"
    REFUSED = "refused"
    #: Tried for days in vain.
    UNREACHABLE = "unreachable"
    #: Not given up yet.
    DELAYED = "delayed"
    OTHER = "other"


@dataclass(frozen=True)
class BouncedRecipient:
    """One recipient in a notice about a delivery. `status` is such as `5.1.1`, empty if none is told."""

    address: str
    action: DeliveryAction
    status: str
    reason: BounceReason
    #: In the words of the mail server.
    diagnostic: str = ""

    @property
    def has_failed(self) -> bool:
        """For good: a delay is no failure."""
        return self.action is DeliveryAction.FAILED


@dataclass(frozen=True)
class Bounce:
    """A notice about the delivery of an earlier letter (RFC 3464, or what older mail servers write instead)."""

    #: With angle brackets; empty if the notice does not tell it.
    original_message_id: str
    recipients: tuple[BouncedRecipient, ...]
    #: Ids the earlier letter referred to: its pseudo id stands here even where a relay has replaced its own.
    original_references: tuple[str, ...] = ()
    original_subject: str = ""

    @property
    def has_failed(self) -> bool:
        return any(recipient.has_failed for recipient in self.recipients)


@dataclass(frozen=True)
class Receipt:
    """A notice that a letter was shown or deleted unseen (RFC 8098). `disposition` is such as `displayed`."""

    original_message_id: str
    recipient: str
    disposition: str


# --- the web form -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WebForm:
    """A request that somebody made on the web site, whose letter comes from the site itself."""

    #: None when the form has no address that can be answered.
    applicant: Address | None
    #: Who wants to hear of it besides.
    observers: tuple[Address, ...]
    #: Question and answer, in the order of the form.
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TrackerMark:
    """The letter was sent by a tracker about this issue. Each is empty when the letter does not tell it."""

    issue_key: str
    comment_id: str
    #: Of Redmine, whose keys are numbers.
    project: str = ""

    def is_of(self, project: str) -> bool:
        """Whether the issue is one of this project or queue."""
        if self.project:
            return self.project.casefold() == project.casefold()
        return self.issue_key.startswith(f"{project}-")


# --- the letter -------------------------------------------------------------------------------------------


class Oddity(StrEnum):
    """What was odd about a letter. The dispatcher is told; the stored letter is untouched."""

    #: A charset was missing or wrong and was guessed: `detail` is which was taken.
    CHARSET_GUESSED = "charset_guessed"
    #: No charset fits: some characters are lost.
    CHARSET_LOST = "charset_lost"
    DATE_MISSING = "date_missing"
    #: `detail` is the date as written; the letter counts as undated.
    DATE_ODD = "date_odd"
    #: The date names no zone and was taken for UTC.
    DATE_WITHOUT_ZONE = "date_without_zone"
    MESSAGE_ID_MISSING = "message_id_missing"
    #: `detail` is the id as written.
    MESSAGE_ID_ODD = "message_id_odd"
    SENDER_MISSING = "sender_missing"
    REFERENCES_CUT = "references_cut"
    RECIPIENTS_CUT = "recipients_cut"
    #: The tree of MIME parts is broken: what could be read was.
    STRUCTURE_BROKEN = "structure_broken"
    NESTED_TOO_DEEP = "nested_too_deep"
    TOO_MANY_PARTS = "too_many_parts"
    #: The text is longer than is read.
    TEXT_CUT = "text_cut"
    #: The HTML cannot be shown (too large, too many links); its text is read.
    HTML_DROPPED = "html_dropped"
    BODY_EMPTY = "body_empty"
    #: The body is encrypted.
    ENCRYPTED = "encrypted"
    #: Outlook has packed attachments into `winmail.dat`; they cannot be read apart.
    WINMAIL = "winmail"
    #: The sender's mail program sends files by reference (`message/external-body`, `message/partial`).
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Remark:
    oddity: Oddity
    detail: str = ""


@dataclass(frozen=True)
class ParsedLetter:
    """A letter. Ids of letters are with their angle brackets."""

    #: Empty if it has none.
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    #: On one line; empty if it has none.
    subject: str
    #: Its `address` is empty if the letter names no sender.
    sender: Address
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    #: Whom the servers delivered it to (`Delivered-To`, `X-Original-To`, …): the desk may stand only here.
    delivered_to: tuple[Address, ...]
    #: None if the letter does not tell, `""` if it is the empty one of machines.
    envelope_sender: str | None
    #: UTC. None when it is missing or cannot be a date.
    date: datetime | None
    #: Everything a person can read in it, with quotes, signatures and letters forwarded as attachments.
    text: str
    #: The new words alone: no quotes, no signature.
    fresh: str
    #: Safe to show in a page; empty when the letter has no HTML.
    html: str
    attachments: tuple[Attachment, ...]
    machine: Machine | None = None
    bounce: Bounce | None = None
    receipt: Receipt | None = None
    web_form: WebForm | None = None
    tracker: TrackerMark | None = None
    #: Values of the headers that letters carry to be known again by whoever sent them (`X-Loop` and its kin).
    loop_marks: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def applicant(self) -> Address:
        """Who asks: the person of the web form, else whom answers shall go to, else the sender."""
        if self.web_form is not None and self.web_form.applicant is not None:
            return self.web_form.applicant
        return self.reply_to[0] if self.reply_to else self.sender

    @property
    def recipients(self) -> tuple[Address, ...]:
        """Everybody the letter was openly sent to, each once."""
        return tuple({address.key: address for address in (*self.cc, *self.to)}.values())


def fingerprint(letter: ParsedLetter) -> str:
    """What copies of one letter in several mailboxes have in common, in hexadecimal digits.

    The Message-ID alone is not enough: broken programs give one to different letters. Where it is missing, the
    subject and the attachments help to tell letters apart.
    """
    parts = [
        letter.message_id,
        letter.date.isoformat() if letter.date else "",
        letter.sender.key,
        " ".join(letter.text.split())[:_FINGERPRINT_BODY],
    ]
    if not letter.message_id:
        parts.append(letter.subject)
        parts += [f"{attachment.size} {attachment.name}" for attachment in letter.attachments]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
