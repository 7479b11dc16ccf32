"""Waiting that a cancellation may not break off in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
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
