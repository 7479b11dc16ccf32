"""Handling events in order, side by side, within bounds."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.mattermost.fakes import until

from sekretar.mattermost.events import Event, Other, StatusChanged
from sekretar.mattermost.lanes import Lanes


def event(channel: str, number: int) -> Other:
    return Other(str(number), {}, channel)


async def test_a_lane_keeps_its_order_and_lanes_do_not_wait_for_each_other() -> None:
    handled: list[tuple[str, str]] = []
    gate = asyncio.Event()

    async def handle(one: Event) -> None:
        assert isinstance(one, Other)
        if one.channel_id == "slow":
            await gate.wait()
        handled.append((one.channel_id, one.name))

    lanes = Lanes(handle)
    for number in range(3):
        assert lanes.offer(event("slow", number))
        assert lanes.offer(event("fast", number))
    await until(lambda: len(handled) == 3)
    assert handled == [("fast", "0"), ("fast", "1"), ("fast", "2")]
    gate.set()
    await lanes.drained()
    assert handled[3:] == [("slow", "0"), ("slow", "1"), ("slow", "2")]


async def test_an_event_that_fails_does_not_stop_those_behind_it() -> None:
    handled: list[str] = []

    async def handle(one: Event) -> None:
        assert isinstance(one, Other)
        if one.name == "0":
            raise RuntimeError("a mistake")
        handled.append(one.name)

    lanes = Lanes(handle)
    lanes.offer(event("c", 0))
    lanes.offer(event("c", 1))
    await lanes.drained()
    assert handled == ["1"]
    assert lanes.waiting == 0


async def test_what_does_not_fit_is_refused_and_patience_finds_room() -> None:
    gate = asyncio.Event()

    async def handle(one: Event) -> None:
        await gate.wait()

    lanes = Lanes(handle, capacity=2)
    assert lanes.offer(event("a", 0))
    assert lanes.offer(event("b", 0))
    assert not lanes.offer(event("c", 0))
    putting = asyncio.create_task(lanes.put(event("c", 0)))
    await asyncio.sleep(0)
    assert not putting.done()
    gate.set()
    await asyncio.wait_for(putting, 5)
    await lanes.drained()


async def test_no_more_handlers_run_at_once_than_allowed() -> None:
    running, most = 0, 0

    async def handle(one: Event) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    lanes = Lanes(handle, at_once=3)
    for number in range(30):
        lanes.offer(StatusChanged(f"u{number}", "online"))
    await lanes.drained()
    assert most == 3


async def test_closing_stops_what_runs() -> None:
    stopped = asyncio.Event()

    async def handle(one: Event) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.set()
            raise

    lanes = Lanes(handle)
    lanes.offer(event("c", 0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await lanes.close()
    assert stopped.is_set()


@pytest.mark.parametrize("rounds", [1, 50])
async def test_a_lane_can_be_used_again_after_it_was_empty(rounds: int) -> None:
    handled: list[Event] = []

    async def handle(one: Event) -> None:
        handled.append(one)

    lanes = Lanes(handle)
    for number in range(rounds):
        lanes.offer(event("c", number))
        await lanes.drained()
    assert len(handled) == rounds
