"""From a batch to tickets, one by one: a failure half-way keeps what exists, says so, and goes on with the rest.

A batch is worked on while its state says so, whatever process began it. Each row is settled in a transaction of its
own, so a crash costs at most one question to the tracker: whether the row of that name exists already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.errors import PeerError, PeerRefused, PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.batches import store, wording
from sekretar.tickets.batches.store import BatchState, Row, RowState, TicketBatch
from sekretar.tickets.remarks import Remark
from sekretar.tickets.troubles import is_passing, remark_on
from sekretar.tickets.watching import told
from sekretar.trackers.port import Tracker
from sekretar.trackers.values import TicketRef

#: The job that makes tickets.
TASK = "tickets.create"

#: Batches worked on at once; the rows of each go one after the other.
AT_ONCE = 4

_log = structlog.get_logger(__name__)


class Occasion(Protocol):
    """What batches with `minutes_id` belong to."""

    async def tie(self, batch: TicketBatch, rows: Sequence[Row]) -> Remark | None:
        """Tie the tickets that are made to each other; returns why that was not possible. May be called again."""
        ...

    async def keep(self, session: AsyncSession, batch: TicketBatch, rows: Sequence[Row]) -> None:
        """Keep what was made so far. May be called again."""
        ...

    async def tell(
        self, session: AsyncSession, batch: TicketBatch, rows: Sequence[Row], author: Person
    ) -> set[int]:
        """Tell everybody of a batch that is done; returns the people who know now."""
        ...


@dataclass(frozen=True)
class Creating:
    """Makes the tickets of batches that people have said yes to."""

    desk: Desk
    identities: Identities
    occasion: Occasion | None = None
    in_the_making: told.InTheMaking = field(default_factory=told.InTheMaking)

    async def begin(self, person: Person, number: object) -> TicketBatch:
        """The person says yes, for the first time or again after a pause.

        Raises:
            PersonError: there is nothing to begin.
        """
        async with self.desk.database.transaction() as session:
            batch = await store.of_person(session, person.id, number, for_update=True)
            if batch.state not in (BatchState.OPEN, BatchState.PAUSED):
                raise PersonError(f"tickets.batch.is_{batch.state}")
            batch.state = BatchState.CREATING
            batch.attempts += 1
            wake_after_commit(session, TASK)
            return batch

    async def run(self) -> None:
        """Work on every batch that is due. For the jobs engine."""
        async with self.desk.database.reading() as session:
            query = select(TicketBatch.id).where(TicketBatch.state == BatchState.CREATING)
            numbers = (await session.scalars(query.order_by(TicketBatch.id))).all()
        turn = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for number in numbers:
                tasks.create_task(self._in_turn(turn, number))

    async def _in_turn(self, turn: asyncio.Semaphore, number: int) -> None:
        async with turn:
            await self._work_on(number)

    async def _work_on(self, number: int) -> None:
        async with self.desk.database.reading() as session:
            batch = await session.get_one(TicketBatch, number)
            waiting = [each for each in await store.rows(session, number) if each.state is RowState.WAITING]
        obstacle = await self._make(batch, waiting)
        untied = await self._tie(batch)
        async with self.desk.database.transaction() as session:
            await self._conclude(session, number, obstacle, untied)

    async def _tie(self, batch: TicketBatch) -> Remark | None:
        if self.occasion is None or batch.minutes_id is None:
            return None
        async with self.desk.database.reading() as session:
            made = _made(await store.rows(session, batch.id))
        return await self.occasion.tie(batch, made)

    async def _make(self, batch: TicketBatch, waiting: list[Row]) -> Remark | None:
        """Make the rows; returns what stands in the way of the rest, None when all are settled."""
        try:
            eyes = await self.identities.eyes(batch.person_id, batch.tracker)
        except PersonError as error:
            return Remark(error.key, {name: str(value) for name, value in error.params.items()})
        for row in waiting:
            with self.in_the_making.one(batch.tracker):
                obstacle = await self._make_one(eyes, batch, row)
            if obstacle is not None:
                return obstacle
        return None

    async def _make_one(self, eyes: Tracker, batch: TicketBatch, row: Row) -> Remark | None:
        number = row.planned.row
        try:
            created = await eyes.create(row.planned.draft(batch.origin), store.unique_of(batch, number))
        except PeerRefused as error:
            await self.identities.refused(batch.person_id, batch.tracker, self.desk.now())
            return remark_on(error, batch.tracker)
        except PeerError as error:
            _log.warning("ticket not created", batch=batch.id, row=number, reason=str(error))
            remark = remark_on(error, batch.tracker)
            if is_passing(error):
                return remark
            async with self.desk.database.transaction() as session:
                await store.settle(session, batch.id, number, RowState.REFUSED, remark=remark)
            return None
        ticket = created.ticket
        async with self.desk.database.transaction() as session:
            await store.settle(
                session, batch.id, number, RowState.CREATED, key=ticket.ref.key, link=ticket.link
            )
            await told.claim(session, ticket.ref, _addressed(row), _teller(batch), self.desk.now())
        return None

    # --- telling

    async def _conclude(
        self, session: AsyncSession, number: int, obstacle: Remark | None, untied: Remark | None
    ) -> None:
        batch = await session.get_one(TicketBatch, number, with_for_update=True)
        if batch.state != BatchState.CREATING:
            return
        batch.state = BatchState.PAUSED if obstacle else BatchState.DONE
        store.keep_remark(batch, obstacle)
        rows = await store.rows(session, number)
        author = await self.desk.people.by_id(session, batch.person_id)
        if author is None:
            return
        await self._tell_author(session, batch, rows, author, untied)
        knowing = await self._tell_occasion(session, batch, rows, author)
        await self._tell_assignees(session, batch, rows, author, knowing)
        if batch.state == BatchState.DONE and batch.channel_id:
            await self._tell_channel(session, batch, rows, author)
        await store.told(session, number, batch.attempts)

    async def _tell_occasion(
        self, session: AsyncSession, batch: TicketBatch, rows: list[Row], author: Person
    ) -> set[int]:
        """Returns the people who know by it."""
        if self.occasion is None or batch.minutes_id is None:
            return set()
        await self.occasion.keep(session, batch, _made(rows))
        if batch.state != BatchState.DONE:
            return set()
        return await self.occasion.tell(session, batch, _made(rows), author)

    async def _tell_author(
        self,
        session: AsyncSession,
        batch: TicketBatch,
        rows: list[Row],
        author: Person,
        untied: Remark | None,
    ) -> None:
        t = self.desk.translator(author)
        message = wording.result(batch.id, rows, store.remark_of(batch), t, untied)
        await self.desk.tell(session, f"tickets:batch:{batch.id}:result:{batch.attempts}", author, message)

    async def _tell_assignees(
        self,
        session: AsyncSession,
        batch: TicketBatch,
        rows: list[Row],
        author: Person,
        knowing: Collection[int],
    ) -> None:
        """Everybody but the author and those who know already hears of what is new for them, in one message."""
        news: dict[int, list[Row]] = {}
        for row in rows:
            if row.state is not RowState.CREATED or row.told_in:
                continue
            ref = TicketRef(batch.tracker, row.ticket_key)
            for person_id in await told.claim(session, ref, _addressed(row), _teller(batch), self.desk.now()):
                news.setdefault(person_id, []).append(row)
        for person_id, theirs in sorted(news.items()):
            if person_id == author.id or person_id in knowing:
                continue
            person = await self.desk.people.by_id(session, person_id)
            if person is None or not person.active:
                continue
            message = wording.assigned(theirs, person_id, author, self.desk.translator(person))
            await self.desk.tell(
                session, f"tickets:batch:{batch.id}:told:{batch.attempts}:{person_id}", person, message
            )

    async def _tell_channel(
        self, session: AsyncSession, batch: TicketBatch, rows: list[Row], author: Person
    ) -> None:
        made = _made(rows)
        if not made:
            return
        t = self.desk.catalogues.translator(author.language)
        await self.desk.post(
            session,
            f"tickets:batch:{batch.id}:summary",
            batch.channel_id,
            wording.summary(made, author, t),
            root_id=batch.root_id,
        )


def _made(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.state is RowState.CREATED]


def _teller(batch: TicketBatch) -> str:
    return f"batch:{batch.id}"


def _addressed(row: Row) -> list[int]:
    people = [row.planned.assignee, *row.planned.others]
    return [each.person_id for each in people if each is not None and each.person_id is not None]
