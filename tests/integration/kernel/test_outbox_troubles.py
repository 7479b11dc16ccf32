"""The outbox when something is wrong: peers that fail or ask for a pause, processes that die or stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.integration.kernel.outgoing import Peer, make_outbox, put_now, reached, row_of, states

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerInvalid, PeerLimited, PeerRefused
from sekretar.kernel.outbox import (
    Delivery,
    Effect,
    Outbox,
    OutboxRow,
    Receipt,
    State,
)
from sekretar.kernel.outbox.policy import LONGEST_PAUSE, MOST_FAULTS, MOST_LAPSES, PATIENCE
from sekretar.kernel.outbox.store import LEASE

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class TestFailing:
    async def test_a_peer_that_is_down_is_asked_again_later_and_later(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        started = clock.now()
        peer.troubles["a"] = [PeerDown("mattermost", "502") for _ in range(4)]
        await put_now(database, clock, Effect("post", "a"))
        pauses = []
        while (due := await outbox.deliver_due()) is not None:
            pauses.append(due - clock.now())
            clock.advance(due - clock.now())
        assert pauses == [1 * SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]
        assert [delivery.attempt for delivery in peer.deliveries] == [1, 2, 3, 4, 5]
        assert [delivery.first_attempted_at for delivery in peer.deliveries] == [None] + [started] * 4
        assert await states(database) == {"a": "delivered"}
        assert (await row_of(database, "a")).last_error is None

    async def test_a_week_of_refusal_ends_in_a_dead_letter(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        peer.troubles["a"] = [PeerRefused("mattermost", "token revoked") for _ in range(5000)]
        await put_now(database, clock, Effect("post", "a"))
        started = clock.now()
        while (due := await outbox.deliver_due()) is not None:
            clock.advance(max(due - clock.now(), 6 * HOUR))
        assert clock.now() - started >= PATIENCE
        (letter,) = await outbox.dead()
        assert letter.key == "a"
        assert letter.last_error == "PeerRefused: mattermost: token revoked"

    async def test_whoever_looks_after_what_cannot_be_said_is_woken_then_and_only_then(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        woken: list[str] = []
        database.on_commit(woken.append)
        outbox.wake_at_death("watch")
        await put_now(database, clock, Effect("post", "a"))
        await outbox.deliver_due()
        assert "watch" not in woken
        peer.troubles["b"] = [PeerForbidden("mattermost")]
        await put_now(database, clock, Effect("post", "b"))
        await outbox.deliver_due()
        assert "watch" in woken

    async def test_what_the_peer_never_accepts_is_dead_and_can_be_retried_or_discarded(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        peer.troubles = {key: [PeerInvalid("mattermost", "too long")] for key in "abc"}
        await put_now(database, clock, *(Effect("post", key) for key in "abc"))
        await outbox.deliver_due()
        letters = {letter.key: letter for letter in await outbox.dead()}
        assert letters["a"].last_error == "PeerInvalid: mattermost: too long"
        assert letters["a"].finished_at == clock.now()
        assert (await outbox.counts())[State.DEAD] == 3

        assert await outbox.discard([letters["b"].id]) == 1
        assert await outbox.discard([letters["b"].id]) == 0
        assert await outbox.retry([letters["a"].id, letters["b"].id, 10_000]) == 1
        await outbox.deliver_due()
        assert await states(database) == {"a": "delivered", "b": "discarded", "c": "dead"}
        # An attempt was made before, so the handler must look first.
        assert peer.deliveries[-1].first_attempted_at is not None
        assert await outbox.retry() == 1
        await outbox.deliver_due()
        assert (await states(database))["c"] == "delivered"

    async def test_our_own_fault_is_tried_a_few_times_and_again_after_a_retry(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        peer.troubles["a"] = [KeyError("hidden") for _ in range(2 * MOST_FAULTS)]
        await put_now(database, clock, Effect("post", "a"))
        for round_ in (1, 2):
            while (due := await outbox.deliver_due()) is not None:
                clock.advance(due - clock.now())
            assert len(peer.keys) == round_ * MOST_FAULTS
            assert [letter.last_error for letter in await outbox.dead()] == ["KeyError"]
            await outbox.retry()
        await outbox.deliver_due()
        assert await states(database) == {"a": "delivered"}

    async def test_a_handler_that_cancels_itself_is_a_fault_and_not_a_stop(
        self, database: Database, clock: ManualClock
    ) -> None:
        async def handler(delivery: Delivery) -> None:
            raise asyncio.CancelledError

        outbox = make_outbox(database, clock)
        outbox.handle("post", handler)
        await put_now(database, clock, Effect("post", "a"))
        while (due := await outbox.deliver_due()) is not None:
            clock.advance(due - clock.now())
        assert [letter.last_error for letter in await outbox.dead()] == ["CancelledError"]

    async def test_a_delivery_that_takes_too_long_counts_as_the_peer_being_down(
        self, database: Database, clock: ManualClock
    ) -> None:
        async def handler(delivery: Delivery) -> None:
            await asyncio.Event().wait()

        outbox = make_outbox(database, clock, patience=0.05)
        outbox.handle("post", handler)
        await put_now(database, clock, Effect("post", "a"))
        assert await outbox.deliver_due() == clock.now() + SECOND
        assert (await row_of(database, "a")).last_error == "TimeoutError"

    async def test_deliveries_must_be_shorter_than_their_lease(
        self, database: Database, clock: ManualClock
    ) -> None:
        with pytest.raises(ValueError, match="lease"):
            Outbox(database, clock, patience=LEASE.total_seconds())


class TestLimits:
    async def test_a_peer_that_asks_for_a_pause_gets_it_for_all_its_kinds(
        self, database: Database, clock: ManualClock, peer: Peer
    ) -> None:
        outbox = make_outbox(database, clock, concurrency=1)
        outbox.handle("post", peer, peer="mattermost")
        outbox.handle("edit", peer, peer="mattermost")
        outbox.handle("mail", peer)
        peer.troubles["p00"] = [PeerLimited("mattermost", "429", retry_after=30 * SECOND)]
        effects = [Effect("post", f"p{n:02}") for n in range(10)] + [Effect("edit", "e"), Effect("mail", "m")]
        await put_now(database, clock, *effects)
        assert await outbox.deliver_due() == clock.now() + 30 * SECOND
        assert sorted(peer.keys) == ["m", "p00"]
        clock.advance(29 * SECOND)
        await outbox.deliver_due()
        assert sorted(peer.keys) == ["m", "p00"]
        clock.advance(SECOND)
        assert await outbox.deliver_due() is None
        assert set((await states(database)).values()) == {"delivered"}
        # What was claimed but not sent is still untried: nobody needs to look for it.
        untried = [delivery for delivery in peer.deliveries if delivery.first_attempted_at is None]
        assert len(untried) == len(effects)

    async def test_a_clock_set_back_does_not_stretch_a_pause(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        peer.troubles["a"] = [PeerLimited("mattermost", retry_after=30 * SECOND)]
        await put_now(database, clock, Effect("post", "a"))
        await outbox.deliver_due()
        clock.advance(timedelta(days=-365))
        await outbox.deliver_due()
        assert await states(database) == {"a": "delivered"}

    async def test_a_clock_set_back_leaves_what_was_never_due_alone(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        await put_now(database, clock, Effect("post", "a", not_before=clock.now() + HOUR))
        await outbox.deliver_due()
        clock.advance(-3 * LONGEST_PAUSE)
        await outbox.deliver_due()
        assert peer.keys == []


class TestLeases:
    async def test_two_processes_share_the_work_and_double_nothing(
        self, database: Database, database_url: str, clock: ManualClock
    ) -> None:
        seen: list[tuple[int, str]] = []

        def handler_of(number: int) -> Callable[[Delivery], Awaitable[None]]:
            async def handler(delivery: Delivery) -> None:
                seen.append((number, delivery.key))
                await asyncio.sleep(0)

            return handler

        others = [Database.open(database_url) for _ in range(3)]
        boxes = []
        for number, other in enumerate(others):
            box = make_outbox(other, clock, concurrency=5)
            box.handle("post", handler_of(number))
            boxes.append(box)
        lanes = [Effect("post", f"lane{n % 5}:{n:03}", lane=f"{n % 5}") for n in range(50)]
        await put_now(database, clock, *(Effect("post", f"{n}") for n in range(300)), *lanes)
        await asyncio.gather(*(box.deliver_due() for box in boxes))
        # One may leave its lane to another that has just returned; the job's next run would take it.
        await boxes[0].deliver_due()
        keys = [key for _, key in seen]
        assert len(keys) == len(set(keys)) == 350
        for lane in range(5):
            in_lane = [key for key in keys if key.startswith(f"lane{lane}:")]
            assert in_lane == sorted(in_lane)
        await asyncio.gather(*(other.close() for other in others))

    async def test_a_row_whose_process_died_is_sent_after_its_lease_with_its_fate_unknown(
        self, database: Database, database_url: str, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        claimed_at = clock.now()
        await die_with(database_url, clock, Effect("post", "a"))
        assert await outbox.deliver_due() == claimed_at + LEASE
        assert peer.keys == []
        clock.advance(LEASE)
        await outbox.deliver_due()
        (delivery,) = peer.deliveries
        assert (delivery.attempt, delivery.first_attempted_at) == (2, claimed_at)
        assert await states(database) == {"a": "delivered"}

    async def test_a_process_that_is_alone_need_not_wait_for_the_lease(
        self, database: Database, database_url: str, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        await die_with(database_url, clock, Effect("post", "a"))
        await outbox.take_over()
        await outbox.deliver_due()
        assert [delivery.attempt for delivery in peer.deliveries] == [2]

    async def test_a_row_that_outlives_too_many_processes_is_shown_to_somebody(
        self, database: Database, database_url: str, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        for _ in range(MOST_LAPSES):
            await die_with(database_url, clock, Effect("post", "a"))
            clock.advance(LEASE)
        await outbox.deliver_due()
        assert peer.keys == []
        assert [letter.key for letter in await outbox.dead()] == ["a"]
        await outbox.retry()
        await outbox.deliver_due()
        assert peer.keys == ["a"]

    async def test_an_answer_that_comes_after_the_row_was_taken_over_changes_nothing(
        self, database: Database, clock: ManualClock
    ) -> None:
        on_the_wire, late = asyncio.Event(), asyncio.Event()

        async def handler(delivery: Delivery) -> Receipt:
            on_the_wire.set()
            await late.wait()
            return {"who": "late"}

        outbox = make_outbox(database, clock)
        outbox.handle("post", handler)
        await put_now(database, clock, Effect("post", "a"))
        delivering = asyncio.create_task(outbox.deliver_due())
        async with asyncio.timeout(5):
            await on_the_wire.wait()
        async with database.transaction() as session:
            await session.execute(
                update(OutboxRow).values(state=State.DELIVERED, claimed_by=None, receipt={"who": "other"})
            )
        late.set()
        await delivering
        assert (await row_of(database, "a")).receipt == {"who": "other"}


async def die_with(database_url: str, clock: ManualClock, effect: Effect) -> None:
    """Have a process claim the row and vanish in the middle of the delivery, without a last word."""
    database = Database.open(database_url)

    on_the_wire = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        on_the_wire.set()
        await asyncio.Event().wait()

    outbox = make_outbox(database, clock, last_wait=0)
    outbox.handle(effect.kind, handler)
    await put_now(database, clock, effect)
    delivering = asyncio.create_task(outbox.deliver_due())
    async with asyncio.timeout(5):
        await on_the_wire.wait()
    gone = await row_of(database, effect.key)
    kept = {
        name: getattr(gone, name)
        for name in ("state", "due_at", "claimed_by", "attempts", "first_attempted_at")
    }
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    # Its orderly end is undone: a process that is killed writes nothing.
    async with database.transaction() as session:
        await session.execute(
            update(OutboxRow).where(OutboxRow.key == effect.key).values(last_error=None, **kept)
        )
    await database.close()


class TestStopping:
    async def test_what_is_on_the_wire_may_finish_and_the_rest_is_given_back(
        self, database: Database, clock: ManualClock
    ) -> None:
        started: list[str] = []
        go_on = asyncio.Event()

        async def handler(delivery: Delivery) -> None:
            started.append(delivery.key)
            await go_on.wait()

        outbox = make_outbox(database, clock, concurrency=2)
        outbox.handle("post", handler)
        await put_now(database, clock, *(Effect("post", f"{n}") for n in range(6)))
        delivering = asyncio.create_task(outbox.deliver_due())
        await reached(lambda: len(started) == 2)
        delivering.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await delivering
        assert started == ["0", "1"]
        assert list((await states(database)).values()) == ["delivered"] * 2 + ["waiting"] * 4
        rest = await row_of(database, "2")
        assert (rest.attempts, rest.first_attempted_at, rest.claimed_by) == (0, None, None)

    async def test_what_does_not_finish_is_due_at_the_next_start_with_its_fate_unknown(
        self, database: Database, clock: ManualClock, peer: Peer
    ) -> None:
        started: list[str] = []

        async def handler(delivery: Delivery) -> None:
            started.append(delivery.key)
            await asyncio.Event().wait()

        outbox = make_outbox(database, clock, last_wait=0)
        outbox.handle("post", handler)
        await put_now(database, clock, Effect("post", "a"))
        delivering = asyncio.create_task(outbox.deliver_due())
        await reached(lambda: started == ["a"])
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering
        successor = make_outbox(database, clock)
        successor.handle("post", peer)
        await successor.deliver_due()
        (delivery,) = peer.deliveries
        assert (delivery.attempt, delivery.first_attempted_at) == (2, clock.now())

    async def test_after_a_stop_it_can_start_again(
        self, database: Database, clock: ManualClock, outbox: Outbox, peer: Peer
    ) -> None:
        delivering = asyncio.create_task(outbox.deliver_due())
        await asyncio.sleep(0)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        await put_now(database, clock, Effect("post", "a"))
        await outbox.deliver_due()
        assert peer.keys == ["a"]
