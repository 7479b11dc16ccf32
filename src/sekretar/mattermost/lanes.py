"""Handling events: in order where order matters, side by side where it does not, never in the reader's way.

Each channel is a lane: its events are handled one after the other. Different lanes run at the same time. What
waits is bounded; when nothing more fits, the event is refused, and whoever offered it has to fetch it later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from sekretar.mattermost.events import Event

_log = structlog.get_logger(__name__)


class Lanes:
    """A bounded set of queues, one for each lane that has work."""

    def __init__(
        self, handle: Callable[[Event], Awaitable[None]], *, capacity: int = 5_000, at_once: int = 32
    ) -> None:
        """`capacity`: events waiting or in hand, over all lanes. `at_once`: handlers running at a time."""
        self._handle = handle
        self._capacity = capacity
        self._turns = asyncio.Semaphore(at_once)
        self._queues: dict[str, deque[Event]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._progress = asyncio.Condition()

    @property
    def waiting(self) -> int:
        """Events accepted and not handled to the end."""
        return self._waiting

    def offer(self, event: Event) -> bool:
        """Accept the event at once, or refuse it because too much is waiting."""
        if self._waiting >= self._capacity:
            return False
        self._waiting += 1
        queue = self._queues.get(event.lane)
        if queue is not None:
            queue.append(event)
            return True
        self._queues[event.lane] = deque([event])
        worker = asyncio.create_task(self._work(event.lane))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)
        return True

    async def put(self, event: Event) -> None:
        """Accept the event as soon as there is room."""
        while not self.offer(event):
            async with self._progress:
                await self._progress.wait_for(lambda: self._waiting < self._capacity)

    async def drained(self, to: int = 0) -> None:
        """Return once no more than `to` events are waiting."""
        async with self._progress:
            await self._progress.wait_for(lambda: self._waiting <= to)

    async def close(self) -> None:
        """Stop handling; what waits is dropped."""
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, lane: str) -> None:
        queue = self._queues[lane]
        try:
            while queue:
                await self._handle_one(queue.popleft())
        finally:
            # Reached without a pause after the queue was seen empty, so no event can slip in between.
            del self._queues[lane]

    async def _handle_one(self, event: Event) -> None:
        try:
            async with self._turns:
                await self._handle(event)
        except Exception:
            # One event that we cannot deal with must not stop those behind it.
            _log.exception("mattermost_event_failed", event_type=type(event).__name__, lane=event.lane)
        finally:
            self._waiting -= 1
            async with self._progress:
                self._progress.notify_all()
