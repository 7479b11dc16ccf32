"""What an administrator sees of the outbox and may do with it, and how it is kept small."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, CursorResult, Delete, Update, delete, func, or_, select, update

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database, wake_after_commit
from sekretar.kernel.outbox.effects import TASK, OutboxRow, State

#: How long a finished row is kept whole, to answer what was said and when.
KEEP_CONTENT: Final = timedelta(days=7)
#: How long its key is kept, so that the same thing is not said again. At least 30 days.
KEEP_KEY: Final = timedelta(days=35)

#: How long what was prepared is kept after its moment: whoever did it has forgotten about it, or died.
KEEP_PREPARED: Final = timedelta(hours=1)

#: Rows changed by one transaction while tidying up, so that no writer waits long.
_BATCH = 1_000
_FINISHED = (State.DELIVERED, State.EXPIRED, State.DISCARDED)


@dataclass(frozen=True)
class Letter:
    """A row as an administrator sees it. The payload is left out: it is what people wrote to each other."""

    id: int
    kind: str
    key: str
    lane: str
    state: State
    created_at: datetime
    attempts: int
    finished_at: datetime | None
    last_error: str | None


class Letters:
    """The list of rows, by their state."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def counts(self) -> dict[State, int]:
        """How many rows there are in each state."""
        async with self._database.reading() as session:
            found = await session.execute(select(OutboxRow.state, func.count()).group_by(OutboxRow.state))
            return dict.fromkeys(State, 0) | {State(state): count for state, count in found}

    async def listing(self, state: State, limit: int = 100) -> list[Letter]:
        """Rows in that state, the oldest first."""
        statement = (
            select(
                OutboxRow.id,
                OutboxRow.kind,
                OutboxRow.key,
                OutboxRow.lane,
                OutboxRow.created_at,
                OutboxRow.attempts,
                OutboxRow.finished_at,
                OutboxRow.last_error,
            )
            .where(OutboxRow.state == state)
            .order_by(OutboxRow.id)
            .limit(limit)
        )
        async with self._database.reading() as session:
            return [Letter(**row, state=state) for row in (await session.execute(statement)).mappings()]

    async def dead(self, limit: int = 100) -> list[Letter]:
        """The dead letters, the oldest first."""
        return await self.listing(State.DEAD, limit)

    async def retry(self, ids: Collection[int] | None = None) -> int:
        """Send dead letters once more, all of them or those; returns how many.

        Their handlers look before they send: the first attempt may have reached the peer after all.
        """
        return await self._resurrect(
            ids,
            state=State.WAITING,
            due_at=self._clock.now(),
            failures=0,
            lapses=0,
            give_up_at=None,
            finished_at=None,
        )

    async def discard(self, ids: Collection[int] | None = None) -> int:
        """Give dead letters up, all of them or those; returns how many. Their keys stay known for a while."""
        return await self._resurrect(ids, state=State.DISCARDED, finished_at=self._clock.now())

    async def prune(self) -> None:
        """Forget what expired and discarded rows said after a week, and that there were any after five weeks.

        Dead letters stay until somebody decides. A job that may run at any time.
        """
        now = self._clock.now()
        wordy = or_(OutboxRow.payload != {}, OutboxRow.receipt.is_not(None))
        while await self._change_some(
            update(OutboxRow).values(payload={}, receipt=None),
            OutboxRow.finished_at <= now - KEEP_CONTENT,
            wordy,
        ):
            pass
        while await self._change_some(delete(OutboxRow), OutboxRow.finished_at <= now - KEEP_KEY):
            pass
        async with self._database.transaction() as session:
            await session.execute(
                delete(OutboxRow).where(
                    OutboxRow.state == State.PREPARED, OutboxRow.due_at <= now - KEEP_PREPARED
                )
            )

    async def _change_some(self, statement: Update | Delete, *conditions: ColumnElement[bool]) -> bool:
        """Apply the statement to some of the finished rows; False when none was left."""
        some = select(OutboxRow.id).where(OutboxRow.state.in_(_FINISHED), *conditions).limit(_BATCH)
        async with self._database.transaction() as session:
            result = await session.execute(
                statement.where(OutboxRow.id.in_(some)).execution_options(synchronize_session=False)
            )
            return cast("CursorResult[Any]", result).rowcount > 0

    async def _resurrect(self, ids: Collection[int] | None, **values: Any) -> int:
        statement = update(OutboxRow).where(OutboxRow.state == State.DEAD).values(**values)
        if ids is not None:
            statement = statement.where(OutboxRow.id.in_(sorted(ids)))
        async with self._database.transaction() as session:
            result = await session.execute(statement.execution_options(synchronize_session=False))
            wake_after_commit(session, TASK)
            return cast("CursorResult[Any]", result).rowcount
