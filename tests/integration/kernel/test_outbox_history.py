"""Random histories of the outbox against a model small enough to be checked by hand.

The peer keeps what it got, as Mattermost does, and the handler looks before it sends again. Whatever happens
in between - failures, lost answers, processes that die in the middle, a clock that moves - every row is said
once or shown to somebody, lanes keep their order, and nothing is left over.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerInvalid, PeerLimited
from sekretar.kernel.outbox import Delivery, Effect, Outbox, State, put
from sekretar.kernel.outbox.store import LEASE

LANES = ["", "a", "b"]


class MortalDatabase(Database):
    """The database as a dying process sees it: from its death on, nothing it does arrives."""

    dead = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        if self.dead:
            raise PeerDown("database", "this process is dead")
        async with super().transaction() as session:
            yield session


class History(RuleBasedStateMachine):
    """Rules are what may happen; the fields below the peer's line are what it knows."""

    #: An SQLite database with every table and no rows.
    template: ClassVar[Path]

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.directory / "x.db")
        self.runner = asyncio.Runner()
        self.clock = ManualClock(datetime(2026, 3, 4, tzinfo=UTC))
        #: The model: the keys in the order they were put, and those that the peer never accepts.
        self.expected: list[str] = []
        self.refused: set[str] = set()
        #: The peer: what it got, and what goes wrong with the next deliveries.
        self.said: list[str] = []
        self.troubles: list[str] = []
        self.start()

    def start(self) -> None:
        """A new process."""
        self.database = MortalDatabase.open(f"sqlite:///{self.directory / 'x.db'}")
        self.hanging = asyncio.Event()
        self.outbox = Outbox(self.database, self.clock, concurrency=3, last_wait=0, random=lambda: 0.5)
        self.outbox.handle("post", self.handler)

    async def handler(self, delivery: Delivery) -> None:
        if delivery.key in self.refused:
            raise PeerInvalid("peer")
        if delivery.first_attempted_at is not None and delivery.key in self.said:
            return
        trouble = self.troubles.pop() if self.troubles else ""
        if trouble == "down":
            raise PeerDown("peer")
        if trouble == "limited":
            raise PeerLimited("peer", retry_after=timedelta(seconds=5))
        if trouble != "hangs before":
            self.said.append(delivery.key)
        if trouble == "answer lost":
            raise PeerDown("peer")
        if trouble:
            self.hanging.set()
            await asyncio.Event().wait()

    @rule(
        number=st.integers(0, 11),
        lane=st.sampled_from(LANES),
        refused=st.integers(0, 5),
        delay=st.sampled_from([0, 7]),
    )
    def put(self, number: int, lane: str, refused: int, delay: int) -> None:
        key = f"{lane}:{number}"
        due = self.clock.now() + timedelta(seconds=delay)

        async def write() -> bool:
            async with self.database.transaction() as session:
                return await put(session, Effect("post", key, lane=lane, not_before=due), self.clock.now())

        assert self.runner.run(write()) == (key not in self.expected)
        if key not in self.expected:
            self.expected.append(key)
            if refused == 0:
                self.refused.add(key)

    @rule(troubles=st.lists(st.sampled_from(["down", "limited", "answer lost"]), max_size=4))
    def deliver(self, troubles: list[str]) -> None:
        self.troubles = list(troubles)
        self.runner.run(self.outbox.deliver_due())

    @rule(trouble=st.sampled_from(["hangs before", "hangs after"]), alone=st.booleans())
    def die(self, trouble: str, alone: bool) -> None:
        """The process ends while a delivery is on the wire (if there is one), and another one starts."""
        self.troubles = [trouble]

        async def live_and_die() -> None:
            delivering = asyncio.create_task(self.outbox.deliver_due())
            hanging = asyncio.create_task(self.hanging.wait())
            await asyncio.wait({delivering, hanging}, return_when=asyncio.FIRST_COMPLETED)
            self.database.dead = True
            delivering.cancel()
            hanging.cancel()
            await asyncio.gather(delivering, hanging, return_exceptions=True)
            await self.database.close()

        self.runner.run(live_and_die())
        self.troubles = []
        self.start()
        if alone:
            self.runner.run(self.outbox.take_over())

    @rule(seconds=st.sampled_from([1, 6, 60, 300, -2, -7200]))
    def move_the_clock(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @invariant()
    def nothing_is_doubled_and_lanes_keep_their_order(self) -> None:
        assert len(self.said) == len(set(self.said))
        assert self.refused.isdisjoint(self.said)
        for lane in LANES[1:]:
            said = [key for key in self.said if key.startswith(f"{lane}:")]
            assert said == [key for key in self.expected if key in said]

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            self.runner.run(self.drain())
            self.nothing_is_doubled_and_lanes_keep_their_order()
            assert set(self.said) == set(self.expected) - self.refused
        finally:
            self.runner.close()
            shutil.rmtree(self.directory)

    async def drain(self) -> None:
        """When the world is well again, everything comes to its end."""
        self.troubles = []
        self.clock.advance(timedelta(hours=3) + LEASE)
        for _ in range(100):
            due = await self.outbox.deliver_due()
            if due is None:
                break
            self.clock.advance(max(due - self.clock.now(), timedelta(seconds=1)))
        counts = await self.outbox.counts()
        dead = [letter.key for letter in await self.outbox.dead()]
        await self.database.close()
        assert sorted(dead) == sorted(self.refused)
        assert counts[State.DELIVERED] == len(self.expected) - len(self.refused)
        assert counts[State.WAITING] == counts[State.SENDING] == 0


def test_any_history_ends_well(migrated_sqlite: Path) -> None:
    class HistoryHere(History):
        template = migrated_sqlite

    run_state_machine_as_test(
        HistoryHere,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
