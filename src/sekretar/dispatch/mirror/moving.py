"""Tickets that somebody has moved into another project: noticed, remembered, and followed there.

What changes is heard of project by project, and a ticket that is moved away just falls silent. So the tickets of what
is worked on are asked for by their keys, a hundred with each look at the tracker, all of them every few minutes.
Whatever is not where it was is compared, and the ticket itself says where it is and what it is called there: Redmine
keeps its number, Yandex Tracker gives it another key and answers under the old one, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import SYSTEM, EventKind
from sekretar.dispatch.mirror import former, store
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.dispatch.mirror.opening import Openings
from sekretar.dispatch.mirror.pushing import Around
from sekretar.dispatch.mirror.values import MirrorState
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound, PeerUnsupported
from sekretar.trackers.values import Ticket

#: So many tickets are asked for at a time, which is one request to either tracker.
_AT_ONCE: Final = 100
#: How often each ticket is asked for, unless there are more than the looks of that time can take.
_EVERY: Final = timedelta(minutes=5)

_log = structlog.get_logger(__name__)


@dataclass
class _Round:
    """How far the tickets of a desk were asked for, by the incidents' numbers."""

    after: int = 0
    #: When the next round begins; what is left of this one is asked for at each look.
    next_at: datetime | None = None


@dataclass(frozen=True)
class Moving:
    """Looks where tickets are. What it has asked for is forgotten with the process, and asked for again."""

    database: Database
    clock: Clock
    incidents: Incidents
    openings: Openings
    _rounds: dict[str, _Round] = field(default_factory=dict)

    async def look(self, around: Around) -> None:
        """Ask for the next tickets, if it is time, and have those compared that are elsewhere.

        Raises:
            PeerError: the tracker does not answer. That it refuses to tell keeps nobody from working.
        """
        now, turn = self.clock.now(), self._rounds.setdefault(around.desk.name, _Round())
        if not turn.after:
            if turn.next_at is not None and now < turn.next_at:
                return
            turn.next_at = now + _EVERY
        async with self.database.reading() as session:
            rows = await _worked_on(session, around.desk.name, turn.after, now)
        try:
            elsewhere = await self._elsewhere(around, rows)
        except (PeerForbidden, PeerNotFound, PeerInvalid, PeerUnsupported) as error:
            _log.warning("it is not known where tickets are", desk=around.desk.name, error=str(error))
            elsewhere = []
        if elsewhere:
            async with self.database.transaction() as session:
                await store.hasten(session, elsewhere, now)
        turn.after = rows[-1].incident_id if len(rows) == _AT_ONCE else 0

    async def _elsewhere(self, around: Around, rows: Sequence[MirrorRow]) -> list[int]:
        """The incidents whose tickets are not where they were, or not to be seen."""
        if not rows:
            return []
        refs = {row.incident_id: around.ref(row.key or "") for row in rows}
        found = await around.tracker.show_many(list(refs.values()))
        names = {row.incident_id: row.project or around.mirror.project for row in rows}
        return [
            number
            for number, ref in refs.items()
            if ref not in found
            or found[ref].ref != ref
            or not await self.openings.is_in(around.tracker, found[ref], names[number])
        ]

    async def where(self, around: Around, row: MirrorRow) -> Around:
        """The desk as it is to be seen from the project in which the ticket of an incident is. Raises `PeerError`."""
        if row.key is None or row.project in ("", around.mirror.project):
            return around
        return await self.openings.around(around.desk, row.project)

    async def settled(self, around: Around, row: MirrorRow, ticket: Ticket) -> Around:
        """Remember where a ticket is, and what it is called there; the desk as it is to be seen from there.

        Raises:
            PeerError: the tracker does not say what there is in the other project.
        """
        here = await self.openings.is_in(around.tracker, ticket, around.scheme.project)
        if here and ticket.ref.key == row.key:
            return around
        before = row.key or ""
        project = around.scheme.project if here else await self._called(around, ticket)
        values = {"project": project, "key": ticket.ref.key, "link": ticket.link}
        text = around.t.plain(
            "dispatch.mirror.moved", before=before, ticket=ticket.ref.key, project=ticket.project.name
        )
        async with self.database.transaction() as session:
            others = await store.by_keys(session, around.mirror.tracker, [ticket.ref.key])
            if any(each.incident_id != row.incident_id for each in others.values()):
                # It was taken for a new ticket before we knew; an incident has its ticket alone.
                raise PeerNotFound(around.mirror.tracker, f"{before} is {ticket.ref.key} of another incident")
            await store.keep(session, row.incident_id, **values)
            if project != _present(around):
                await former.follow(session, around.desk.name, project)
            await self.incidents.note(session, row.incident_id, EventKind.MIRROR, SYSTEM, new=text)
        for name, value in values.items():
            setattr(row, name, value)
        _log.info("a ticket was moved", desk=around.desk.name, ticket=ticket.ref.key, project=project)
        return await self.openings.around(around.desk, project)

    async def _called(self, around: Around, ticket: Ticket) -> str:
        """What the project of a ticket is called here, where it is known already."""
        async with self.database.reading() as session:
            known = await former.followed(session, around.desk.name)
        for project in (_present(around), *known):
            if await self.openings.is_in(around.tracker, ticket, project):
                return project
        return ticket.project.id


def _present(around: Around) -> str:
    """The project that the settings name."""
    return around.desk.mirror.project if around.desk.mirror else ""


async def _worked_on(session: AsyncSession, desk: str, after: int, now: datetime) -> Sequence[MirrorRow]:
    query = select(MirrorRow).where(
        MirrorRow.desk == desk,
        MirrorRow.key.is_not(None),
        MirrorRow.state == MirrorState.SHOWN.value,
        MirrorRow.incident_id > after,
        MirrorRow.incident_id.in_(former.living(now)),
    )
    return (await session.scalars(query.order_by(MirrorRow.incident_id).limit(_AT_ONCE))).all()
