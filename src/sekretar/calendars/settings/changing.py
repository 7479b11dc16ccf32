"""Changing what a person wants, with everything that follows from it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.digest import digesting
from sekretar.calendars.presence import status
from sekretar.calendars.reminders.reminding import replan_reminders
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.preferences import Preferences
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.people import Person


@dataclass(frozen=True)
class Changed:
    """What holds now. `digest_at`: when the next digest comes; None when none does."""

    wanted: Preferences
    digest_at: datetime | None


async def change(session: AsyncSession, person: Person, wanted: Preferences, now: datetime) -> Changed:
    """Store the wishes of a person and carry them out: reminders, the digest and the status follow at once."""
    before = await preferences.read(session, person.id)
    await preferences.write(session, person.id, wanted)
    if wanted.offsets != before.offsets:
        await replan_reminders(session, person.id, wanted.offsets, now)
    if wanted.schedule != before.schedule:
        await digesting.replan(session, person, wanted, now)
    wake_after_commit(session, status.TASK)
    return Changed(wanted, await digesting.next_of(session, person))
