"""The embedded engine, with a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from sekretar.kernel.clock import LONGEST_STEP, ManualClock, SystemClock
from sekretar.kernel.jobs import LONGEST_BACKOFF, STEADY, InProcessJobs, TaskStatus

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def jobs(clock: ManualClock) -> InProcessJobs:
    return InProcessJobs(clock)


class Work:
    """A task that notes when it ran, and says or does what it is told."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.ran_at: list[datetime] = []
        self.answers: list[datetime | BaseException | None] = []

    async def __call__(self) -> datetime | None:
        self.ran_at.append(self.clock.now())
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def runs(self) -> int:
        return len(self.ran_at)


@pytest.fixture
def work(clock: ManualClock) -> Work:
    return Work(clock)


@asynccontextmanager
async def running(jobs: InProcessJobs) -> AsyncIterator[None]:
    task = asyncio.create_task(jobs.run())
    try:
        yield
    finally:
        task.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await task


async def reached(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, not only those that announce themselves
            await asyncio.sleep(0.005)


async def ran(work: Work, times: int) -> None:
    await reached(lambda: work.runs == times)


async def failed(jobs: InProcessJobs, times: int) -> None:
    await reached(lambda: jobs.status()[0].failures == times)


async def settled() -> None:
    """Let everything happen that would happen without the clock: longer than the shortest pause."""
    await asyncio.sleep(0.1)


async def test_a_task_runs_at_start_and_at_least_so_often(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    started = clock.now()
    jobs.add("work", work, at_least_every=HOUR)
    async with running(jobs):
        await ran(work, 1)
        await settled()
        clock.advance(HOUR - SECOND)
        await settled()
        assert work.runs == 1
        clock.advance(SECOND)
        await ran(work, 2)
    assert work.ran_at == [started, started + HOUR]


async def test_a_task_runs_when_it_said_something_is_due(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    due = clock.now() + 90 * SECOND
    work.answers = [due]
    jobs.add("work", work, at_least_every=HOUR)
    async with running(jobs):
        await ran(work, 1)
        await settled()
        clock.advance(90 * SECOND)
        await ran(work, 2)
    assert work.ran_at[1] == due


async def test_a_wake_runs_it_now_and_many_wakes_are_one(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    jobs.add("work", work, at_least_every=HOUR)
    async with running(jobs):
        await ran(work, 1)
        await settled()
        for _ in range(100):
            jobs.wake("work")
        await ran(work, 2)
        await settled()
    assert work.runs == 2


async def test_a_wake_during_a_run_is_not_lost(jobs: InProcessJobs) -> None:
    go_on = asyncio.Event()
    runs = 0

    async def task() -> None:
        nonlocal runs
        runs += 1
        await go_on.wait()

    jobs.add("work", task, at_least_every=HOUR)
    async with running(jobs):
        await reached(lambda: runs == 1)
        jobs.wake("work")
        go_on.set()
        await reached(lambda: runs == 2)


async def test_wakes_for_later_are_kept_over_a_run_in_between(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    jobs.add("work", work, at_least_every=HOUR)
    async with running(jobs):
        await ran(work, 1)
        jobs.wake("work", clock.now() + 60 * SECOND)
        jobs.wake("work", clock.now() + 120 * SECOND)
        jobs.wake("work")
        await ran(work, 2)
        await settled()
        for runs in (3, 4):
            clock.advance(60 * SECOND)
            await ran(work, runs)


async def test_a_name_nobody_added_is_ignored(jobs: InProcessJobs) -> None:
    jobs.wake("nothing")
    assert jobs.status() == []


async def test_two_jobs_of_one_name_are_a_mistake(jobs: InProcessJobs, work: Work) -> None:
    jobs.add("work", work, at_least_every=HOUR)
    with pytest.raises(ValueError, match="'work'"):
        jobs.add("work", work, at_least_every=HOUR)
    with pytest.raises(ValueError, match="without pause"):
        jobs.add("other", work, at_least_every=timedelta())


@pytest.mark.parametrize("error", [KeyError("x"), asyncio.CancelledError()])
async def test_failures_are_counted_and_tried_again_after_growing_pauses(
    jobs: InProcessJobs, clock: ManualClock, work: Work, error: BaseException
) -> None:
    started = clock.now()
    work.answers = [error, error, error]
    neighbour = Work(clock)
    jobs.add("work", work, at_least_every=HOUR)
    jobs.add("neighbour", neighbour, at_least_every=HOUR)
    async with running(jobs):
        for pause in (1, 2, 4):
            runs = work.runs
            await ran(work, runs + 1)
            await settled()
            # Being called more often mends nothing.
            jobs.wake("work")
            await settled()
            assert work.runs == runs + 1
            clock.advance(pause * SECOND)
        await ran(work, 4)
        await settled()
        status = {status.name: status for status in jobs.status()}
    assert work.ran_at == [started + n * SECOND for n in (0, 1, 3, 7)]
    assert (status["work"].runs, status["work"].failures, status["work"].failures_in_a_row) == (4, 3, 0)
    assert status["work"].last_failure == started + 3 * SECOND
    assert status["work"].last_success == started + 7 * SECOND
    assert status["work"].last_error in ("KeyError", "CancelledInside")
    assert status["neighbour"] == TaskStatus("neighbour", runs=1, last_success=started)


async def test_the_pause_between_failures_is_limited(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    work.answers = [KeyError() for _ in range(12)]
    jobs.add("work", work, at_least_every=HOUR)
    async with running(jobs):
        for run in range(1, 13):
            await failed(jobs, run)
            await settled()
            clock.advance(LONGEST_BACKOFF)
        await ran(work, 13)


async def test_a_task_that_is_always_due_does_not_spin(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    work.answers = [clock.now() - HOUR for _ in range(1000)]
    jobs.add("work", work, at_least_every=HOUR)
    async with running(jobs):
        await reached(lambda: work.runs >= 2)
        await asyncio.sleep(0.3)
    assert work.runs < 12


async def test_a_task_that_wakes_itself_leaves_room_for_others(
    jobs: InProcessJobs, clock: ManualClock
) -> None:
    async def task() -> None:
        jobs.wake("selfish")

    neighbour = Work(clock)
    jobs.add("selfish", task, at_least_every=HOUR)
    jobs.add("neighbour", neighbour, at_least_every=HOUR)
    async with running(jobs):
        await reached(lambda: neighbour.runs == 1)


async def test_a_clock_set_back_does_not_stretch_the_longest_pause(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    jobs.add("work", work, at_least_every=60 * SECOND)
    async with running(jobs):
        await ran(work, 1)
        clock.advance(-24 * HOUR)
        # The engine looks at the clock again within a second of real time.
        await asyncio.sleep(LONGEST_STEP.total_seconds() + 0.2)
        clock.advance(60 * SECOND)
        await ran(work, 2)


async def test_a_clock_set_forward_makes_things_due(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    work.answers = [clock.now() + 5 * HOUR]
    jobs.add("work", work, at_least_every=24 * HOUR)
    async with running(jobs):
        await ran(work, 1)
        await settled()
        clock.advance(6 * HOUR)
        await ran(work, 2)


async def test_a_real_clock_that_jumps_is_followed_within_a_second(work: Work) -> None:
    class Jumping(SystemClock):
        offset = timedelta()

        def now(self) -> datetime:
            return super().now() + self.offset

    clock = Jumping()
    jobs = InProcessJobs(clock)
    work.answers = [clock.now() + HOUR]
    jobs.add("work", work, at_least_every=24 * HOUR)
    async with running(jobs):
        await ran(work, 1)
        await settled()
        clock.offset = 2 * HOUR
        async with asyncio.timeout(1.5):
            await ran(work, 2)


async def test_a_duty_runs_and_is_started_again_with_growing_pauses(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    fail = asyncio.Event()

    async def duty() -> None:
        await work()
        await fail.wait()
        raise ConnectionError("lost")

    jobs.duty("socket", duty)
    async with running(jobs):
        await ran(work, 1)
        clock.advance(HOUR)
        await settled()
        assert jobs.status()[0].running_since == work.ran_at[0]
        fail.set()
        for failures, pause in ((1, 1), (2, 2), (3, 4)):
            await failed(jobs, failures)
            await settled()
            clock.advance(pause * SECOND)
            await ran(work, failures + 1)
    pauses = [after - before for before, after in itertools.pairwise(work.ran_at)]
    assert pauses == [HOUR + SECOND, 2 * SECOND, 4 * SECOND]
    assert jobs.status()[0].last_error == "ConnectionError"


async def test_a_duty_that_held_out_starts_over_with_the_first_pause(
    jobs: InProcessJobs, clock: ManualClock
) -> None:
    fail = asyncio.Event()

    async def duty() -> None:
        await fail.wait()
        fail.clear()
        raise ConnectionError

    jobs.duty("socket", duty)
    async with running(jobs):
        for _ in range(5):
            await reached(lambda: jobs.status()[0].running_since is not None)
            clock.advance(STEADY)
            fail.set()
            await reached(lambda: jobs.status()[0].running_since is None)
            assert jobs.status()[0].failures_in_a_row == 1
            await settled()
            clock.advance(SECOND)


async def test_a_duty_that_returns_is_started_again(
    jobs: InProcessJobs, clock: ManualClock, work: Work
) -> None:
    async def duty() -> None:
        await work()

    jobs.duty("socket", duty)
    async with running(jobs):
        await ran(work, 1)
        await settled()
        assert work.runs == 1
        clock.advance(SECOND)
        await ran(work, 2)


async def test_what_is_added_later_runs_too_and_a_second_run_is_refused(
    jobs: InProcessJobs, work: Work
) -> None:
    async with running(jobs):
        await settled()
        jobs.add("work", work, at_least_every=HOUR)
        await ran(work, 1)
        with pytest.raises(RuntimeError, match="already"):
            await jobs.run()


async def test_stopping_lets_tasks_clean_up_and_a_failing_clean_up_does_not_prevent_it(
    jobs: InProcessJobs,
) -> None:
    cleaned: list[str] = []
    started = asyncio.Event()

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("tidy")

    async def messy() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise KeyError("while stopping")

    jobs.add("tidy", tidy, at_least_every=HOUR)
    jobs.add("messy", messy, at_least_every=HOUR)
    async with running(jobs):
        async with asyncio.timeout(5):
            await started.wait()
    assert cleaned == ["tidy"]


async def test_it_can_run_again_after_a_stop(jobs: InProcessJobs, work: Work) -> None:
    jobs.add("work", work, at_least_every=HOUR)
    for runs in (1, 2):
        async with running(jobs):
            await ran(work, runs)
