"""What the tests of the outbox work with: a peer that answers as it is told, and looks into the table."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import select

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import (
    Delivery,
    Effect,
    Outbox,
    OutboxRow,
    Receipt,
    put_all,
)


class Peer:
    """Takes deliveries, and can be told how to answer."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        #: What to do for a key, once for each entry; then it is accepted.
        self.troubles: dict[str, list[Exception]] = {}

    @property
    def keys(self) -> list[str]:
        return [delivery.key for delivery in self.deliveries]

    async def __call__(self, delivery: Delivery) -> Receipt | None:
        self.deliveries.append(delivery)
        if troubles := self.troubles.get(delivery.key):
            raise troubles.pop(0)
        return {"post_id": f"post-{delivery.key}"}


def make_outbox(database: Database, clock: ManualClock, **options: float) -> Outbox:
    concurrency = int(options.pop("concurrency", 100))
    return Outbox(database, clock, concurrency=concurrency, random=lambda: 0.0, **options)


async def put_now(database: Database, clock: ManualClock, *effects: Effect) -> set[str]:
    async with database.transaction() as session:
        return await put_all(session, effects, clock.now())


async def states(database: Database) -> dict[str, str]:
    async with database.reading() as session:
        found = await session.execute(select(OutboxRow.key, OutboxRow.state).order_by(OutboxRow.id))
        return {row.key: row.state for row in found}


async def row_of(database: Database, key: str) -> OutboxRow:
    async with database.reading() as session:
        return (await session.scalars(select(OutboxRow).where(OutboxRow.key == key))).one()


async def reached(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, for at most five seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, not only those that announce themselves
            await asyncio.sleep(0.005)
