"""The keys of what calendars say: each names its account first, so that disconnecting finds all of them.

They are made of what a meeting is on its server (UID, time), never of the number of its row: a meeting that comes
back in another row, or in a second calendar, is the same meeting.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime


def account_prefix(account_id: int) -> str:
    """What every key of an account begins with."""
    return f"calendar:{account_id}:"


def meeting_key(account_id: int, uid: str) -> str:
    """The first message about a meeting; what is said of it later goes into its thread."""
    return f"{account_prefix(account_id)}meeting:{_short(uid)}"


def change_key(account_id: int, uid: str, href: str, at: datetime, kind: str) -> str:
    """A later message of that kind about a meeting, decided at that moment for one of its files."""
    return f"{meeting_key(account_id, uid)}:{_short(href)}:{at:%Y%m%dT%H%M%S%f}:{kind}"


def answers_key(account_id: int, uid: str, href: str, at: datetime) -> str:
    """What attendees have answered, seen at that moment in one of the meeting's files."""
    return change_key(account_id, uid, href, at, "answers")


def reminder_key(account_id: int, uid: str, start: datetime, minutes: int) -> str:
    """A reminder before a meeting; one that was moved is reminded of again."""
    return f"{account_prefix(account_id)}reminder:{_short(uid)}:{start:%Y%m%dT%H%M%S}:{minutes}"


def digest_prefix(person_id: int) -> str:
    """What every digest of a person begins with: each may quote meetings of all their accounts."""
    return f"digest:{person_id}:"


def digest_key(person_id: int, day: date) -> str:
    """The digest of a day."""
    return f"{digest_prefix(person_id)}{day.isoformat()}"


def offers_prefix(person_id: int) -> str:
    """What every offer to make a meeting of a message begins with."""
    return f"booking:{person_id}:"


def offer_key(person_id: int, post_id: str, at: datetime) -> str:
    """An offer: once for each time that the person has put the emoji under that post."""
    return f"{offers_prefix(person_id)}{post_id}:{at:%Y%m%dT%H%M%S%f}"


def trouble_key(account_id: int, since: datetime) -> str:
    """The word that an account needs attention: once for each time it begins to."""
    return f"{account_prefix(account_id)}trouble:{since:%Y%m%dT%H%M%S}"


def mended_key(account_id: int, since: datetime) -> str:
    """The word that it no longer does."""
    return f"{account_prefix(account_id)}mended:{since:%Y%m%dT%H%M%S}"


def gone_key(account_id: int, href: str, since: datetime) -> str:
    """The word that a calendar is no longer on its server."""
    return f"{account_prefix(account_id)}gone:{_short(href)}:{since:%Y%m%dT%H%M%S}"


def refresh_prefix(person_id: int) -> str:
    """What every answer to a person who asked for a look begins with: each may name all their accounts."""
    return f"refresh:{person_id}:"


def refresh_key(person_id: int, at: datetime) -> str:
    """What came of a look that was asked for, told at that moment."""
    return f"{refresh_prefix(person_id)}{at:%Y%m%dT%H%M%S%f}"


def ready_key(account_id: int) -> str:
    """The message that the first reading is done."""
    return f"{account_prefix(account_id)}ready"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]
