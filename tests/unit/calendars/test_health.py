"""Troubles in terms of what a person can do, and pauses that grow to a limit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.model import Trouble
from sekretar.calendars.sync.health import LONGEST_PAUSE, pause_after, trouble_of
from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
)

EVERY = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (PeerRefused, Trouble.PASSWORD),
        (PeerForbidden, Trouble.FORBIDDEN),
        (PeerNotFound, Trouble.GONE),
        (PeerLimited, Trouble.LIMITED),
        (PeerDown, Trouble.DOWN),
        (PeerInvalid, Trouble.BROKEN),
    ],
)
def test_each_error_is_a_trouble(error: type[PeerError], trouble: Trouble) -> None:
    assert trouble_of(error("peer")) is trouble


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_and_end(failures: int, chance: float) -> None:
    error = PeerDown("peer")
    pause = pause_after(failures, EVERY, error, chance)
    assert EVERY < pause <= LONGEST_PAUSE * 1.2
    assert pause <= pause_after(failures + 1, EVERY, error, chance)


def test_those_that_failed_together_come_back_apart() -> None:
    assert pause_after(3, EVERY, PeerDown("peer"), 0.1) < pause_after(3, EVERY, PeerDown("peer"), 0.9)


@given(st.integers(1, 20), st.floats(0, 1))
def test_a_longer_pause_that_was_asked_for_is_kept(failures: int, chance: float) -> None:
    asked = PeerLimited("peer", retry_after=timedelta(hours=2))
    assert timedelta(hours=2) <= pause_after(failures, EVERY, asked, chance) <= timedelta(hours=2.4)
    assert pause_after(9, EVERY, PeerLimited("peer"), 0) == LONGEST_PAUSE
