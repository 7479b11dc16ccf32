"""From a text to its preview. While there can be none, the text is kept, and looked at again at the person's word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerDown
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.tickets.batches import store, wording
from sekretar.tickets.batches.planning import Planned
from sekretar.tickets.batches.preparing import Preparing
from sekretar.tickets.batches.store import BatchState, Intent, TicketBatch
from sekretar.tickets.troubles import remark_on


@dataclass(frozen=True)
class Proposal:
    """A batch that stands open, and how it is shown. Without rows it is a text that is kept."""

    number: int
    rows: tuple[Planned, ...]
    message: Message


@dataclass(frozen=True)
class Proposing:
    """Shows people what would be made of their texts."""

    desk: Desk
    preparing: Preparing

    async def propose(
        self, person: Person, intent: Intent, former: object, t: Translator, now: datetime
    ) -> Proposal:
        """Show what would be made.

        Args:
            former: The number of a batch that stands for nothing any more, None for none.

        Raises:
            PersonError: there is nothing to make, or the person is not known to the tracker.
            PeerError: the tracker or the chat refuses something.
        """
        try:
            prepared = await self.preparing.prepare(person, intent.tracker, intent.text, intent.project, now)
        except PeerDown as error:
            if error.peer == "database":
                raise
            async with self.desk.database.transaction() as session:
                number = await _put(session, person, intent, former, (), now)
            return Proposal(number, (), wording.kept(number, remark_on(error, error.peer), t))
        async with self.desk.database.transaction() as session:
            number = await _put(session, person, intent, former, prepared.rows, now)
        today = now.astimezone(person.zone).date()
        shown = wording.preview(number, intent.tracker, prepared.rows, prepared.headings, t, today)
        return Proposal(number, prepared.rows, shown)


async def _put(
    session: AsyncSession,
    person: Person,
    intent: Intent,
    former: object,
    rows: tuple[Planned, ...],
    now: datetime,
) -> int:
    if former is not None:
        _replace(await store.of_person(session, person.id, former, for_update=True))
    return await store.add(session, person.id, intent, rows, now)


def _replace(former: TicketBatch) -> None:
    """The former batch stands for nothing any more; one that was worked off stays what it is."""
    if former.state != BatchState.DONE:
        store.must_be_open(former)
        former.state = BatchState.REPLACED
