"""The keys of what calendars say: each names its account first, so that disconnecting finds all of them.

They are made of what a meeting is on its server (calendar, UID, time), never of row numbers: SQLite gives the
number of a deleted row to the next one, whose message would then count as said.
"""

from __future__ import annotations

import hashlib
from datetime import datetime


def account_prefix(account_id: int) -> str:
    """What every key of an account begins with."""
    return f"calendar:{account_id}:"


def meeting_key(account_id: int, calendar_id: int, uid: str) -> str:
    """The first message about a meeting; what is said of it later goes into its thread."""
    return f"{account_prefix(account_id)}meeting:{calendar_id}:{_short(uid)}"


def change_key(account_id: int, calendar_id: int, uid: str, at: datetime) -> str:
    """A later message about a meeting, decided at that moment."""
    return f"{meeting_key(account_id, calendar_id, uid)}:{at:%Y%m%dT%H%M%S%f}"


def reminder_key(
    account_id: int, calendar_id: int, uid: str, recurrence_id: str, start: datetime, minutes: int
) -> str:
    """A reminder before one occurrence; a meeting that was moved is reminded of again."""
    occurrence = f"{calendar_id}:{_short(uid, recurrence_id)}:{start:%Y%m%dT%H%M%S}"
    return f"{account_prefix(account_id)}reminder:{occurrence}:{minutes}"


def trouble_key(account_id: int, since: datetime) -> str:
    """The word that an account needs attention: once for each time it begins to."""
    return f"{account_prefix(account_id)}trouble:{since:%Y%m%dT%H%M%S}"


def mended_key(account_id: int, since: datetime) -> str:
    """The word that it no longer does."""
    return f"{account_prefix(account_id)}mended:{since:%Y%m%dT%H%M%S}"


def ready_key(account_id: int) -> str:
    """The message that the first reading is done."""
    return f"{account_prefix(account_id)}ready"


def _short(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:24]
