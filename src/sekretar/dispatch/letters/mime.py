"""A letter as bytes, readable by old mail programs too.

Everything is in ASCII on the wire: words of other alphabets are encoded (RFC 2047), bodies are in base64. The name of
an attachment stands there twice: by RFC 2231, which is the standard, and as an encoded word in `name`, which is what
old Outlook reads. The standard library writes only the former, hence the headers made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email import policy
from email.encoders import encode_base64
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, quote
from urllib.parse import quote as percent

from sekretar.dispatch.letters.values import File, Voice
from sekretar.dispatch.mail.letter import Address
from sekretar.dispatch.mail.wire import wire_address
from sekretar.kernel.text import clean

#: The longest line of a body in plain ASCII that goes as it is.
_LONGEST_LINE = 76
#: How many characters of a percent-encoded name go into one line.
_SEGMENT = 60


@dataclass(frozen=True)
class Written:
    """A letter that is decided in every detail. Ids are with their angle brackets."""

    message_id: str
    #: Of the incident; stands in automatic letters so that they are known if they come back.
    pseudo_id: str
    voice: Voice
    at: datetime
    zone: tzinfo
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    text: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    #: Where answers are to go; None for to the sender.
    reply_to: Address | None = None
    files: tuple[File, ...] = ()


def letter_bytes(letter: Written) -> bytes:
    """The letter as it is handed to a mail server."""
    body = _body(letter.text)
    message: Message = body
    if letter.files:
        message = MIMEMultipart("mixed", None, [body, *map(_part, letter.files)])
    for name, value in _headers(letter):
        message[name] = value
    return message.as_bytes(policy=policy.compat32.clone(linesep="\r\n", mangle_from_=False))


def _headers(letter: Written) -> Iterator[tuple[str, str]]:
    yield "From", _addresses([letter.sender])
    if letter.reply_to is not None:
        yield "Reply-To", _addresses([letter.reply_to])
    yield "To", _addresses(letter.to)
    if letter.cc:
        yield "Cc", _addresses(letter.cc)
    yield "Subject", _subject(letter.subject)
    yield "Date", format_datetime(letter.at.astimezone(letter.zone))
    yield "Message-ID", letter.message_id
    if letter.in_reply_to:
        yield "In-Reply-To", _line(letter.in_reply_to)
    if letter.references:
        yield "References", " ".join(map(_line, letter.references))
    yield from _marks(letter)


def _marks(letter: Written) -> Iterator[tuple[str, str]]:
    """What tells programs that a program wrote it; a person's letter has none of it."""
    if not letter.voice.is_automatic:
        return
    answer = letter.voice is Voice.ANSWER
    yield "Auto-Submitted", "auto-replied" if answer else "auto-generated"
    yield "X-Auto-Response-Suppress", "All"
    yield "Precedence", "auto_reply" if answer else "bulk"
    yield "X-Loop", letter.pseudo_id


def _subject(text: str) -> str:
    line = _line(text)
    return line if line.isascii() else Header(line, "utf-8", header_name="Subject").encode()


def _addresses(addresses: Sequence[Address]) -> str:
    return ",\n ".join(map(_address, addresses))


def _address(address: Address) -> str:
    name, where = _line(address.name), wire_address(address.address)
    if not name:
        return where
    shown = f'"{quote(name)}"' if name.isascii() else Header(name, "utf-8", maxlinelen=66).encode()
    return f"{shown} <{where}>"


def _body(text: str) -> MIMEText:
    plain = text.isascii() and all(len(line) <= _LONGEST_LINE for line in text.split("\n"))
    return MIMEText(text + "\n", "plain", "us-ascii" if plain else "utf-8")


def _part(file: File) -> MIMEBase:
    main, _, sub = file.media_type.partition("/")
    if main in ("message", "multipart") or not sub:
        # Those may not be encoded, and what is in them is not ours to check.
        main, sub = "application", "octet-stream"
    part = MIMEBase(main, sub)
    part.set_payload(file.content)
    encode_base64(part)
    name = _line(file.name).replace("/", "_").replace("\\", "_") or "file"
    del part["Content-Type"]
    word = f'"{quote(name)}"' if name.isascii() else f'"{Header(name, "utf-8", maxlinelen=60).encode()}"'
    part["Content-Type"] = f"{main}/{sub};\n name={word}"
    part["Content-Disposition"] = ";\n ".join(["attachment", *_filename(name)])
    return part


def _filename(name: str) -> list[str]:
    """The parameter by RFC 2231, in as many pieces as lines are short."""
    if name.isascii() and len(name) <= _SEGMENT:
        return [f'filename="{quote(name)}"']
    rest, pieces = percent(name, safe=""), []
    while rest:
        end = _SEGMENT
        # A percent sign and its two digits stay together.
        end -= next((back for back in (1, 2) if rest[end - back : end - back + 1] == "%"), 0)
        pieces.append(rest[:end])
        rest = rest[end:]
    first = f"filename*0*=utf-8''{pieces[0]}"
    return [first, *(f"filename*{number}*={piece}" for number, piece in enumerate(pieces[1:], 1))]


def _line(text: str) -> str:
    return " ".join(clean(text).split())
