"""A server in a process of its own, so that its work is not measured as ours."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection


@contextlib.contextmanager
def running(serve: Callable[[Connection], None]) -> Iterator[Connection]:
    """Run `serve` until the block ends. Returns this end of the pipe whose other end it is given."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.kill()
        process.join()
