"""What is remembered of people's mornings: which day was settled, and what of which ticket was told.

Two tell of due tickets: the message of the day, and the job for those who have none. Whichever comes first settles
the day in the transaction in which it speaks, and the other is silent then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import insert_into
from sekretar.kernel.morning import Morning
from sekretar.kernel.people import Person
from sekretar.tickets.watching.due import Known, Stage, next_morning, stage_of
from sekretar.tickets.watching.model import TicketDue, TicketMorning
from sekretar.tickets.watching.preferences import OFF, TOGETHER
from sekretar.tickets.watching.rules import Kind
from sekretar.trackers.values import Ticket

_KINDS = {Stage.NEAR: Kind.DUE, Stage.OVERDUE: Kind.OVERDUE}


@dataclass(frozen=True)
class OneMorning:
    """A person's day, as far as tickets are concerned."""

    person: Person
    today: date
    #: The day of their next morning, and its moment.
    until: date
    next_at: datetime
    #: The last day that was settled; None before the first look, which tells nothing.
    last_day: date | None
    #: What they want to hear of.
    stages: frozenset[Stage]
    #: As one list, not each ticket by itself.
    together: bool

    @property
    def settled(self) -> bool:
        return self.last_day == self.today

    @property
    def listed(self) -> bool:
        """Whether they get a list; the first look tells nothing."""
        return self.together and self.last_day is not None


async def read(session: AsyncSession, morning: Morning, person: Person, now: datetime) -> OneMorning | None:
    """A person's morning of today; None while nothing is known of their trackers."""
    row = await session.get(TicketMorning, person.id)
    if row is None:
        return None
    off = await OFF.read(session, person.id)
    today = now.astimezone(person.zone).date()
    until, next_at = next_morning(await morning.hour(session, person.id), person.zone, today)
    stages = frozenset(stage for stage, kind in _KINDS.items() if kind not in off)
    together = TOGETHER not in off and await morning.wanted(session, person.id)
    return OneMorning(person, today, until, next_at, row.last_day, stages, together)


async def claim(session: AsyncSession, mine: OneMorning) -> bool:
    """Whether the day is still to be settled; nobody else can settle it before the transaction ends."""
    query = select(TicketMorning).where(TicketMorning.person_id == mine.person.id).with_for_update()
    row = await session.scalar(query.execution_options(populate_existing=True))
    return row is not None and row.last_day != mine.today


async def plan(session: AsyncSession, person_id: int, next_at: datetime) -> None:
    """Look again at that moment."""
    row = await session.get(TicketMorning, person_id)
    if row is not None:
        row.next_at = next_at


async def settle(session: AsyncSession, mine: OneMorning) -> None:
    """The day is done with."""
    row = await session.get_one(TicketMorning, mine.person.id)
    row.last_day, row.next_at = mine.today, mine.next_at


async def known(session: AsyncSession, person_id: int, tracker: str) -> Mapping[str, Known]:
    """What the person was told of last days, by the key of the ticket."""
    query = select(TicketDue).where(TicketDue.person_id == person_id, TicketDue.tracker == tracker)
    return {each.ticket_key: Known(each.due, Stage(each.stage)) for each in await session.scalars(query)}


async def remember(session: AsyncSession, mine: OneMorning, tracker: str, tickets: Sequence[Ticket]) -> None:
    """How these tickets stand is no news any more."""
    person_id = mine.person.id
    await session.execute(
        delete(TicketDue).where(TicketDue.person_id == person_id, TicketDue.tracker == tracker)
    )
    for ticket in tickets:
        stands = stage_of(ticket, mine.today, mine.until)
        # What is near at the first look, at whatever hour that comes, is told in the next morning.
        if stands is not None and not (mine.last_day is None and stands is Stage.NEAR):
            values = {"person_id": person_id, "tracker": tracker, "ticket_key": ticket.ref.key}
            statement = insert_into(session, TicketDue).values(**values, due=ticket.due, stage=stands.value)
            await session.execute(statement.on_conflict_do_nothing())
