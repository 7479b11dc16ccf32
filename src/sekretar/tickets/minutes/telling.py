"""What becomes of minutes once their tickets are made: ties between the tickets, the history, a word to everybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.batches.store import Row, TicketBatch
from sekretar.tickets.minutes import store, wording
from sekretar.tickets.minutes.model import TicketMeeting, TicketMinutes
from sekretar.tickets.remarks import Remark
from sekretar.tickets.troubles import remark_on
from sekretar.trackers.values import LinkKind, TicketRef

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class MinutesTelling:
    """The `Occasion` of batches that were written down after a meeting."""

    desk: Desk
    identities: Identities

    async def tie(self, batch: TicketBatch, rows: Sequence[Row]) -> Remark | None:
        refs = [TicketRef(batch.tracker, row.ticket_key) for row in rows]
        async with self.desk.database.reading() as session:
            minutes = await session.get(TicketMinutes, batch.minutes_id)
            first = await store.first_of(session, minutes.meeting_id, batch.tracker) if minutes else None
        first = first or next(iter(refs), None)
        others = [each for each in refs if each != first]
        if first is None or not others:
            return None
        try:
            eyes = await self.identities.eyes(batch.person_id, batch.tracker)
            for each in others:
                await eyes.link(first, each, LinkKind.RELATES)
        except PersonError:
            # The batch itself waits for the person's key, and says so.
            return None
        except PeerError as error:
            _log.info("tickets not tied", batch=batch.id, reason=str(error))
            return remark_on(error, batch.tracker)
        return None

    async def keep(self, session: AsyncSession, batch: TicketBatch, rows: Sequence[Row]) -> None:
        minutes = await session.get(TicketMinutes, batch.minutes_id)
        if minutes is None:
            return
        for row in rows:
            await store.record(session, minutes.id, batch.tracker, row, self.desk.now())

    async def tell(
        self, session: AsyncSession, batch: TicketBatch, rows: Sequence[Row], author: Person
    ) -> set[int]:
        minutes = await session.get(TicketMinutes, batch.minutes_id)
        if minutes is None:
            return set()
        meeting = await session.get_one(TicketMeeting, minutes.meeting_id)
        text = minutes.text if minutes.told_at is None else ""
        if not rows and not text:
            return set()
        minutes.told_at = minutes.told_at or self.desk.now()
        key = f"tickets:minutes:{minutes.id}:{batch.id}"
        if minutes.channel_id:
            t = self.desk.catalogues.translator(author.language)
            message = wording.minutes(meeting, text, rows, author, author, t)
            await self.desk.post(session, key, minutes.channel_id, message)
        knowing = set()
        for person_id in sorted(_concerned(meeting, rows) - {author.id}):
            person = await self.desk.people.by_id(session, person_id)
            if person is None or not person.active:
                continue
            message = wording.minutes(meeting, text, rows, author, person, self.desk.translator(person))
            await self.desk.tell(session, f"{key}:{person_id}", person, message)
            knowing.add(person_id)
        return knowing


def _concerned(meeting: TicketMeeting, rows: Iterable[Row]) -> set[int]:
    """Who was there, and who was given something."""
    present = {each.person_id for each in store.others_of(meeting)}
    given = {each.person_id for row in rows for each in (row.planned.assignee, *row.planned.others) if each}
    return {each for each in present | given if each is not None}
