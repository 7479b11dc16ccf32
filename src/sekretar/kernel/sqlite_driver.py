"""The driver of SQLite with one trip to its thread for each statement.

A connection of aiosqlite lives in a thread of its own, and every step of a statement (make a cursor, execute, fetch,
close) is sent there and waited for. SQLAlchemy always wants all rows and closes the cursor after that, so the four
trips can be one, which is most of the time that a short statement takes. The cursor does not outlive its statement
either: SQLite keeps the lock of a closed connection for as long as a cursor of it lives.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, Self

import aiosqlite


class OneTripCursor:
    """What SQLAlchemy needs of a cursor of aiosqlite."""

    #: As many rows `fetchmany` gives when nobody says how many.
    arraysize = 1

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: deque[Any] = deque()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *about: object) -> None:
        await self.close()

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def execute(self, statement: str, parameters: Any = ()) -> Self:
        """Run a statement and fetch what it answers."""
        return await self._run("execute", statement, parameters)

    async def executemany(self, statement: str, parameters: Any) -> Self:
        """Run a statement once for each of the parameters."""
        return await self._run("executemany", statement, parameters)

    async def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        wanted = min(size or self.arraysize, len(self._rows))
        return [self._rows.popleft() for _ in range(wanted)]

    async def fetchall(self) -> Sequence[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if not self._rows:
            raise StopAsyncIteration
        return self._rows.popleft()

    async def close(self) -> None:
        self._rows.clear()

    async def _run(self, method: str, statement: str, parameters: Any) -> Self:
        answer = await self._connection.in_its_thread(method, statement, parameters)
        self.description, self.rowcount, self.lastrowid, rows = answer
        self._rows = deque(rows)
        return self


class OneTripConnection(aiosqlite.Connection):
    """A connection of aiosqlite whose cursors make one trip for each statement.

    It may also be closed by several at once: by whoever was cancelled in the middle of a statement, and by the pool.
    Its thread ends once, and all of them wait for that one end. Some do not wait for the end at all; `endings` are
    those that are still to come, for whoever ends the loop.
    """

    _stopped = False
    #: The end of the thread; none when it was asked for without a loop to tell it to.
    _ending: asyncio.Future[Any] | None = None
    #: Shared with the other connections of the database.
    endings: set[asyncio.Future[Any]]

    def stop(self) -> asyncio.Future[Any] | None:
        if not self._stopped:
            self._stopped = True
            self._ending = super().stop()
            if self._ending is not None:
                self.endings.add(self._ending)
                self._ending.add_done_callback(self.endings.discard)
        # Whoever waits for it and is cancelled does not take it from the others.
        return None if self._ending is None else asyncio.shield(self._ending)

    def cursor(self) -> OneTripCursor:  # type: ignore[override]
        return OneTripCursor(self)

    async def in_its_thread(
        self, method: str, statement: str, parameters: Any
    ) -> tuple[Any, int, int | None, Sequence[Any]]:
        """Description, row count, last row id and rows of a statement."""
        run: Callable[..., Awaitable[tuple[Any, int, int | None, Sequence[Any]]]] = self._execute
        return await run(self._whole_statement, method, statement, parameters)

    def _whole_statement(
        self, method: str, statement: str, parameters: Any
    ) -> tuple[Any, int, int | None, Sequence[Any]]:
        cursor = self._conn.cursor()
        try:
            getattr(cursor, method)(statement, parameters)
            rows = cursor.fetchall() if cursor.description else ()
            return cursor.description, cursor.rowcount, cursor.lastrowid, rows
        finally:
            cursor.close()


async def connect(path: str, endings: set[asyncio.Future[Any]], *, busy_timeout: float) -> OneTripConnection:
    """A connection to the file, outside of any transaction; `busy_timeout` in seconds.

    Args:
        endings: where the end of the connection is kept until it has come.
    """

    def connector() -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, timeout=busy_timeout)

    connection = OneTripConnection(connector, iter_chunk_size=64)
    connection.endings = endings
    # Whoever exits without closing does not wait for the thread.
    connection._thread.daemon = True
    await connection
    return connection
