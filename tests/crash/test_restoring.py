"""kill -9 as a backup is put back: the database is what it was or what the backup is, and the former is kept."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.crash import restoring_child
from tests.crash.outbox_child import NOW
from tests.crash.victims import end_of

from sekretar.kernel import secrets
from sekretar.kernel.backups import making
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import Effect, OutboxRow, put
from sekretar.kernel.secrets import Vault, generate_key

FORMER, BACKED_UP = {"before", "after"}, {"before"}


async def say(database: Database, key: str) -> None:
    async with database.transaction() as session:
        await put(session, Effect("test", key), NOW)


async def said(url: str) -> set[str]:
    database = Database.open(url)
    try:
        async with database.reading() as session:
            return set(await session.scalars(select(OutboxRow.key)))
    finally:
        await database.close()


class Scene:
    """A backup, and a database in which something happened after it, the last of it only in its log."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.key, self.file = url, generate_key(), folder / "backup"
        self._stored = folder / "stored"

    async def prepare(self) -> None:
        database = Database.open(self.url)
        await secrets.verify(database, Vault([self.key]))
        await say(database, "before")
        await making.make(database, self.file)
        await say(database, "after")
        if database.embedded:
            self._stored.mkdir()
            for part in self._parts():
                shutil.copy(part, self._stored)
            assert self._path.with_name(f"{self._path.name}-wal").stat().st_size > 0
        await database.close()

    async def begin_again(self) -> None:
        """The former state, and nothing of earlier attempts."""
        if self._stored.exists():
            for part in self._parts():
                part.unlink()
            for part in self._stored.iterdir():
                shutil.copy(part, self._path.parent)
        elif await said(self.url) != FORMER:
            database = Database.open(self.url)
            await say(database, "after")
            await database.close()

    async def kept(self) -> list[set[str]]:
        """What is in the databases that were put aside."""
        if not self._stored.exists():
            return []
        aside = self._path.parent.glob(f"{self._path.name}.before-restore*")
        return [await said(f"sqlite:///{each}") for each in aside if not each.name.endswith(("-wal", "-shm"))]

    @property
    def _path(self) -> Path:
        return Path(self.url.partition("sqlite:///")[2])

    def _parts(self) -> list[Path]:
        return [each for each in self._path.parent.glob(f"{self._path.name}*") if each.suffix != ".lock"]


async def test_killed_at_every_step_and_started_again(
    make_database_url: Callable[..., str], tmp_path: Path
) -> None:
    scene = Scene(make_database_url(), tmp_path)
    await scene.prepare()
    for last_step in range(1, 500):
        await scene.begin_again()
        status = await end_of(restoring_child.main, scene.url, scene.key, scene.file, last_step)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        assert await said(scene.url) in (FORMER, BACKED_UP), f"step {last_step}"
        await restoring_child.restore(scene.url, scene.key, scene.file)
        assert await said(scene.url) == BACKED_UP
        if scene.url.startswith("sqlite"):
            assert FORMER in await scene.kept(), f"step {last_step}"
    else:
        pytest.fail("the victim never came to its end")
    # Fewer would mean that the steps were not seen.
    assert last_step > 10
