"""Answering in time, and finishing all the same.

Mattermost waits a few seconds for the answer to a command or a click; the person waits no longer than that
before wondering. Work that takes longer goes on behind a short *one moment*, and its result is handed to
whoever can still deliver it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Deadline:
    """Runs work that must not be cut off by its deadline, nor by a caller who goes away."""

    def __init__(self) -> None:
        self._behind: set[asyncio.Task[None]] = set()

    async def run(
        self, work: Coroutine[Any, Any, T], seconds: float, late: Callable[[T], Awaitable[None]]
    ) -> T | None:
        """The result, or None when it takes longer than `seconds`; then `late` is called with it later."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            self._follow(task, late)
            raise
        if task.done():
            return task.result()
        self._follow(task, late)
        return None

    async def drain(self) -> None:
        """Wait until everything that ran late has been handed over: before the process ends."""
        while self._behind:
            await asyncio.wait(set(self._behind))

    def _follow(self, task: asyncio.Task[T], late: Callable[[T], Awaitable[None]]) -> None:
        behind = asyncio.create_task(_finish(task, late))
        self._behind.add(behind)
        behind.add_done_callback(self._behind.discard)


async def _finish(task: asyncio.Task[T], late: Callable[[T], Awaitable[None]]) -> None:
    try:
        await late(await task)
    except Exception:
        _log.exception("mattermost_late_answer_failed")
