"""The headers of a letter, from bytes, as text.

Headers should be ASCII with encoded words (RFC 2047). They come raw in any charset, with words cut in the middle of
a character, under labels nobody knows. So the bytes are kept, and each value is decoded when it is asked for.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import unquote_to_bytes

from sekretar.dispatch.mail.charsets import text_of, tidy
from sekretar.dispatch.mail.remarks import Remarks

#: No header of people is longer; the rest of it is not read.
_LONGEST: Final = 128 * 1024
#: Nor has a letter more headers.
_MOST: Final = 1_000

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|received|content-[a-z-]+|x-[a-z-]+|in-reply-to|references)"
    rb"[ \t]*:",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\s+")
#: ASCII bytes that are not what they seem, or may not stay.
_SHIFTS = re.compile(rb"[\x00\x1b]")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")


@dataclass(frozen=True)
class Headers:
    """Names in lower case with their values as they stood, unfolded."""

    fields: tuple[tuple[str, bytes], ...] = ()

    def __contains__(self, name: str) -> bool:
        return any(field == name for field, _ in self.fields)

    def raw(self, name: str) -> bytes:
        """The first value; empty if there is none."""
        return next((value for field, value in self.fields if field == name), b"")

    def _raw_all(self, name: str) -> Iterator[bytes]:
        return (value for field, value in self.fields if field == name)

    def plain(self, name: str) -> str:
        """The first value, for headers that machines write: on one line, nothing decoded but the bytes."""
        return _one_line(_text(self.raw(name), Remarks()))

    def plain_all(self, name: str) -> list[str]:
        return [_one_line(_text(value, Remarks())) for value in self._raw_all(name)]

    def text(self, name: str, remarks: Remarks) -> str:
        """The first value, for headers that people read: on one line, encoded words decoded."""
        return _one_line(decoded_words(self.unfolded(name, remarks), remarks))

    def unfolded(self, name: str, remarks: Remarks) -> str:
        """The first value with its encoded words left as they are."""
        return _text(self.raw(name), remarks)

    def unfolded_all(self, name: str, remarks: Remarks) -> list[str]:
        return [_text(value, remarks) for value in self._raw_all(name)]


def read_headers(block: bytes) -> tuple[Headers, int]:
    """The headers that `block` begins with, and where in it they end though no empty line says so.

    A line that is no header belongs to the header before it when more headers follow (a careless program has
    folded it without indenting), else the body begins with it.
    """
    fields: list[tuple[str, list[bytes]]] = []
    at = 0
    for line in block.splitlines(keepends=True):
        if line[:1] in b" \t" and fields:
            fields[-1][1].append(line)
        elif (found := _FIELD.match(line)) and len(fields) < _MOST:
            fields.append((found[1].decode("ascii").lower(), [line[found.end() :]]))
        elif fields and (len(fields) >= _MOST or _has_headers(block, at + len(line))):
            fields[-1][1].append(b" " + line)
        elif not _is_envelope(line):
            return _headers(fields), at
        at += len(line)
    return _headers(fields), len(block)


def _headers(fields: Iterable[tuple[str, list[bytes]]]) -> Headers:
    return Headers(tuple((name, b"".join(lines)[:_LONGEST].strip()) for name, lines in fields))


def _has_headers(block: bytes, start: int) -> bool:
    return any(_KNOWN.match(line) for line in block[start : start + _LONGEST].splitlines())


def _is_envelope(line: bytes) -> bool:
    """The line that begins a letter in a file of many, and what programs that quote it make of it."""
    return line.startswith((b"From ", b">From ")) or not line.strip()


def _text(value: bytes, remarks: Remarks) -> str:
    if value.isascii() and not _SHIFTS.search(value):
        return value.decode("ascii")
    return text_of(value, "utf-8", remarks)


def _one_line(text: str) -> str:
    return _BLANK.sub(" ", text).strip()


# --- encoded words ----------------------------------------------------------------------------------------


def decoded_words(text: str, remarks: Remarks) -> str:
    """`text` with its encoded words (RFC 2047) decoded.

    Blanks between two words are not part of the text. Neighbours in one charset are joined before they are decoded,
    because many programs cut a character in two. A word that says too much is left as it is.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    pending: list[bytes] = []
    charset = ""
    at = 0
    for found in _WORD.finditer(text):
        between = text[at : found.start()]
        label = found[1].partition("*")[0].lower()
        if pending and (between.strip() or label != charset):
            out.append(text_of(b"".join(pending), charset, remarks))
            pending = []
        if between.strip() or not at:
            out.append(between)
        pending.append(_word_bytes(found[2], found[3]))
        charset, at = label, found.end()
    if pending:
        out.append(text_of(b"".join(pending), charset, remarks))
    out.append(text[at:])
    return tidy("".join(out))


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("utf-8", "replace")
    if encoding in "bB":
        return base64_bytes(data)
    return binascii.a2b_qp(_BLANK.sub("_", content).encode("utf-8", "replace"), header=True)


def base64_bytes(data: bytes) -> bytes:
    """What base64 says, as far as it can be read."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        kept = re.sub(rb"[^A-Za-z0-9+/]+", b"", data)
        kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


# --- parameters -------------------------------------------------------------------------------------------

_PARAMETER = re.compile(
    r""";\s{0,1000}([^\s=;"*]{1,80})(?:\*(\d{1,3}))?(\*)?\s{0,20}=\s{0,20}(?:"((?:[^"\\]|\\.|\\$)*)(?:"|$)|([^;]*))""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\([\"\\])")
_MOST_PARAMETERS: Final = 200


@dataclass(frozen=True)
class _Piece:
    #: None unless the value is written in several pieces.
    number: int | None
    is_encoded: bool
    value: str


def parameters(value: str, remarks: Remarks) -> dict[str, str]:
    """The parameters of a structured header by name in lower case (RFC 2231, and RFC 2047 where it may not be).

    The value in pieces is preferred to the extended one, and that to the plain one.
    """
    pieces: dict[str, list[_Piece]] = {}
    for found in islice(_PARAMETER.finditer(value), _MOST_PARAMETERS):
        name, number, star, quoted, bare = found.groups()
        text = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare.strip()
        pieces.setdefault(name.lower(), []).append(_Piece(int(number) if number else None, bool(star), text))
    return {name: _one_line(_joined(found, remarks)) for name, found in pieces.items()}


def _joined(pieces: list[_Piece], remarks: Remarks) -> str:
    chosen = sorted(
        (piece for piece in pieces if piece.number is not None), key=lambda piece: piece.number or 0
    )
    chosen = chosen or [piece for piece in pieces if piece.is_encoded][:1] or pieces[:1]
    if not any(piece.is_encoded for piece in chosen):
        return decoded_words("".join(piece.value for piece in chosen), remarks)
    first = chosen[0].value
    charset, _, first = first.split("'", 2) if first.count("'") >= 2 else ("utf-8", "", first)
    values = [first, *(piece.value for piece in chosen[1:])]
    data = b"".join(
        unquote_to_bytes(text) if piece.is_encoded else text.encode("utf-8", "replace")
        for piece, text in zip(chosen, values, strict=True)
    )
    return text_of(data, charset or "utf-8", remarks)
