"""What the doctor looks at in the calendars."""

from __future__ import annotations

from sqlalchemy import func, select

from sekretar.calendars.model import AccountState, CalendarAccount
from sekretar.kernel.database import Database
from sekretar.mattermost.doctor import Finding, fine, warning

#: The name of the check.
NAME = "calendars"


async def diagnose(database: Database) -> Finding:
    """Whether any account waits for its person. Nobody's name or address is told."""
    async with database.reading() as session:
        refused = await session.scalar(
            select(func.count()).where(CalendarAccount.state == AccountState.ATTENTION)
        )
        total = await session.scalar(select(func.count()).select_from(CalendarAccount))
    if refused:
        return warning(
            NAME,
            f"{refused} of {total} calendar accounts have a password that their server refuses",
            "Nothing to do here: their owners were told, and their meetings stay as they were.",
        )
    return fine(NAME, f"{total} calendar accounts, all of them in order")
