"""What an earlier process was looking at when it ended is looked at by this one, now.

A look claims its account by moving the next look far ahead. A process that ends in the middle, in order or by
kill -9, leaves such claims behind, and without this its people would hear nothing for as long as they last.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from sekretar.calendars.model import CalendarAccount
from sekretar.kernel.database import Database

#: Looks come no later than this many rhythms apart, chance included.
LATEST = 1.2


async def take_over(database: Database, every: timedelta, now: datetime) -> None:
    """Make the accounts due that were claimed by a process that is gone.

    An account without failures is due within its rhythm; one that is due later was claimed. Only for a process that
    has the database to itself (see `kernel.sole_process`).
    """
    claimed = CalendarAccount.failures == 0, CalendarAccount.next_sync_at > now + every * LATEST
    async with database.transaction() as session:
        await session.execute(update(CalendarAccount).where(*claimed).values(next_sync_at=now))
