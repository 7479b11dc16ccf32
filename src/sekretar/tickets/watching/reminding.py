"""The job that tells people of last days in the morning, by what they see in the tracker themselves.

Those who want them together have them in their message of the day, see `listing`; what did not get there, because
there is no such message today or the tracker was too slow for it, is told here as a list of its own. Others are told
of each ticket in its thread.

The first look, when somebody connects, tells nothing, and what is overdue by then is no reason for a message. A
tracker that does not answer in the morning is asked again some minutes later, as long as the day lasts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.morning import Morning
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost import sent
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.tickets.accounts.model import TrackerAccount
from sekretar.tickets.watching import mornings, wording
from sekretar.tickets.watching.due import Stage, reminders, stage_of
from sekretar.tickets.watching.listing import due_list
from sekretar.tickets.watching.looking import REST, Looking, Seen
from sekretar.tickets.watching.model import TicketMorning
from sekretar.tickets.watching.mornings import OneMorning
from sekretar.tickets.watching.telling import news_key
from sekretar.trackers.values import Ticket

#: How long the message of the day is left to come first.
AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Reminding:
    """Tells people of their due tickets."""

    desk: Desk
    morning: Morning
    looking: Looking
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def give_due(self) -> datetime | None:
        """Tell everybody whose morning has come; returns when the next one does."""
        now = self.desk.now()
        await self._begin_with_newcomers(now)
        due = await self._due(now)
        ends = await asyncio.gather(*(self._remind(mine, now) for mine in due), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end
        async with self.desk.database.reading() as session:
            return await session.scalar(select(func.min(TicketMorning.next_at)))

    async def _begin_with_newcomers(self, now: datetime) -> None:
        """Rows for those who have connected since; what is overdue by then is no news to them."""
        query = select(TrackerAccount.person_id).distinct()
        query = query.where(TrackerAccount.person_id.not_in(select(TicketMorning.person_id)))
        async with self.desk.database.transaction() as session:
            for person_id in (await session.scalars(query)).all():
                session.add(TicketMorning(person_id=person_id, next_at=now))

    async def _due(self, now: datetime) -> list[OneMorning]:
        """Whose morning has come; those whose message of the day is about to come have theirs a little later."""
        query = select(TicketMorning.person_id).where(TicketMorning.next_at <= now)
        found = []
        async with self.desk.database.transaction() as session:
            for person_id in (await session.scalars(query.order_by(TicketMorning.next_at))).all():
                person = await self.desk.people.by_id(session, person_id)
                mine = await mornings.read(session, self.morning, person, now) if person else None
                if mine is None:
                    continue
                if mine.listed and await self.morning.pending(session, person_id, now):
                    await mornings.plan(session, person_id, now + AFTER)
                else:
                    found.append(mine)
        return found

    async def _remind(self, mine: OneMorning, now: datetime) -> None:
        seen = Seen({}, ()) if mine.settled else await self.looking.look(mine.person.id, mine.until)
        # Many looks end at once, and every transaction is short.
        async with self._writing, self.desk.database.transaction() as session:
            if not await mornings.claim(session, mine):
                await mornings.plan(session, mine.person.id, mine.next_at)
                return
            if mine.listed:
                await self._tell_together(session, mine, seen)
            else:
                await self._tell_each(session, mine, seen)
            for tracker, tickets in seen.tickets.items():
                await mornings.remember(session, mine, tracker, tickets)
            if _done(mine, seen):
                await mornings.settle(session, mine)
            else:
                await mornings.plan(session, mine.person.id, min(mine.next_at, now + REST))

    async def _tell_together(self, session: AsyncSession, mine: OneMorning, seen: Seen) -> None:
        """One list, when there is something in it that is near, or overdue since the last time."""
        if not mine.person.active:
            return
        near = any(
            stage_of(ticket, mine.today, mine.until) is Stage.NEAR
            for tickets in seen.tickets.values()
            for ticket in tickets
        )
        if not (near and Stage.NEAR in mine.stages) and not await self._news(session, mine, seen):
            return
        text = due_list(mine, seen, self.desk.translator(mine.person))
        await self.desk.tell(
            session, f"tickets:due:{mine.person.id}:{mine.today}", mine.person, Message(Markdown(f"☀️ {text}"))
        )

    async def _tell_each(self, session: AsyncSession, mine: OneMorning, seen: Seen) -> None:
        """Each ticket in its thread, once when its last day is near and once when it has passed."""
        if mine.last_day is None or not mine.person.active:
            return
        for ticket, stage in await self._news(session, mine, seen):
            await self._say(session, mine.person, ticket, stage, mine.today)

    async def _news(
        self, session: AsyncSession, mine: OneMorning, seen: Seen
    ) -> Sequence[tuple[Ticket, Stage]]:
        """What the person was not told of yet, of what they want to hear of."""
        found: list[tuple[Ticket, Stage]] = []
        for tracker, tickets in seen.tickets.items():
            told = await mornings.known(session, mine.person.id, tracker)
            found += reminders(tickets, told, mine.today, mine.until)
        return [(ticket, stage) for ticket, stage in found if stage in mine.stages]

    async def _say(
        self, session: AsyncSession, person: Person, ticket: Ticket, stage: Stage, today: date
    ) -> None:
        root = news_key(person.id, ticket.ref)
        begun = bool(await sent.lane_of(session, root))
        say = wording.overdue if stage is Stage.OVERDUE else wording.near
        message = say(ticket, self.desk.translator(person), today)
        await self.desk.tell(
            session,
            f"{root}:{stage.value}:{ticket.due}" if begun else root,
            person,
            message,
            reply_to=root if begun else "",
        )


def _done(mine: OneMorning, seen: Seen) -> bool:
    """Whether the day is settled. A list is given once, and names the trackers that are missing in it."""
    if mine.listed:
        return bool(seen.tickets) or not seen.silent
    return not seen.silent
