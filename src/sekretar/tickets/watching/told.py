"""Who tells somebody of a new ticket: whatever has made it, or the look at the tracker; never both.

Each claims it in a transaction of its own before it speaks, and whoever comes second is silent. Whatever makes a
ticket says it better, and has the first word: within a process, news of new tickets wait for what is being made. When
the answer of the tracker is lost, or the process dies, the look may be faster.
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

#: What a look at the tracker is called.
NEWS = "news"
#: A tracker that was not read for so long has more to catch up with than one message too many.
KEPT = timedelta(days=30)


class InTheMaking:
    """The tickets that are being made in this process, and of which nothing is claimed yet."""

    def __init__(self) -> None:
        self._by_tracker: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def one(self, tracker: str) -> Iterator[None]:
        """A ticket is made and claimed herein."""
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


async def claim(
    session: AsyncSession, ref: TicketRef, people: Collection[int], teller: str, now: datetime
) -> set[int]:
    """Those of these people who hear of this new ticket from this teller. Claiming again is the same as once."""
    await session.execute(delete(TicketTold).where(TicketTold.at < now - KEPT))
    for person_id in sorted(set(people)):
        claimed = {"tracker": ref.tracker, "ticket_key": ref.key, "person_id": person_id}
        statement = insert_into(session, TicketTold).values(**claimed, teller=teller, at=now)
        await session.execute(statement.on_conflict_do_nothing())
    query = select(TicketTold.person_id).where(
        TicketTold.tracker == ref.tracker,
        TicketTold.ticket_key == ref.key,
        TicketTold.person_id.in_(sorted(set(people))),
        TicketTold.teller == teller,
    )
    return set(await session.scalars(query))
