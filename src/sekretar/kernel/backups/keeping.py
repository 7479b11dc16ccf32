"""The job that makes a backup now and then. When the next one is due stands in the name of the last one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from sekretar.kernel.backups import files, making
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError, PeerError
from sekretar.kernel.health import Health

#: The name of the job, and of the component in `/readyz`.
TASK: Final = "backup"

#: How long after a failure it is tried again.
_TRY_AGAIN = timedelta(minutes=15)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BackupPlan:
    """Where backups are put, how often, and how many stay."""

    directory: Path
    every: timedelta
    keep: int


class BackupKeeping:
    """Makes backups by itself. A failure is in the log and in `/readyz`, and keeps nobody from working."""

    def __init__(self, database: Database, clock: Clock, health: Health, plan: BackupPlan) -> None:
        self._database, self._clock, self._health, self._plan = database, clock, health, plan
        health.expect(TASK, required=False)

    async def run(self) -> datetime:
        """Make a backup if one is due; returns when the next one is."""
        now, directory = self._clock.now(), self._plan.directory
        try:
            known = await asyncio.to_thread(files.listed, directory)
            if not known or known[-1].at + self._plan.every <= now:
                file = await making.make_dated(self._database, directory, now, self._plan.keep)
                _log.info("backup made", file=str(file))
        except (ConfigurationError, PeerError, OSError) as error:
            detail = error.what if isinstance(error, ConfigurationError) else str(error)
            _log.error("backup failed", reason=detail)
            self._health.report(TASK, ready=False, detail=detail)
            return now + _TRY_AGAIN
        self._health.report(TASK, ready=True)
        last = known[-1].at if known and known[-1].at + self._plan.every > now else now
        return last + self._plan.every
