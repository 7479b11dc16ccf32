"""The outbox on both databases: once, in order, later, never in silence."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select
from tests.integration.kernel.outgoing import Peer, make_outbox, put_now, reached, row_of, states

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerInvalid
from sekretar.kernel.outbox import (
    Delivery,
    Effect,
    Outbox,
    OutboxRow,
    Receipt,
    State,
    forget,
    put,
)
from sekretar.kernel.outbox.letters import KEEP_CONTENT, KEEP_KEY

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class TestPutting:
    async def test_a_key_is_put_once(self, database: Database, clock: ManualClock) -> None:
        async with database.transaction() as session:
            assert await put(session, Effect("post", "a", {"n": 1}), clock.now())
            assert not await put(session, Effect("post", "a", {"n": 2}), clock.now())
        async with database.transaction() as session:
            assert not await put(session, Effect("mail", "a"), clock.now())
        assert (await row_of(database, "a")).payload == {"n": 1}

    async def test_the_number_of_a_forgotten_row_is_not_given_to_another(
        self, database: Database, clock: ManualClock
    ) -> None:
        """Whoever is still delivering the forgotten one would settle the other by it."""
        await put_now(database, clock, Effect("post", "a:1"))
        number = (await row_of(database, "a:1")).id
        async with database.transaction() as session:
            await forget(session, "a:")
        await put_now(database, clock, Effect("post", "b"))
        assert (await row_of(database, "b")).id > number

    async def test_many_at_once_say_which_were_new(self, database: Database, clock: ManualClock) -> None:
        assert await put_now(database, clock, Effect("post", "a")) == {"a"}
        new = await put_now(database, clock, *(Effect("post", key) for key in "abcb"))
        assert new == {"b", "c"}
        assert await put_now(database, clock) == set()

    async def test_putting_wakes_the_job_only_for_something_new(
        self, database: Database, clock: ManualClock
    ) -> None:
        woken: list[str] = []
        database.on_commit(woken.append)
        await put_now(database, clock, Effect("post", "a"))
        await put_now(database, clock, Effect("post", "a"))
        assert woken == ["outbox"]

    async def test_what_is_rolled_back_is_never_said(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        async def fail() -> None:
            async with database.transaction() as session:
                await put(session, Effect("post", "a"), clock.now())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        await outbox.deliver_due()
        assert peer.keys == []


class TestDelivering:
    async def test_a_row_reaches_its_handler_and_keeps_the_receipt(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        await put_now(database, clock, Effect("post", "a", {"text": "Привет", "deep": [1, None]}))
        assert await outbox.deliver_due() is None
        (delivery,) = peer.deliveries
        assert (delivery.kind, delivery.key, delivery.attempt) == ("post", "a", 1)
        assert delivery.payload == {"text": "Привет", "deep": [1, None]}
        assert delivery.first_attempted_at is None
        assert (await row_of(database, "a")).receipt == {"post_id": "post-a"}
        await outbox.deliver_due()
        assert peer.keys == ["a"]

    async def test_the_wire_is_touched_only_after_the_claim_is_committed(
        self, database: Database, clock: ManualClock
    ) -> None:
        seen: list[tuple[str, int, datetime | None]] = []

        async def handler(delivery: Delivery) -> None:
            row = await row_of(database, delivery.key)
            seen.append((row.state, row.attempts, row.first_attempted_at))

        outbox = make_outbox(database, clock)
        outbox.handle("post", handler)
        await put_now(database, clock, Effect("post", "a"))
        await outbox.deliver_due()
        assert seen == [("sending", 1, clock.now())]

    async def test_not_before_its_time(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        later = clock.now() + HOUR
        await put_now(database, clock, Effect("post", "a", not_before=later))
        assert await outbox.deliver_due() == later
        assert peer.keys == []
        clock.advance(HOUR)
        assert await outbox.deliver_due() is None
        assert peer.keys == ["a"]

    async def test_what_is_pointless_expires_in_sight(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        moment = clock.now() + HOUR
        await put_now(database, clock, Effect("post", "a", not_before=moment, expires_at=moment))
        assert await outbox.deliver_due() == moment
        clock.advance(HOUR)
        await outbox.deliver_due()
        assert peer.keys == []
        assert (await outbox.counts())[State.EXPIRED] == 1
        assert await outbox.dead() == []

    async def test_a_row_of_an_unknown_kind_waits_for_its_handler(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        await put_now(database, clock, Effect("mail", "a"), Effect("post", "b"))
        await outbox.deliver_due()
        assert await states(database) == {"a": "waiting", "b": "delivered"}
        outbox.handle("mail", peer)
        await outbox.deliver_due()
        assert peer.keys == ["b", "a"]

    async def test_two_handlers_of_one_kind_are_a_mistake(self, outbox: Outbox, peer: Peer) -> None:
        with pytest.raises(ValueError, match="two handlers"):
            outbox.handle("post", peer)

    async def test_what_is_put_during_a_slow_delivery_does_not_wait_for_it(
        self, database: Database, clock: ManualClock
    ) -> None:
        said: list[str] = []
        arrived, slow = asyncio.Event(), asyncio.Event()

        async def handler(delivery: Delivery) -> None:
            if delivery.key == "slow":
                await slow.wait()
            said.append(delivery.key)
            arrived.set()

        outbox = make_outbox(database, clock)
        outbox.handle("post", handler)
        await put_now(database, clock, Effect("post", "slow"))
        delivering = asyncio.create_task(outbox.deliver_due())
        await put_now(database, clock, Effect("post", "quick"))
        async with asyncio.timeout(5):
            await arrived.wait()
        assert said == ["quick"]
        slow.set()
        await delivering
        assert said == ["quick", "slow"]

    async def test_a_peer_that_hangs_does_not_hold_up_another(
        self, database: Database, clock: ManualClock, peer: Peer
    ) -> None:
        hanging = asyncio.Event()

        async def mail(delivery: Delivery) -> None:
            await hanging.wait()

        outbox = make_outbox(database, clock, concurrency=2)
        outbox.handle("mail", mail)
        outbox.handle("post", peer)
        await put_now(database, clock, *(Effect("mail", f"m{n}") for n in range(20)))
        delivering = asyncio.create_task(outbox.deliver_due())
        await put_now(database, clock, *(Effect("post", f"p{n}") for n in range(20)))
        await reached(lambda: len(peer.keys) == 20)
        hanging.set()
        await delivering
        assert set((await states(database)).values()) == {"delivered"}


class TestOrder:
    async def test_a_lane_keeps_its_order_through_trouble(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        peer.troubles["a1"] = [PeerDown("mattermost"), PeerDown("mattermost")]
        effects = [Effect("post", f"{lane}{n}", lane=lane) for n in (1, 2, 3) for lane in "ab"]
        await put_now(database, clock, *effects, Effect("post", "free"))
        due = await outbox.deliver_due()
        assert [key for key in peer.keys if key != "free"] == ["a1", "b1", "b2", "b3"]
        assert "free" in peer.keys
        while due is not None:
            clock.advance(due - clock.now())
            due = await outbox.deliver_due()
        assert [key for key in peer.keys if key[0] == "a"] == ["a1", "a1", "a1", "a2", "a3"]

    async def test_one_lane_is_never_on_the_wire_twice(self, database: Database, clock: ManualClock) -> None:
        inside = 0
        order: list[str] = []

        async def handler(delivery: Delivery) -> None:
            nonlocal inside
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            order.append(delivery.key)
            inside -= 1

        outbox = make_outbox(database, clock)
        outbox.handle("post", handler)
        await put_now(database, clock, *(Effect("post", f"{n:02}", lane="thread") for n in range(20)))
        await outbox.deliver_due()
        assert order == [f"{n:02}" for n in range(20)]

    @pytest.mark.parametrize("end", ["dead", "expired"])
    async def test_a_row_that_ends_otherwise_makes_room(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer, end: str
    ) -> None:
        expires_at = clock.now() + SECOND if end == "expired" else None
        peer.troubles["1"] = [PeerDown("mattermost") if end == "expired" else PeerInvalid("mattermost")]
        await put_now(
            database,
            clock,
            Effect("post", "1", lane="x", expires_at=expires_at),
            Effect("post", "2", lane="x"),
        )
        await outbox.deliver_due()
        clock.advance(SECOND)
        await outbox.deliver_due()
        assert await states(database) == {"1": end, "2": "delivered"}

    async def test_a_later_row_waits_for_an_earlier_one_that_is_not_due(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        later = clock.now() + HOUR
        await put_now(
            database, clock, Effect("post", "1", lane="x", not_before=later), Effect("post", "2", lane="x")
        )
        assert await outbox.deliver_due() == later
        clock.advance(HOUR)
        await outbox.deliver_due()
        assert peer.keys == ["1", "2"]


class TestTidying:
    async def test_what_was_delivered_is_not_kept(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        await put_now(database, clock, Effect("post", "a", {"text": "x"}))
        await outbox.deliver_due()
        assert peer.keys == ["a"]
        row = await row_of(database, "a")
        assert (row.payload, row.state) == ({}, "delivered")

    async def test_finished_rows_lose_their_content_and_later_their_key(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        peer.troubles["dead"] = [PeerForbidden("mattermost")]
        later = clock.now() + timedelta(days=400)
        await put_now(
            database,
            clock,
            Effect("post", "a", {"text": "x"}),
            Effect("post", "bare"),
            Effect("post", "dead", {"text": "x"}),
            Effect("post", "later", {"text": "x"}, not_before=later),
        )
        await outbox.deliver_due()
        clock.advance(KEEP_CONTENT)
        await outbox.prune()
        for key in ("a", "bare"):
            row = await row_of(database, key)
            assert (row.payload, row.receipt, row.state) == ({}, None, "delivered")
        clock.advance(timedelta(days=30) - KEEP_CONTENT)
        await outbox.prune()
        assert await put_now(database, clock, Effect("post", "a")) == set()
        clock.advance(KEEP_KEY)
        await outbox.prune()
        assert await states(database) == {"dead": "dead", "later": "waiting"}
        assert (await row_of(database, "dead")).payload == {"text": "x"}


async def test_ten_thousand_rows_due_at_once_pass_in_seconds(database: Database, clock: ManualClock) -> None:
    total = 10_000
    got: set[str] = set()

    async def handler(delivery: Delivery) -> Receipt:
        await asyncio.sleep(0.001)
        got.add(delivery.key)
        return {"id": delivery.key}

    commits = 0
    outbox = make_outbox(database, clock)
    outbox.handle("post", handler)
    outbox.handle("mail", handler)
    for start in range(0, total, 2_000):
        await put_now(
            database, clock, *(Effect("post", f"{n}", {"n": n}) for n in range(start, start + 2_000))
        )

    @event.listens_for(database.engine.sync_engine, "commit")
    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    started = time.perf_counter()
    await outbox.deliver_due()
    took = time.perf_counter() - started
    assert len(got) == total
    assert commits < total / 10
    # A generous bound for a loaded machine; on an idle one it is a few seconds.
    assert took < 60
    async with database.reading() as session:
        states = await session.execute(select(OutboxRow.state, func.count()).group_by(OutboxRow.state))
        assert [tuple(row) for row in states] == [("delivered", total)]
