"""What the doctor looks at in the register of a desk: what came of the last import, and whether lists can be got."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, func, select

from sekretar.dispatch.assets.model import FeedRow, PoleRow, StationRow
from sekretar.dispatch.assets.registry import standing
from sekretar.dispatch.assets.registry.fetching import look_at
from sekretar.dispatch.assets.registry.importing import feeds
from sekretar.dispatch.assets.registry.reading import Unreadable
from sekretar.dispatch.assets.registry.standing import FeedTrouble
from sekretar.dispatch.settings import RegistrySettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerError
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.i18n import Catalogues
from sekretar.mattermost.doctor import Finding, failure, fine, warning

#: So much later than it should be a list may be read.
_GRACE = timedelta(hours=2)


def name_of(desk: str) -> str:
    """The name of the check."""
    return f"registry:{desk}"


async def diagnose_standing(
    desk: str, registry: RegistrySettings, clock: Clock, database: Database
) -> Finding:
    """Whether the lists of a desk were taken over when they should have been."""
    async with database.reading() as session:
        poles = await session.scalar(_present(PoleRow, desk))
        stations = await session.scalar(_present(StationRow, desk))
        troubles = await standing.troubles(session, desk)
        known = await session.execute(select(FeedRow.feed, FeedRow.imported_at).where(FeedRow.desk == desk))
        imported: dict[str, datetime | None] = {row.feed: row.imported_at for row in known}
    if troubles:
        return _in_trouble(desk, troubles)
    due = clock.now() - timedelta(hours=registry.every_hours) - _GRACE
    late = [feed.value for feed, _ in feeds(registry) if (imported.get(feed) or due) <= due]
    if late:
        return warning(
            name_of(desk),
            f"not taken over lately: {', '.join(late)}",
            "A running Sekretar does it by itself; or run `sekretar registry import`.",
        )
    return fine(name_of(desk), f"{poles} poles and {stations} base stations, all lists in order")


async def diagnose_sources(
    desk: str, registry: RegistrySettings, http: HttpSessions, clock: Clock
) -> Finding:
    """Whether the lists of a desk can be got. They are not read."""
    name, wrong, count = f"{name_of(desk)} lists", [], 0
    for feed, settings in feeds(registry):
        count += 1
        try:
            await look_at(http.peers, settings, f"list of {feed}", clock.now())
        except Unreadable as error:
            wrong.append(f"{feed}: {error.remark.said(Catalogues.load().translator('en'))}")
        except PeerError as error:
            wrong.append(f"{feed}: {error.detail}")
    if wrong:
        return failure(name, "; ".join(wrong), "Correct [desk.registry] in the file of SEKRETAR_DESKS_FILE.")
    return fine(name, f"{count} can be got")


def _in_trouble(desk: str, troubles: list[FeedTrouble]) -> Finding:
    t = Catalogues.load().translator("en")
    return failure(
        name_of(desk),
        "; ".join(f"{each.feed}: {each.said(t)}" for each in troubles),
        f"Run `sekretar registry import --desk {desk} --dry-run` and look; --force accepts what is right after all.",
    )


def _present(table: type[PoleRow] | type[StationRow], desk: str) -> Select[int]:
    return select(func.count()).select_from(table).where(table.desk == desk, table.gone_at.is_(None))
