"""A real Redmine of our own: the package of Debian, private and rootless, below a path, on SQLite and puma.

The package's own installation is left alone: the application is copied (15 MB) and the three links that lead into
the system are cut. Its database was migrated by the package; where it may be read, a copy of it saves migrating.
Redmine is GPL and runs as a process of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = Path("/usr/share/redmine")
_LOCK = Path("/var/lib/redmine/Gemfile.lock")
_MIGRATED = Path("/var/lib/dbconfig-common/sqlite3/redmine/instances/default/redmine_default")
_SEED = Path(__file__).parent / "data" / "redmine" / "seed.rb"
_SUBPATH = "/redmine"

#: Seconds; a bare machine under load migrates for a minute.
_PATIENCE = 300


@dataclass(frozen=True)
class Redmine:
    """A running Redmine and what the seed made in it."""

    url: str
    seed: Mapping[str, Any]

    def key(self, login: str) -> str:
        """The API key of a user."""
        return str(self.seed["users"][login]["key"])

    def user(self, login: str) -> str:
        return str(self.seed["users"][login]["id"])

    def project(self, identifier: str) -> str:
        return str(self.seed["projects"][identifier])

    def let_groups_be_assignees(self, *, on: bool) -> None:
        """A setting that administrators find on a page; its API does not know it."""
        origin = self.url.removesuffix(_SUBPATH)
        with urllib.request.urlopen(f"{origin}/group-assignment?{int(on)}", timeout=60):
            pass

    def call(self, method: str, path: str, body: object = None, login: str = "admin") -> Any:
        """Act from outside, as another program would."""
        request = urllib.request.Request(  # the address is our own
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"X-Redmine-API-Key": self.key(login), "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = answer.read()
        return json.loads(said) if said.strip() else None


def installed() -> bool:
    """Whether the package is there."""
    return (PACKAGE / "config.ru").is_file() and _LOCK.is_file() and shutil.which("puma") is not None


@contextlib.contextmanager
def running_redmine(root: Path) -> Iterator[Redmine]:
    """A seeded Redmine with everything of it below `root`."""
    app = _copy_of_package(root)
    environment = _environment(root, app)
    _migrate(root, app, environment)
    with _serving(root, app, environment, _free_port()) as url:
        yield Redmine(url, json.loads((root / "seed.json").read_text("utf-8")))


def _copy_of_package(root: Path) -> Path:
    app = root / "app"
    shutil.copytree(PACKAGE, app, symlinks=True)
    for link in ("instances", "config/database.yml", "Gemfile.lock"):
        (app / link).unlink(missing_ok=True)
    instance = app / "instances" / "default"
    for folder in ("config", "files", "log", "tmp/cache", "tmp/pids", "public/plugin_assets"):
        (instance / folder).mkdir(parents=True)
    database = instance / "config" / "database.yml"
    database.write_text(
        "production:\n  adapter: sqlite3\n"
        f"  database: {root}/redmine.sqlite3\n  encoding: utf8\n  timeout: 10000\n",
        "utf-8",
    )
    (app / "config" / "database.yml").symlink_to(database)
    (instance / "config" / "secret_key.txt").write_text(secrets.token_hex(32), "ascii")
    # The Gemfile finds its database adapter by a glob over the instances of the system.
    gemfile = (app / "Gemfile").read_text("utf-8")
    glob = "/usr/share/redmine/{config,instances/*/config}/database.yml"
    (app / "Gemfile").write_text(gemfile.replace(glob, str(database)), "utf-8")
    shutil.copyfile(_LOCK, app / "Gemfile.lock")
    # Rails takes seconds to load, so what serves also seeds.
    (app / "below.ru").write_text(
        "require ::File.expand_path('../config/environment', __FILE__)\n"
        f"load '{_SEED}'\n"
        f"map('{_SUBPATH}') {{ run Rails.application }}\n"
        "map('/group-assignment') "
        "{ run ->(env) { Setting.issue_group_assignment = env['QUERY_STRING']; [200, {}, []] } }\n",
        "utf-8",
    )
    return app


def _environment(root: Path, app: Path) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "LANG": "C.UTF-8",
        "RAILS_ENV": "production",
        "RAILS_RELATIVE_URL_ROOT": _SUBPATH,
        "REDMINE_INSTANCE": "default",
        "REDMINE_LANG": "en",
        "BUNDLE_GEMFILE": str(app / "Gemfile"),
        "SCHEMA": "/dev/null",
        "SEED_OUT": str(root / "seed.json"),
    }


def _migrate(root: Path, app: Path, environment: Mapping[str, str]) -> None:
    if os.access(_MIGRATED, os.R_OK):
        shutil.copyfile(_MIGRATED, root / "redmine.sqlite3")
        return
    # In one process the second fails: it knows the tables as they were before the first.
    _run(app, environment, "bundle", "exec", "rake", "db:migrate")
    _run(app, environment, "bundle", "exec", "rake", "redmine:load_default_data")


def _run(app: Path, environment: Mapping[str, str], *command: str) -> None:
    done = subprocess.run(
        command, cwd=app, env=environment, capture_output=True, text=True, check=False, timeout=_PATIENCE
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stdout[-2000:]}{done.stderr[-4000:]}")


@contextlib.contextmanager
def _serving(root: Path, app: Path, environment: Mapping[str, str], port: int) -> Iterator[str]:
    url = f"http://127.0.0.1:{port}{_SUBPATH}"
    command = ["puma", "-e", "production", "-t", "1:4", "-b", f"tcp://127.0.0.1:{port}", "below.ru"]
    log = root / "puma.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=app, env=environment, stdout=output, stderr=output)
        try:
            _wait_for(f"{url}/issues.json", process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=30):
            return
        time.sleep(0.1)
    raise RuntimeError(f"Redmine did not start: {log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
