"""A process that puts a backup back and is killed in the middle: the victim of `test_restoring`.

Its steps are what the interpreter itself reports: files that are opened, removed, renamed or copied, databases that
are opened, programs that are started. No product code knows of this.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.crash.outbox_child import Fate

from sekretar.kernel.backups import making, postgresql, sqlite
from sekretar.kernel.database import Database
from sekretar.kernel.secrets import Vault

_STEPS: Final = {
    "open",
    "os.chmod",
    "os.link",
    "os.remove",
    "os.rename",
    "shutil.copyfile",
    "sqlite3.connect",
    "subprocess.Popen",
}


async def restore(url: str, key: str, file: Path) -> None:
    """Put the backup back, whatever was done of it before."""
    database = Database.open(url)
    try:
        await making.restore(database, Vault([key]), file, replace=True)
    finally:
        await database.close()


def main(url: str, key: str, file: Path, last_step: int) -> None:
    """The same, or die at that step. They are counted from where all is checked: before, nothing is written."""
    fate = Fate(last_step)

    def watch(event: str, _: tuple[Any, ...]) -> None:
        if event in _STEPS:
            fate.step()

    def watched(work: Callable[..., Any]) -> Callable[..., Any]:
        def begin(*args: Any) -> Any:
            sys.addaudithook(watch)
            return work(*args)

        return begin

    for kind in (sqlite, postgresql):
        setattr(kind, "put_back", watched(kind.put_back))  # noqa: B010 - whichever it is
    asyncio.run(restore(url, key, file))
