"""Making a backup and putting one back, whichever the database is."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from sekretar.kernel import secrets
from sekretar.kernel.backups import files, postgresql, sqlite
from sekretar.kernel.database import Base, Database
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.schema import revisions
from sekretar.kernel.secrets import Vault
from sekretar.kernel.sole_process import SoleProcess

_KINDS = {files.SQLITE: "SQLite", files.POSTGRESQL: "PostgreSQL"}


def kind_for(database: Database) -> str:
    """Which kind of backup a database has."""
    return files.SQLITE if database.embedded else files.POSTGRESQL


async def make(database: Database, file: Path) -> int:
    """Write a checked backup into a new file, while others work on the database; returns its size in bytes.

    Raises:
        ConfigurationError: it cannot be written there, or a program is missing.
        PeerDown: the database does not answer.
    """
    return await asyncio.to_thread(_make, database, file)


def _make(database: Database, file: Path) -> int:
    with files.appearing(file) as place:
        if database.embedded:
            sqlite.write(_path(database), place)
        else:
            postgresql.write(database.url, place)
    return file.stat().st_size


async def make_dated(database: Database, directory: Path, now: datetime, keep: int) -> Path:
    """Write a backup that is named after the moment, then delete those that are too many.

    Raises:
        ConfigurationError, PeerDown: as `make`; then nothing is deleted.
    """
    file = directory / files.name_at(now, kind_for(database))
    await make(database, file)
    await asyncio.to_thread(files.rotate, directory, keep)
    return file


async def restore(database: Database, vault: Vault, file: Path, *, replace: bool) -> Path | None:
    """Have the database be as it was when the backup was made; returns where the former one is kept, if it is.

    Everything about the backup is checked before anything is changed.

    Args:
        replace: whether a database that is in use may be replaced.

    Raises:
        ConfigurationError: the backup is damaged, from a newer release, of other keys or of another kind of database;
            a process works on the database; or there is one and it may not be replaced.
        PeerDown: the database does not answer.
    """
    kind = await asyncio.to_thread(files.kind_of, file)
    if kind != kind_for(database):
        raise ConfigurationError(
            f"This is a backup of {_KINDS[kind]}, and SEKRETAR_DATABASE_URL names {_KINDS[kind_for(database)]}.",
            "Name a database of the same kind.",
        )
    async with SoleProcess(database):
        await asyncio.to_thread(_check, file, kind, vault)
        if not replace and await _in_use(database):
            raise ConfigurationError(
                "The database is in use: restoring replaces everything in it.",
                "Say --replace, or name an empty database in SEKRETAR_DATABASE_URL.",
            )
        await database.close()
        return await asyncio.to_thread(_put_back, database, file)


async def _in_use(database: Database) -> bool:
    if database.embedded and not _path(database).exists():
        return False
    return await database.revision() is not None


def _check(file: Path, kind: str, vault: Vault) -> None:
    reader = sqlite if kind == files.SQLITE else postgresql
    reader.check(file)
    revision = reader.value_in(file, "alembic_version", "version_num")
    if revision is None:
        raise ConfigurationError(f"The file {file} is no backup of Sekretar.", "Name another one.")
    if revision not in revisions():
        raise ConfigurationError(
            f"The backup is from a newer release (schema {revision}).", "Install that release, then restore."
        )
    secrets.require_fit(vault, reader.value_in(file, "vault_check", "ciphertext"))


def _put_back(database: Database, file: Path) -> Path | None:
    if database.embedded:
        return sqlite.put_back(file, _path(database))
    postgresql.put_back(file, database.url, {*Base.metadata.tables, "alembic_version"})
    return None


def _path(database: Database) -> Path:
    return Path(database.url.database or "")
