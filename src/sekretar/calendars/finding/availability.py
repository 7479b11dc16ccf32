"""Who has time: from what is stored, so that nobody waits for a calendar server.

Of others only *busy* leaves this module, and what keeps them busy where they allow it; never what is marked private.
A person is known when all the calendars they show have been read and can still be read; of anybody else nothing is
claimed. Taken is what a meeting takes: not what was declined or cancelled, and not what leaves the time free for
others. An invitation without an answer, or with *maybe*, takes it only perhaps.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.channels.subscriptions import private_among
from sekretar.calendars.finding.standing import Busy
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.model import AccountState, Calendar, CalendarAccount
from sekretar.calendars.views.agenda import Meeting, meetings_between
from sekretar.kernel.people import Person

#: Calendars such as that of birthdays take nobody's time.
_COUNTS = Calendar.takes_time.is_(True)

_PERHAPS = frozenset({PartStat.NEEDS_ACTION, PartStat.TENTATIVE})


async def conflicts(
    session: AsyncSession, person_id: int, zone: ZoneInfo, start: datetime, end: datetime
) -> tuple[Meeting, ...]:
    """The person's own meetings that take some of the time."""
    found = await meetings_between(session, person_id, zone, start, end, _COUNTS)
    return tuple(each for each in found if each.expected and not each.transparent and each.end > each.start)


async def known(session: AsyncSession, person_id: int) -> bool:
    """Whether the calendars of a person are known."""
    query = (
        select(CalendarAccount.state, Calendar.loaded_at)
        .join(Calendar, Calendar.account_id == CalendarAccount.id)
        .where(CalendarAccount.person_id == person_id, Calendar.chosen.is_(True), _COUNTS)
    )
    found = (await session.execute(query)).all()
    return bool(found) and all(
        state == AccountState.ACTIVE and loaded_at is not None for state, loaded_at in found
    )


async def busy(
    session: AsyncSession, person: Person, begin: datetime, end: datetime, *, titles: bool
) -> list[Busy]:
    """What takes the time of a person, in order; with `titles` also what it is, unless it is private."""
    taken = await conflicts(session, person.id, person.zone, begin, end)
    numbers = [each.occurrence_id for each in taken]
    told = set(numbers) - await private_among(session, numbers) if titles else set()
    found = (
        Busy(
            each.start.astimezone(UTC),
            each.end.astimezone(UTC),
            tentative=each.answer in _PERHAPS,
            whole_days=each.all_day,
            title=each.title if each.occurrence_id in told else "",
        )
        for each in taken
    )
    return sorted(found, key=lambda each: each.start)
