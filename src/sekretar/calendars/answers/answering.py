"""Answering invitations: for one time or the whole series, and which ones are still to be answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.answers.attending import ANSWERS, Invitation, Part, awaits_answer, gathered, part_in
from sekretar.calendars.changing.carrying import Carrying, Target, copies, find, settled
from sekretar.calendars.editing import EditError, NotInvited
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.model import Calendar, CalendarAccount, StoredOccurrence
from sekretar.calendars.views.agenda import Meeting, meeting_of
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import Stale

_log = structlog.get_logger(__name__)

#: How far invitations are looked for: what is over for longer needs no answer any more.
AHEAD = timedelta(days=60)
BACK = timedelta(days=14)
#: A daily series has as many times; more rows than this are no person's invitations.
_MOST_ROWS = 2_000


@dataclass(frozen=True)
class Answering:
    """Gives answers."""

    carrying: Carrying

    async def target(self, person: Person, named: object, now: datetime) -> Target:
        """The invitation that a button names.

        Raises:
            Stale: it is gone, cancelled, over, or not an invitation to this person.
        """
        async with self.carrying.desk.database.reading() as session:
            target = await find(session, person, named)
        meeting = target.details.meeting
        if meeting.cancelled:
            raise Stale("calendars.rsvp.cancelled")
        if meeting.end <= now - BACK:
            raise Stale("calendars.rsvp.over")
        if target.part is not Part.INVITED:
            raise Stale("calendars.rsvp.not_invited")
        return target

    async def answer(self, target: Target, answer: PartStat, *, series: bool) -> list[str]:
        """Write the answer to the server and store it, in all calendars in which the person is invited.

        Returns:
            the names of the other calendars whose copy did not take the answer.

        Raises:
            PersonError: it was not kept, and why.
        """
        await self._answer(target, answer, series=series)
        missed = []
        for copy in await self._copies(target):
            try:
                await self._answer(copy, answer, series=series)
            except PersonError as error:
                _log.warning("another copy was not answered", reason=error.key, calendar=copy.calendar.id)
                missed.append(copy.calendar.name)
        return missed

    async def _copies(self, target: Target) -> list[Target]:
        async with self.carrying.desk.database.reading() as session:
            found = await copies(session, target)
        invited = [each for each in found if each.part is Part.INVITED and each.details.writable]
        return [each for each in invited if not each.details.meeting.cancelled]

    async def _answer(self, target: Target, answer: PartStat, *, series: bool) -> None:
        carrying, account = self.carrying, target.account
        async with carrying.own(target):
            try:
                outcome = await carrying.writer(target).answer(
                    target.calendar.href,
                    target.href,
                    account.addresses,
                    answer,
                    "" if series else target.recurrence_id,
                    now=carrying.desk.now(),
                    zone=target.person.zone,
                    witness=carrying.witness(target, _time),
                )
            except NotInvited:
                raise PersonError("calendars.rsvp.not_invited") from None
            except EditError:
                raise PersonError("calendars.carrying.uneditable") from None
            await carrying.keep(target, outcome)
        settled(outcome, may_vanish=answer is PartStat.DECLINED)


def _time(meeting: Meeting) -> tuple[object, ...]:
    """What an answer is given to."""
    return meeting.start, meeting.end, meeting.all_day, meeting.cancelled


def answer_named(word: object) -> PartStat:
    """The answer of a button.

    Raises:
        PersonError: there is no such answer.
    """
    for each in ANSWERS:
        if each.value == word:
            return each
    raise PersonError("calendars.rsvp.not_invited")


async def unanswered(session: AsyncSession, person: Person, now: datetime) -> list[Invitation]:
    """What waits for the person's answer, a series once, those that are ahead first."""
    query = (
        select(StoredOccurrence, Calendar.name, Calendar.account_id, CalendarAccount.addresses)
        .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .where(
            StoredOccurrence.person_id == person.id,
            StoredOccurrence.answer == PartStat.NEEDS_ACTION.value,
            StoredOccurrence.cancelled.is_(False),
            StoredOccurrence.starts_at < now + AHEAD,
            StoredOccurrence.ends_at > now - BACK,
            Calendar.chosen.is_(True),
            Calendar.writable.is_(True),
        )
        .order_by(StoredOccurrence.starts_at, StoredOccurrence.id)
        .limit(_MOST_ROWS)
    )
    waiting = [
        meeting_of(stored, calendar, account_id, person.zone)
        for stored, calendar, account_id, addresses in (await session.execute(query)).all()
        if awaits_answer(stored, part_in(stored, addresses))
    ]
    return gathered(waiting, now)
