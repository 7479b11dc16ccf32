"""Ids and times as Mattermost writes them: 26 characters of z-base-32, and epoch milliseconds."""

from __future__ import annotations

import base64
import re
import secrets
from datetime import UTC, datetime

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_Z_BASE_32 = b"ybndrfg8ejkmcpqxot1uwisza345h769"
_TO_Z_BASE_32 = bytes.maketrans(_STANDARD, _Z_BASE_32)
_ID = re.compile(r"[A-Za-z0-9]{26}")


def new_id() -> str:
    """A fresh random id: 128 bits, 26 characters."""
    return base64.b32encode(secrets.token_bytes(16)).rstrip(b"=").translate(_TO_Z_BASE_32).decode()


def is_id(text: object) -> bool:
    """Whether the text has the form of an id."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def millis(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return int(moment.timestamp() * 1000)


def from_millis(value: int) -> datetime:
    """The moment behind a count of milliseconds, aware, in UTC."""
    return datetime.fromtimestamp(value / 1000, UTC)
