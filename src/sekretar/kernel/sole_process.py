"""The embedded engine has its database to itself, or it does not start.

Two processes on one database would not corrupt it, but each would hold the WebSocket and answer every message
twice. The lock is one that is taken back by itself when its holder dies in whatever way (a lock on a file
beside the SQLite database, a session lock of PostgreSQL), so that a restart after `kill -9` need not wait for
anything.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from sekretar.kernel.database import Database, process_name
from sekretar.kernel.errors import ConfigurationError, PeerDown

#: The advisory lock on PostgreSQL; `kernel.schema` has another one.
_LOCK = 0x53454B52_00000002

_HOLDER = text(
    "SELECT activity.application_name FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND (classid::bigint << 32) + objid::bigint = :lock"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class SoleProcess:
    """Holds a database against every other process, from `async with` to its end.

    Raises:
        ConfigurationError: another process holds it; the text names it where known.
        PeerDown: the database is unreachable.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: IO[str] | None = None
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        if self._database.embedded:
            self._file = _lock_beside(Path(self._database.url.database or ""))
        else:
            await self._lock_session()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        if self._connection is not None:
            # Of a session that broke nothing can be asked any more, in the middle of a check least of all.
            with contextlib.suppress(SQLAlchemyError):
                # The server notices the end of a session a moment later, and whoever follows us may be quicker.
                await self._connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            await _end_session(self._connection)

    async def check(self) -> None:
        """Take the lock again if it was lost with its connection (a restart of PostgreSQL); run now and then.

        Raises:
            ConfigurationError: another process has taken the database meanwhile. Stop working on it.
            PeerDown: the database is unreachable; nothing is known.
        """
        if self._database.embedded:
            return
        if self._connection is not None:
            try:
                await self._connection.execute(text("SELECT 1"))
                return
            except DBAPIError:
                lost, self._connection = self._connection, None
                await _end_session(lost)
        await self._lock_session()

    async def _lock_session(self) -> None:
        try:
            connection = await self._database.engine.connect()
        except OperationalError as error:
            raise PeerDown("database", type(error).__name__) from error
        try:
            # Without autocommit the session would sit in an open transaction for as long as it holds the
            # lock.
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            taken = await connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK})
            if not taken:
                raise _taken(await connection.scalar(_HOLDER, {"lock": _LOCK}))
        except BaseException:
            await connection.close()
            raise
        self._connection = connection


async def _end_session(connection: AsyncConnection) -> None:
    """The lock belongs to the session, so the session may not go back to the pool."""
    with contextlib.suppress(DBAPIError):
        await connection.invalidate()
    await connection.close()


def _lock_beside(database: Path) -> IO[str]:
    """Lock the file `<database>.lock`; it stays there when unlocked, since removing it would race."""
    database = database.resolve()
    path = database.with_name(database.name + ".lock")
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"The lock file {path} cannot be opened ({error.strerror}).",
            "Let the user that Sekretar runs as write to the directory of the database.",
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read(200).strip()
        file.close()
        raise _taken(holder) from error
    file.seek(0)
    file.truncate()
    file.write(process_name())
    file.flush()
    os.fsync(file.fileno())
    return file


def _taken(holder: str | None) -> ConfigurationError:
    return ConfigurationError(
        f"Another process works on this database: {holder or 'its name is not known'}.",
        "Stop that process first, or give this one a database of its own.",
    )
