"""What becomes of a row after an attempt: a pure function of the error, the row and the moment.

Only two things end in a dead letter at once: a peer that says it will never accept this, and a process that
dies over the same row again and again. Everything else is tried again, later and later, because a peer that
is down proves nothing. A fault of our own code is tried a few times (it may be a race) and then shown to
somebody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import (
    AddressNotAllowed,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)
from sekretar.kernel.outbox.effects import State

#: What a handler learned from the peer and wants kept with the row, such as the id of a post.
Receipt = dict[str, Any]
#: A first attempt of which everything but the sending is done.
Ready = Callable[[], Awaitable["Receipt | Noted | None"]]
#: Writes entries down in the transaction that marks their rows as delivered, many at once.
Notebook = Callable[[AsyncSession, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True)
class Noted:
    """A receipt, and what the handler wants written down together with it."""

    receipt: Receipt
    notebook: Notebook
    entry: Any


#: The pause after the first failure; it doubles with each further one.
FIRST_BACKOFF = timedelta(seconds=2)
LONGEST_BACKOFF = timedelta(minutes=10)
#: What a peer asks for is honoured within these bounds: not at once again, and not beyond an hour unseen.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)
#: How long a peer may be down or refuse us before a row without an expiry of its own is given up.
PATIENCE = timedelta(days=7)
#: After so many failures that no peer explains, the row is dead.
MOST_FAULTS = 4
#: After so many processes that died over a row, it is dead: it may be what kills them.
MOST_LAPSES = 10

_LONGEST_DETAIL = 500

_NEVER = (PeerInvalid, PeerNotFound, PeerForbidden, PeerUnsupported, AddressNotAllowed)
_LATER = (PeerDown, PeerRefused, TimeoutError)


@dataclass(frozen=True)
class Delivery:
    """What a handler gets."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    #: 1 for the first time.
    attempt: int
    #: None: never tried. Otherwise an earlier attempt may have reached the peer: look before sending again.
    first_attempted_at: datetime | None


@dataclass(frozen=True)
class Claimed:
    """A row this process holds, as it was before it was claimed."""

    id: int
    kind: str
    key: str
    #: It may be claimed before its moment, but is not delivered before it.
    due_at: datetime
    expires_at: datetime | None
    attempts: int
    failures: int
    first_attempted_at: datetime | None
    give_up_at: datetime | None
    claimed_at: datetime
    #: Empty where it is ready.
    payload: dict[str, Any]
    #: Its first attempt, if that was made ready.
    ready: Ready | None = None

    def delivery(self) -> Delivery:
        return Delivery(
            self.id, self.kind, self.key, self.payload, self.attempts + 1, self.first_attempted_at
        )


@dataclass(frozen=True)
class Outcome:
    """What to store of a row when it leaves `sending`."""

    id: int
    state: State
    attempts: int
    failures: int
    first_attempted_at: datetime | None
    due_at: datetime
    give_up_at: datetime | None = None
    finished_at: datetime | None = None
    last_error: str | None = None
    receipt: Receipt | None = None
    noted: Noted | None = None


def delivered(row: Claimed, now: datetime, brought: Receipt | Noted | None) -> Outcome:
    """The peer has it."""
    noted = brought if isinstance(brought, Noted) else None
    return Outcome(
        row.id,
        State.DELIVERED,
        row.attempts + 1,
        row.failures,
        row.first_attempted_at or row.claimed_at,
        due_at=now,
        finished_at=now,
        receipt=brought.receipt if isinstance(brought, Noted) else brought,
        noted=noted,
    )


def released(row: Claimed, due_at: datetime) -> Outcome:
    """It was claimed and never handed to its handler: as if nothing had happened."""
    return Outcome(
        row.id,
        State.WAITING,
        row.attempts,
        row.failures,
        row.first_attempted_at,
        due_at,
        give_up_at=row.give_up_at,
    )


def interrupted(row: Claimed, now: datetime) -> Outcome:
    """The process stops in the middle of the attempt: due again at once, its fate unknown."""
    return Outcome(
        row.id,
        State.WAITING,
        row.attempts + 1,
        row.failures,
        row.first_attempted_at or row.claimed_at,
        due_at=now,
        give_up_at=row.give_up_at,
        last_error="stopped in the middle of an attempt",
    )


def expired(row: Claimed, now: datetime) -> Outcome:
    """It lost its meaning while it waited for its turn."""
    return Outcome(
        row.id,
        State.EXPIRED,
        row.attempts,
        row.failures,
        row.first_attempted_at,
        due_at=now,
        finished_at=now,
    )


def failed(row: Claimed, error: BaseException, now: datetime, random: Callable[[], float]) -> Outcome:
    """What follows from a failure: a later attempt, the end by expiry, or a dead letter.

    Args:
        random: gives numbers in [0, 1); the pauses are spread by it so that rows do not return all at once.
    """
    failures = row.failures + 1
    give_up_at = row.give_up_at or now + PATIENCE
    due_at = now + pause_after(error, failures, random)
    state = State.WAITING
    if _is_hopeless(error, failures):
        state = State.DEAD
    elif row.expires_at is not None:
        state = State.EXPIRED if row.expires_at <= now else State.WAITING
    elif give_up_at <= now:
        state = State.DEAD
    return Outcome(
        row.id,
        state,
        row.attempts + 1,
        failures,
        row.first_attempted_at or row.claimed_at,
        due_at,
        give_up_at=give_up_at,
        finished_at=None if state is State.WAITING else now,
        last_error=describe(error),
    )


def pause_after(error: BaseException, failures: int, random: Callable[[], float]) -> timedelta:
    """How long to leave the row alone: what the peer asked for, else a growing pause, spread by a half."""
    if isinstance(error, PeerLimited) and error.retry_after is not None:
        return min(max(error.retry_after, SHORTEST_PAUSE), LONGEST_PAUSE)
    # 2 ** 20 passes every cap; without the limit the exponent would overflow a timedelta.
    pause: timedelta = min(FIRST_BACKOFF * 2 ** min(failures - 1, 20), LONGEST_BACKOFF)
    return pause * (0.5 + random() / 2)


def describe(error: BaseException) -> str:
    """The error for the list of dead letters. The text of foreign errors may hold secrets and is left out."""
    name = type(error).__name__
    if not isinstance(error, PeerError):
        return name
    return f"{name}: {error.peer}: {error.detail}"[:_LONGEST_DETAIL].rstrip(": ")


def _is_hopeless(error: BaseException, failures: int) -> bool:
    if isinstance(error, _NEVER):
        return True
    return not isinstance(error, _LATER) and failures >= MOST_FAULTS
