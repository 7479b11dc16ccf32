"""The keys of what calendars say: each names its account first, so that disconnecting finds all of them."""

from __future__ import annotations

from datetime import datetime


def account_prefix(account_id: int) -> str:
    """What every key of an account begins with."""
    return f"calendar:{account_id}:"


def reminder_key(account_id: int, occurrence_id: int, start: datetime, minutes: int) -> str:
    """A reminder before one occurrence; a meeting that was moved is reminded of again."""
    return f"{account_prefix(account_id)}reminder:{occurrence_id}:{start:%Y%m%dT%H%M%S}:{minutes}"


def meeting_key(account_id: int, object_id: int) -> str:
    """The first message about a meeting; what is said of it later goes into its thread."""
    return f"{account_prefix(account_id)}meeting:{object_id}"


def change_key(account_id: int, object_id: int, fingerprint: str) -> str:
    """A later message about a meeting in the state of the fingerprint."""
    return f"{meeting_key(account_id, object_id)}:{fingerprint}"


def trouble_key(account_id: int, since: datetime) -> str:
    """The word that an account needs attention: once for each time it begins to."""
    return f"{account_prefix(account_id)}trouble:{since:%Y%m%dT%H%M%S}"


def ready_key(account_id: int) -> str:
    """The message that the first reading is done."""
    return f"{account_prefix(account_id)}ready"
