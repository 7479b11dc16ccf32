"""What has changed in the tracker: which incidents are to be compared, and which tickets are new incidents.

The cursor moves in the transaction that marks what was heard of. What is heard is only a reason to compare: an echo
of our own writes is looked at once and found equal.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import Actor, ActorKind, NewIncident, Origin
from sekretar.dispatch.mirror import former, store
from sekretar.dispatch.mirror.merging import as_stored, as_values, stood
from sekretar.dispatch.mirror.model import MirrorCursorRow, MirrorFormerRow, MirrorRow
from sekretar.dispatch.mirror.pushing import Around
from sekretar.dispatch.mirror.values import MirrorState
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerInvalid
from sekretar.trackers.values import Changes, Event

#: However often a tracker calls, it is not asked more often than this.
SHORTEST_PAUSE = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


async def cursor_of(session: AsyncSession, desk: DeskSettings, now: datetime) -> MirrorCursorRow:
    """How far the tracker of a desk was read; another tracker or project begins anew."""
    mirror = desk.mirror
    if mirror is None:
        raise ValueError(f"{desk.name} has no mirror")
    row = await session.get(MirrorCursorRow, desk.name, with_for_update=True, populate_existing=True)
    if row is not None and (row.tracker, row.project) == (mirror.tracker, mirror.project):
        return row
    is_same_tracker = row is not None and row.tracker == mirror.tracker
    if row is not None and is_same_tracker:
        await former.leave(session, desk.name, row.project, row.cursor, now)
    await session.execute(delete(MirrorCursorRow).where(MirrorCursorRow.desk == desk.name))
    session.expunge_all()
    row = MirrorCursorRow(
        desk=desk.name,
        tracker=mirror.tracker,
        project=mirror.project,
        cursor=await former.come_back(session, desk.name, mirror.project) if is_same_tracker else None,
        next_at=now,
        read_at=None,
        failures=0,
        problem="",
        rest_until=None,
    )
    session.add(row)
    await session.flush()
    return row


async def answered(session: AsyncSession, desk: str) -> None:
    """The tracker works (again)."""
    await session.execute(
        update(MirrorCursorRow)
        .where(MirrorCursorRow.desk == desk, MirrorCursorRow.failures > 0)
        .values(failures=0, problem="", hindrance="", rest_until=None)
    )


async def hasten_all(session: AsyncSession, desks: Collection[str], now: datetime) -> None:
    """Have the trackers read before anything is written: whoever wrote last may have died over it."""
    await session.execute(
        update(MirrorCursorRow)
        .where(MirrorCursorRow.desk.in_(desks), MirrorCursorRow.next_at > now)
        .values(next_at=now)
    )


async def hasten(session: AsyncSession, desk: str, now: datetime) -> None:
    """Have the tracker read soon, unless it has to be left alone."""
    row = await session.get(MirrorCursorRow, desk, with_for_update=True, populate_existing=True)
    if row is not None and row.failures == 0:
        soon = max(now, row.read_at + SHORTEST_PAUSE) if row.read_at else now
        row.next_at = min(row.next_at, soon)


@dataclass(frozen=True)
class Polling:
    """Reads what has changed."""

    database: Database
    clock: Clock
    incidents: Incidents

    async def poll(self, around: Around, row: MirrorCursorRow) -> None:
        """Read everything since the cursor. Raises `PeerError`."""
        cursor, more = row.cursor, True
        while more:
            try:
                changes = await around.tracker.changes_since(cursor, around.scheme.project)
            except PeerInvalid:
                if cursor is None:
                    raise
                _log.warning("a cursor is not accepted any more: reading begins anew", desk=row.desk)
                cursor = None
                continue
            if not await self._heard(around, row.cursor, changes):
                return
            row.cursor = cursor = changes.cursor
            more = changes.more

    async def _heard(self, around: Around, before: str | None, changes: Changes) -> bool:
        """Deal with the events and move the cursor; False when another process has."""
        now = self.clock.now()
        async with self.database.transaction() as session:
            stored = await cursor_of(session, around.desk, now)
            if stored.cursor != before:
                return False
            stored.cursor, stored.read_at = changes.cursor, now
            stored.next_at = now + timedelta(seconds=around.mirror.poll_seconds)
            keys = {each.ticket.ref.key for each in changes.events}
            known = await store.by_keys(session, around.mirror.tracker, keys)
            for event in changes.events:
                row, is_ours = known.get(event.ticket.ref.key), event.by.id == around.scheme.me
                if row is not None:
                    _mark(row, around, event, now)
                elif event.created and not is_ours and self._is_to_be_taken(around, event):
                    known[event.ticket.ref.key] = await self._open(session, around, event)
        return True

    async def follow(self, around: Around) -> None:
        """Read everything since the cursor in a former project of the desk. Raises `PeerError`."""
        desk, project, more = around.desk.name, around.scheme.project, True
        while more:
            async with self.database.reading() as session:
                row = await session.get(MirrorFormerRow, (desk, project))
            if row is None:
                return
            try:
                changes = await around.tracker.changes_since(row.cursor, project)
            except PeerInvalid:
                if row.cursor is None:
                    raise
                changes = await around.tracker.changes_since(None, project)
            if not await self._heard_there(around, row.cursor, changes):
                return
            more = changes.more

    async def _heard_there(self, around: Around, before: str | None, changes: Changes) -> bool:
        """The same for a former project, in which nothing new begins."""
        now = self.clock.now()
        async with self.database.transaction() as session:
            stored = await former.locked_cursor(session, around.desk.name, around.scheme.project)
            if stored is None or stored.cursor != before:
                return False
            stored.cursor = changes.cursor
            if before is None:
                # What happened there before it was read is not told.
                await former.compare_once(session, around.desk.name, around.scheme.project, now)
            keys = {each.ticket.ref.key for each in changes.events}
            known = await store.by_keys(session, around.mirror.tracker, keys)
            for event in changes.events:
                if (row := known.get(event.ticket.ref.key)) is not None:
                    _mark(row, around, event, now)
        return True

    def _is_to_be_taken(self, around: Around, event: Event) -> bool:
        kinds = {around.scheme.type} if around.mirror.type else {event.ticket.type.id}
        return around.mirror.take_over and event.ticket.type.id in kinds and not event.ticket.status.closed

    async def _open(self, session: AsyncSession, around: Around, event: Event) -> MirrorRow:
        """A ticket that somebody has made becomes an incident; what it shows is read when the two are compared."""
        ticket = event.ticket
        new = NewIncident(
            around.desk.name,
            ticket.created,
            ticket.subject or ticket.ref.key,
            Origin.TRACKER,
            description=ticket.description,
        )
        actor = Actor(ActorKind.TRACKER, event.by.name)
        incident = await self.incidents.open(session, new, actor)
        now = self.clock.now()
        await store.mark(session, around.desk.name, around.mirror.tracker, incident.id, now)
        row = await session.get_one(MirrorRow, incident.id, populate_existing=True)
        row.key, row.link, row.state = ticket.ref.key, ticket.link, MirrorState.SHOWN.value
        row.project = around.scheme.project
        row.touched_by = event.by.name
        await session.flush()
        return row


def _mark(row: MirrorRow, around: Around, event: Event, now: datetime) -> None:
    """The ticket is to be compared; what somebody else has done to it is remembered."""
    is_ours = event.by.id == around.scheme.me
    row.touched_by, row.due_at = "" if is_ours else event.by.name, now
    if not is_ours:
        _remember(row, around, event)


def _remember(row: MirrorRow, around: Around, event: Event) -> None:
    """What somebody changed is told from what the tracker made of ours, and from what never arrived."""
    named = ((around.scheme.named(each.field), each.old or "") for each in event.changes)
    changes = [(name, old) for name, old in named if name is not None]
    tried = as_values(row.tried)
    ours = stood(changes, tried, as_values(row.wrote))
    if ours:
        row.seen = row.seen | as_stored(ours)
        row.wrote = row.wrote | as_stored(ours)
        row.tried = as_stored({name: value for name, value in tried.items() if name not in ours})
