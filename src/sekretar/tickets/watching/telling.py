"""From events to messages: whom they concern, whether these people see the ticket themselves, and what they wish.

What has to be asked of the tracker is asked first; what is said is then written in the transaction that moves the
cursor. So a crash between the two says nothing, and the same events are read once more.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerNotFound,
    PeerRefused,
    PersonError,
)
from sekretar.mattermost import sent
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.watching import told, wording
from sekretar.tickets.watching.preferences import OFF
from sekretar.tickets.watching.rules import Item, Kind, by_ticket, news_of
from sekretar.tickets.watching.wording import Names
from sekretar.trackers.port import Tracker
from sekretar.trackers.values import Event, Ticket, TicketRef

#: Tickets looked at through people's own eyes at the same time.
AT_ONCE = 8

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Word:
    """What is to be said to one person of one ticket."""

    person_id: int
    ticket: Ticket
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Telling:
    """Tells people what concerns them."""

    desk: Desk
    identities: Identities
    making: told.InTheMaking = field(default_factory=told.InTheMaking)
    #: By tracker, so that none waits for another.
    _slots: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
    )

    async def prepare(
        self, tracker: str, events: Sequence[Event], names: Names, only: int | None = None
    ) -> list[Word]:
        """What is to be said about events. With `only`, to this person, through whose eyes they were read.

        Raises:
            PeerDown: the tracker cannot say who may see what.
        """
        if any(event.created for event in events):
            await self.making.wait(tracker)
        words: list[Word] = []
        for found in by_ticket(events).values():
            words += await self._wanted(tracker, found, names, only)
        if only is not None:
            return words
        seen = await asyncio.gather(*(self.seen(word.person_id, word.ticket.ref) for word in words))
        return [
            replace(word, ticket=ticket)
            for word, ticket in zip(words, seen, strict=True)
            if ticket is not None
        ]

    async def _wanted(
        self, tracker: str, events: Sequence[Event], names: Names, only: int | None
    ) -> list[Word]:
        """The words before anybody's rights are asked."""
        news = news_of(events, names.closed)
        words: list[Word] = []
        async with self.desk.database.reading() as session:
            people = await self.identities.members(session, tracker, news.keys()) if news else {}
            for member, items in news.items():
                for person_id in people.get(member, ()):
                    if only not in (None, person_id):
                        continue
                    off = await OFF.read(session, person_id)
                    wanted = tuple(item for item in items if item.kind not in off)
                    if wanted:
                        words.append(Word(person_id, events[-1].ticket, wanted))
        return words

    async def seen(self, person_id: int, ref: TicketRef) -> Ticket | None:
        """A ticket as a person sees it themselves; None when they do not, or nobody knows who they are there.

        Raises:
            PeerDown: the tracker does not answer.
        """
        try:
            eyes = await self.identities.eyes(person_id, ref.tracker)
            async with self._slots[ref.tracker]:
                return await eyes.show(ref)
        except (PersonError, PeerNotFound, PeerForbidden):
            return None
        except PeerRefused:
            await self.refused(person_id, ref.tracker)
            return None
        except PeerDown:
            raise
        except PeerError as error:
            _log.warning("ticket not shown", tracker=ref.tracker, person=person_id, reason=str(error))
            return None

    async def refused(self, person_id: int, tracker: str) -> None:
        """A key is not accepted any more; its owner is told once."""
        now = self.desk.now()
        if not await self.identities.refused(person_id, tracker, now):
            return
        async with self.desk.database.transaction() as session:
            person = await self.desk.people.by_id(session, person_id)
            if person is None or not person.active:
                return
            message = wording.key_refused(tracker, self.desk.translator(person))
            await self.desk.tell(
                session, f"tickets:refused:{person_id}:{tracker}:{now:%Y%m%dT%H%M%S}", person, message
            )

    async def write(self, session: AsyncSession, words: Iterable[Word], names: Names) -> None:
        """Put the words into the outbox, as part of the transaction that moves the cursor."""
        for word in words:
            person = await self.desk.people.by_id(session, word.person_id)
            if person is None or not person.active:
                continue
            items = await self._unknown(session, word)
            if not items:
                continue
            root = news_key(word.person_id, word.ticket.ref)
            begun = bool(await sent.lane_of(session, root))
            message = wording.news(word.ticket, items, names, self.desk.translator(person))
            await self.desk.tell(
                session,
                f"{root}:{items[-1].event}" if begun else root,
                person,
                message,
                reply_to=root if begun else "",
            )

    async def _unknown(self, session: AsyncSession, word: Word) -> tuple[Item, ...]:
        """Without what the person hears from whatever made the ticket."""
        others = tuple(item for item in word.items if item.kind is not Kind.ASSIGNED or item.change)
        if len(others) == len(word.items):
            return word.items
        reader, ref = word.person_id, word.ticket.ref
        return word.items if await told.claim(session, ref, [reader], told.NEWS, self.desk.now()) else others


def news_key(person_id: int, ref: TicketRef) -> str:
    """The key of the message that begins a ticket's thread with a person."""
    return f"tickets:news:{person_id}:{ref.tracker}:{ref.key}"


async def names_of(eyes: Tracker, events: Sequence[Event]) -> Names:
    """What the ids in events mean; nothing is asked when there is nothing to tell."""
    return Names.of(await eyes.statuses(), await eyes.priorities()) if events else Names()
