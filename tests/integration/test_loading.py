"""What an installation does not have is not loaded into it, and what walks the whole database loads everything.

Each in a process of its own: this one has loaded everything long since.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import sekretar
from sekretar.kernel.database import Database
from sekretar.kernel.people import PersonRow
from sekretar.kernel.secrets import Vault, generate_key, verify
from sekretar.tickets.accounts.model import TrackerAccount

BUILD = """
import asyncio, sys
import sekretar.cli
from sekretar.app import Sekretar, foundation
from sekretar.config import load_settings

async def build():
    async with foundation(load_settings()) as base:
        Sekretar(base)

asyncio.run(build())
print(*sys.modules)
"""
FEATURES = {"sekretar.dispatch.feature", "sekretar.tickets.feature"}
ADAPTERS = {"sekretar.trackers.opening", "sekretar.trackers.redmine"}
LIBRARIES = {"inscriptis", "nh3", "chardet", "imap_tools", "aiosmtplib", "holidays"}
#: Of no use to calendars on SQLite.
UNUSED = {"psycopg", "icalendar", "fastapi", "jinja2"}
COMMANDS = {"sekretar.commands.doctor", "sekretar.commands.registry", "sekretar.sandbox"}

DESKS = """
[[desk]]
name = "towers"
channel = "team/towers"
"""
TRACKERS = [{"kind": "redmine", "name": "main", "url": "http://127.0.0.1:1", "key": "k"}]


def ended(folder: Path, *arguments: str, **settings: str) -> str:
    """What a Python with these settings alone, in this folder, has printed."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(sekretar.__file__).parents[1]),
        "SEKRETAR_MATTERMOST_URL": "http://127.0.0.1:1",
        "SEKRETAR_MATTERMOST_TOKEN": "t",
        "SEKRETAR_DATABASE_URL": f"sqlite:///{folder / 'sekretar.sqlite3'}",
        "SEKRETAR_KEYS": generate_key(),
        "SEKRETAR_LOG_LEVEL": "error",
        **{f"SEKRETAR_{name}": value for name, value in settings.items()},
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("configured", [False, True])
def test_a_feature_is_loaded_where_the_settings_name_it(tmp_path: Path, configured: bool) -> None:
    settings: dict[str, Any] = {}
    if configured:
        (tmp_path / "desks.toml").write_text(DESKS)
        settings = {"DESKS_FILE": str(tmp_path / "desks.toml"), "TRACKERS": json.dumps(TRACKERS)}
    loaded = set(ended(tmp_path, "-c", BUILD, **settings).split())
    optional = FEATURES | ADAPTERS | LIBRARIES
    assert loaded & optional == (optional if configured else set())
    assert loaded & (COMMANDS if configured else COMMANDS | UNUSED) == set()


def test_the_tables_of_all_features_are_found_by_who_asks_for_them(tmp_path: Path) -> None:
    root = Path(sekretar.__file__).parent
    with_tables = {
        ".".join(("sekretar", *file.relative_to(root).with_suffix("").parts))
        for file in root.rglob("*.py")
        if "    __tablename__" in file.read_text(encoding="utf-8")
    }
    loaded = set(ended(tmp_path, "-c", "import sys, sekretar.models; print(*sys.modules)").split())
    assert len(with_tables) > 1
    assert with_tables - loaded == set()


async def test_secrets_of_a_tracker_that_is_not_configured_get_the_new_key_too(tmp_path: Path) -> None:
    old, new = generate_key(), generate_key()
    database = Database.open(f"sqlite:///{tmp_path / 'sekretar.sqlite3'}")
    try:
        await database.migrate()
        await verify(database, Vault([old]))
        await _link(database, Vault([old]).encrypt("k3y"))
        said = ended(tmp_path, "-m", "sekretar", "keys", "rotate", KEYS=f"{new},{old}")
        assert said.startswith("2 secrets were encrypted with the first key.")
        async with database.reading() as session:
            stored = await session.scalar(select(TrackerAccount.key))
        assert Vault([new]).decrypt(str(stored)) == "k3y"
    finally:
        await database.close()


async def _link(database: Database, key: str) -> None:
    """Somebody has given the key of their account in a tracker."""
    now = datetime(2026, 3, 4, tzinfo=UTC)
    async with database.transaction() as session:
        person = PersonRow(
            server="s", user_id="u", username="anna", display_name="Anna", email="", locale="en", active=True,
            first_seen_at=now, updated_at=now,
        )  # fmt: skip
        session.add(person)
        await session.flush()
        session.add(
            TrackerAccount(
                person_id=person.id,
                tracker="gone",
                origin="key",
                login="anna",
                member_id="1",
                name="Anna",
                key=key,
                linked_at=now,
            )
        )
