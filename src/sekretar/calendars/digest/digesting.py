"""The job that gives morning digests, and the rows that tell it when.

Everybody with a calendar has a row. It is the only memory: which day was settled is written in the transaction that
puts the message into the outbox, so that nothing is said twice and nothing is lost between the two. What other
features add is asked for before that transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.digest.schedule import TASK, Schedule, due_day, latest, next_due
from sekretar.calendars.digest.wording import digest
from sekretar.calendars.keys import digest_key
from sekretar.calendars.model import Calendar, CalendarAccount, MorningDigest
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.preferences import Preferences
from sekretar.calendars.views.agenda import Agenda, agenda
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.morning import Morning, Part
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost import outgoing
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Rendered

#: How many are given in one transaction: at nine everybody's is due, and others want to write too.
BATCH = 50

#: An account that was not read for so long makes even an empty day worth a word.
STALE = timedelta(hours=12)

#: A digest that is overdue for so long is not waited for by others.
AWAITED = timedelta(minutes=30)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Digesting:
    """Gives the digests that are due."""

    desk: Desk
    morning: Morning = field(default_factory=Morning)

    async def give_due(self) -> datetime | None:
        """Give all that are due by now; returns when the next one is."""
        await self._begin_with_newcomers()
        while await self._give_batch() == BATCH:
            pass
        async with self.desk.database.reading() as session:
            return await session.scalar(select(func.min(MorningDigest.next_at)))

    async def _begin_with_newcomers(self) -> None:
        """Make rows for those who have connected a calendar since."""
        now = self.desk.now()
        have = select(MorningDigest.person_id)
        query = select(CalendarAccount.person_id).where(CalendarAccount.person_id.not_in(have)).distinct()
        async with self.desk.database.reading() as session:
            newcomers = (await session.scalars(query)).all()
        for person_id in newcomers:
            async with self.desk.database.transaction() as session:
                person = await self.desk.people.by_id(session, person_id)
                if person is not None and await session.get(MorningDigest, person_id) is None:
                    session.add(MorningDigest(person_id=person_id))
                    await session.flush()
                    await replan(session, person, await preferences.read(session, person_id), now)

    async def _give_batch(self) -> int:
        now = self.desk.now()
        async with self.desk.database.reading() as session:
            mornings = await self._mornings(session, now)
        parts = await self.morning.ask(mornings)
        async with self.desk.database.transaction() as session:
            rows = (await session.scalars(_due(now).with_for_update(skip_locked=True))).all()
            for row in rows:
                await self._settle(session, row, now, parts.get(row.person_id, ()))
        return len(rows)

    async def _mornings(self, session: AsyncSession, now: datetime) -> list[tuple[Person, date]]:
        """Whose digest is about to be given, and of which day."""
        found = []
        for row in (await session.scalars(_due(now))).all():
            person = await self.desk.people.by_id(session, row.person_id)
            schedule = (await preferences.read(session, row.person_id)).schedule
            if person is None or not person.active or schedule is None:
                continue
            day = due_day(schedule, person.zone, now, row.last_day)
            if day is not None:
                found.append((person, day))
        return found

    async def _settle(
        self, session: AsyncSession, row: MorningDigest, now: datetime, parts: Sequence[Part]
    ) -> None:
        """Give the digest of a row, if there is one to give, and find its next moment."""
        person = await self.desk.people.by_id(session, row.person_id)
        if person is None or not await _has_calendars(session, person):
            # One who connects a calendar again begins anew.
            await session.execute(delete(MorningDigest).where(MorningDigest.person_id == row.person_id))
            return
        wanted = await preferences.read(session, person.id)
        schedule = wanted.schedule
        if schedule is None:
            row.next_at = None
            return
        day = due_day(schedule, person.zone, now, row.last_day)
        if day is not None:
            row.last_day = day
            if person.active and await self._give(session, row, person, wanted, schedule, now, parts):
                row.introduced = True
        row.next_at = next_due(schedule, person.zone, now, row.last_day)

    async def _give(
        self,
        session: AsyncSession,
        row: MorningDigest,
        person: Person,
        wanted: Preferences,
        schedule: Schedule,
        now: datetime,
        parts: Sequence[Part],
    ) -> bool:
        day = now.astimezone(person.zone).date()
        found = await agenda(session, person.id, person.zone, day, day, Calendar.in_digest.is_(True))
        if wanted.digest_only_if_meetings and not worth_a_word(found, now):
            return False
        added = [part.text for part in parts if await part.take(session)]
        rendered = self._rendered(found, person, now, added, introduced=row.introduced)
        if rendered is None:
            return False
        await outgoing.direct(
            session,
            outgoing.Direct(
                digest_key(person.id, day), person, rendered, expires_at=latest(schedule, day, person.zone)
            ),
            now,
        )
        return True

    def _rendered(
        self, found: Agenda, person: Person, now: datetime, added: Sequence[Markdown], *, introduced: bool
    ) -> Rendered | None:
        """The message; one that cannot be made must not keep everybody else's."""
        try:
            message = digest(found, self.desk.translator(person), now, added, introduce=not introduced)
            return self.desk.render(message, person)
        except Exception:
            _log.exception("digest not given", person=person.id)
            return None


def worth_a_word(found: Agenda, now: datetime) -> bool:
    """Whether there is a meeting the person goes to, or a reason to doubt that there is none."""
    stale = (each.synced_at is not None and now - each.synced_at > STALE for each in found.accounts)
    return any(meeting.expected for meeting in found.meetings) or any(stale)


async def replan(
    session: AsyncSession, person: Person, wanted: Preferences, now: datetime, *, travelled: bool = False
) -> None:
    """Find the next moment anew after the person's wishes have changed, or their zone (`travelled`).

    An hour of today that is over is not caught up because somebody chose it now; but one that only a journey has
    made over is.
    """
    row = await session.get(MorningDigest, person.id, with_for_update=True)
    if row is None:
        return
    schedule = wanted.schedule
    row.next_at = None
    if schedule is not None:
        missed = due_day(schedule, person.zone, now, row.last_day) if travelled else None
        row.next_at = now if missed else next_due(schedule, person.zone, now, row.last_day)
    await session.flush()
    wake_after_commit(session, TASK)


async def next_of(session: AsyncSession, person: Person) -> datetime | None:
    """When the person's next digest comes; None when none does."""
    return await session.scalar(select(MorningDigest.next_at).where(MorningDigest.person_id == person.id))


async def pending(session: AsyncSession, person_id: int, now: datetime) -> bool:
    """Whether a person's digest is due and about to be given."""
    query = select(MorningDigest.person_id).where(
        MorningDigest.person_id == person_id,
        MorningDigest.next_at <= now,
        MorningDigest.next_at > now - AWAITED,
    )
    return await session.scalar(query) is not None


async def _has_calendars(session: AsyncSession, person: Person) -> bool:
    query = select(func.count()).where(CalendarAccount.person_id == person.id)
    return bool(await session.scalar(query))


def _due(now: datetime) -> Select[MorningDigest]:
    return (
        select(MorningDigest)
        .where(MorningDigest.next_at <= now)
        .order_by(MorningDigest.next_at, MorningDigest.person_id)
        .limit(BATCH)
    )
