"""Taking a list over: got, read, compared, judged, and written in one transaction, or not at all.

Reading and comparing take seconds and happen outside of any transaction. So the register carries a version: if
somebody else changed it meanwhile, the comparison is made anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import aiohttp
import structlog

from sekretar.dispatch.assets.registry import standing, store
from sekretar.dispatch.assets.registry.columns import Columns
from sekretar.dispatch.assets.registry.comparing import Changes, compare
from sekretar.dispatch.assets.registry.fetching import fetched
from sekretar.dispatch.assets.registry.listing import Listed, Listing
from sekretar.dispatch.assets.registry.planning import missed, objection
from sekretar.dispatch.assets.registry.reading import Unreadable
from sekretar.dispatch.assets.registry.report import Remark, Report
from sekretar.dispatch.assets.values import Feed
from sekretar.dispatch.settings import FeedSettings, RegistrySettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerError

_log = structlog.get_logger(__name__)

#: Hardly anybody else changes the register; not so often in a row.
_ATTEMPTS = 5


@dataclass(frozen=True)
class Step:
    """How far the import of a list is.

    Attributes:
        read: Rows that were read.
        written: Rows that were written; 0 while the list is being read.
        share: Of the reading or of the writing, from 0 to 1.
    """

    feed: Feed
    read: int
    written: int
    share: float


Progress = Callable[[Step], None]


@dataclass(frozen=True)
class Manner:
    """How lists are taken over.

    Attributes:
        dry_run: Nothing is written; the report says what would be.
        force: Lists are believed that are empty, have too few rows, lose too many, or a column.
    """

    dry_run: bool = False
    force: bool = False


AS_USUAL = Manner()


def feeds(registry: RegistrySettings) -> Iterator[tuple[Feed, FeedSettings]]:
    """The lists that a desk has, in the order in which they need each other."""
    for feed in Feed:
        settings: FeedSettings | None = getattr(registry, feed.value)
        if settings is not None:
            yield feed, settings


class Importing:
    """Reads the lists of desks into their registers."""

    def __init__(
        self,
        database: Database,
        http: Callable[[], aiohttp.ClientSession],
        clock: Clock,
        desks: Mapping[str, RegistrySettings],
    ) -> None:
        """`http` gives the session for servers of the administrator.

        Raises:
            ConfigurationError: a column is named that Sekretar does not know.
        """
        self._database, self._http, self._clock, self._desks = database, http, clock, desks
        self._columns = {
            (desk, feed): Columns.of(feed, settings.columns)
            for desk, registry in desks.items()
            for feed, settings in feeds(registry)
        }

    async def run(
        self, desk: str, manner: Manner = AS_USUAL, progress: Progress = lambda step: None
    ) -> list[Report]:
        """Read all lists of a desk.

        A list that cannot be got or is not believed leaves its part of the register as it was, and the reason is in
        its report.
        """
        return [
            await self._import(desk, feed, settings, manner, progress)
            for feed, settings in feeds(self._desks[desk])
        ]

    async def _import(
        self, desk: str, feed: Feed, settings: FeedSettings, manner: Manner, progress: Progress
    ) -> Report:
        report = Report(desk, feed, dry_run=manner.dry_run)
        try:
            listed = await self._read(report, settings, progress)
            report = await self._take_over(report, listed, settings, manner, progress)
        except Unreadable as error:
            report = replace(report, refused=error.remark)
        except PeerError as error:
            if error.peer == "database":
                raise
            report = replace(report, refused=Remark(standing.UNREACHABLE, {"reason": error.detail}))
        refused = report.refused.key if report.refused else ""
        _log.info("registry_list", desk=desk, feed=feed.value, refused=refused, **report.counts())
        if report.refused is not None and not manner.dry_run:
            async with self._database.transaction() as session:
                await standing.note_failure(session, report, self._clock.now())
        return report

    async def _read(self, report: Report, settings: FeedSettings, progress: Progress) -> Listed:
        peer = f"list of {report.feed}"
        async with fetched(self._http(), settings, peer, self._clock.now()) as source:
            async with self._database.reading() as session:
                poles = (await store.known_poles(session, report.desk)).contractors
            listing = Listing(source, settings, self._columns[report.desk, report.feed], frozenset(poles))
            while await asyncio.to_thread(listing.go_on):
                progress(Step(report.feed, listing.rows, 0, listing.share))
        return listing.listed()

    async def _take_over(
        self, report: Report, listed: Listed, settings: FeedSettings, manner: Manner, progress: Progress
    ) -> Report:
        for _ in range(_ATTEMPTS):
            async with self._database.reading() as session:
                changes = await compare(session, report, listed)
                emptied = await store.filled(session, report.desk, report.feed, listed.absent)
            objected = objection(settings, listed.good_rows, changes.present, changes.lost) or missed(
                listed.absent[each] for each in emptied
            )
            if objected is not None and not manner.force:
                return replace(changes.report, refused=objected)
            if manner.dry_run or await self._write(changes, progress):
                return changes.report
        raise Unreadable("dispatch.registry.busy")

    async def _write(self, changes: Changes, progress: Progress) -> bool:
        """Write what differs; False when the register is not what the list was compared with any more."""
        report, now, count = changes.report, self._clock.now(), 0
        total = report.created + report.updated + report.returned + report.gone + report.assigned

        def written(rows: int) -> None:
            nonlocal count
            count += rows
            progress(Step(report.feed, report.rows, count, min(count / max(total, 1), 1.0)))

        async with self._database.transaction() as session:
            registry = await store.locked(session, report.desk, now)
            if registry.version != changes.version:
                return False
            await changes.write(session, now, written)
            registry.version += int(report.changed)
            await standing.note_success(session, report, now)
        return True
