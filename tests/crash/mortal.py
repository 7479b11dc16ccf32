"""`sekretar run` that kills itself at one call: `python -m tests.crash.mortal before sekretar.module:Class.method`.

A kill from outside meets a moment by luck. This one meets it always, and no product code knows of it.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from sekretar.cli import main


def doom(when: str, where: str) -> None:
    """Replace that asynchronous function by one that is the end of this process, before or after its work."""
    module, _, path = where.partition(":")
    owner: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for each in classes:
        owner = getattr(owner, each)
    setattr(owner, name, _deadly(when, getattr(owner, name)))


def _deadly(when: str, work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(work)
    async def deadly(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            await work(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return deadly


if __name__ == "__main__":
    doom(*sys.argv[1:3])
    sys.argv = ["sekretar", "run"]
    main()
