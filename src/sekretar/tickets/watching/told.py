"""Who hears of a new ticket from Sekretar itself, so that the tracker's word on it does not come as news again.

Whatever makes a ticket for somebody and tells its assignee notes so in the transaction that learns of the ticket. The
tracker may be read between the making and the note, so news of new tickets wait for what is being made.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import insert_into
from sekretar.tickets.watching.model import TicketTold
from sekretar.trackers.values import TicketRef

#: A tracker that was not read for so long has more to catch up with than one message too many.
KEPT = timedelta(days=30)


class InTheMaking:
    """The tickets that are being made in this process, and of which nothing is noted yet."""

    def __init__(self) -> None:
        self._by_tracker: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def one(self, tracker: str) -> Iterator[None]:
        """A ticket is made and noted herein."""
        ended = asyncio.Event()
        self._by_tracker[tracker].add(ended)
        try:
            yield
        finally:
            self._by_tracker[tracker].discard(ended)
            ended.set()

    async def wait(self, tracker: str) -> None:
        """Wait until all that are being made now have ended."""
        for ended in tuple(self._by_tracker[tracker]):
            await ended.wait()


async def note(session: AsyncSession, ref: TicketRef, people: Collection[int], now: datetime) -> None:
    """These people are told of this new ticket by whoever made it."""
    await session.execute(delete(TicketTold).where(TicketTold.at < now - KEPT))
    for person_id in sorted(set(people)):
        known = {"tracker": ref.tracker, "ticket_key": ref.key, "person_id": person_id, "at": now}
        await session.execute(insert_into(session, TicketTold).values(**known).on_conflict_do_nothing())


async def knows(session: AsyncSession, ref: TicketRef, person_id: int) -> bool:
    """Whether a person has heard of a new ticket, or will, without the tracker."""
    query = select(TicketTold.at).where(
        TicketTold.tracker == ref.tracker,
        TicketTold.ticket_key == ref.key,
        TicketTold.person_id == person_id,
    )
    return await session.scalar(query) is not None
