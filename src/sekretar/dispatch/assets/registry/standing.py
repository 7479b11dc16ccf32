"""How the lists of a desk fare: what came of the last time, and which of them are in trouble.

A list that could not be got is tried again soon, and is in trouble when that happened several times; one that is not
believed is in trouble at once, because somebody has to look at it. Who raises alarms asks for the `troubles` and
compares them with what was said: so nothing is said twice, and a recovery is never missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.model import FeedRow
from sekretar.dispatch.assets.registry.report import Remark, Report
from sekretar.dispatch.assets.values import Feed
from sekretar.kernel.i18n import Translator

#: Why a list could not be got; it may work the next time.
UNREACHABLE = "dispatch.registry.unreachable"

#: So often in a row a server may be away before somebody has to know.
PATIENCE = 3


@dataclass(frozen=True)
class FeedTrouble:
    """A list that somebody has to look at. Until it is mended, its part of the register stays as it was."""

    desk: str
    feed: Feed
    remark: Remark
    since: datetime

    def said(self, t: Translator) -> str:
        """What is wrong, in a sentence."""
        return self.remark.said(t)


@dataclass(frozen=True)
class LastTime:
    """What became of a list the last times.

    Attributes:
        tried_at: When it was last asked for.
        imported_at: When it was last taken over; None before the first time.
        report: What came of that.
        failures: How often in a row it could not be taken over since then.
        trouble: Why it is in trouble; None while it is not.
    """

    desk: str
    feed: Feed
    tried_at: datetime
    imported_at: datetime | None
    report: Report | None
    failures: int
    trouble: FeedTrouble | None


async def last_times(session: AsyncSession, desk: str) -> list[LastTime]:
    """The lists of a desk that were ever asked for, in the order in which they are read."""
    rows = await session.scalars(select(FeedRow).where(FeedRow.desk == desk))
    found = [
        LastTime(
            desk,
            Feed(row.feed),
            row.tried_at,
            row.imported_at,
            Report.from_stored(desk, Feed(row.feed), row.report) if row.report is not None else None,
            row.failures,
            _trouble(row),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: list(Feed).index(each.feed))


async def troubles(session: AsyncSession, desk: str) -> list[FeedTrouble]:
    """The lists of a desk that are in trouble now."""
    query = select(FeedRow).where(FeedRow.desk == desk, FeedRow.trouble != "").order_by(FeedRow.feed)
    return [trouble for row in await session.scalars(query) if (trouble := _trouble(row)) is not None]


async def failures(session: AsyncSession, desk: str) -> int:
    """How often in a row the list that fares worst could not be taken over; 0 when all are in order."""
    found = await session.scalars(select(FeedRow.failures).where(FeedRow.desk == desk))
    return max(found, default=0)


async def note_success(session: AsyncSession, report: Report, now: datetime) -> None:
    """A list was taken over."""
    row = await _row(session, report, now)
    row.tried_at = row.imported_at = now
    row.failures = 0
    row.trouble, row.trouble_params, row.trouble_since = "", {}, None
    row.report = report.stored()


async def note_failure(session: AsyncSession, report: Report, now: datetime) -> None:
    """A list was not taken over, for the reason of the report."""
    if report.refused is None:
        raise ValueError("nothing failed")
    row = await _row(session, report, now)
    row.tried_at = now
    row.failures += 1
    if row.trouble or report.refused.key != UNREACHABLE or row.failures >= PATIENCE:
        row.trouble, row.trouble_params = report.refused.key, _plain(report.refused.params)
        row.trouble_since = row.trouble_since or now


async def _row(session: AsyncSession, report: Report, now: datetime) -> FeedRow:
    key = (report.desk, report.feed.value)
    row = await session.get(FeedRow, key, with_for_update=True)
    if row is None:
        row = FeedRow(
            desk=report.desk, feed=report.feed.value, tried_at=now, failures=0, trouble="", trouble_params={}
        )
        session.add(row)
    return row


def _trouble(row: FeedRow) -> FeedTrouble | None:
    if not row.trouble or row.trouble_since is None:
        return None
    return FeedTrouble(row.desk, Feed(row.feed), Remark(row.trouble, row.trouble_params), row.trouble_since)


def _plain(params: Mapping[str, str | int]) -> dict[str, str | int]:
    return dict(params)
