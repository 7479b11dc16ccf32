"""What a letter says: its text, as a whole and without quotes, and its HTML.

A letter may say the same twice (`multipart/alternative`), in pieces between pictures, or only in a letter within it.
Plain text is preferred, unless it is missing or says no more than that there is HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import Final

from sekretar.dispatch.mail import quotes
from sekretar.dispatch.mail.charsets import text_of
from sekretar.dispatch.mail.html import safe_html, text_of_html
from sekretar.dispatch.mail.letter import Oddity
from sekretar.dispatch.mail.remarks import Remarks
from sekretar.dispatch.mail.tree import Part

#: More text is not read, in characters.
LONGEST: Final = 500_000
_MOST_BYTES: Final = 4 * 1024 * 1024
#: Letters in letters in letters are read to here.
_MOST_NESTED: Final = 20

_STUB = re.compile(
    r"(?:does not|doesn't|not|cannot|can't|не) (?:support|display|view|read|поддерживает|отображает|может показать)"
    r"\w* .{0,40}html|html (?:version|format|версии|формат)|in html format"
    r"|в формате html|html-(?:письмо|версия|сообщение)|enable html"
    r"|view (?:this|it) (?:e-?mail|message)? ?(?:in|online|with)",
    re.IGNORECASE,
)
_FOR_MACHINES: Final = ("message/", "text/rfc822-headers")
_LONGEST_STUB: Final = 400
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_LOOKS_LIKE_HTML = re.compile(r"\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n{4,}")
_QUOTE_MARKS = re.compile(r">*")


@dataclass(frozen=True)
class Body:
    text: str
    fresh: str
    html: str


@dataclass(frozen=True)
class _Piece:
    """A part of what the letter says: as text, and as HTML or nothing. The text keeps the marks of `quotes`."""

    text: str
    html: str = ""


@dataclass
class Layout:
    """Which parts of a letter are what. Nothing in it belongs to the letters within the letter."""

    pieces: list[_Piece] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    messages: list[Part] = field(default_factory=list)

    def add(self, other: Layout) -> None:
        self.pieces += other.pieces
        self.files += other.files
        self.messages += other.messages


def read_layout(root: Part, remarks: Remarks) -> Layout:
    """The parts of the letter with that root."""
    return _layout(root, root, remarks)


def read_body(layout: Layout, remarks: Remarks) -> Body:
    """What the letter says. Letters within it stand below, as a forward."""
    own = "\n\n".join(piece.text for piece in layout.pieces if piece.text)
    nested = [text for message in layout.messages[:_MOST_NESTED] if (text := _forwarded(message))]
    marked = _cut("\n\n".join([own, *nested] if own else nested), remarks)
    text = quotes.without_marks(marked).strip()
    if not text:
        remarks.add(Oddity.BODY_EMPTY)
    return Body(text, quotes.fresh(marked), _html(layout.pieces, remarks))


def _cut(text: str, remarks: Remarks) -> str:
    if len(text) > LONGEST:
        remarks.add(Oddity.TEXT_CUT)
    return text[:LONGEST]


def _html(pieces: list[_Piece], remarks: Remarks) -> str:
    if not any(piece.html for piece in pieces):
        return ""
    shown = (piece.html or f"<p>{escape(piece.text).replace(chr(10), '<br>')}</p>" for piece in pieces)
    return safe_html("\n".join(shown), remarks)


def _forwarded(message: Part) -> str:
    """A letter within the letter, as mail programs write a forward."""
    root = message.children[0]
    unheard = Remarks()
    layout = read_layout(root, unheard)
    own = "\n\n".join(quotes.without_marks(piece.text) for piece in layout.pieces if piece.text)
    deeper = [text for inner in layout.messages[:_MOST_NESTED] if (text := _forwarded(inner))]
    names = ("From", "Date", "To", "Subject")
    headers = [f"{name}: {value}" for name in names if (value := root.headers.text(name.lower(), unheard))]
    head = "\n".join(["---------- Forwarded message ----------", *headers])
    return _cut("\n\n".join([head, *([own] if own else []), *deeper]), unheard)


# --- the layout -------------------------------------------------------------------------------------------


def _layout(part: Part, root: Part, remarks: Remarks) -> Layout:
    if part.media_type == "multipart/alternative":
        return _alternative(part, root, remarks)
    if part.media_type == "multipart/report":
        return _report(part, root, remarks)
    if part.media_type == "multipart/encrypted":
        remarks.add(Oddity.ENCRYPTED)
    if part.is_multipart:
        layout = Layout()
        for child in part.children:
            layout.add(_layout(child, root, remarks))
        return layout
    if part.is_message:
        return Layout(files=[part], messages=[part])
    if _is_body(part, root):
        return Layout(pieces=[_piece(part, remarks)])
    return Layout(files=[part])


def _alternative(part: Part, root: Part, remarks: Remarks) -> Layout:
    """One piece out of the best plain text and the richest HTML, with the files of all."""
    layouts = [_layout(child, root, remarks) for child in part.children]
    plain = next((one for one in layouts if one.pieces and not any(piece.html for piece in one.pieces)), None)
    rich = next((one for one in reversed(layouts) if any(piece.html for piece in one.pieces)), None)
    merged = Layout()
    for one in layouts:
        merged.files += [
            file for file in one.files if file.media_type not in {"text/x-amp-html", "text/watch-html"}
        ]
        merged.messages += one.messages
    if plain is None or rich is None:
        merged.pieces = (plain or rich or Layout()).pieces
    else:
        merged.pieces = [_best(_joined(plain.pieces), _joined(rich.pieces))]
    return merged


def _joined(pieces: list[_Piece]) -> _Piece:
    return _Piece("\n\n".join(one.text for one in pieces if one.text), "\n".join(one.html for one in pieces))


def _best(plain: _Piece, rich: _Piece) -> _Piece:
    words = plain.text.strip()
    is_stub = not words or (len(words) <= _LONGEST_STUB and _STUB.search(words) is not None)
    return _Piece(rich.text if is_stub and rich.text else plain.text, rich.html)


def _report(part: Part, root: Part, remarks: Remarks) -> Layout:
    """The words of a machine are for people, the rest of a report is for machines (see `bounces`)."""
    layout = Layout()
    for child in part.children:
        found = _layout(child, root, remarks)
        layout.pieces += found.pieces
        layout.files += [file for file in found.files if not file.media_type.startswith(_FOR_MACHINES)]
    return layout


def _is_body(part: Part, root: Part) -> bool:
    if (
        part.media_type not in {"text/plain", "text/html", "text/enriched"}
        or part.disposition == "attachment"
    ):
        return False
    has_name = (
        "name" in part.type_parameters or "filename" in part.headers.plain("content-disposition").lower()
    )
    return part is root or not has_name


def _piece(part: Part, remarks: Remarks) -> _Piece:
    data = part.content()
    if len(data) > _MOST_BYTES:
        remarks.add(Oddity.TEXT_CUT)
        data = data[:_MOST_BYTES].rpartition(b"\n")[0] or data[:_MOST_BYTES]
    label = part.type_parameters.get("charset", "")
    if part.media_type == "text/html" and not label and (meta := _META_CHARSET.search(data[:4096])):
        label = meta[1].decode("ascii")
    text = text_of(data, label, remarks)
    if part.media_type == "text/html" or _LOOKS_LIKE_HTML.match(text):
        return _Piece(text_of_html(text, remarks), text)
    text = _cut(text, remarks)
    if part.type_parameters.get("format", "").lower() == "flowed":
        text = _unflowed(text, part.type_parameters.get("delsp", "").lower() == "yes")
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return _Piece(_EMPTY_LINES.sub("\n\n\n", lines).strip("\n"))


def _unflowed(text: str, deletes_space: bool) -> str:
    """Paragraphs as they were before the mail program broke them into lines (RFC 3676)."""
    out: list[str] = []
    flowing: str | None = None  # the marks of quoting of the paragraph that goes on
    for line in text.split("\n"):
        found = _QUOTE_MARKS.match(line)
        marks = found[0] if found else ""
        words = line[len(marks) :].removeprefix(" ")
        goes_on = words.endswith(" ") and words != "-- "
        if flowing != marks or words == "-- ":
            out.append("\n" if out else "")
            out.append(f"{marks} " if marks else "")
        out.append(words[:-1] if goes_on and deletes_space else words)
        flowing = marks if goes_on else None
    return "".join(out)
