"""Bringing the tables forward, release by release.

A release may be started by several processes at once and on top of any earlier release. So the whole way
forward is one transaction under one lock: whoever comes second waits, finds the work done and goes on.
"""

from __future__ import annotations

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from sekretar.kernel.errors import ConfigurationError

#: The advisory lock under which PostgreSQL migrates; any number that nothing else uses.
_MIGRATION_LOCK = 0x53454B52_00000001


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run every missing migration up to the target, inside the transaction that the connection is in.

    Raises:
        ConfigurationError: the database stands at a revision that this release does not know.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
    config = _config()
    script = ScriptDirectory.from_config(config)
    current = current_revision(connection)
    known = {revision.revision for revision in script.walk_revisions()}
    if current is not None and current not in known:
        raise ConfigurationError(
            f"The database was last used by a newer release (schema {current}).",
            "Install that release again, or restore the backup made before the upgrade.",
        )
    if current is not None and current == script.get_current_head():
        return
    config.attributes["connection"] = connection
    command.upgrade(config, target)
    _check_references(connection)


def current_revision(connection: Connection) -> str | None:
    """The revision that the database stands at; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """Every revision of this release, the oldest first."""
    return [revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("sekretar") / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


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
