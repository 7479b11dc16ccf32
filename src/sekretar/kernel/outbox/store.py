"""The statements behind the delivery: claim, record, expire, look ahead.

All of them run inside a transaction of the caller, so that recording a hundred outcomes and claiming the next
hundred rows costs one commit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.outbox.ahead import Ahead
from sekretar.kernel.outbox.effects import OutboxRow, State
from sekretar.kernel.outbox.policy import LONGEST_PAUSE, MOST_LAPSES, Claimed, Notebook, Outcome, Ready

#: How long a claim holds before other processes take the row to be abandoned.
LEASE: Final = timedelta(minutes=3)
#: How many rows one transaction claims before their moment.
_PORTION = 1_000

_TABLE: Final = cast("Table", OutboxRow.__table__)
_OPEN = (State.WAITING, State.SENDING)

_FIELDS: Final = (
    "state", "attempts", "failures", "first_attempted_at", "due_at", "give_up_at", "finished_at", "last_error",
    "receipt",
)  # fmt: skip
_HELD = (_TABLE.c.id == bindparam("row_id"), _TABLE.c.claimed_by == bindparam("owner"))
_RECORD: Final = (
    update(_TABLE)
    .where(*_HELD)
    .values({name: bindparam(f"new_{name}") for name in _FIELDS} | {"claimed_by": None})
)
#: What was delivered is known to whom it was meant for; the words are not kept beyond that. Attempts were counted
#: when the row was claimed.
_RECORD_DELIVERED: Final = (
    update(_TABLE)
    .where(*_HELD)
    .values(
        state=State.DELIVERED,
        due_at=bindparam("at"),
        finished_at=bindparam("at"),
        receipt=bindparam("new_receipt"),
        payload={},
        claimed_by=None,
        give_up_at=None,
        last_error=None,
    )
)


def _first_of_its_lane() -> ColumnElement[bool]:
    earlier = _TABLE.alias()
    blocked = exists().where(
        earlier.c.lane == _TABLE.c.lane, earlier.c.state.in_(_OPEN), earlier.c.id < _TABLE.c.id
    )
    return or_(_TABLE.c.lane == "", ~blocked)


async def record(session: AsyncSession, outcomes: Sequence[Outcome], owner: str) -> None:
    """Store the outcomes of rows that this owner still holds; rows taken over meanwhile are left alone."""
    delivered = [each for each in outcomes if each.state is State.DELIVERED]
    others = [each for each in outcomes if each.state is not State.DELIVERED]
    if delivered:
        await _record_delivered(session, delivered, owner)
    if others:
        connection = await session.connection()
        await connection.execute(
            _RECORD,
            [
                {"row_id": each.id, "owner": owner} | {f"new_{name}": getattr(each, name) for name in _FIELDS}
                for each in others
            ],
        )


async def _record_delivered(session: AsyncSession, outcomes: Sequence[Outcome], owner: str) -> None:
    connection = await session.connection()
    await connection.execute(
        _RECORD_DELIVERED,
        [
            {"row_id": each.id, "owner": owner, "at": each.finished_at, "new_receipt": each.receipt}
            for each in outcomes
        ],
    )
    notes: dict[Notebook, list[Any]] = {}
    for each in outcomes:
        if each.noted:
            notes.setdefault(each.noted.notebook, []).append(each.noted.entry)
    for notebook, entries in notes.items():
        await notebook(session, entries)


async def expire(session: AsyncSession, now: datetime) -> None:
    """End the waiting rows that have lost their meaning."""
    await session.execute(
        update(OutboxRow)
        .where(OutboxRow.state == State.WAITING, OutboxRow.expires_at <= now)
        .values(state=State.EXPIRED, finished_at=now)
        .execution_options(synchronize_session=False)
    )


async def take_back_lapsed(session: AsyncSession, now: datetime, owner: str) -> list[str]:
    """Make rows wait again whose process died with them.

    Returns:
        The keys of rows that have outlived too many processes and are dead now.
    """
    lapsed = and_(OutboxRow.state == State.SENDING, OutboxRow.due_at <= now, OutboxRow.claimed_by != owner)
    deadly = OutboxRow.lapses + 1 >= MOST_LAPSES
    died = await session.execute(
        update(OutboxRow)
        .where(lapsed)
        .values(
            state=case((deadly, State.DEAD), else_=State.WAITING),
            finished_at=case((deadly, now), else_=None),
            lapses=OutboxRow.lapses + 1,
            claimed_by=None,
            last_error="the process ended in the middle of an attempt",
        )
        .returning(OutboxRow.key, OutboxRow.state)
        .execution_options(synchronize_session=False)
    )
    return [key for key, state in died if state == State.DEAD]


async def claim(
    session: AsyncSession, now: datetime, owner: str, kinds: Collection[str], limit: int, ahead: Ahead
) -> list[Claimed]:
    """Take up to `limit` due rows of these kinds for this owner, the longest due first.

    Of what is ready and was never tried the payload is not read.
    """
    if limit <= 0 or not kinds:
        return []
    connection = await session.connection()
    due = (
        _claimable(kinds)
        .where(_TABLE.c.due_at <= now)
        .order_by(_TABLE.c.due_at, _TABLE.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=_TABLE)
    )
    rows = (await connection.execute(due)).all()
    if not rows:
        return []
    ready = {row.id: each for row in rows if (each := ahead.take(row.id)) and row.first_attempted_at is None}
    payloads = await _payloads(session, [row.id for row in rows if row.id not in ready])
    await _hold(session, rows, owner, now, func.coalesce(_TABLE.c.first_attempted_at, now))
    return [_claimed(row, now, payloads.get(row.id, {}), ready.get(row.id)) for row in rows]


async def claim_ahead(
    session: AsyncSession, now: datetime, until: datetime, owner: str, after: int, ahead: Ahead
) -> tuple[list[Claimed], int | None]:
    """Take rows that are ready and have never been tried before their moment comes, a portion of them.

    Args:
        until: how late their moments may be.
        after: the number behind which the portion begins.

    Returns:
        What was taken, and behind which number the next portion begins; None after the last one.
    """
    near = (
        _claimable(ahead.readiers)
        .where(
            _TABLE.c.due_at > now,
            _TABLE.c.due_at <= until,
            _TABLE.c.first_attempted_at.is_(None),
            _TABLE.c.id > after,
        )
        .order_by(_TABLE.c.id)
        .limit(_PORTION)
        .with_for_update(skip_locked=True, of=_TABLE)
    )
    connection = await session.connection()
    found = (await connection.execute(near)).all()
    rows = [row for row in found if row.id in ahead]
    if rows:
        # Whoever finds it after a sudden end of this process must not think that it was tried before its moment.
        await _hold(session, rows, owner, now, _TABLE.c.due_at)
    claimed = [_claimed(row, now, {}, ahead.take(row.id)) for row in rows]
    return claimed, found[-1].id if len(found) == _PORTION else None


def _claimable(kinds: Collection[str]) -> Select[Any]:
    return select(
        _TABLE.c.id,
        _TABLE.c.kind,
        _TABLE.c.key,
        _TABLE.c.due_at,
        _TABLE.c.expires_at,
        _TABLE.c.attempts,
        _TABLE.c.failures,
        _TABLE.c.first_attempted_at,
        _TABLE.c.give_up_at,
    ).where(_TABLE.c.state == State.WAITING, _TABLE.c.kind.in_(sorted(kinds)), _first_of_its_lane())


async def _hold(
    session: AsyncSession,
    rows: Sequence[Row[Any]],
    owner: str,
    now: datetime,
    first_attempted_at: ColumnElement[datetime],
) -> None:
    connection = await session.connection()
    held = update(_TABLE).where(_TABLE.c.id.in_([row.id for row in rows]))
    await connection.execute(
        held.values(
            state=State.SENDING,
            claimed_by=owner,
            due_at=now + LEASE,
            attempts=_TABLE.c.attempts + 1,
            first_attempted_at=first_attempted_at,
        )
    )


def _claimed(row: Row[Any], now: datetime, payload: dict[str, Any], ready: Ready | None) -> Claimed:
    return Claimed(
        row.id,
        row.kind,
        row.key,
        row.due_at,
        row.expires_at,
        row.attempts,
        row.failures,
        row.first_attempted_at,
        row.give_up_at,
        claimed_at=now,
        payload=payload,
        ready=ready,
    )


async def _payloads(session: AsyncSession, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    found = await session.execute(select(OutboxRow.id, OutboxRow.payload).where(OutboxRow.id.in_(ids)))
    return {row.id: row.payload for row in found}


async def release_all(session: AsyncSession, now: datetime, owner: str) -> None:
    """Give back what this owner claimed and never handed to a handler."""
    never_tried = OutboxRow.attempts <= 1
    await session.execute(
        update(OutboxRow)
        .where(OutboxRow.state == State.SENDING, OutboxRow.claimed_by == owner)
        .values(
            state=State.WAITING,
            claimed_by=None,
            due_at=_now_or_at_its_moment(now),
            attempts=OutboxRow.attempts - 1,
            first_attempted_at=case((never_tried, None), else_=OutboxRow.first_attempted_at),
        )
        .execution_options(synchronize_session=False)
    )


def _now_or_at_its_moment(now: datetime) -> ColumnElement[datetime]:
    """When a claimed row may be delivered by somebody else: it may have been claimed before its moment."""
    return case((OutboxRow.first_attempted_at > now, OutboxRow.first_attempted_at), else_=now)


async def next_due(session: AsyncSession, owner: str, kinds: Collection[str]) -> datetime | None:
    """When something changes by itself: a row of these kinds falls due, one expires, a foreign lease ends."""
    moments: list[datetime | None] = [
        await session.scalar(
            select(OutboxRow.due_at)
            .where(
                OutboxRow.state == State.WAITING,
                OutboxRow.kind.in_(sorted(kinds)),
                _first_of_its_lane(),
            )
            .order_by(OutboxRow.due_at, OutboxRow.id)
            .limit(1)
        ),
        await session.scalar(select(func.min(OutboxRow.expires_at)).where(OutboxRow.state == State.WAITING)),
        await session.scalar(
            select(func.min(OutboxRow.due_at)).where(
                OutboxRow.state == State.SENDING, OutboxRow.claimed_by != owner
            )
        ),
    ]
    return min((moment for moment in moments if moment is not None), default=None)


async def follow_the_clock_back(session: AsyncSession, now: datetime) -> None:
    """After the clock was set back: no pause and no lease may last longer than it ever could."""
    for state, longest in ((State.WAITING, LONGEST_PAUSE), (State.SENDING, LEASE)):
        values: dict[str, Any] = {"due_at": now + (timedelta() if state is State.WAITING else longest)}
        await session.execute(
            update(OutboxRow)
            .where(OutboxRow.state == state, OutboxRow.attempts > 0, OutboxRow.due_at > now + longest)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


async def end_foreign_leases(session: AsyncSession, now: datetime, owner: str) -> None:
    """Treat every claim of other processes as lapsed: for a process that knows it is alone."""
    await session.execute(
        update(OutboxRow)
        .where(OutboxRow.state == State.SENDING, OutboxRow.claimed_by != owner)
        .values(due_at=_now_or_at_its_moment(now))
        .execution_options(synchronize_session=False)
    )
