"""Who may call us, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sekretar.kernel.clock import ManualClock
from sekretar.tickets.watching.hooks import MOST_GOOD, MOST_WRONG, WINDOW, TrackerHooks, Verdict


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def hooks(clock: ManualClock, heard: list[str]) -> TrackerHooks:
    async def hint(tracker: str) -> None:
        heard.append(tracker)

    return TrackerHooks({"desk": "s3cret", "silent": ""}, hint, clock)


async def test_only_the_secret_opens(hooks: TrackerHooks, heard: list[str]) -> None:
    assert await hooks.receive("desk", "s3cret", "a") is Verdict.HEARD
    for tracker, secret in (("desk", "wrong"), ("desk", ""), ("silent", ""), ("nobody", ""), ("desk", "ё")):
        assert await hooks.receive(tracker, secret, "a") is Verdict.REFUSED
    assert heard == ["desk"]


async def test_guessing_is_slow_and_hinders_nobody_else(hooks: TrackerHooks, clock: ManualClock) -> None:
    for _ in range(MOST_WRONG):
        assert await hooks.receive("desk", "wrong", "a") is Verdict.REFUSED
    assert await hooks.receive("desk", "s3cret", "a") is Verdict.TOO_MANY
    assert await hooks.receive("desk", "s3cret", "b") is Verdict.HEARD
    clock.advance(WINDOW + timedelta(seconds=1))
    assert await hooks.receive("desk", "s3cret", "a") is Verdict.HEARD


async def test_a_flood_with_the_secret_is_bounded(hooks: TrackerHooks, heard: list[str]) -> None:
    verdicts = [await hooks.receive("desk", "s3cret", "a") for _ in range(MOST_GOOD + 1)]
    assert verdicts[-1] is Verdict.TOO_MANY
    assert len(heard) == MOST_GOOD
