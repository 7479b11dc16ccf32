"""The outbox on both databases: once, in order, later, never in silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

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
    forget,
    put,
    put_all,
    receipt_of,
)
from sekretar.kernel.outbox.letters import KEEP_CONTENT, KEEP_KEY
from sekretar.kernel.outbox.policy import LONGEST_PAUSE, MOST_FAULTS, MOST_LAPSES, PATIENCE
from sekretar.kernel.outbox.store import LEASE

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


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


@pytest.fixture
def peer() -> Peer:
    return Peer()


def make_outbox(database: Database, clock: ManualClock, **options: float) -> Outbox:
    concurrency = int(options.pop("concurrency", 100))
    return Outbox(database, clock, concurrency=concurrency, random=lambda: 0.0, **options)


@pytest.fixture
def outbox(database: Database, clock: ManualClock, peer: Peer) -> Outbox:
    outbox = make_outbox(database, clock)
    outbox.handle("post", peer)
    return outbox


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
        async with database.reading() as session:
            assert await receipt_of(session, "a") == {"post_id": "post-a"}
            assert await receipt_of(session, "b") is None
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


async def reached(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, for at most five seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, not only those that announce themselves
            await asyncio.sleep(0.005)


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
