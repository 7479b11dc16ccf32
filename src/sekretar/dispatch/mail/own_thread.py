"""A thread that owns a connection: whatever is done with it is done there, one thing after the other.

Not an executor of the standard library: those join their threads when the process ends, and a thread that waits for
a dead server would keep it from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from sekretar.kernel.waiting import to_the_end

T = TypeVar("T")

#: How long the end of the thread is waited for, in seconds. Only connecting cannot be called off; a thread that does
#: so is left to end by itself, which it will.
_PATIENCE = 2.0


class OwnThread:
    """Runs blocking work for one coroutine at a time.

    Args:
        call_off: makes the work that is going on end soon; called from outside the thread.
        tidy: what the thread does last.
    """

    def __init__(self, name: str, call_off: Callable[[], None], tidy: Callable[[], None]) -> None:
        self._call_off, self._tidy = call_off, tidy
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        threading.Thread(target=self._live, name=name, daemon=True).start()

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Have the work done and return what it returns. A cancellation leaves it going on until `end`."""
        result: asyncio.Future[T] = self._loop.create_future()

        def do() -> None:
            try:
                value = work(*arguments)
            except BaseException as error:
                self._tell(_fail, result, error)
            else:
                self._tell(_succeed, result, value)

        self._work.put(do)
        return await result

    async def end(self) -> None:
        """Call off what is going on, and return when the thread is done, or after some seconds."""
        self._call_off()
        self._work.put(None)
        await to_the_end(self._wait())

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._ended.wait()

    def _live(self) -> None:
        try:
            while (work := self._work.get()) is not None:
                work()
        finally:
            try:
                self._tidy()
            finally:
                self._tell(self._ended.set)

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        # A loop that is closed has nobody who could hear it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)


def _succeed(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
