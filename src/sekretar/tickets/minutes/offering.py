"""Whoever called a meeting is offered to write down its assignments when it has ended; for a day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel import outbox
from sekretar.kernel.meetings import Meeting
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.model import TrackerAccount
from sekretar.tickets.minutes import store, wording
from sekretar.tickets.minutes.model import TicketMeeting
from sekretar.tickets.minutes.standing import WANTED

#: After a day nobody remembers who said what.
LASTS = timedelta(days=1)

#: At once, when offers end.
_BATCH = 200


@dataclass(frozen=True)
class Offering:
    """The offers of all people."""

    desk: Desk
    identities: Identities

    async def ended(self, session: AsyncSession, meeting: Meeting, now: datetime) -> None:
        """Offer it after a meeting with others that the person has called, where a tracker knows them."""
        if not meeting.is_organizer or not meeting.others:
            return
        if not await WANTED.read(session, meeting.person_id) or not await self._linked(session, meeting):
            return
        person = await self.desk.people.by_id(session, meeting.person_id)
        if person is None or not person.active:
            return
        stored = await store.meeting_of(session, meeting, now)
        stored.offered_at = now
        message = wording.offer(stored, self.desk.translator(person), meeting.others)
        await self.desk.tell(session, _key(stored), person, message, expires_at=now + LASTS)

    async def _linked(self, session: AsyncSession, meeting: Meeting) -> bool:
        query = select(TrackerAccount.id).where(
            TrackerAccount.person_id == meeting.person_id,
            TrackerAccount.tracker.in_(self.identities.sites),
            TrackerAccount.refused_at.is_(None),
        )
        return await session.scalar(query.limit(1)) is not None

    async def take_back(self, session: AsyncSession, meeting: TicketMeeting, now: datetime) -> None:
        """Nothing is offered of this meeting any more: the buttons go."""
        if meeting.offered_at is None:
            return
        meeting.offered_at = None
        person = await self.desk.people.by_id(session, meeting.person_id)
        if person is None:
            return
        message = wording.offer_over(meeting, self.desk.translator(person))
        await outgoing.edit(
            session,
            key=f"{_key(meeting)}over",
            message_key=_key(meeting),
            rendered=self.desk.render(message, person),
            now=now,
            expires_at=now + LASTS,
        )

    async def forget(self, session: AsyncSession, person_id: int, uids: Collection[str] | None) -> None:
        """The person's calendar goes: meetings of which nothing was written down go with it, and their offers."""
        for meeting in await store.unwritten(session, person_id):
            if uids is None or meeting.uid in uids:
                await outbox.forget(session, _key(meeting))
                await sent.forget(session, _key(meeting))
                await session.delete(meeting)

    async def take_back_old(self) -> None:
        """Take back what was offered a day ago, and forget meetings of which nothing was written down."""
        now = self.desk.now()
        query = select(TicketMeeting).where(TicketMeeting.offered_at <= now - LASTS).limit(_BATCH)
        async with self.desk.database.transaction() as session:
            for meeting in (await session.scalars(query)).all():
                await self.take_back(session, meeting, now)
            await store.tidy(session, now)


def _key(meeting: TicketMeeting) -> str:
    """Of the offer; what is said of it later begins with it."""
    return f"tickets:minutes:offer:{meeting.id}:"
