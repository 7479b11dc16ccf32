"""Keeping the sandbox's state over restarts.

One SQLite table of JSON documents. Changes are written in one transaction before the answer that reports them
leaves the server, so that a killed process never forgets what it has acknowledged, and never leaves half a change.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from sekretar.sandbox.mattermost.state import World

#: Raised when rows change their shape; an older file is then refused instead of misread.
FORMAT = 1


class Store:
    """The file behind a `World`."""

    def __init__(self, path: Path, world: World) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._world = world
        self._connection = sqlite3.connect(path, isolation_level=None)
        # A process killed at any moment leaves a WAL database whole; losing power may lose the last seconds, which
        # a sandbox may.
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._check_format(path)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS rows ("
            "position INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, "
            "UNIQUE (name, key))"
        )

    def _check_format(self, path: Path) -> None:
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found not in (0, FORMAT):
            self._connection.close()
            raise ValueError(f"{path} was written by another version of the sandbox; remove it to start over")
        self._connection.execute(f"PRAGMA user_version={FORMAT}")

    def load(self) -> bool:
        """Fill the world with what was saved; False when there was nothing."""
        tables = {table.name: table for table in self._world.tables()}
        found = False
        for name, document in self._connection.execute("SELECT name, document FROM rows ORDER BY position"):
            tables[name].restore(json.loads(document))
            found = True
        return found

    def save(self) -> None:
        """Write what changed since the last time, all or nothing."""
        changed = [table for table in self._world.tables() if table.changed]
        if not changed:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        for table in changed:
            for key in table.changed:
                document = table.document(key)
                if document is None:
                    self._connection.execute("DELETE FROM rows WHERE name = ? AND key = ?", (table.name, key))
                else:
                    self._connection.execute(
                        "INSERT INTO rows (name, key, document) VALUES (?, ?, ?) "
                        "ON CONFLICT (name, key) DO UPDATE SET document = excluded.document",
                        (table.name, key, json.dumps(document, ensure_ascii=False)),
                    )
        self._connection.execute("COMMIT")
        for table in changed:
            table.changed.clear()

    def close(self) -> None:
        """Save and let go of the file."""
        self.save()
        self._connection.close()
