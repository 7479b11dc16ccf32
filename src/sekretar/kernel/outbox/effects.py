"""What must be said outside, as rows: how they are put and what they remember.

A row is written in the transaction of the state change that caused it. Its `key` names the meaning of the
effect (`reminder:{person}:{occurrence}:{minutes}`), so that deciding the same thing twice says it once.

What thousands of people must hear at the same second can be written a little ahead with `prepare`. It is not decided
by that: nobody delivers it before `confirm` has said, at its moment, that it still holds.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import Executable, Index, Table, UniqueConstraint, case, delete, exists, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, NullableJson, wake_after_commit

#: The name of the job that delivers.
TASK = "outbox"


class State(enum.StrEnum):
    """Where a row stands. Rows leave `WAITING` and `SENDING` only for one of the others."""

    #: Written ahead and not decided yet: nobody delivers it, and whoever does not confirm it forgets it.
    PREPARED = "prepared"
    #: Not delivered yet: due now, later, or after the rows before it in its lane.
    WAITING = "waiting"
    #: Claimed by a process, which may have touched the wire; if that process dies, the fate is unknown.
    SENDING = "sending"
    #: The peer has it.
    DELIVERED = "delivered"
    #: It lost its meaning before it could be delivered; nobody needs to act.
    EXPIRED = "expired"
    #: It cannot be delivered and somebody should look: retry it or discard it.
    DEAD = "dead"
    #: A dead row that somebody has looked at and given up.
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Effect:
    """Something to be done outside."""

    #: Names the handler, for example `mattermost.post`.
    kind: str
    #: The meaning of the effect; at most one row has it.
    key: str
    #: What the handler needs: JSON values only, no secrets.
    payload: dict[str, Any] = field(default_factory=dict)
    #: Effects of one lane happen in the order they were put; the empty lane has no order.
    lane: str = ""
    #: Not before this moment; None means at once.
    not_before: datetime | None = None
    #: From this moment on it is pointless; None means never.
    expires_at: datetime | None = None


class OutboxRow(Base):
    """An effect and its fate."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str]
    kind: Mapped[str]
    lane: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str]
    created_at: Mapped[datetime]
    #: When somebody may take it next: a waiting row's due time, the end of the lease of a row in `sending`.
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    #: The process that holds the lease.
    claimed_by: Mapped[str | None]
    #: How often it was handed to a handler.
    attempts: Mapped[int]
    #: Failures since it was put or last retried by hand.
    failures: Mapped[int]
    #: How often a process died (or stalled past its lease) while it had the row.
    lapses: Mapped[int]
    first_attempted_at: Mapped[datetime | None]
    #: When temporary failures end in a dead letter; set at the first failure.
    give_up_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    receipt: Mapped[dict[str, Any] | None] = mapped_column(NullableJson)

    __table_args__ = (
        UniqueConstraint("key"),
        Index(None, "state", "due_at", "id", "kind"),
        Index(None, "state", "expires_at"),
        Index(None, "state", "finished_at"),
        Index(None, "lane", "state", "id"),
        # A row may be forgotten while it is delivered, and its number must not mean another by then.
        {"sqlite_autoincrement": True},
    )


_TABLE: Final = cast("Table", OutboxRow.__table__)


async def put(session: AsyncSession, effect: Effect, now: datetime) -> bool:
    """Write the effect into the outbox as part of the session's transaction.

    Returns:
        False when a row with this key is there already, whatever became of it; the old row stays as it is.
    """
    return bool(await put_all(session, [effect], now))


async def put_all(session: AsyncSession, effects: Iterable[Effect], now: datetime) -> set[str]:
    """Write many effects at once, in their order.

    Returns:
        The keys that were new; the others were there already and stay as they are.
    """
    new = await _insert(session, [_values(effect, now) for effect in effects])
    if new:
        wake_after_commit(session, TASK)
    return new


async def prepare(session: AsyncSession, effects: Iterable[Effect], now: datetime) -> set[str]:
    """Write effects ahead of the moment at which they are decided; `not_before` is when that will be.

    Returns:
        The keys that were new.
    """
    new = await _insert(session, [{**_values(effect, now), "state": State.PREPARED} for effect in effects])
    if new:
        # Whoever delivers may make them ready.
        wake_after_commit(session, TASK)
    return new


async def confirm(session: AsyncSession, keys: Collection[str], now: datetime) -> set[str]:
    """Decide effects that were prepared: from now on they are as if they had been put, each for its own moment.

    Returns:
        The keys of those. Not among them is what would overtake something in its lane that was put meanwhile.
    """
    earlier = _TABLE.alias()
    overtakes = exists().where(
        earlier.c.lane == _TABLE.c.lane,
        earlier.c.lane != "",
        earlier.c.state.in_((State.WAITING, State.SENDING)),
    )
    statement = (
        update(_TABLE)
        .where(_TABLE.c.key.in_(keys), _TABLE.c.state == State.PREPARED, ~overtakes)
        .values(
            state=State.WAITING,
            created_at=now,
            due_at=case((_TABLE.c.due_at > now, _TABLE.c.due_at), else_=now),
        )
        .returning(_TABLE.c.key)
    )
    connection = await session.connection()
    confirmed = set((await connection.scalars(statement)).all())
    if confirmed:
        wake_after_commit(session, TASK)
    return confirmed


async def withdraw(session: AsyncSession, keys: Collection[str]) -> None:
    """Forget those of these effects that were prepared and not confirmed."""
    await session.execute(
        delete(OutboxRow)
        .where(OutboxRow.key.in_(keys), OutboxRow.state == State.PREPARED)
        .execution_options(synchronize_session=False)
    )


async def forget(session: AsyncSession, key_prefix: str) -> None:
    """Delete every effect whose key begins so, delivered or not: their payloads quote what is to be
    forgotten.
    """
    await session.execute(delete(OutboxRow).where(OutboxRow.key.startswith(key_prefix, autoescape=True)))


async def _insert(session: AsyncSession, rows: list[dict[str, Any]]) -> set[str]:
    if not rows:
        return set()
    statement = _inserting(session.get_bind().dialect.name)
    return set((await session.scalars(statement, rows)).all())


@cache
def _inserting(dialect: str) -> Executable:
    """Made once: making it takes longer than running it."""
    table = cast("Table", OutboxRow.__table__)
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return statement.on_conflict_do_nothing(index_elements=["key"]).returning(table.c.key)


def _values(effect: Effect, now: datetime) -> dict[str, Any]:
    return {
        "key": effect.key,
        "kind": effect.kind,
        "lane": effect.lane,
        "payload": effect.payload,
        "state": State.WAITING,
        "created_at": now,
        "due_at": effect.not_before or now,
        "expires_at": effect.expires_at,
        "attempts": 0,
        "failures": 0,
        "lapses": 0,
    }
