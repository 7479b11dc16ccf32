"""Reading people's due tickets when everybody's morning comes at once.

Each tracker is asked a few questions at a time, so that a slow one delays only itself; one that does not answer is
left alone for a while, so that nobody else waits for it in vain.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog

from sekretar.kernel.errors import PeerDown, PeerError, PeerRefused, PersonError
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.watching.telling import AT_ONCE, Telling
from sekretar.trackers.requests import ME, Order, Query
from sekretar.trackers.values import Ticket

#: How long a tracker that did not answer is left alone.
REST = timedelta(minutes=10)
#: Tickets of one person that are looked at.
MOST = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Seen:
    """What a person's trackers say: their due tickets, by tracker, and the trackers that did not answer."""

    tickets: Mapping[str, Sequence[Ticket]]
    silent: tuple[str, ...]


@dataclass(frozen=True)
class Looking:
    """Reads due tickets through people's own eyes."""

    desk: Desk
    identities: Identities
    telling: Telling
    #: By tracker.
    _slots: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
    )
    #: Hundreds of people must not take every connection of the database.
    _reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _rests: dict[str, datetime] = field(default_factory=dict)

    async def look(self, person_id: int, until: date, patience: timedelta | None = None) -> Seen:
        """A person's open tickets that are due by a day. No tracker is waited for longer than `patience`."""
        async with self._reading:
            trackers = [identity.tracker for identity in await self.identities.of(person_id)]
        answers = await asyncio.gather(
            *(self._ask(person_id, tracker, until, patience) for tracker in trackers)
        )
        found = dict(zip(trackers, answers, strict=True))
        return Seen(
            {tracker: tickets for tracker, tickets in found.items() if tickets is not None},
            tuple(tracker for tracker, tickets in found.items() if tickets is None),
        )

    async def _ask(
        self, person_id: int, tracker: str, until: date, patience: timedelta | None
    ) -> Sequence[Ticket] | None:
        """The tickets; None when the tracker does not answer."""
        async with self._slots[tracker]:
            rest = self._rests.get(tracker)
            if rest is not None and self.desk.now() < rest:
                return None
            try:
                async with asyncio.timeout(patience.total_seconds() if patience else None):
                    return await self._read(person_id, tracker, until)
            except PersonError:
                return ()
            except PeerRefused:
                await self.telling.refused(person_id, tracker)
                return ()
            except (PeerError, TimeoutError) as error:
                if isinstance(error, PeerDown | TimeoutError):
                    self._rests[tracker] = self.desk.now() + REST
                _log.warning("due tickets not read", tracker=tracker, person=person_id, reason=str(error))
                return None

    async def _read(self, person_id: int, tracker: str, until: date) -> Sequence[Ticket]:
        eyes = await self.identities.eyes(person_id, tracker)
        return (await eyes.find(Query(assignee=ME, due_until=until, order=Order.DUE, limit=MOST))).items
