"""The real servers that tests run against, and what to do when one is missing.

A missing peer must never pass for a tested one: on a developer's machine its tests are skipped and the run
ends with a list of what was not proven; in CI they fail.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

#: Peer and reason → the tests that could not run.
NOT_PROVEN: dict[tuple[str, str], list[str]] = {}


def missing(peer: str, reason: str) -> NoReturn:
    """Skip the running test and say so at the end of the run; in CI, fail it."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "?").split(" ")[0]
    NOT_PROVEN.setdefault((peer, reason), []).append(test)
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{peer} is missing in CI: {reason}", pytrace=False)
    pytest.skip(f"{peer} is missing: {reason}")


def postgresql_binaries() -> Path | None:
    """The directory of the newest PostgreSQL server of Debian."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


@contextlib.contextmanager
def private_postgresql(binaries: Path) -> Iterator[str]:
    """A PostgreSQL of our own, on a socket in a directory of its own; yields the URL of its superuser."""
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    # The path of a socket may have 107 bytes, so the directory is not one of pytest's long ones.
    root = Path(tempfile.mkdtemp(prefix="sekretar-pg-"))
    if user:
        account = pwd.getpwnam(user)
        os.chown(root, account.pw_uid, account.pw_gid)
    data, log = root / "data", root / "log"

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            command,
            cwd=root,
            user=user,
            capture_output=True,
            text=True,
            check=False,
            env={"LC_ALL": "C.UTF-8"},
        )
        if done.returncode:
            detail = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}{detail}")

    options = f"-c listen_addresses= -c unix_socket_directories={root} -c fsync=off -c max_connections=200"
    try:
        run(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        # Without -l the server would keep our pipe open and the command would never end.
        run(binaries / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            yield f"postgresql://postgres@/postgres?host={root}"
        finally:
            run(binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)
