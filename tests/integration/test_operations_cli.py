"""Backups and letters as the administrator types them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.dispatch.post_office import DESK, PostOffice
from typer.testing import CliRunner, Result

from sekretar.cli import app
from sekretar.kernel import logs
from sekretar.kernel.database import Database
from sekretar.kernel.secrets import Vault, generate_key, verify

KEY = generate_key()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda *args: None)
    monkeypatch.setattr("sekretar.config.DEFAULT_FILES", ())
    monkeypatch.setenv("SEKRETAR_DATABASE_URL", database_url)
    monkeypatch.setenv("SEKRETAR_KEYS", KEY)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def in_database(url: str, work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def worked() -> Any:
        database = Database.open(url)
        try:
            await verify(database, Vault([KEY]))
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(worked())


async def _arrive(database: Database) -> None:
    office = PostOffice(database, DESK)
    await office.put(b"\r\n\r\n")
    await office.intake.run()


class TestBackup:
    def test_there_and_back(self, database_url: str, tmp_path: Path) -> None:
        in_database(database_url, _arrive)
        made = run("backup", "copy")
        assert made.exit_code == 0, made.output
        assert "keys are not in it" in made.stdout
        refused = run("restore", "copy")
        assert refused.exit_code == 78
        assert "--replace" in refused.output
        restored = run("restore", "copy", "--replace")
        assert restored.exit_code == 0, restored.output
        assert "unreadable" in run("letters", "list").stdout

    def test_other_keys(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        in_database(database_url, _arrive)
        assert run("backup", "copy").exit_code == 0
        monkeypatch.setenv("SEKRETAR_KEYS", generate_key())
        refused = run("restore", "copy", "--replace")
        assert refused.exit_code == 78
        assert "keys do not belong" in refused.output

    def test_without_a_place(self) -> None:
        refused = run("backup")
        assert refused.exit_code == 78
        assert "SEKRETAR_BACKUP_DIR" in refused.output

    def test_in_its_place(self, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        in_database(database_url, _arrive)
        monkeypatch.setenv("SEKRETAR_BACKUP_DIR", str(tmp_path / "backups"))
        assert run("backup").exit_code == 0
        assert [each.name[:9] for each in (tmp_path / "backups").iterdir()] == ["sekretar-"]


class TestLetters:
    def test_an_unreadable_one_is_listed_shown_and_read_again(self, database_url: str) -> None:
        in_database(database_url, _arrive)
        assert "unreadable" in run("letters", "list", "--unreadable").stdout
        shown = run("letters", "show", "1")
        assert "unreadable" in shown.stdout
        assert run("letters", "show", "1", "--raw").stdout_bytes == b"\r\n\r\n"
        assert run("letters", "replay", "1").stdout == "1 will be read again.\n"
        assert run("letters", "list").stdout == "There are none.\n"
        again = run("letters", "replay", "99")
        assert again.exit_code == 1
        assert "99" in again.output

    def test_one_that_is_not_there(self) -> None:
        assert run("letters", "show", "7").exit_code == 1
