"""The job that reminds people of last days in the morning, by what they see in the tracker themselves.

The first look, when somebody connects, tells nothing, and what is overdue by then is never told. A tracker that does
not answer in the morning is asked again some minutes later, as long as the day lasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import insert_into
from sekretar.kernel.errors import PeerError, PeerRefused, PersonError
from sekretar.kernel.morning import Morning
from sekretar.kernel.people import Person
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.model import TrackerAccount
from sekretar.tickets.trackers.requests import ME, Order, Query
from sekretar.tickets.trackers.values import Ticket
from sekretar.tickets.watching import wording
from sekretar.tickets.watching.due import Known, Stage, next_morning, reminders, stage_of
from sekretar.tickets.watching.model import TicketDue, TicketMorning
from sekretar.tickets.watching.preferences import OFF
from sekretar.tickets.watching.rules import Kind
from sekretar.tickets.watching.telling import Telling, news_key

TASK = "tickets:due"

#: When a tracker did not answer.
AGAIN = timedelta(minutes=10)
#: Tickets of one person that are looked at.
MOST = 100

_KINDS = {Stage.NEAR: Kind.DUE, Stage.OVERDUE: Kind.OVERDUE}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reminding:
    """Reminds people of their tickets."""

    desk: Desk
    identities: Identities
    telling: Telling
    morning: Morning

    async def give_due(self) -> datetime | None:
        """Remind everybody whose morning has come; returns when the next one does."""
        now = self.desk.now()
        await self._begin_with_newcomers(now)
        query = select(TicketMorning.person_id).where(TicketMorning.next_at <= now)
        async with self.desk.database.reading() as session:
            due = (await session.scalars(query.order_by(TicketMorning.next_at))).all()
        for person_id in due:
            await self._remind(person_id, now)
        async with self.desk.database.reading() as session:
            return await session.scalar(select(func.min(TicketMorning.next_at)))

    async def _begin_with_newcomers(self, now: datetime) -> None:
        """Rows for those who have connected since; what is overdue by then is no news to them."""
        query = select(TrackerAccount.person_id).distinct()
        query = query.where(TrackerAccount.person_id.not_in(select(TicketMorning.person_id)))
        async with self.desk.database.transaction() as session:
            for person_id in (await session.scalars(query)).all():
                session.add(TicketMorning(person_id=person_id, next_at=now))

    async def _remind(self, person_id: int, now: datetime) -> None:
        async with self.desk.database.reading() as session:
            row = await session.get_one(TicketMorning, person_id)
            person = await self.desk.people.by_id(session, person_id)
            hour = await self.morning.hour(session, person_id)
        if person is None:
            return
        today = now.astimezone(person.zone).date()
        until, moment = next_morning(hour, person.zone, today)
        answered = True
        if row.last_day != today:
            for identity in await self.identities.of(person_id):
                tickets = await self._tickets(person_id, identity.tracker, until)
                if tickets is None:
                    answered = False
                    continue
                async with self.desk.database.transaction() as session:
                    await self._tell(session, person, identity.tracker, tickets, row, (today, until))
        async with self.desk.database.transaction() as session:
            stored = await session.get_one(TicketMorning, person_id, with_for_update=True)
            stored.last_day = today if answered else row.last_day
            stored.next_at = moment if answered else min(moment, now + AGAIN)

    async def _tickets(self, person_id: int, tracker: str, until: date) -> Sequence[Ticket] | None:
        """The person's open tickets until a day; None when the tracker does not answer."""
        query = Query(assignee=ME, due_until=until, order=Order.DUE, limit=MOST)
        try:
            eyes = await self.identities.eyes(person_id, tracker)
            return (await eyes.find(query)).items
        except PersonError:
            return ()
        except PeerRefused:
            await self.telling.refused(person_id, tracker)
            return ()
        except PeerError as error:
            _log.warning("due tickets not read", tracker=tracker, person=person_id, reason=str(error))
            return None

    async def _tell(
        self,
        session: AsyncSession,
        person: Person,
        tracker: str,
        tickets: Sequence[Ticket],
        row: TicketMorning,
        days: tuple[date, date],
    ) -> None:
        today, until = days
        mine = TicketDue.person_id == person.id, TicketDue.tracker == tracker
        stored = {each.ticket_key: each for each in await session.scalars(select(TicketDue).where(*mine))}
        known = {key: Known(each.due, Stage(each.stage)) for key, each in stored.items()}
        off = await OFF.read(session, person.id)
        first = row.last_day is None
        for ticket, stage in reminders(tickets, known, today, until):
            if person.active and not first and _KINDS[stage] not in off:
                await self._say(session, person, ticket, stage, today)
        await session.execute(delete(TicketDue).where(*mine))
        for ticket in tickets:
            stands = stage_of(ticket, today, until)
            # What is near at the first look, at whatever hour that comes, is told in the next morning.
            if stands is not None and not (first and stands is Stage.NEAR):
                values = {"person_id": person.id, "tracker": tracker, "ticket_key": ticket.ref.key}
                statement = insert_into(session, TicketDue).values(
                    **values, due=ticket.due, stage=stands.value
                )
                await session.execute(statement.on_conflict_do_nothing())

    async def _say(
        self, session: AsyncSession, person: Person, ticket: Ticket, stage: Stage, today: date
    ) -> None:
        root = news_key(person.id, ticket.ref)
        begun = bool(await sent.lane_of(session, root))
        say = wording.overdue if stage is Stage.OVERDUE else wording.near
        message = say(ticket, self.desk.translator(person), today)
        await outgoing.direct(
            session,
            key=f"{root}:{stage.value}:{ticket.due}" if begun else root,
            person=person,
            rendered=self.desk.render(message, person),
            now=self.desk.now(),
            reply_to=root if begun else "",
        )
