"""Keys find everything of an account and nothing of another, and name the same thing alike."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.keys import (
    account_prefix,
    change_key,
    gone_key,
    meeting_key,
    reminder_key,
    trouble_key,
)

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)

uids = st.text(max_size=300)


@given(st.integers(1, 10**6), st.integers(1, 10**6), uids)
def test_everything_of_an_account_begins_with_its_prefix(one: int, other: int, uid: str) -> None:
    keys = [
        meeting_key(one, uid),
        change_key(one, uid, uid, NOW, "moved"),
        change_key(one, uid, uid, NOW, "edited"),
        reminder_key(one, uid, NOW, 10),
        trouble_key(one, NOW),
        gone_key(one, uid, NOW),
    ]
    assert all(key.startswith(account_prefix(one)) for key in keys)
    assert all(len(key) < 200 for key in keys)
    assert len(set(keys)) == len(keys)
    if one != other:
        assert not any(key.startswith(account_prefix(other)) for key in keys)


@given(uids, uids)
def test_meetings_are_told_apart_by_uid(one: str, other: str) -> None:
    assert (meeting_key(1, one) == meeting_key(1, other)) == (one == other)


def test_a_strange_uid_is_no_obstacle() -> None:
    assert meeting_key(1, "\ud800%_\x00") != meeting_key(1, "%_")
