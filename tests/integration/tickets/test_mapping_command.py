"""`sekretar tickets map`, with a chat and the real Redmine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.integration.tickets.houses import RedmineHouse
from tests.peers_chat import running_sandbox
from typer.testing import CliRunner, Result

from sekretar.app import foundation
from sekretar.cli import app
from sekretar.commands.ending import MISCONFIGURED
from sekretar.config import load_settings
from sekretar.kernel import logs
from sekretar.kernel.secrets import generate_key
from sekretar.tickets.accounts.identities import Identities


async def test_people_are_mapped_from_the_file_of_a_spreadsheet(
    redmine_here: RedmineHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_sandbox() as chat:
        team, _ = await chat.make_team()
        anna, boris = await chat.make_person("anna", team), await chat.make_person("boris", team)
        key = redmine_here.redmine.key("admin")
        trackers = [{"kind": "redmine", "name": "main", "url": str(redmine_here.way.url), "key": key}]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(logs, "configure", lambda *args: None)
        settings = {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'sekretar.sqlite3'}",
            "KEYS": generate_key(),
            "MATTERMOST_URL": chat.url,
            "MATTERMOST_TOKEN": chat.admin_token,
            "TRACKERS": json.dumps(trackers),
            "USE_PROXY": "false",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"SEKRETAR_{name}", value)
        file = tmp_path / "people.csv"

        async def apply(content: bytes, tracker: str = "main") -> Result:
            file.write_bytes(content)
            arguments = ["tickets", "map", str(file), "--tracker", tracker]
            return await asyncio.to_thread(CliRunner().invoke, app, arguments)

        done = await apply(f"пользователь;логин\r\n{anna.username};anna\r\n".encode("cp1251"))
        assert done.exit_code == 0, done.output
        assert anna.username in done.stdout
        wrong = await apply(f"{anna.username},anna\n{boris.username},nobody\nЮ\n".encode())
        assert wrong.exit_code == 1
        assert "no such login" in wrong.stdout
        assert "Some lines were not accepted." in wrong.stderr
        image = await apply(b"\x89PNG\r\n\x1a\n\0\0\0")
        assert image.exit_code == 1
        assert "is no text" in image.stderr
        assert (await apply(b"anna,anna", "other")).exit_code == MISCONFIGURED
        async with foundation(load_settings()) as base:
            known = await Identities(base.database, base.vault, {}).in_tracker("main")
        assert [each.login for each in known] == ["anna"]
