"""What is in a letter that was signed as a whole (`smime.p7m`), which most mail programs open and some cannot.

Outlook may put the whole letter into one file with its signature (RFC 8551, 3.5.2) instead of adding the signature
to it. Without a look into that file such a letter says nothing. The signature is not judged: what is read here is as
believable as any other letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: 1.2.840.113549.1.7.2, signed data.
_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_OBJECT, _OCTETS, _OCTETS_IN_PIECES, _SEQUENCE, _FIRST = 0x06, 0x04, 0x24, 0x30, 0xA0
#: Nothing in a signed letter is nested deeper.
_DEEPEST: Final = 30


class _Broken(Exception):
    """It is not written as it should be."""


@dataclass(frozen=True)
class _Value:
    """One value in BER: its content stands from `start` to `stop`, the next value begins at `after`."""

    tag: int
    start: int
    stop: int
    after: int


def signed_content(data: bytes) -> bytes | None:
    """The letter within a file of signed data (RFC 5652, 5); None when it is none or holds no letter."""
    try:
        whole = _value(data, 0, len(data))
        kind, content = _first(data, whole, _OBJECT), _first(data, whole, _FIRST)
        if data[kind.start : kind.stop] != _SIGNED_DATA:
            return None
        signed = _first(data, content, _SEQUENCE)
        held = _first(data, _first(data, signed, _SEQUENCE), _FIRST)
        return b"".join(_octets(data, held))
    except _Broken:
        return None


def _octets(data: bytes, value: _Value) -> Iterator[bytes]:
    for each in _values(data, value):
        if each.tag == _OCTETS:
            yield data[each.start : each.stop]
        elif each.tag == _OCTETS_IN_PIECES:
            yield from (
                data[piece.start : piece.stop] for piece in _values(data, each) if piece.tag == _OCTETS
            )


def _first(data: bytes, value: _Value, tag: int) -> _Value:
    found = next((each for each in _values(data, value) if each.tag == tag), None)
    if found is None:
        raise _Broken
    return found


def _values(data: bytes, value: _Value) -> Iterator[_Value]:
    at = value.start
    while at < value.stop:
        each = _value(data, at, value.stop)
        yield each
        at = each.after


def _value(data: bytes, at: int, end: int, depth: int = 0) -> _Value:
    if at + 2 > end or depth > _DEEPEST:
        raise _Broken
    tag, length = data[at], data[at + 1]
    start = at + 2
    if length == 0x80:
        return _open_value(data, tag, start, end, depth)
    if length > 0x80:
        start += length - 0x80
        length = int.from_bytes(data[at + 2 : start], "big")
    if start + length > end:
        raise _Broken
    return _Value(tag, start, start + length, start + length)


def _open_value(data: bytes, tag: int, start: int, end: int, depth: int) -> _Value:
    """A value whose length is not told; two zeros end it."""
    at = start
    while data[at : at + 2] != b"\0\0":
        at = _value(data, at, end, depth + 1).after
    return _Value(tag, start, at, at + 2)
