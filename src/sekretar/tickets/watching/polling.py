"""The job that reads trackers: one for each, so that none waits for another.

A tracker with a service account is read once for everybody; one without is read by each linked person for themselves.
The cursor moves in the transaction that writes what is to be said, and only from where it was read, so that a crash,
or a second process, neither loses an event nor tells it twice. The first look only says where to begin.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import insert_into, wake_after_commit
from sekretar.kernel.errors import (
    PeerError,
    PeerInvalid,
    PeerLimited,
    PeerRefused,
    PeerUnsupported,
    PersonError,
)
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.model import Origin, TrackerAccount
from sekretar.tickets.watching.channels import ChannelTelling
from sekretar.tickets.watching.model import SERVICE, TicketCursor
from sekretar.tickets.watching.telling import Telling, names_of
from sekretar.trackers.port import Tracker

#: After failures a tracker is left alone for longer and longer, but not longer than this.
LONGEST_REST = timedelta(minutes=30)
#: A cursor that was not accepted so often in a row is given up.
BROKEN_AFTER = 5
#: However often a tracker calls us, it is not asked more often than this.
SHORTEST_PAUSE = timedelta(seconds=5)
#: People's own eyes that read one tracker at the same time.
AT_ONCE = 4

_log = structlog.get_logger(__name__)


def task_of(tracker: str) -> str:
    """The job that reads this tracker."""
    return f"tickets:watch:{tracker}"


@dataclass(frozen=True)
class Rhythm:
    """How often trackers are read. `chance` spreads the looks."""

    every: timedelta
    chance: Callable[[], float] = random.random

    def next_after(self, now: datetime) -> datetime:
        return now + self.every * (0.9 + 0.2 * self.chance())

    def rest(self, failures: int, error: PeerError) -> timedelta:
        """How long to leave a tracker alone after so many failures in a row."""
        growing: timedelta = self.every * 2 ** min(failures - 1, 10)
        pause = min(growing, LONGEST_REST) * (0.75 + 0.5 * self.chance())
        asked = error.retry_after if isinstance(error, PeerLimited) else None
        return max(pause, asked or timedelta())


@dataclass(frozen=True)
class Polling:
    """Reads what has changed and has it told."""

    desk: Desk
    identities: Identities
    telling: Telling
    channels: ChannelTelling
    rhythm: Rhythm

    async def poll(self, tracker: str) -> datetime | None:
        """Read a tracker through all eyes that are due; returns when the next are."""
        async with self.desk.database.transaction() as session:
            await self._keep_eyes(session, tracker)
        now = self.desk.now()
        due = select(TicketCursor).where(TicketCursor.tracker == tracker, TicketCursor.next_at <= now)
        async with self.desk.database.reading() as session:
            rows = (await session.scalars(due.order_by(TicketCursor.next_at))).all()
        slots = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._look(row, slots) for row in rows))
        await self.channels.review(tracker)
        next_at = select(func.min(TicketCursor.next_at)).where(TicketCursor.tracker == tracker)
        async with self.desk.database.reading() as session:
            return await session.scalar(next_at)

    async def hint(self, tracker: str) -> None:
        """The tracker says that something has changed: read it soon, unless it has to be left alone."""
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            query = select(TicketCursor).where(TicketCursor.tracker == tracker, TicketCursor.failures == 0)
            for row in await session.scalars(query.with_for_update()):
                soon = max(now, row.read_at + SHORTEST_PAUSE) if row.read_at else now
                row.next_at = min(row.next_at, soon)
            wake_after_commit(session, task_of(tracker))

    # --- through whose eyes

    async def _keep_eyes(self, session: AsyncSession, tracker: str) -> None:
        """Have a cursor for everybody who reads this tracker, and for nobody else."""
        wanted = await self._eyes(session, tracker)
        of_tracker = TicketCursor.tracker == tracker
        known = set((await session.scalars(select(TicketCursor.eyes).where(of_tracker))).all())
        if gone := known - wanted.keys():
            await session.execute(delete(TicketCursor).where(of_tracker, TicketCursor.eyes.in_(gone)))
        for eyes in sorted(wanted.keys() - known):
            values = {"tracker": tracker, "eyes": eyes, "person_id": wanted[eyes], "failures": 0}
            statement = insert_into(session, TicketCursor).values(**values, next_at=self.desk.now())
            await session.execute(statement.on_conflict_do_nothing())

    async def _eyes(self, session: AsyncSession, tracker: str) -> dict[str, int | None]:
        try:
            self.identities.site(tracker).service()
        except PeerUnsupported:
            query = select(TrackerAccount.person_id).where(
                TrackerAccount.tracker == tracker,
                TrackerAccount.origin == Origin.OWN,
                TrackerAccount.refused_at.is_(None),
            )
            return {str(person_id): person_id for person_id in await session.scalars(query)}
        return {SERVICE: None}

    async def _open(self, row: TicketCursor) -> Tracker:
        if row.person_id is None:
            return self.identities.site(row.tracker).service()
        return await self.identities.eyes(row.person_id, row.tracker)

    # --- reading

    async def _look(self, row: TicketCursor, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                eyes, cursor = await self._open(row), row.cursor
                while (onward := await self._read(eyes, row, cursor)) is not None:
                    cursor = onward
            except PersonError:
                _log.info("no eyes for the tracker any more", tracker=row.tracker, person=row.person_id)
            except PeerError as error:
                if error.peer == "database":
                    raise
                await self._failed(row, error)

    async def _read(self, eyes: Tracker, row: TicketCursor, cursor: str | None) -> str | None:
        """Read on from a cursor and have it told; returns where to go on at once, None at the end."""
        changes = await eyes.changes_since(cursor)
        names = await names_of(eyes, changes.events)
        words = await self.telling.prepare(row.tracker, changes.events, names, row.person_id)
        in_channels = await self.channels.prepare(row.tracker, changes.events, names, row.person_id)
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            mine = TicketCursor.tracker == row.tracker, TicketCursor.eyes == row.eyes
            stands = (
                await session.scalars(select(TicketCursor).where(*mine).with_for_update())
            ).one_or_none()
            if stands is None or stands.cursor != cursor:
                return None
            await self.telling.write(session, words, names)
            await self.channels.write(session, in_channels, names)
            stands.cursor, stands.failures, stands.read_at = changes.cursor, 0, now
            stands.next_at = now if changes.more else self.rhythm.next_after(now)
        return changes.cursor if changes.more else None

    async def _failed(self, row: TicketCursor, error: PeerError) -> None:
        _log.warning("tracker not read", tracker=row.tracker, eyes=row.eyes, reason=str(error))
        if isinstance(error, PeerRefused) and row.person_id is not None:
            await self.telling.refused(row.person_id, row.tracker)
        async with self.desk.database.transaction() as session:
            failures = row.failures + 1
            values: dict[str, object] = {
                "failures": failures,
                "next_at": self.desk.now() + self.rhythm.rest(failures, error),
            }
            if isinstance(error, PeerInvalid) and failures >= BROKEN_AFTER:
                _log.error("tracker is read from now on, what was between is lost", tracker=row.tracker)
                values["cursor"] = None
            query = update(TicketCursor).where(
                TicketCursor.tracker == row.tracker, TicketCursor.eyes == row.eyes
            )
            await session.execute(query.values(**values))
