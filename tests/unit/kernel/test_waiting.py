"""Patience: who takes too long is told so, and nobody else notices."""

from __future__ import annotations

import asyncio

import pytest

from sekretar.kernel.waiting import Patience


def cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def test_who_takes_longer_is_ended_and_the_next_ones_later() -> None:
    patience, ended = Patience(0.05), list[str]()

    async def wait(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with pytest.raises(TimeoutError), patience.limit():
            await asyncio.Event().wait()
        ended.append(name)

    async with asyncio.timeout(10):
        await asyncio.gather(wait("later", 0.02), wait("first", 0), wait("last", 0.1))
    assert ended == ["first", "later", "last"]


async def test_who_is_quick_enough_goes_on() -> None:
    patience = Patience(0.02)
    with patience.limit():
        await asyncio.sleep(0)
    # Longer than the limit was.
    await asyncio.sleep(0.05)
    with patience.limit():
        await asyncio.sleep(0)
    assert not cancelled()


async def test_a_cancellation_from_outside_stays_one() -> None:
    patience, begun = Patience(60), asyncio.Event()

    async def wait() -> None:
        with patience.limit():
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_of_two_limits_the_shorter_one_ends_what_is_within_it() -> None:
    outer, inner = Patience(60), Patience(0.01)
    with outer.limit():
        with pytest.raises(TimeoutError), inner.limit():
            await asyncio.Event().wait()
        await asyncio.sleep(0)


async def test_another_error_on_the_way_out_leaves_no_cancellation_behind() -> None:
    async def fail_when_ended() -> None:
        with Patience(0.01).limit():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise RuntimeError from None

    with pytest.raises(RuntimeError):
        await fail_when_ended()
    await asyncio.sleep(0)
    assert not cancelled()
