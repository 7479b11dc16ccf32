"""The tree of MIME parts of a letter, as places in its bytes.

The standard library's parser reads line by line, asks every open boundary about every line and calls itself for
every level: a letter of 100 MB takes a minute and a deeply nested one ends in RecursionError. Here a part is a range
of the letter, children are found by their boundary alone, and depth and number have limits.

A letter that is broken is read as far as it goes: a missing boundary makes a part of text, a missing end is the end.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Final

from sekretar.dispatch.mail.headers import Headers, base64_bytes, parameters, read_headers
from sekretar.dispatch.mail.letter import Oddity, Unreadable
from sekretar.dispatch.mail.remarks import Remarks
from sekretar.dispatch.mail.signed import signed_content

MOST_PARTS: Final = 1_000
DEEPEST: Final = 30
#: Headers of a part beyond this are not read.
_HEADER_BLOCK: Final = 1024 * 1024

_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_BEGINS_EMPTY = re.compile(rb"\r?\n")
_BEGINS_PART = re.compile(rb"\s*(?:content-[a-z-]{1,40}|mime-version)[ \t]*:", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"\s*([a-z0-9!#$&^_.+-]{1,80})\s*/\s*([a-z0-9!#$&^_.+-]{1,120})", re.IGNORECASE)
_NESTED: Final = frozenset({"message/rfc822", "message/global"})
_SIGNED_WHOLE: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


@dataclass(frozen=True)
class Part:
    """One part. `path` is as in IMAP: `1`, `2.1`; empty for a tree's root that has parts itself."""

    path: str
    headers: Headers
    #: Lower case; what it is taken for if the letter does not say.
    media_type: str
    body: memoryview
    children: tuple[Part, ...] = ()

    @cached_property
    def type_parameters(self) -> dict[str, str]:
        return parameters(self.headers.unfolded("content-type", Remarks()), Remarks())

    @cached_property
    def disposition(self) -> str:
        return self.headers.plain("content-disposition").partition(";")[0].strip().lower()

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    @property
    def is_message(self) -> bool:
        """A letter within the letter; its only child is that letter's root."""
        return self.media_type in _NESTED

    def walk(self) -> Iterator[Part]:
        """The part and everything below it, in the order of the letter."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))

    def content(self) -> bytes:
        """The body without its transfer encoding."""
        encoding = self.headers.plain("content-transfer-encoding").lower().strip(" ;\"'")
        return _transferred(bytes(self.body), encoding)


@dataclass
class _Reading:
    data: bytes
    remarks: Remarks
    parts: int = field(default=0)


def read_tree(raw: bytes, remarks: Remarks) -> Part:
    """The tree of a letter. Unreadable: the bytes are no letter."""
    data = raw if raw[:1].isalnum() else raw.lstrip(b"\xef\xbb\xbf\0\r\n\t ")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    root = _root(_Reading(data, remarks), "", 0, (0, len(data)))
    if not root.headers.fields:
        raise Unreadable("no header stands in these bytes" if data else "there is nothing in it")
    return root


def find(root: Part, path: str) -> Part | None:
    """The part that an attachment's `part` names."""
    return next((part for part in root.walk() if part.path == path and not part.is_multipart), None)


def _root(reading: _Reading, path: str, depth: int, span: tuple[int, int]) -> Part:
    """The root of a letter. What has no parts is part 1 of itself."""
    part = _leaf(reading, path, span, "text/plain")
    return _descended(
        reading, part if part.is_multipart else replace(part, path=_below(path, 1)), depth, span[1]
    )


def _part(reading: _Reading, path: str, depth: int, span: tuple[int, int], default: str) -> Part:
    return _descended(reading, _leaf(reading, path, span, default), depth, span[1])


def _leaf(reading: _Reading, path: str, span: tuple[int, int], default: str) -> Part:
    headers, start = _headers(reading, span)
    reading.parts += 1
    return Part(path, headers, _media_type(headers, default), memoryview(reading.data)[start : span[1]])


def _descended(reading: _Reading, part: Part, depth: int, end: int) -> Part:
    """The part with those below it."""
    start = end - len(part.body)
    if part.media_type in _SIGNED_WHOLE and depth < DEEPEST:
        return _with_signed(reading, part, depth)
    if not (part.is_multipart or part.is_message):
        return part
    if depth >= DEEPEST:
        reading.remarks.add(Oddity.NESTED_TOO_DEEP)
        return _closed(part, "application/octet-stream")
    if part.is_message:
        return _with_message(reading, part, depth, (start, end))
    return _with_children(reading, part, depth, (start, end))


def _closed(part: Part, media_type: str) -> Part:
    """A part whose own are not read. A letter's root of many parts shares its path with what the letter is in."""
    return replace(part, path=_below(part.path, 1) if part.is_multipart else part.path, media_type=media_type)


def _headers(reading: _Reading, span: tuple[int, int]) -> tuple[Headers, int]:
    """The headers of what stands in `span`, and where its body begins."""
    start, end = span
    if found := _BEGINS_EMPTY.match(reading.data, start, end):
        return Headers(), found.end()
    found = _EMPTY_LINE.search(reading.data, start, end)
    stop, body = (found.start(), found.end()) if found else (end, end)
    block = reading.data[start : min(stop, start + _HEADER_BLOCK)]
    headers, used = read_headers(block)
    if used < len(block):
        reading.remarks.add(Oddity.STRUCTURE_BROKEN)
        body = start + used
    return headers, body


def _media_type(headers: Headers, default: str) -> str:
    found = _MEDIA_TYPE.match(headers.plain("content-type"))
    return f"{found[1]}/{found[2]}".lower() if found else default


def _with_message(reading: _Reading, part: Part, depth: int, span: tuple[int, int]) -> Part:
    encoding = part.headers.plain("content-transfer-encoding").lower()
    if encoding in {"base64", "quoted-printable"}:
        inner = _Reading(part.content(), reading.remarks, reading.parts)
        root = _root(inner, part.path, depth + 1, (0, len(inner.data)))
        reading.parts = inner.parts
    else:
        root = _root(reading, part.path, depth + 1, span)
    return replace(part, children=(root,))


def _with_signed(reading: _Reading, part: Part, depth: int) -> Part:
    """The part with the letter that is signed in it, as if the signature stood beside that."""
    content = signed_content(part.content())
    if content is None or not _BEGINS_PART.match(content):
        return part  # encrypted, or a document with its signature
    inner = _Reading(content, reading.remarks, reading.parts)
    child = _part(inner, _below(part.path, 1), depth + 1, (0, len(content)), "text/plain")
    reading.parts = inner.parts
    return replace(part, media_type="multipart/signed", children=(child,))


def _with_children(reading: _Reading, part: Part, depth: int, span: tuple[int, int]) -> Part:
    spans = _spans(reading, part.type_parameters.get("boundary", ""), span)
    if not spans:
        reading.remarks.add(Oddity.STRUCTURE_BROKEN)
        return _closed(part, "text/plain")
    default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
    children: list[Part] = []
    for number, child in enumerate(spans, 1):
        if reading.parts >= MOST_PARTS:
            reading.remarks.add(Oddity.TOO_MANY_PARTS)
            break
        children.append(_part(reading, _below(part.path, number), depth + 1, child, default))
    return replace(part, children=tuple(children))


def _below(path: str, number: int) -> str:
    return f"{path}.{number}" if path else str(number)


def _spans(reading: _Reading, boundary: str, span: tuple[int, int]) -> list[tuple[int, int]]:
    """Where the parts between the boundaries are."""
    if not boundary:
        return []
    line = re.compile(
        rb"^--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?:\r?\n|\r?\Z)", re.M
    )
    starts: list[tuple[int, int]] = []
    for found in line.finditer(reading.data, *span):
        starts.append((found.start(), found.end()))
        if found[1] or len(starts) > MOST_PARTS:
            break
    else:
        if starts:
            reading.remarks.add(Oddity.STRUCTURE_BROKEN)
            starts.append((span[1], span[1]))
    return [(end, _before_break(reading.data, start, end)) for (_, end), (start, _) in pairwise(starts)]


def _before_break(data: bytes, end: int, least: int) -> int:
    """The line end before a boundary belongs to the boundary."""
    for line_break in (b"\r\n", b"\n"):
        if data.endswith(line_break, least, end):
            return end - len(line_break)
    return end


# --- transfer encodings -----------------------------------------------------------------------------------

_BASE64_BYTES: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t"


def _transferred(data: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64_bytes(data) if _is_base64(data[:1000]) else data
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return _uudecoded(data)
    return data


def _is_base64(sample: bytes) -> bool:
    """It is, but for a few bytes that were broken on the way; text under a wrong label has blanks."""
    return 10 * len(sample.translate(None, _BASE64_BYTES)) <= len(sample)


def _uudecoded(data: bytes) -> bytes:
    out: list[bytes] = []
    for line in data.splitlines():
        if line.startswith((b"begin ", b"end")):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(out)
