"""Backups as files: how they are called, how one appears, and which of them stay."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sekretar.kernel.errors import ConfigurationError

SQLITE: Final = "sqlite3"
POSTGRESQL: Final = "pgdump"

_NAME = re.compile(rf"sekretar-(\d{{8}}T\d{{6}})Z\.(?:{SQLITE}|{POSTGRESQL})")
_FORMAT: Final = "%Y%m%dT%H%M%S"
#: How the two kinds begin.
_MARKS: Final = {SQLITE: b"SQLite format 3\0", POSTGRESQL: b"PGDMP"}


@dataclass(frozen=True)
class Backup:
    """A backup that was made by itself, with the moment in its name."""

    file: Path
    at: datetime


def name_at(moment: datetime, kind: str) -> str:
    """The name of a backup that is made now."""
    return f"sekretar-{moment.astimezone(UTC).strftime(_FORMAT)}Z.{kind}"


def listed(directory: Path) -> list[Backup]:
    """The backups in a directory, the oldest first; other files are none of ours."""
    found = []
    for file in directory.iterdir() if directory.is_dir() else ():
        name = _NAME.fullmatch(file.name)
        if name:
            found.append(Backup(file, datetime.strptime(name[1], _FORMAT).replace(tzinfo=UTC)))
    return sorted(found, key=lambda backup: backup.at)


def rotate(directory: Path, keep: int) -> list[Path]:
    """Delete all backups but the latest ones; returns the deleted."""
    gone = [backup.file for backup in listed(directory)[:-keep]]
    for file in gone:
        file.unlink(missing_ok=True)
    return gone


def kind_of(file: Path) -> str:
    """Of which database a file is a backup.

    Raises:
        ConfigurationError: it cannot be read, or is no backup.
    """
    try:
        with file.open("rb") as source:
            head = source.read(16)
    except OSError as error:
        raise ConfigurationError(
            f"The file {file} cannot be read ({error.strerror}).",
            "Name a file that `sekretar backup` has made.",
        ) from error
    for kind, mark in _MARKS.items():
        if head.startswith(mark):
            return kind
    raise ConfigurationError(f"The file {file} is no backup.", "Name a file that `sekretar backup` has made.")


@contextlib.contextmanager
def appearing(file: Path) -> Iterator[Path]:
    """A place to write to; what is there at the end appears under the name, complete, for its owner alone.

    Raises:
        ConfigurationError: it cannot be written there, or the name is taken.
    """
    if file.is_dir():
        raise ConfigurationError(f"{file} is a folder.", "Name a new file in it.")
    if file.exists():
        raise ConfigurationError(f"The file {file} exists already.", "Name another one, or delete it.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(prefix=".sekretar-", dir=file.parent))
    except OSError as error:
        raise ConfigurationError(
            f"Nothing can be written in {file.parent} ({error.strerror}).",
            "Let the user that Sekretar runs as write there, or name another place.",
        ) from error
    try:
        written = workplace / "backup"
        yield written
        written.chmod(0o600)
        settle(written)
        written.replace(file)
        settle(file.parent)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def settle(path: Path) -> None:
    """Have a file, or the names in a directory, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
