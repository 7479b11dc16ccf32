"""Bringing the tables forward, release by release.

A release may be started by several processes at once and on top of any earlier release. So the whole way
forward is one transaction under one lock: whoever comes second waits, finds the work done and goes on.

Most starts find nothing to do. They compare two words and leave Alembic alone, which alone takes as long to load as
the database takes to open. So does the very first start on SQLite: what all migrations together make of an empty file
is written down (`scripts/schema` renews it, a test compares). Where it is not written down, the migrations run.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Final

from sqlalchemy import Connection, inspect, text

from sekretar.kernel.errors import ConfigurationError

#: The advisory lock under which PostgreSQL migrates; any number that nothing else uses.
_MIGRATION_LOCK = 0x53454B52_00000001

_MIGRATIONS: Final = resources.files("sekretar") / "migrations"
#: A revision is named by the number with which its file begins.
_STEP = re.compile(r"(\d{4})_\w+\.py")


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run every missing migration up to the target, inside the transaction that the connection is in.

    Raises:
        ConfigurationError: the database stands at a revision that this release does not know.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
    known, current = revisions(), current_revision(connection)
    if current is not None and current not in known:
        raise ConfigurationError(
            f"The database was last used by a newer release (schema {current}).",
            "Install that release again, or restore the backup made before the upgrade.",
        )
    script = _whole(connection, known[-1]) if current is None and target == "head" else ""
    if script:
        for statement in script.split(";\n"):
            connection.exec_driver_sql(statement)
    elif current != known[-1]:
        _run_migrations(connection, target)
    else:
        return
    _check_references(connection)


def current_revision(connection: Connection) -> str | None:
    """The revision that the database stands at; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def revisions() -> list[str]:
    """Every revision of this release, the oldest first."""
    steps = (_STEP.fullmatch(file.name) for file in (_MIGRATIONS / "versions").iterdir())
    return sorted(step[1] for step in steps if step)


def _whole(connection: Connection, revision: str) -> str:
    """The script that makes an empty database stand at this revision; empty where there is none."""
    file = _MIGRATIONS / f"{connection.dialect.name}_{revision}.sql"
    return file.read_text(encoding="utf-8").strip().removesuffix(";") if file.is_file() else ""


def _run_migrations(connection: Connection, target: str) -> None:
    # Loaded when there is something to do: see the top.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _check_references(connection: Connection) -> None:
    """SQLite migrates with foreign keys off (rebuilding a table would cascade), so they are checked at the
    end.
    """
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise ConfigurationError(
            f"The database has rows that refer to nothing (in {tables}); the schema was not changed.",
            "Restore the last backup, or report this with the output of PRAGMA foreign_key_check.",
        )
