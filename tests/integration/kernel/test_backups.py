"""Backups of both databases: made while others write, checked, put back, and refused when they do not fit."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from sekretar.kernel import secrets
from sekretar.kernel.backups import files, keeping, making
from sekretar.kernel.backups.keeping import BackupKeeping, BackupPlan
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.health import Health
from sekretar.kernel.outbox import Effect, OutboxRow, put
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.kernel.sole_process import SoleProcess

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def vault() -> Vault:
    return Vault([generate_key()])


async def say(database: Database, *keys: str) -> None:
    async with database.transaction() as session:
        for key in keys:
            await put(session, Effect("test", key), NOW)


async def said(url: str) -> set[str]:
    database = Database.open(url)
    try:
        await database.migrate()
        async with database.reading() as session:
            return set(await session.scalars(select(OutboxRow.key)))
    finally:
        await database.close()


async def test_what_was_backed_up_comes_back(
    database: Database, database_url: str, vault: Vault, tmp_path: Path
) -> None:
    await secrets.verify(database, vault)
    await say(database, "before")
    file = tmp_path / "backups" / "one"
    assert await making.make(database, file) == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    await say(database, "after")
    with pytest.raises(ConfigurationError, match="in use"):
        await making.restore(database, vault, file, replace=False)
    former = await making.restore(database, vault, file, replace=True)
    assert await said(database_url) == {"before"}
    # The former one is whole, with what was only in its log.
    assert former is None or await said(f"sqlite:///{former}") == {"before", "after"}
    assert list(file.parent.iterdir()) == [file]


async def test_into_an_empty_database(
    make_database_url: Callable[..., str], vault: Vault, tmp_path: Path
) -> None:
    database = Database.open(make_database_url())
    await secrets.verify(database, vault)
    await say(database, "before")
    await making.make(database, tmp_path / "one")
    await database.close()
    url = make_database_url(empty=True)
    empty = Database.open(url)
    assert await making.restore(empty, vault, tmp_path / "one", replace=False) is None
    await empty.close()
    assert await said(url) == {"before"}


async def test_it_is_one_state_while_others_write(database: Database, tmp_path: Path, vault: Vault) -> None:
    """Each transaction puts two rows: a copy never has one without the other."""
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await say(database, f"{number}:a", f"{number}:b")

    writing = asyncio.create_task(write())
    for number in range(3):
        await making.make(database, tmp_path / str(number))
    stop.set()
    await writing
    await secrets.verify(database, vault)
    counts = []
    for number in range(3):
        await making.restore(database, vault, tmp_path / str(number), replace=True)
        again = Database.open(
            str(database.url.render_as_string(hide_password=False)).replace("+aiosqlite", "")
        )
        async with again.reading() as session:
            keys = set(await session.scalars(select(OutboxRow.key)))
        await again.close()
        assert len(keys) % 2 == 0
        counts.append(len(keys))
    assert counts == sorted(counts)


def halve(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


async def unchanged(database: Database) -> bool:
    async with database.reading() as session:
        return set(await session.scalars(select(OutboxRow.key))) == {"present"}


class TestRefused:
    """Nothing is changed by a restore that is refused."""

    @pytest.fixture
    async def file(self, database: Database, vault: Vault, tmp_path: Path) -> Path:
        await secrets.verify(database, vault)
        await making.make(database, tmp_path / "backup")
        await say(database, "present")
        return tmp_path / "backup"

    async def test_other_keys(self, database: Database, file: Path) -> None:
        with pytest.raises(ConfigurationError, match="keys do not belong"):
            await making.restore(database, Vault([generate_key()]), file, replace=True)
        assert await unchanged(database)

    async def test_a_newer_release(self, database: Database, vault: Vault, tmp_path: Path) -> None:
        async with database.transaction() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await making.make(database, tmp_path / "newer")
        with pytest.raises(ConfigurationError, match="newer release"):
            await making.restore(database, vault, tmp_path / "newer", replace=True)

    async def test_while_a_process_works_on_it(
        self, database: Database, database_url: str, vault: Vault, file: Path
    ) -> None:
        running = Database.open(database_url)
        async with SoleProcess(running):
            with pytest.raises(ConfigurationError, match="Another process works"):
                await making.restore(database, vault, file, replace=True)
        await running.close()
        assert await unchanged(database)

    async def test_a_damaged_one(self, database: Database, vault: Vault, file: Path) -> None:
        halve(file)
        with pytest.raises(ConfigurationError, match="damaged"):
            await making.restore(database, vault, file, replace=True)
        assert await unchanged(database)

    async def test_a_file_that_is_none(self, database: Database, vault: Vault, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("hello")
        with pytest.raises(ConfigurationError, match="is no backup"):
            await making.restore(database, vault, tmp_path / "text", replace=True)

    async def test_that_of_the_other_kind(
        self, database: Database, vault: Vault, file: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"PGDMP" if database.embedded else b"SQLite format 3\0")
        with pytest.raises(ConfigurationError, match="of the same kind"):
            await making.restore(database, vault, other, replace=True)

    async def test_a_name_that_is_taken(self, database: Database, file: Path) -> None:
        with pytest.raises(ConfigurationError, match="exists already"):
            await making.make(database, file)

    async def test_a_folder(self, database: Database, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="is a folder"):
            await making.make(database, tmp_path)


async def test_without_the_programs_of_postgresql(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    if database.embedded:
        assert await making.make(database, tmp_path / "one") > 0
        return
    with pytest.raises(ConfigurationError, match="pg_dump is not installed"):
        await making.make(database, tmp_path / "one")
    assert not (tmp_path / "one").exists()


class TestKeeping:
    async def test_one_is_made_when_it_is_due_and_few_stay(self, database: Database, tmp_path: Path) -> None:
        clock, directory = ManualClock(NOW), tmp_path / "backups"
        health = Health(clock)
        keeping_them = BackupKeeping(database, clock, health, BackupPlan(directory, 6 * HOUR, 2))
        assert await keeping_them.run() == NOW + 6 * HOUR
        clock.advance(5 * HOUR)
        assert await keeping_them.run() == NOW + 6 * HOUR
        for _ in range(3):
            clock.advance(6 * HOUR)
            await keeping_them.run()
        (directory / "notes.txt").write_text("not ours")
        assert [each.at for each in files.listed(directory)] == [NOW + 17 * HOUR, NOW + 23 * HOUR]
        component = health.component(keeping.TASK)
        assert component is not None
        assert (component.ready, component.required) == (True, False)

    async def test_a_failure_is_shown_and_tried_again(self, database: Database, tmp_path: Path) -> None:
        clock, blocked = ManualClock(NOW), tmp_path / "a file"
        blocked.write_text("")
        health = Health(clock)
        plan = BackupPlan(blocked / "backups", 6 * HOUR, 2)
        assert await BackupKeeping(database, clock, health, plan).run() < NOW + HOUR
        component = health.component(keeping.TASK)
        assert component is not None
        assert not component.ready
        assert "Nothing can be written" in component.detail
