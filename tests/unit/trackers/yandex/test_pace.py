"""Turns of a token: never more than Tracker guarantees, and no asking while it wants a pause."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.errors import PeerLimited
from sekretar.trackers.yandex.pace import Pace

SECOND = timedelta(seconds=1)


async def turns(pace: Pace, clock: ManualClock, count: int, *, searching: bool) -> list[datetime]:
    """When so many requests that all want to go at once are let go."""
    taken: list[datetime] = []

    async def go() -> None:
        await pace.turn(searching=searching)
        taken.append(clock.now())

    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(go()) for _ in range(count)]
        while not all(task.done() for task in waiting):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            clock.advance(SECOND / 10)
    return taken


@pytest.mark.parametrize(("searching", "most"), [(True, 5), (False, 8)])
async def test_no_second_sees_more_than_allowed(clock: ManualClock, searching: bool, most: int) -> None:
    taken = await turns(Pace(clock, "main"), clock, 20, searching=searching)
    assert len(taken) == 20
    for begin in taken:
        assert sum(begin <= each < begin + SECOND for each in taken) <= most
    assert taken[-1] - taken[0] < timedelta(seconds=20 / most + 1)


async def test_searches_and_the_rest_have_turns_of_their_own(clock: ManualClock) -> None:
    pace, begun = Pace(clock, "main"), clock.now()
    for _ in range(5):
        await pace.turn(searching=True)
    for _ in range(8):
        await pace.turn(searching=False)
    assert clock.now() == begun


async def test_a_pause_that_was_asked_for_is_told_not_waited_for(clock: ManualClock) -> None:
    pace = Pace(clock, "main")
    pace.pause(timedelta(seconds=7))
    clock.advance(timedelta(seconds=2))
    with pytest.raises(PeerLimited) as caught:
        await pace.turn(searching=False)
    assert caught.value.retry_after == timedelta(seconds=5)
    clock.advance(timedelta(seconds=5))
    await pace.turn(searching=False)


async def test_a_clock_that_was_set_back_makes_nobody_wait(clock: ManualClock) -> None:
    pace = Pace(clock, "main")
    for _ in range(5):
        await pace.turn(searching=True)
    clock.advance(timedelta(hours=-1))
    await asyncio.wait_for(pace.turn(searching=True), timeout=1)
