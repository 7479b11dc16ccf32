"""Backups of SQLite. `VACUUM INTO` copies one consistent state while others read and write."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sqlite3
from pathlib import Path

from sekretar.kernel.backups import files
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
    """Have the copy be the database; returns where the former one is kept, None when there was none.

    Whoever is interrupted leaves the former one or the copy in its place, and does it again.
    """
    arriving = database.with_name(f"{database.name}.restoring")
    _copy(file, arriving)
    former = None
    if database.exists():
        _settle(database)
        former = _keep(database)
    # A log that stayed would be applied to the copy.
    for part in (_log_of(database), database.with_name(f"{database.name}-shm")):
        part.unlink(missing_ok=True)
    arriving.replace(database)
    files.settle(database.parent)
    return former


def _settle(database: Path) -> None:
    """Have everything of it in one file; a damaged one stays as it is."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _keep(database: Path) -> Path:
    """Copy it beside itself, over nothing that an earlier attempt has kept: that may be the only former one."""
    names = (
        f"{database.name}.before-restore{f'-{number}' if number > 1 else ''}" for number in itertools.count(1)
    )
    former = next(each for each in map(database.with_name, names) if not each.exists())
    if _log_of(database).exists():
        _copy(_log_of(database), _log_of(former))
    partly = former.with_name(f"{former.name}.partly")
    _copy(database, partly)
    partly.rename(former)
    return former


def _copy(source: Path, target: Path) -> None:
    """Copy a file for its owner alone; it is on the disk afterwards."""
    target.unlink(missing_ok=True)
    target.touch(0o600)
    shutil.copyfile(source, target)
    files.settle(target)


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", _PATIENCE, uri=True)
