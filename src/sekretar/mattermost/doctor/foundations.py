"""The keys and the database, opened for reading what is there: the doctor makes nothing and migrates nothing."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import make_url

from sekretar.kernel import schema, secrets
from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError, PeerError
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.doctor.findings import Finding, failure, fine, skipped, warning


class FoundationSettings(Protocol):
    """Where the database is and what its secrets are encrypted with."""

    @property
    def database_url(self) -> str: ...

    def encryption_keys(self) -> list[str]: ...


@dataclass
class Opened:
    """What could be opened. `database` is None unless its tables can be read; `why_no_database` then says why."""

    findings: list[Finding] = field(default_factory=list)
    vault: Vault | None = None
    database: Database | None = None
    why_no_database: str = "the database does not answer"


@contextlib.asynccontextmanager
async def open_foundations(settings: FoundationSettings) -> AsyncIterator[Opened]:
    """Open what can be opened, and close it again."""
    opened = Opened()
    _open_keys(settings, opened)
    database: Database | None = None
    try:
        database = await _open_database(settings.database_url, opened)
        await _check_schema(database, opened)
        await _check_keys(opened)
        yield opened
    finally:
        if database is not None:
            await database.close()


def _open_keys(settings: FoundationSettings, opened: Opened) -> None:
    try:
        keys = settings.encryption_keys()
        opened.vault = Vault(keys)
    except ConfigurationError as error:
        opened.findings.append(failure("keys", error.what, error.remedy))
    else:
        opened.findings.append(fine("keys", "1 key" if len(keys) == 1 else f"{len(keys)} keys"))


async def _open_database(url: str, opened: Opened) -> Database | None:
    missing = _missing_file(url)
    if missing is not None:
        opened.why_no_database = "there is no database yet"
        opened.findings.append(
            warning(
                "database", f"there is no file {missing} yet", "`sekretar setup` and `sekretar run` make it."
            )
        )
        return None
    try:
        database = Database.open(url)
    except ConfigurationError as error:
        opened.findings.append(failure("database", error.what, error.remedy))
        return None
    try:
        await database.revision()
    except ConfigurationError as error:
        opened.findings.append(failure("database", error.what, error.remedy))
    except PeerError as error:
        opened.findings.append(
            failure(
                "database",
                f"it does not answer: {error.detail}",
                "Start it, or correct SEKRETAR_DATABASE_URL.",
            )
        )
    else:
        shown = make_url(url).render_as_string(hide_password=True)
        opened.findings.append(fine("database", f"{shown} answers"))
        return database
    await database.close()
    return None


def _missing_file(url: str) -> Path | None:
    """The file of an SQLite database that is not there: connecting would make it."""
    try:
        parsed = make_url(url)
    except Exception:  # whatever is wrong with it, opening it says so better
        return None
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    path = Path(parsed.database)
    return None if path.exists() else path


async def _check_schema(database: Database | None, opened: Opened) -> None:
    if database is None:
        opened.findings.append(skipped("schema", opened.why_no_database))
        return
    revision, known = await database.revision(), schema.revisions()
    if revision == known[-1]:
        opened.database = database
        opened.findings.append(fine("schema", f"current ({revision})"))
        return
    opened.why_no_database = "the schema of the database is not current"
    if revision is None or revision in known:
        opened.findings.append(
            warning(
                "schema",
                f"at {revision or 'nothing'}, this release needs {known[-1]}",
                "Start Sekretar: it brings the schema forward by itself.",
            )
        )
    else:
        opened.findings.append(
            failure(
                "schema",
                f"the database was last used by a newer release ({revision})",
                "Install that release again, or restore the backup made before the upgrade.",
            )
        )


async def _check_keys(opened: Opened) -> None:
    if opened.vault is None:
        opened.findings.append(skipped("secrets", "there is no key"))
    elif opened.database is None:
        opened.findings.append(skipped("secrets", opened.why_no_database))
    else:
        try:
            await secrets.check(opened.database, opened.vault)
        except ConfigurationError as error:
            opened.findings.append(failure("secrets", error.what, error.remedy))
        except PeerError as error:
            opened.findings.append(skipped("secrets", f"the database stopped answering: {error.detail}"))
        else:
            opened.findings.append(fine("secrets", "the keys belong to this database"))
