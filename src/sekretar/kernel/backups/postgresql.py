"""Backups of PostgreSQL, by the programs that belong to the server: `pg_dump`, `pg_restore`, `psql`.

The password goes to them by the environment: everybody on the machine can read the command line of a process.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.engine import URL

from sekretar.kernel.errors import ConfigurationError, PeerDown

#: A table in the list of what a dump holds.
_TABLE = re.compile(r"^\d+; \d+ \d+ TABLE public (\w+) ", re.MULTILINE)

_PLAIN = ("--no-owner", "--no-privileges")


def write(url: URL, target: Path) -> None:
    """Dump one consistent state, and make sure that the dump can be read.

    Raises:
        ConfigurationError: the programs are not installed, or do not fit the server.
        PeerDown: the server does not answer.
    """
    _run(url, "pg_dump", "--format=custom", *_PLAIN, f"--file={target}", f"--dbname={_place(url)}")
    # Everything is read and nothing written: a damaged file ends it with an error.
    _run(None, "pg_restore", *_PLAIN, f"--file={os.devnull}", str(target))


def check(file: Path) -> None:
    """Read all of it.

    Raises:
        ConfigurationError: it is damaged.
    """
    try:
        _run(None, "pg_restore", *_PLAIN, f"--file={os.devnull}", str(file))
    except PeerDown as error:
        raise ConfigurationError(f"The backup is damaged ({error.detail}).", "Use an earlier one.") from error


def value_in(file: Path, table: str, column: str) -> str | None:
    """The only value of a column; None without the table or a row."""
    said = _run(None, "pg_restore", "--data-only", f"--table={table}", "--file=-", str(file))
    lines = iter(said.splitlines())
    for line in lines:
        if line.startswith("COPY ") and line.endswith(" FROM stdin;"):
            columns = line[line.index("(") + 1 : line.rindex(")")].replace('"', "").split(", ")
            cells = next(lines, "\\.").split("\t")
            return dict(zip(columns, cells, strict=False)).get(column)
    return None


def put_back(file: Path, url: URL, tables: Iterable[str]) -> None:
    """Have the database hold what the dump does, or stay as it was: all of it is one transaction.

    Args:
        tables: what else there may be of ours, of a later schema than that of the dump.
    """
    with tempfile.TemporaryDirectory(prefix="sekretar-restore-") as workplace:
        script = Path(workplace) / "restore.sql"
        _run(None, "pg_restore", *_PLAIN, f"--file={script}", str(file))
        gone = sorted({*tables, *_TABLE.findall(_run(None, "pg_restore", "--list", str(file)))})
        drop = "".join(f'DROP TABLE IF EXISTS "{each}" CASCADE;\n' for each in gone)
        _execute(url, drop, script)


def _execute(url: URL, drop: str, script: Path) -> None:
    """Have psql do it in one transaction, which a word of ours ends: when we die before, nothing has happened.

    If psql had the files, it would go on without us, beside whoever takes the database next.
    """
    command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={_place(url)}"]
    with tempfile.TemporaryFile() as said, script.open("rb") as statements:
        _require(command[0])
        psql = subprocess.Popen(  # noqa: S603 - our own words, and no shell
            command, env=_environment(url), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        assert psql.stdin is not None
        # It ends at the first error, and listens no more.
        with contextlib.suppress(BrokenPipeError), psql.stdin as told:
            told.write(f"BEGIN;\n{drop}".encode())
            shutil.copyfileobj(statements, told)
            told.write(b"COMMIT;\n")
        if psql.wait():
            said.seek(0)
            raise _error(command[0], said.read().decode(errors="replace"))


def _place(url: URL) -> str:
    """Where the database is, without the password."""
    # The driver is loaded where PostgreSQL is, and not by who reads about backups.
    from psycopg.conninfo import make_conninfo

    known = url.translate_connect_args(username="user", database="dbname")
    known.pop("password", None)
    return make_conninfo(
        **known, **{name: str(value) for name, value in url.query.items() if name != "password"}
    )


def _run(url: URL | None, program: str, *arguments: str) -> str:
    _require(program)
    done = subprocess.run(  # noqa: S603 - our own words, and no shell
        [program, *arguments],
        env=_environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise _error(program, done.stderr)
    return done.stdout


def _require(program: str) -> None:
    if shutil.which(program) is None:
        raise ConfigurationError(
            f"The program {program} is not installed.",
            "Install the package postgresql-client in the version of the server, or newer.",
        )


def _environment(url: URL | None) -> dict[str, str]:
    environment = {**os.environ, "PGAPPNAME": "sekretar backup", "PGCONNECT_TIMEOUT": "10"}
    if url is not None and url.password:
        environment["PGPASSWORD"] = str(url.password)
    return environment


def _error(program: str, said: str) -> Exception:
    words = " ".join(said.split())[:500] or "it did not say why"
    if "version mismatch" in words:
        return ConfigurationError(
            f"{program} is older than the server: {words}",
            "Install the package postgresql-client in the version of the server.",
        )
    return PeerDown("database", f"{program}: {words}")
