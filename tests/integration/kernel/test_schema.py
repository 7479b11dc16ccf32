"""The way forward: from nothing and from every release, on both databases, with data inside."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

import sekretar
from sekretar.kernel import schema
from sekretar.kernel.database import Base, Database
from sekretar.kernel.errors import ConfigurationError

MakeUrl = Callable[..., str]

#: Rows as each release could have left them: revision → statements that both databases understand.
DATA = {
    "0001": [
        "INSERT INTO people (id, server, user_id, username, display_name, email, locale, active,"
        " first_seen_at, updated_at) VALUES (1, 'm', 'u1', 'anna', 'Анна', 'a@example.org', 'ru', true,"
        " '2026-03-04 09:00:00', '2026-03-04 09:00:00')",
        "INSERT INTO preferences (person_id, name, value) VALUES (1, 'reminder', '15')",
        "INSERT INTO outbox (id, key, kind, lane, payload, state, created_at, due_at, attempts, failures, lapses)"
        " VALUES (1, 'welcome:1', 'post', '', '{}', 'waiting', '2026-03-04 09:00:00',"
        " '2026-03-04 09:00:00', 0, 0, 0)",
        "INSERT INTO used_claims (nonce, expires_at) VALUES ('n', '2026-03-04 09:00:00')",
        "INSERT INTO vault_check (id, ciphertext) VALUES (1, 'c')",
        "INSERT INTO leases (name, owner, expires_at) VALUES ('socket', 'o', '2026-03-04 09:00:00')",
    ],
}


def load_all_models() -> None:
    """Import every module that declares tables, so that the one metadata knows them all."""
    root = Path(sekretar.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if "__tablename__" in path.read_text(encoding="utf-8"):
            importlib.import_module(".".join(("sekretar", *path.relative_to(root).with_suffix("").parts)))


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "include_name": is_ours, "include_object": is_ours}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))


def is_ours(thing: object, *about: object) -> bool:
    """Other tests of the same run may have tables of their own; their names begin with `test_`."""
    name = thing if isinstance(thing, str) else getattr(thing, "name", "")
    return not str(name).startswith("test_")


async def run(database: Database, work: Callable[[Connection], Any]) -> Any:
    async with database.transaction() as session:
        return await (await session.connection()).run_sync(work)


def execute(statement: str, connection: Connection) -> None:
    connection.execute(text(statement))


def contents(connection: Connection) -> tuple[dict[str, list[str]], dict[str, list[Any]]]:
    """Everything in an SQLite database: what was declared, line by line, and all rows.

    Where SQLite's own counters begin is left out: no row and 0 mean the same.
    """
    declared = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE name <> 'sqlite_sequence'"
    )
    lines = {name: [line.strip() for line in (sql or "").splitlines()] for name, sql in declared}
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    rows = {name: list(connection.exec_driver_sql(f'SELECT * FROM "{name}"')) for (name,) in tables}
    return lines, rows


def scalar(query: str, connection: Connection) -> Any:
    return connection.execute(text(query)).scalar_one()


async def test_the_models_are_what_the_migrations_make(database: Database) -> None:
    load_all_models()
    assert isinstance(Base.metadata, MetaData)
    assert {"people", "preferences", "outbox", "leases", "used_claims", "vault_check"} <= set(
        Base.metadata.tables
    )
    assert await run(database, differences) == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_new_database_is_what_the_migrations_make(make_database_url: MakeUrl) -> None:
    newest = schema.revisions()[-1]
    script = Path(sekretar.__file__).parent / "migrations" / f"sqlite_{newest}.sql"
    assert script.is_file(), "run scripts/schema"
    made = []
    for target in ("head", newest):
        database = Database.open(make_database_url(empty=True))
        await run(database, partial(schema.upgrade, target=target))
        made.append(await run(database, contents))
        await database.close()
    assert made[0] == made[1], "run scripts/schema"


async def test_a_second_migration_changes_nothing(database: Database) -> None:
    before = await database.revision()
    await database.migrate()
    assert await database.revision() == before == schema.revisions()[-1]


async def test_an_empty_database_stands_at_no_revision(make_database_url: MakeUrl) -> None:
    database = Database.open(make_database_url(empty=True))
    assert await database.revision() is None
    await database.close()


@pytest.mark.parametrize("revision", schema.revisions())
async def test_every_release_leads_to_this_one_and_keeps_its_data(
    make_database_url: MakeUrl, revision: str
) -> None:
    database = Database.open(make_database_url(empty=True))
    await run(database, lambda connection: schema.upgrade(connection, revision))
    assert await database.revision() == revision
    for statement in DATA["0001"]:
        await run(database, partial(execute, statement))
    await database.migrate()
    assert await database.revision() == schema.revisions()[-1]
    for table in ("people", "preferences", "outbox", "used_claims", "vault_check", "leases"):
        assert await run(database, partial(scalar, f"SELECT count(*) FROM {table}")) == 1
    assert await run(database, partial(scalar, "SELECT display_name FROM people")) == "Анна"
    await database.close()


async def test_incidents_of_earlier_releases_are_found_by_first_characters(
    make_database_url: MakeUrl,
) -> None:
    database = Database.open(make_database_url(empty=True))
    await run(database, lambda connection: schema.upgrade(connection, "0033"))
    for statement in (
        "INSERT INTO dispatch_incidents (id, desk, number, code, opened_at, created_at, updated_at, status,"
        " applicant_name, applicant_address, summary, description, origin, language, unread, version)"
        " VALUES (1, 'd', 1, 'D-1', '2026-03-04 09:00:00', '2026-03-04 09:00:00', '2026-03-04 09:00:00',"
        " 'new', '', '', '', '', 'letter', 'ru', false, 1)",
        "INSERT INTO dispatch_incident_words (word, incident_id)"
        " VALUES ('авария', 1), ('антенна', 1), ('41960', 1), ('4', 1)",
    ):
        await run(database, partial(execute, statement))
    await database.migrate()
    async with database.reading() as session:
        words = await session.scalars(text("SELECT word FROM dispatch_incident_words"))
        assert sorted(words) == ["4", "41960", "а", "авария", "антенна"]
    await database.close()


async def test_a_database_of_a_newer_release_is_refused_and_left_alone(database: Database) -> None:
    await run(database, partial(execute, "UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=r"newer release \(schema 9999\)"):
        await database.migrate()
    assert await database.revision() == "9999"


async def test_processes_that_start_together_migrate_once(make_database_url: MakeUrl) -> None:
    url = make_database_url(empty=True)
    databases = [Database.open(url) for _ in range(4)]
    await asyncio.gather(*(database.migrate() for database in databases))
    assert [await database.revision() for database in databases] == [schema.revisions()[-1]] * 4
    await asyncio.gather(*(database.close() for database in databases))


async def test_a_migration_that_fails_leaves_nothing_behind(
    make_database_url: MakeUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(make_database_url(empty=True))

    def fail(connection: Connection) -> None:
        raise ConfigurationError("Broken.", "Mend it.")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "_check_references", fail)
        with pytest.raises(ConfigurationError, match="Broken"):
            await database.migrate()
    assert await database.revision() is None
    await database.migrate()
    assert await database.revision() == schema.revisions()[-1]
    await database.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_rows_that_refer_to_nothing_stop_a_migration(make_database_url: MakeUrl) -> None:
    database = Database.open(make_database_url(empty=True))
    await run(database, lambda connection: schema.upgrade(connection, "0001"))
    orphan = text("INSERT INTO preferences (person_id, name, value) VALUES (7, 'x', '1')")
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql("ROLLBACK")
        await connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        await connection.execute(orphan)
        await connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    with pytest.raises(ConfigurationError, match="in preferences"):
        await database.migrate()
    assert await database.revision() == "0001"
    await database.close()
