"""What a server answers to FETCH, put together again.

`imaplib` cuts an answer at its literals: a pair (text before, literal) for each, then the text after the last. An
answer without literals is one piece of text. Attributes come in any order, bodies as literals, quoted or NIL, and
answers that nobody asked for (a flag has changed) come in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

_BODY = re.compile(rb'BODY\[(HEADER|TEXT|)\](?:<\d+>)? (?:\{\d+\}|"((?:[^"\\]|\\.)*)"|NIL)', re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_DATE = re.compile(rb'\bINTERNALDATE "([^"]+)"', re.IGNORECASE)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """What was told of one letter. `bodies` are by section: `""` for all of it, `HEADER`; NIL is no bytes."""

    uid: int
    size: int | None = None
    received_at: datetime | None = None
    bodies: dict[str, bytes] = field(default_factory=dict)


def answers(pieces: Iterable[object]) -> Iterator[Answer]:
    """The letters in what `imaplib` returns for FETCH; answers that do not tell their letter are left out."""
    text, literals = b"", list[bytes]()
    for piece in pieces:
        if isinstance(piece, tuple):
            text += piece[0]
            literals.append(piece[1])
        elif isinstance(piece, bytes):
            if (answer := _answer(text + piece, literals)) is not None:
                yield answer
            text, literals = b"", []


def _answer(text: bytes, literals: list[bytes]) -> Answer | None:
    waiting = iter(literals)
    bodies: dict[str, bytes] = {}

    def take(match: re.Match[bytes]) -> bytes:
        quoted = match.group(2)
        if match.group(0).endswith(b"}"):
            content = next(waiting, b"")
        else:
            content = b"" if quoted is None else _ESCAPED.sub(rb"\1", quoted)
        bodies[match.group(1).decode("ascii").upper()] = content
        return b""

    # The bodies go first, so that nothing in a quoted one is taken for an attribute.
    rest = _BODY.sub(take, text)
    uid = _UID.search(rest)
    if uid is None:
        return None
    size, date = _SIZE.search(rest), _DATE.search(rest)
    return Answer(
        int(uid.group(1)),
        int(size.group(1)) if size else None,
        _moment(date.group(1)) if date else None,
        bodies,
    )


def _moment(text: bytes) -> datetime | None:
    try:
        return datetime.strptime(text.decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def split_letter(raw: bytes) -> tuple[bytes, bytes]:
    """The headers of a letter with the empty line after them, and the rest."""
    ends = [at + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    end = min(ends, default=len(raw))
    return raw[:end], raw[end:]
