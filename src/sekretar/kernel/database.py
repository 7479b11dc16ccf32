"""The database as two verbs: `transaction` writes, `reading` reads.

SQLite allows one writer. A transaction that begins by reading and writes later may find its place taken and
fail in the middle, so every write transaction takes the write lock at its first step (`BEGIN IMMEDIATE`), and
writers of this process queue for it in order instead of polling. Readers have connections of their own and
never wait for a writer (WAL). PostgreSQL needs none of this and offers the same two verbs.

Work that a commit makes due is announced with `wake_after_commit`; listeners hear of it once the commit is
done, never before, so that nobody looks for rows that are not there yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import structlog
from sqlalchemy import event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from sekretar.kernel import sqlite_driver
from sekretar.kernel.columns import Base, BigId, Json, NullableJson, Secret, UtcDateTime
from sekretar.kernel.errors import ConfigurationError, PeerDown
from sekretar.kernel.schema import current_revision, upgrade
from sekretar.kernel.waiting import to_the_end

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

__all__ = [
    "Base",
    "BigId",
    "Database",
    "Json",
    "NullableJson",
    "Secret",
    "UtcDateTime",
    "insert_into",
    "process_name",
    "wake_after_commit",
]

_log = structlog.get_logger(__name__)

#: How long SQLite itself waits for a lock held by another process, in milliseconds.
_BUSY_STEP_MS = 1_000
#: How long a writer waits for another process altogether, in seconds, before it gives up.
_LONGEST_LOCK_WAIT = 20.0
#: How long closing waits for statements that still run, in seconds.
_LAST_WAIT = 5.0
#: Connections kept open, and how many more may be opened at peaks.
_POOL_SIZE, _POOL_PEAK = 10, 10

#: What SQLite says when no amount of waiting will help.
_UNUSABLE_FILE = ("unable to open database", "file is not a database", "is malformed", "readonly database")

_WAKES = "sekretar.wakes"


def wake_after_commit(session: AsyncSession, task_name: str) -> None:
    """Have the named job run soon after this transaction commits; nothing happens when it is rolled back."""
    session.info.setdefault(_WAKES, {})[task_name] = None


def insert_into(session: AsyncSession, model: type[DeclarativeBase]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT in the dialect of the session, so that `on_conflict_do_nothing` and its kin are at hand."""
    if session.get_bind().dialect.name == "postgresql":
        # Who has SQLite loads nothing of PostgreSQL, which is more.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(model)
    return sqlite.insert(model)


def process_name() -> str:
    """What this process is called where others see it, such as in the list of sessions of PostgreSQL."""
    return f"sekretar {os.getpid()} on {socket.gethostname()}"


class Database:
    """One database, SQLite or PostgreSQL. Made by `open`, used within one event loop, ended by `close`."""

    def __init__(self, url: URL, *, longest_lock_wait: float = _LONGEST_LOCK_WAIT) -> None:
        self.url = url
        self._longest_lock_wait = longest_lock_wait
        self._listeners: list[Callable[[str], None]] = []
        self._write_turn = asyncio.Lock()
        #: Connections whose end is still to come.
        self._endings: set[asyncio.Future[Any]] = set()
        if self.embedded:
            self._writer = _sqlite_engine(url, self._endings, begin="BEGIN IMMEDIATE", read_only=False)
            self._reader = _sqlite_engine(url, self._endings, begin="BEGIN", read_only=True)
        else:
            self._writer = self._reader = _postgresql_engine(url)

    @classmethod
    def open(cls, url: str) -> Self:
        """Prepare a database for use; nothing is connected yet.

        Args:
            url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user:password@host/name`.

        Raises:
            ConfigurationError: the URL names neither, or the directory of the SQLite file does not exist.
        """
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):
            # `from None`: the text of the cause quotes the URL, which may hold a password.
            raise ConfigurationError(
                "The database URL cannot be read.",
                "Write it like sqlite:////var/lib/sekretar/sekretar.db or postgresql://user:password@host/db.",
            ) from None
        kind = parsed.get_backend_name()
        if kind == "sqlite":
            return cls(_checked_sqlite(parsed))
        if kind in ("postgresql", "postgres"):
            return cls(parsed.set(drivername="postgresql+psycopg"))
        raise ConfigurationError(
            f"The database kind {kind!r} is not supported.", "Use a sqlite:/// or a postgresql:// URL."
        )

    @property
    def embedded(self) -> bool:
        """True for SQLite: one process owns the file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> AsyncEngine:
        """The engine behind `transaction`: for what needs a connection of its own, such as a session lock."""
        return self._writer

    def on_commit(self, wake: Callable[[str], None]) -> None:
        """Have `wake` called with each name given to `wake_after_commit`, after the commit."""
        self._listeners.append(wake)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A write transaction: committed on leaving, rolled back when an error or a cancellation leaves it.

        A commit that has begun is carried through even if the caller is cancelled meanwhile, so that what is
        stored and who is woken never disagree.

        Raises:
            PeerDown: the database is unreachable, or another process kept it locked too long.
        """
        async with self._write_turn if self.embedded else contextlib.nullcontext():
            session = AsyncSession(self._writer, expire_on_commit=False)
            try:
                with _database_errors():
                    await self._begin_writing(session)
                    yield session
                    await to_the_end(self._commit(session))
            finally:
                await to_the_end(session.close())

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads: writing through it is an error of the database.

        Raises:
            PeerDown: the database is unreachable.
        """
        session = AsyncSession(self._reader, expire_on_commit=False, autoflush=False)
        try:
            with _database_errors():
                with _connection_errors():
                    await session.connection(
                        execution_options={} if self.embedded else {"postgresql_readonly": True}
                    )
                yield session
        finally:
            await to_the_end(session.close())

    async def migrate(self) -> None:
        """Bring the schema forward to this release; safe when several processes start at once.

        Raises:
            ConfigurationError: the database was last used by a newer release.
            PeerDown: the database is unreachable or stays locked.
        """
        engine = (
            _sqlite_engine(
                self.url, self._endings, begin="BEGIN IMMEDIATE", read_only=False, foreign_keys=False
            )
            if self.embedded
            else self._writer
        )
        session = AsyncSession(engine)
        try:
            async with self._write_turn:
                with _database_errors():
                    await self._begin_writing(session)
                    connection = await session.connection()
                    await connection.run_sync(upgrade)
                    await session.commit()
        finally:
            await to_the_end(session.close())
            if engine is not self._writer:
                await to_the_end(engine.dispose())

    async def revision(self) -> str | None:
        """The migration the schema stands at; None for an empty database."""
        async with self.reading() as session:
            return await (await session.connection()).run_sync(current_revision)

    async def close(self) -> None:
        """Close every connection. The database may not be used afterwards."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()
        # A statement that nobody waits for any more still runs, and its thread answers to the loop.
        if self._endings:
            await asyncio.wait(self._endings, timeout=_LAST_WAIT)

    async def _begin_writing(self, session: AsyncSession) -> None:
        """Start the transaction; on SQLite this takes the write lock, waiting in steps for other processes."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._longest_lock_wait
        while True:
            try:
                with _connection_errors():
                    await session.connection()
                return
            except PeerDown as error:
                if not _is_lock(error.__cause__):
                    raise
                await session.rollback()
                if loop.time() >= give_up:
                    raise PeerDown(
                        "database",
                        f"locked by another process for more than {self._longest_lock_wait:g} s",
                    ) from error

    async def _commit(self, session: AsyncSession) -> None:
        await session.commit()
        for name in session.info.pop(_WAKES, ()):
            for listener in self._listeners:
                try:
                    listener(name)
                except Exception:
                    # The commit stands; a listener that fails must not make it look undone.
                    _log.exception("wake_listener_failed", task=name)


@contextlib.contextmanager
def _connection_errors() -> Iterator[None]:
    """Whatever goes wrong while a connection is fetched or a transaction begun means: no database now."""
    try:
        yield
    except (DatabaseError, PoolTimeoutError) as error:
        words = _first_line(error)
        if any(fault in words for fault in _UNUSABLE_FILE):
            raise ConfigurationError(
                f"The database file cannot be used: {words}.",
                "Check its path and rights; a damaged file is replaced by the last backup.",
            ) from error
        if isinstance(error, OperationalError | PoolTimeoutError):
            raise PeerDown("database", words) from error
        raise


@contextlib.contextmanager
def _database_errors() -> Iterator[None]:
    """A connection that breaks in the middle is the database being down, not a fault of the statement."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or _is_lock(error):
            raise PeerDown("database", _first_line(error)) from error
        raise


def _is_lock(error: BaseException | None) -> bool:
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)


def _first_line(error: Exception) -> str:
    """The driver's own words without the statement and its parameters, which may hold what people wrote."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return (str(original).splitlines() or [type(error).__name__])[0]


def _checked_sqlite(url: URL) -> URL:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "An SQLite database in memory cannot be shared by readers and the writer.",
            "Name a file: sqlite:////var/lib/sekretar/sekretar.db.",
        )
    directory = Path(url.database).resolve().parent
    if not directory.is_dir():
        raise ConfigurationError(
            f"The directory {directory} of the database does not exist.",
            "Create it and let the user that Sekretar runs as write to it.",
        )
    return url.set(drivername="sqlite+aiosqlite")


def _sqlite_engine(
    url: URL,
    endings: set[asyncio.Future[Any]],
    *,
    begin: str,
    read_only: bool,
    foreign_keys: bool = True,
) -> AsyncEngine:
    # The driver would begin transactions by itself, and late; ours leaves it to us.
    connect = partial(sqlite_driver.connect, url.database or "", endings, busy_timeout=_BUSY_STEP_MS / 1000)
    engine = create_async_engine(
        url,
        pool_size=_POOL_SIZE if read_only else 1,
        max_overflow=_POOL_PEAK if read_only else 0,
        async_creator=connect,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {_BUSY_STEP_MS}",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            # What a person deletes leaves the file too.
            "secure_delete = ON",
            f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
            f"query_only = {'ON' if read_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    @event.listens_for(engine.sync_engine, "invalidate")
    def let_go(connection: Any, _record: object, _error: object) -> None:
        # Whoever is cancelled in the middle of a statement has the connection closed, but SQLite keeps a closed one
        # with its lock for as long as a cursor of it lives, which may be until the next garbage collection.
        try:
            connection.rollback()
        except Exception:
            _log.warning("rollback_failed", exc_info=True)

    return engine


def _postgresql_engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_PEAK,
        pool_pre_ping=True,
        connect_args={
            # The keep-alive lets the server notice within a minute that our machine is gone, and free our
            # locks. Questions are answered before helpers have started or code is compiled for them.
            "options": "-c timezone=UTC -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10"
            " -c tcp_keepalives_count=3 -c max_parallel_workers_per_gather=0 -c jit=off",
            "connect_timeout": 10,
            "application_name": process_name(),
        },
    )
