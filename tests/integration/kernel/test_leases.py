"""One owner at a time, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.leases import Leases

TERM = timedelta(seconds=30)


@pytest.fixture
def first(database: Database, clock: ManualClock) -> Leases:
    return Leases(database, clock, term=TERM)


@pytest.fixture
def second(database: Database, clock: ManualClock) -> Leases:
    return Leases(database, clock, term=TERM)


async def reached(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, not only those that announce themselves
            await asyncio.sleep(0.005)


async def test_a_lease_has_one_owner_until_it_ends(first: Leases, second: Leases, clock: ManualClock) -> None:
    assert await first.acquire("socket")
    assert not await second.acquire("socket")
    assert await second.acquire("mailbox")
    clock.advance(TERM - timedelta(seconds=1))
    assert await first.acquire("socket")
    clock.advance(TERM - timedelta(seconds=1))
    assert not await second.acquire("socket")
    clock.advance(timedelta(seconds=1))
    assert await second.acquire("socket")
    assert not await first.acquire("socket")


async def test_a_released_lease_is_free_and_a_foreign_one_cannot_be_released(
    first: Leases, second: Leases
) -> None:
    assert await first.acquire("socket")
    await second.release("socket")
    assert not await second.acquire("socket")
    await first.release("socket")
    assert await second.acquire("socket")


async def test_of_many_who_ask_at_once_one_gets_it(database: Database, clock: ManualClock) -> None:
    askers = [Leases(database, clock) for _ in range(10)]
    answers = await asyncio.gather(*(asker.acquire("socket") for asker in askers))
    assert sorted(answers) == [False] * 9 + [True]


async def test_a_lease_from_a_clock_that_was_wrong_does_not_last(
    first: Leases, second: Leases, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=365))
    assert await first.acquire("socket")
    clock.advance(timedelta(days=-365))
    assert await second.acquire("socket")


class Duty:
    """Notes who has it."""

    def __init__(self) -> None:
        self.owners: list[str] = []
        self.most = 0

    def of(self, name: str) -> Callable[[], asyncio.Future[None]]:
        async def run() -> None:
            self.owners.append(name)
            self.most = max(self.most, len(self.owners))
            try:
                await asyncio.Event().wait()
            finally:
                self.owners.remove(name)

        return lambda: asyncio.ensure_future(run())


async def test_a_duty_is_done_by_one_and_taken_over_at_once_when_it_stops(
    first: Leases, second: Leases, clock: ManualClock
) -> None:
    duty = Duty()
    one = asyncio.create_task(first.held("socket", duty.of("one"))())
    await reached(lambda: duty.owners == ["one"])
    two = asyncio.create_task(second.held("socket", duty.of("two"))())
    for _ in range(9):
        # Renewed again and again, it outlasts its term.
        clock.advance(TERM / 3)
        await asyncio.sleep(0.02)
    assert duty.owners == ["one"]
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)
    clock.advance(TERM / 3)
    await reached(lambda: duty.owners == ["two"])
    assert duty.most == 1
    two.cancel()
    await asyncio.gather(two, return_exceptions=True)


async def test_a_duty_is_stopped_when_its_lease_is_lost(
    first: Leases, second: Leases, clock: ManualClock
) -> None:
    duty = Duty()
    one = asyncio.create_task(first.held("socket", duty.of("one"))())
    await reached(lambda: duty.owners == ["one"])
    # As after a suspended laptop: the lease has ended and somebody else has it.
    await first.release("socket")
    assert await second.acquire("socket")
    clock.advance(TERM / 3)
    await reached(lambda: duty.owners == [])
    await second.release("socket")
    clock.advance(TERM / 3)
    await reached(lambda: duty.owners == ["one"])
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)


async def test_a_duty_that_fails_gives_its_lease_back_and_says_why(first: Leases, second: Leases) -> None:
    async def fail() -> None:
        raise ConnectionError("lost")

    with pytest.raises(ConnectionError):
        await first.held("socket", fail)()
    assert await second.acquire("socket")
