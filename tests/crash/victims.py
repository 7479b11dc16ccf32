"""Processes that are to die.

Forked from one that has everything imported, each lives only as long as its work takes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable

PROCESSES = multiprocessing.get_context("forkserver")
# What is loaded here is loaded by no victim.
PROCESSES.set_forkserver_preload(
    [
        "pytest",
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite.aiosqlite",
        "aiosqlite",
        "psycopg",
        "tests.crash.outbox_child",
        "tests.crash.letters_child",
        "tests.crash.incidents_child",
        "tests.crash.mirror_child",
        "tests.crash.restoring_child",
    ]
)


async def end_of(main: Callable[..., None], *arguments: object) -> int | None:
    """The exit status of a victim that does this: 0 when it finished, -9 when it was killed."""
    child = PROCESSES.Process(target=main, args=arguments)
    child.start()
    await asyncio.to_thread(child.join, 60)
    status = child.exitcode
    child.kill()
    child.join()
    child.close()
    return status
