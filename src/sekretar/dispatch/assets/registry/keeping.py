"""Reading the lists again when it is time: the job, and the index that is made ready for the next letter.

When a register is read next is a row. A list that failed is tried again after minutes, then after hours, and never
later than it would have been anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.model import FeedRow
from sekretar.dispatch.assets.registry import standing, store
from sekretar.dispatch.assets.registry.importing import Importing, feeds
from sekretar.dispatch.settings import RegistrySettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database

TASK = "dispatch registry"

#: The least that the job looks, which makes the index ready after an import on the command line.
LOOK_EVERY = timedelta(minutes=1)

#: Whoever reads a register has so long before somebody else does; only who died needs longer.
CLAIM = timedelta(minutes=30)

#: The pause after a first failure; it doubles with each further one in a row.
FIRST_PAUSE = timedelta(minutes=5)


def next_time(now: datetime, every: timedelta, failures: int) -> datetime:
    """When a register is read next, after so many failures in a row."""
    if not failures:
        return now + every
    pause: timedelta = FIRST_PAUSE * 2 ** min(failures - 1, 10)
    return now + min(every, pause)


class RegistryKeeping:
    """Keeps the registers of all desks."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        desks: Mapping[str, RegistrySettings],
        importing: Importing,
        assets: Assets,
    ) -> None:
        self._database, self._clock, self._importing, self._assets = database, clock, importing, assets
        self._desks = {desk: registry for desk, registry in desks.items() if any(feeds(registry))}
        #: Desks whose register was read by this process.
        self._begun: set[str] = set()

    async def run(self) -> datetime | None:
        """Read what is due; returns when something will be due next."""
        due: list[datetime] = []
        for desk, registry in self._desks.items():
            claimed, at = await self._claim(desk, registry)
            if claimed:
                await self._importing.run(desk)
                at = await self._plan(desk, registry)
            due.append(at)
            async with self._database.reading() as session:
                await self._assets.warm_up(session, desk)
        return min(due, default=None)

    async def _claim(self, desk: str, registry: RegistrySettings) -> tuple[bool, datetime]:
        """Whether the register is ours to read now; and when it is due otherwise.

        A list that was added to the settings is due at once, and so is a register that is to be read more often now.
        """
        now, every = self._clock.now(), timedelta(hours=registry.every_hours)
        async with self._database.transaction() as session:
            row = await store.locked(session, desk, now)
            tried = set(await session.scalars(select(FeedRow.feed).where(FeedRow.desk == desk)))
            added = desk not in self._begun and any(feed not in tried for feed, _ in feeds(registry))
            if not added and now < row.next_at <= now + every:
                return False, row.next_at
            row.next_at = now + CLAIM
        self._begun.add(desk)
        return True, row.next_at

    async def _plan(self, desk: str, registry: RegistrySettings) -> datetime:
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = await store.locked(session, desk, now)
            failures = await standing.failures(session, desk)
            row.next_at = next_time(now, timedelta(hours=registry.every_hours), failures)
        return row.next_at
