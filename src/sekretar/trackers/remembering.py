"""Directories of a tracker are asked for rarely, because they change rarely."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from sekretar.kernel.clock import Clock

_FoundT = TypeVar("_FoundT")

#: How long a directory is believed.
REMEMBERED = timedelta(minutes=5)


class Remembered:
    """What was asked for lately, by name. Only for what is the same whoever asks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[datetime, Any]] = {}

    async def get(self, name: str, ask: Callable[[], Awaitable[_FoundT]]) -> _FoundT:
        """What is known under a name, asked for anew after a while."""
        until, found = self._known.get(name, (None, None))
        if until is not None and self._clock.now() < until:
            return cast("_FoundT", found)
        fresh = await ask()
        self._known[name] = (self._clock.now() + REMEMBERED, fresh)
        return fresh
