"""Waiting for a condition, never for time to pass."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

_STEP_SECONDS = 0.05


@overload
async def until(look: Callable[[], Awaitable[T]], *, seconds: float = 20.0, what: str = ...) -> T: ...
@overload
async def until(look: Callable[[], T], *, seconds: float = 20.0, what: str = ...) -> T: ...
async def until(look: Callable[[], Any], *, seconds: float = 20.0, what: str = "the condition") -> Any:
    """The first true answer of `look`; AssertionError with its last answer when there is none in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        seen = look()
        answer = await seen if inspect.isawaitable(seen) else seen
        if answer:
            return answer
        if loop.time() > end:
            raise AssertionError(f"waited {seconds:g} s for {what}; the last look gave {answer!r}")
        await asyncio.sleep(_STEP_SECONDS)
