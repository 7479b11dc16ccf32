"""What was prepared is made ready ahead; that it was must not show, except in how quick it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from tests.integration.kernel.outgoing import reached

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerLimited
from sekretar.kernel.outbox import (
    Delivery,
    Effect,
    NotReady,
    Outbox,
    OutboxRow,
    Ready,
    Receipt,
    State,
    confirm,
    prepare,
    put,
    store,
    withdraw,
)
from sekretar.kernel.outbox.ahead import Ahead

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: What a process that holds a row has written into it.
HELD = ("state", "due_at", "claimed_by", "attempts", "first_attempted_at")


class Peer:
    """Takes what is delivered by the handler, and what was ready."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.sent_ready: list[str] = []
        #: Makes what is ready useless.
        self.changed = False
        #: Has it ask for a minute's pause.
        self.limited = False

    async def deliver(self, delivery: Delivery) -> Receipt:
        self.deliveries.append(delivery)
        if self.limited:
            raise PeerLimited("mattermost", retry_after=MINUTE)
        return {"by": "handler"}

    async def make_ready(self, delivery: Delivery) -> Ready | None:
        words = delivery.payload["words"]
        if words == "difficult":
            return None
        if words == "faulty":
            raise RuntimeError("a fault of ours")

        async def send() -> Receipt:
            if self.changed:
                raise NotReady
            self.sent_ready.append(words)
            return {"by": "ready"}

        return send


class Scene:
    """An effect that is prepared, and an outbox that had the time to make it ready."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock, self.peer = database, clock, Peer()
        self.outbox = self.another_process()

    def another_process(self) -> Outbox:
        outbox = Outbox(self.database, self.clock, random=lambda: 0.0)
        outbox.handle("post", self.peer.deliver, readier=self.peer.make_ready)
        return outbox

    async def prepare(self, words: str = "hello") -> None:
        due = self.clock.now() + 30 * SECOND
        async with self.database.transaction() as session:
            await prepare(session, [Effect("post", "a", {"words": words}, not_before=due)], self.clock.now())
        await self.outbox.deliver_due()

    async def confirm(self) -> None:
        self.clock.advance(30 * SECOND)
        async with self.database.transaction() as session:
            assert await confirm(session, ["a"], self.clock.now()) == {"a"}

    async def confirm_ahead(self) -> None:
        """Three seconds before the moment."""
        self.clock.advance(27 * SECOND)
        async with self.database.transaction() as session:
            assert await confirm(session, ["a"], self.clock.now()) == {"a"}

    async def row(self) -> OutboxRow:
        async with self.database.reading() as session:
            return (await session.scalars(select(OutboxRow).where(OutboxRow.key == "a"))).one()

    async def reached(self, state: State) -> OutboxRow:
        while (row := await self.row()).state != state:
            continue
        return row

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[asyncio.Task[datetime | None]]:
        """The outbox at work, with the row in its hands before the moment."""
        await self.prepare()
        await self.confirm_ahead()
        delivering = asyncio.create_task(self.outbox.deliver_due())
        try:
            async with asyncio.timeout(10):
                await self.reached(State.SENDING)
                assert self.peer.sent_ready == []
                yield delivering
        finally:
            delivering.cancel()
            await asyncio.wait([delivering])


@pytest.fixture
def scene(database: Database, clock: ManualClock) -> Scene:
    return Scene(database, clock)


async def test_it_is_sent_when_it_is_confirmed_and_not_before(scene: Scene) -> None:
    await scene.prepare()
    assert scene.peer.sent_ready == []
    await scene.confirm()
    await scene.outbox.deliver_due()
    await scene.outbox.deliver_due()
    assert (scene.peer.sent_ready, scene.peer.deliveries) == (["hello"], [])
    row = await scene.row()
    assert (row.state, row.receipt, row.attempts) == (State.DELIVERED, {"by": "ready"}, 1)


async def test_what_is_withdrawn_is_not_sent(scene: Scene) -> None:
    await scene.prepare()
    async with scene.database.transaction() as session:
        await withdraw(session, ["a"])
    await scene.prepare("other words")
    await scene.confirm()
    await scene.outbox.deliver_due()
    assert scene.peer.sent_ready == ["other words"]


@pytest.mark.parametrize("words", ["difficult", "faulty"])
async def test_what_cannot_be_made_ready_goes_to_its_handler(scene: Scene, words: str) -> None:
    await scene.prepare(words)
    await scene.confirm()
    await scene.outbox.deliver_due()
    (delivery,) = scene.peer.deliveries
    assert (delivery.payload, delivery.attempt, delivery.first_attempted_at) == ({"words": words}, 1, None)


async def test_so_does_what_was_ready_in_vain(scene: Scene) -> None:
    """The handler looks first: nobody knows whether it has arrived."""
    await scene.prepare()
    scene.peer.changed = True
    await scene.confirm()
    await scene.outbox.deliver_due()
    (delivery,) = scene.peer.deliveries
    assert (delivery.payload, delivery.attempt) == ({"words": "hello"}, 2)
    assert delivery.first_attempted_at == scene.clock.now()
    assert (await scene.row()).state == State.DELIVERED


async def test_so_does_what_another_process_has_tried(scene: Scene) -> None:
    await scene.prepare()
    await scene.confirm()
    async with scene.database.transaction() as session:
        tried = update(OutboxRow).values(attempts=1, first_attempted_at=scene.clock.now() - SECOND)
        await session.execute(tried)
    await scene.outbox.deliver_due()
    assert (scene.peer.sent_ready, [each.attempt for each in scene.peer.deliveries]) == ([], [2])


async def test_another_process_delivers_what_was_ready_here(scene: Scene) -> None:
    await scene.prepare()
    await scene.confirm()
    await scene.another_process().deliver_due()
    await scene.outbox.deliver_due()
    assert (scene.peer.sent_ready, len(scene.peer.deliveries)) == ([], 1)


async def test_it_is_not_kept_beyond_its_moment(scene: Scene) -> None:
    await scene.prepare()
    scene.clock.advance(2 * MINUTE)
    await scene.outbox.deliver_due()
    await scene.confirm()
    await scene.outbox.deliver_due()
    assert (scene.peer.sent_ready, len(scene.peer.deliveries)) == ([], 1)


async def test_what_is_confirmed_before_its_moment_is_held_for_it(scene: Scene) -> None:
    async with scene.holding() as delivering:
        due = scene.clock.now() + 3 * SECOND
        scene.clock.advance(3 * SECOND)
        await delivering
    assert (scene.peer.sent_ready, scene.peer.deliveries) == (["hello"], [])
    row = await scene.row()
    assert (row.state, row.attempts, row.first_attempted_at) == (State.DELIVERED, 1, due)


async def test_what_is_held_at_the_end_of_the_process_waits_for_its_moment(scene: Scene) -> None:
    async with scene.holding():
        due = scene.clock.now() + 3 * SECOND
    row = await scene.row()
    assert (row.state, row.due_at, row.attempts, row.first_attempted_at) == (State.WAITING, due, 0, None)


async def test_what_was_held_by_a_process_that_was_killed_is_not_sent_early(scene: Scene) -> None:
    async with scene.holding():
        due = scene.clock.now() + 3 * SECOND
        held = {name: getattr(await scene.row(), name) for name in HELD}
    async with scene.database.transaction() as session:
        # Its orderly end is undone: a process that is killed writes nothing.
        await session.execute(update(OutboxRow).values(held))
    after = scene.another_process()
    await after.take_over()
    assert (await after.deliver_due(), scene.peer.deliveries) == (due, [])
    scene.clock.advance(3 * SECOND)
    await after.deliver_due()
    (delivery,) = scene.peer.deliveries
    assert (delivery.attempt, delivery.first_attempted_at) == (2, due)


async def test_what_is_held_is_given_back_when_the_clock_is_set_back(scene: Scene) -> None:
    async with scene.holding():
        due = scene.clock.now() + 3 * SECOND
        scene.clock.advance(-60 * MINUTE)
        async with scene.database.transaction() as session:
            await put(session, Effect("post", "b", {"words": "now"}), scene.clock.now())
        row = await scene.reached(State.WAITING)
        assert (row.due_at, row.attempts) == (due, 0)
        # Which of the two comes first is nobody's promise.
        await reached(lambda: bool(scene.peer.deliveries))
    assert [each.key for each in scene.peer.deliveries] == ["b"]


async def test_what_is_held_keeps_to_the_pause_that_the_peer_asked_for(scene: Scene) -> None:
    async with scene.holding() as delivering:
        scene.peer.limited = True
        async with scene.database.transaction() as session:
            await put(session, Effect("post", "b", {"words": "now"}), scene.clock.now())
        await reached(lambda: bool(scene.peer.deliveries))
        scene.clock.advance(3 * SECOND)
        assert await delivering == scene.clock.now() + 57 * SECOND
    assert scene.peer.sent_ready == []
    assert (await scene.row()).state == State.WAITING


async def test_what_was_claimed_ahead_and_never_handed_to_a_wire_waits_for_its_moment(scene: Scene) -> None:
    """The process was told to stop between the two."""
    ahead = Ahead(scene.database, scene.clock, {"post": scene.peer.make_ready})
    await scene.prepare()
    await ahead.look()
    await scene.confirm_ahead()
    now = scene.clock.now()
    async with scene.database.transaction() as session:
        claimed, _ = await store.claim_ahead(session, now, now + 5 * SECOND, "this", 0, ahead)
        assert [each.key for each in claimed] == ["a"]
    async with scene.database.transaction() as session:
        await store.release_all(session, now, "this")
    row = await scene.row()
    assert (row.state, row.due_at, row.first_attempted_at) == (State.WAITING, now + 3 * SECOND, None)
