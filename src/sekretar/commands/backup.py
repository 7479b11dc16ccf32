"""`sekretar backup` and `sekretar restore`. Neither brings the tables forward: a backup is made before an update."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sekretar.app import prepared
from sekretar.commands.ending import run, say
from sekretar.config import Settings, load_settings
from sekretar.kernel import logs
from sekretar.kernel.backups import making
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.secrets import Vault

_KEYS = (
    "The encryption keys are not in it: keep SEKRETAR_KEYS in another place. Without them the passwords in a backup"
    " are lost."
)


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(help="A new file; without it one in SEKRETAR_BACKUP_DIR, named after the moment."),
    ] = None,
) -> None:
    """Copy the database into a file and check the copy; Sekretar may run meanwhile."""
    logs.configure("console", "warning")
    written = run(_backup(load(), file))
    say(f"Written and checked: {written} ({written.stat().st_size} bytes).")
    say(_KEYS)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `sekretar backup` has made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the database that is in use now.")
    ] = False,
) -> None:
    """Put a backup back. Stop Sekretar first; the present keys must be those of the backup."""
    # On PostgreSQL the tables of every feature are put back, whichever this installation has switched on.
    import sekretar.models  # noqa: F401

    logs.configure("console", "warning")
    former = run(_restore(load(), file, replace=replace))
    say(f"Restored from {file}.")
    if former is not None:
        say(f"The former database is kept as {former}; delete it when all is well.")
    say(
        "What happened after the backup is not in it: mailboxes and calendars are looked at again from there."
    )


def load() -> Settings:
    """The settings; what is wrong with them ends the process with a sentence."""

    async def read() -> Settings:
        return load_settings()

    return run(read())


async def _backup(settings: Settings, file: Path | None) -> Path:
    if file is None and settings.backup_dir is None:
        raise ConfigurationError("No file is named.", "Name one, or set SEKRETAR_BACKUP_DIR.")
    database = Database.open(settings.database_url)
    try:
        if file is not None:
            await making.make(database, file)
            return file
        assert settings.backup_dir is not None
        now = SystemClock().now()
        return await making.make_dated(database, settings.backup_dir, now, settings.backup_keep)
    finally:
        await database.close()


async def _restore(settings: Settings, file: Path, *, replace: bool) -> Path | None:
    vault = Vault(settings.encryption_keys())
    database = Database.open(prepared(settings.database_url))
    try:
        return await making.restore(database, vault, file, replace=replace)
    finally:
        await database.close()
