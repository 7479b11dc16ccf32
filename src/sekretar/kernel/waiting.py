"""Waiting that a cancellation may not break off in the middle, and waiting that takes no longer than it may."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await the work to its end even when the caller is cancelled; the cancellation is raised afterwards.

    For steps that must not be left half done, such as a commit and the news of it. The work itself must be
    bounded in time: while it runs, the caller cannot be stopped.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    result = task.result()
    if cancelled:
        raise asyncio.CancelledError
    return result


class Patience:
    """Ends what takes longer than so many seconds, as `asyncio.timeout` does, with one timer for all that wait.

    A timer for each of thousands of short requests costs a tenth of the requests. Because all of them may take
    equally long, the one that began first is the first to be late, and only it has to be watched.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        #: Who waits, and until when by the clock of the loop: the earliest first.
        self._waiting: dict[_Wait, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def limit(self) -> _Wait:
        """What the current task does within takes no longer, or it ends with a TimeoutError."""
        return _Wait(self)

    def begin(self, wait: _Wait) -> None:
        """Watch this one."""
        loop = asyncio.get_running_loop()
        self._waiting[wait] = until = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(until, self._look)

    def end(self, wait: _Wait) -> None:
        """It has come to its end by itself."""
        self._waiting.pop(wait, None)

    def _look(self) -> None:
        """Break off what is late, and look again when the next one would be."""
        loop = asyncio.get_running_loop()
        self._timer = None
        for wait, until in list(self._waiting.items()):
            if until > loop.time():
                self._timer = loop.call_at(until, self._look)
                return
            del self._waiting[wait]
            wait.break_off()


class _Wait:
    """One task that waits; a context manager."""

    __slots__ = ("_broken_off", "_cancelled_before", "_patience", "_task")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._task: asyncio.Task[Any] | None = None
        self._cancelled_before = 0
        self._broken_off = False

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        if self._task is None:
            raise RuntimeError("only a task can be told to wait no longer")
        self._cancelled_before = self._task.cancelling()
        self._patience.begin(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patience.end(self)
        if not self._broken_off or self._task is None:
            return
        if self._task.uncancel() <= self._cancelled_before and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def break_off(self) -> None:
        """Have the task leave what it waits for."""
        self._broken_off = True
        if self._task is not None:
            self._task.cancel()
