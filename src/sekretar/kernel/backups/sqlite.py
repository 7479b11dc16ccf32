"""Backups of SQLite. `VACUUM INTO` copies one consistent state while others read and write."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

from sekretar.kernel.errors import ConfigurationError, PeerDown

_PATIENCE = 60.0


def write(database: Path, target: Path) -> None:
    """Copy the database, and make sure that the copy is whole.

    Raises:
        PeerDown: the database cannot be read.
        ConfigurationError: the copy is damaged, which means that the database is.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", _PATIENCE, uri=True)
        ) as source:
            source.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise PeerDown("database", str(error)) from error
    check(target)


def check(file: Path) -> None:
    """Read all of it.

    Raises:
        ConfigurationError: it is damaged.
    """
    try:
        with contextlib.closing(_reading(file)) as copy:
            (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            broken = copy.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        found, broken = str(error), None
    if found != "ok" or broken is not None:
        why = found if found != "ok" else f"rows of {broken[0]} refer to nothing"
        raise ConfigurationError(f"The database file is damaged ({why}).", "Use an earlier backup.")


def value_in(file: Path, table: str, column: str) -> str | None:
    """The only value of a column; None without the table or a row."""
    with contextlib.closing(_reading(file)) as copy:
        known = copy.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
        if known.fetchone() is None:
            return None
        row = copy.execute(f'SELECT "{column}" FROM "{table}"').fetchone()  # noqa: S608 - our own names
    return str(row[0]) if row else None


def put_back(file: Path, database: Path) -> Path | None:
    """Have the copy be the database; returns where the former one is kept, None when there was none."""
    arriving = database.with_name(f"{database.name}.restoring")
    shutil.copyfile(file, arriving)
    arriving.chmod(0o600)
    former = database.with_name(f"{database.name}.before-restore")
    existed = database.exists()
    if existed:
        _settle(database)
    for ending in ("", "-wal", "-shm"):
        part = database.with_name(database.name + ending)
        kept = former.with_name(former.name + ending)
        kept.unlink(missing_ok=True)
        if part.exists():
            part.rename(kept)
    arriving.rename(database)
    return former if existed else None


def _settle(database: Path) -> None:
    """Have everything of it in one file; a damaged one stays as it is."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", _PATIENCE, uri=True)
