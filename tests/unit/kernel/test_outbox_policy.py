"""What becomes of a row after an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sekretar.kernel.errors import (
    AddressNotAllowed,
    PeerConflict,
    PeerDown,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)
from sekretar.kernel.outbox.effects import State
from sekretar.kernel.outbox.policy import (
    LONGEST_BACKOFF,
    LONGEST_PAUSE,
    MOST_FAULTS,
    PATIENCE,
    SHORTEST_PAUSE,
    Claimed,
    Outcome,
    delivered,
    describe,
    failed,
    interrupted,
    pause_after,
    released,
)

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def claimed(
    failures: int = 0,
    expires_at: datetime | None = None,
    give_up_at: datetime | None = None,
    first_attempted_at: datetime | None = None,
) -> Claimed:
    return Claimed(
        id=1,
        kind="post",
        key="welcome:1",
        payload={},
        due_at=NOW - SECOND,
        expires_at=expires_at,
        attempts=failures,
        failures=failures,
        first_attempted_at=first_attempted_at,
        give_up_at=give_up_at,
        claimed_at=NOW - SECOND,
    )


def fail(row: Claimed, error: Exception) -> Outcome:
    return failed(row, error, NOW, lambda: 0.0)


@pytest.mark.parametrize(
    "error",
    [
        PeerInvalid("mattermost", "too long"),
        PeerNotFound("mattermost"),
        PeerForbidden("mattermost"),
        PeerUnsupported("mattermost"),
        AddressNotAllowed("caldav"),
    ],
)
def test_what_the_peer_will_never_accept_is_dead_at_once(error: Exception) -> None:
    outcome = fail(claimed(expires_at=NOW + timedelta(days=1)), error)
    assert outcome.state is State.DEAD
    assert outcome.finished_at == NOW


@pytest.mark.parametrize("error", [PeerDown("mattermost"), PeerRefused("mattermost"), TimeoutError()])
def test_a_peer_that_is_down_proves_nothing_for_a_week(error: Exception) -> None:
    first = fail(claimed(), error)
    assert first.state is State.WAITING
    assert first.give_up_at == NOW + PATIENCE
    late = claimed(failures=500, give_up_at=NOW + SECOND)
    assert fail(late, error).state is State.WAITING
    assert fail(claimed(failures=500, give_up_at=NOW), error).state is State.DEAD


def test_a_row_with_an_expiry_of_its_own_expires_instead_of_dying() -> None:
    error = PeerDown("mattermost")
    assert fail(claimed(expires_at=NOW + SECOND, give_up_at=NOW), error).state is State.WAITING
    assert fail(claimed(expires_at=NOW, give_up_at=NOW), error).state is State.EXPIRED


@pytest.mark.parametrize("error", [KeyError("token=hidden"), PeerConflict("mattermost", "changed")])
def test_a_fault_nobody_explains_is_tried_a_few_times(error: Exception) -> None:
    states = [fail(claimed(failures=failures), error).state for failures in range(MOST_FAULTS)]
    assert states == [State.WAITING] * (MOST_FAULTS - 1) + [State.DEAD]


def test_pauses_double_up_to_a_limit_and_are_spread_by_a_half() -> None:
    error = PeerDown("mattermost")
    assert [pause_after(error, n, lambda: 0.0) for n in (1, 2, 3)] == [1 * SECOND, 2 * SECOND, 4 * SECOND]
    assert pause_after(error, 1, lambda: 0.5) == 1.5 * SECOND
    assert pause_after(error, 10_000, lambda: 0.0) == LONGEST_BACKOFF / 2


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(), SHORTEST_PAUSE),
        (timedelta(seconds=-5), SHORTEST_PAUSE),
        (timedelta(days=3), LONGEST_PAUSE),
    ],
)
def test_the_pause_a_peer_asks_for_is_kept_within_reason(asked: timedelta, given: timedelta) -> None:
    error = PeerLimited("mattermost", retry_after=asked)
    assert pause_after(error, 1, lambda: 0.9) == given
    outcome = fail(claimed(), error)
    assert (outcome.state, outcome.due_at) == (State.WAITING, NOW + given)


def test_the_text_of_foreign_errors_is_not_kept() -> None:
    assert describe(KeyError("token=hidden")) == "KeyError"
    assert (
        describe(PeerInvalid("mattermost", "message too long")) == "PeerInvalid: mattermost: message too long"
    )
    assert describe(PeerDown("mattermost")) == "PeerDown: mattermost"
    assert len(describe(PeerDown("mattermost", "x" * 10_000))) == 500


def test_the_first_attempt_is_remembered_from_its_claim_on() -> None:
    fresh, old = claimed(), claimed(failures=1, first_attempted_at=NOW - timedelta(hours=1))
    assert fresh.delivery().first_attempted_at is None
    assert fresh.delivery().attempt == 1
    assert delivered(fresh, NOW, None).first_attempted_at == NOW - SECOND
    assert delivered(old, NOW, None).first_attempted_at == NOW - timedelta(hours=1)
    assert interrupted(fresh, NOW).first_attempted_at == NOW - SECOND
    assert interrupted(fresh, NOW).attempts == 1


def test_a_row_never_handed_to_its_handler_stays_as_it_was() -> None:
    outcome = released(claimed(), NOW)
    assert (outcome.state, outcome.attempts, outcome.first_attempted_at) == (State.WAITING, 0, None)
