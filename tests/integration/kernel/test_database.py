"""The two verbs of the database, on both databases."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import Database, wake_after_commit
from sekretar.kernel.errors import PeerDown
from sekretar.kernel.leases import LeaseRow

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


async def names(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(LeaseRow.name).order_by(LeaseRow.name)))


def lease(name: str, at: datetime = NOW) -> LeaseRow:
    return LeaseRow(name=name, owner="me", expires_at=at)


async def test_a_transaction_commits_on_leaving_and_then_wakes(database: Database) -> None:
    woken: list[tuple[str, list[str]]] = []
    seen_at_wake: list[asyncio.Task[list[str]]] = []

    def wake(name: str) -> None:
        woken.append((name, []))
        seen_at_wake.append(asyncio.create_task(names(database)))

    database.on_commit(wake)
    async with database.transaction() as session:
        session.add(lease("a"))
        wake_after_commit(session, "outbox")
        wake_after_commit(session, "reminders")
        wake_after_commit(session, "outbox")
        assert woken == []
    assert [name for name, _ in woken] == ["outbox", "reminders"]
    assert [await task for task in seen_at_wake] == [["a"], ["a"]]


async def test_an_error_rolls_back_and_wakes_nobody(database: Database) -> None:
    woken: list[str] = []
    database.on_commit(woken.append)

    async def fail() -> None:
        async with database.transaction() as session:
            session.add(lease("a"))
            await session.flush()
            wake_after_commit(session, "outbox")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert woken == []
    assert await names(database) == []


async def test_a_listener_that_fails_does_not_undo_the_commit(database: Database) -> None:
    woken: list[str] = []

    def broken(name: str) -> None:
        raise RuntimeError(name)

    database.on_commit(broken)
    database.on_commit(woken.append)
    async with database.transaction() as session:
        session.add(lease("a"))
        wake_after_commit(session, "outbox")
    assert woken == ["outbox"]
    assert await names(database) == ["a"]


async def test_writers_take_turns_and_lose_no_update(database: Database) -> None:
    async with database.transaction() as session:
        session.add(lease("counter"))

    async def push() -> None:
        async with database.transaction() as session:
            row = await session.get_one(LeaseRow, "counter", with_for_update=True)
            row.expires_at += timedelta(seconds=1)

    await asyncio.gather(*(push() for _ in range(40)))
    async with database.reading() as session:
        assert (await session.get_one(LeaseRow, "counter")).expires_at == NOW + timedelta(seconds=40)


async def test_readers_do_not_wait_for_a_writer_and_see_only_what_is_committed(database: Database) -> None:
    async with database.transaction() as session:
        session.add(lease("a"))
        await session.flush()
        async with asyncio.timeout(5):
            assert await names(database) == []
    assert await names(database) == ["a"]


async def test_reading_cannot_write(database: Database) -> None:
    async def write() -> None:
        async with database.reading() as session:
            session.add(lease("a"))
            await session.flush()

    with pytest.raises(DBAPIError):
        await write()
    # The connection goes back to the pool; on PostgreSQL the next writer may get it.
    async with database.transaction() as session:
        session.add(lease("b"))
    assert await names(database) == ["b"]


async def test_a_cancelled_transaction_leaves_nothing_and_frees_the_way(database: Database) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with database.transaction() as session:
            session.add(lease("a"))
            await session.flush()
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), database.transaction() as session:
        session.add(lease("b"))
    assert await names(database) == ["b"]


async def test_cancelled_at_every_step_storing_and_waking_agree(database: Database) -> None:
    woken: list[str] = []
    database.on_commit(woken.append)

    async def write(number: int) -> None:
        async with database.transaction() as session:
            session.add(lease(str(number)))
            await session.flush()
            wake_after_commit(session, str(number))

    for number in range(60):
        task = asyncio.create_task(write(number))
        # Each round lets the writer come a little further before it is cancelled.
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        await write(99)
    assert sorted(woken) == await names(database)
    assert "99" in woken


async def test_moments_come_back_aware_and_equal(database: Database) -> None:
    moscow = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=3)))
    async with database.transaction() as session:
        session.add(lease("a", moscow))
    async with database.reading() as session:
        stored = (await session.scalars(select(LeaseRow.expires_at))).one()
        latest = await session.scalar(select(func.max(LeaseRow.expires_at)))
    assert stored == moscow
    assert stored.utcoffset() == timedelta()
    assert latest == moscow


async def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"):
        async with database.transaction() as session:
            session.add(lease("a", datetime(2026, 3, 4)))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("database_kind", ["sqlite"])
class TestSqlite:
    async def test_a_lock_of_another_process_is_waited_for(self, database: Database) -> None:
        other = sqlite3.connect(database.url.database or "", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(0.3, other.rollback)
        async with database.transaction() as session:
            session.add(lease("a"))
        other.close()
        assert await names(database) == ["a"]

    async def test_a_lock_that_stays_is_a_clear_error(self, database: Database) -> None:
        impatient = Database(database.url, longest_lock_wait=0)
        other = sqlite3.connect(database.url.database or "", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PeerDown, match="locked by another process"):
            async with impatient.transaction():
                pass
        other.rollback()
        other.close()
        async with impatient.transaction() as session:
            session.add(lease("a"))
        await impatient.close()

    async def test_foreign_keys_hold_and_the_journal_is_a_wal(self, database: Database) -> None:
        async def pragma(session: AsyncSession, name: str) -> object:
            return (await (await session.connection()).exec_driver_sql(f"PRAGMA {name}")).scalar()

        async with database.transaction() as session:
            found = [await pragma(session, name) for name in ("foreign_keys", "journal_mode", "synchronous")]
        assert found == [1, "wal", 1]


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_postgresql_that_comes_back_is_used_again(
    database: Database, make_database_url: Callable[..., str]
) -> None:
    await names(database)
    other = Database.open(make_database_url(empty=True))
    async with other.transaction() as session:
        killed = await session.scalars(
            select(func.pg_terminate_backend(func.coalesce(_pid(database.url.database or ""), 0)))
        )
        assert killed.all() == [True]
    await other.close()
    async with database.transaction() as session:
        session.add(lease("a"))
    assert await names(database) == ["a"]


def _pid(database: str) -> object:
    from sqlalchemy import column, table

    activity = table("pg_stat_activity", column("pid"), column("datname"))
    return select(activity.c.pid).where(activity.c.datname == database).limit(1).scalar_subquery()


async def test_who_is_cancelled_in_the_middle_of_a_statement_leaves_no_lock(database: Database) -> None:
    """The error keeps the frames alive, and with them the cursor: nothing may depend on their going away."""
    begun = asyncio.Event()
    counting = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) SELECT x FROM c"
    )

    async def write() -> None:
        async with database.transaction() as session:
            await session.execute(text("DELETE FROM used_claims"))
            begun.set()
            await session.execute(text(counting))

    errors = []
    for _ in range(3):
        begun.clear()
        writing = asyncio.create_task(write())
        await begun.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError) as error:
            await writing
        errors.append(error)
        async with asyncio.timeout(15), database.transaction() as session:
            await session.execute(text("DELETE FROM used_claims"))
