"""Channels that hear of a project or queue, by the rights of whoever subscribed them.

What the subscriber does not see is not told, and a private ticket is told as its key and link alone: who reads a
channel is nobody the tracker knows. When the subscriber does not see the project any more, or the bot may not write,
the subscription pauses, says so, and goes on when both is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerError, PeerForbidden, PeerNotFound, PeerRefused, PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.mattermost.rights import obstacle
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.watching import channels_wording, wording
from sekretar.tickets.watching.model import TicketSubscription
from sekretar.tickets.watching.rules import Item, by_ticket, kind_of
from sekretar.tickets.watching.rules import Kind as PersonalKind
from sekretar.tickets.watching.telling import Telling
from sekretar.tickets.watching.wording import Names
from sekretar.trackers.values import Event, Field, Ticket, TicketRef

#: How often the rights behind a subscription are looked at.
LOOK_EVERY = timedelta(hours=1)
LOOK_WHILE_PAUSED = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


class Kind(StrEnum):
    """What a channel can hear of."""

    CREATED = "created"
    CLOSED = "closed"
    STATUS = "status"
    COMMENTS = "comments"


_KINDS = {
    PersonalKind.CLOSED: Kind.CLOSED,
    PersonalKind.STATUS: Kind.STATUS,
    PersonalKind.COMMENTED: Kind.COMMENTS,
}

#: Why a subscription pauses, beside the words of `rights.Obstacle`: the subscriber does not see the project.
UNSEEN = "unseen"


@dataclass(frozen=True)
class ChannelWord:
    """What is to be said in one channel of one ticket; `created` when the ticket is new."""

    subscription_id: int
    ticket: Ticket
    items: tuple[Item, ...]
    #: The event that made the ticket, when that is news.
    created: Event | None


@dataclass(frozen=True)
class ChannelTelling:
    """Tells channels of their projects, and looks after the rights behind that."""

    desk: Desk
    identities: Identities
    telling: Telling

    # --- telling

    async def prepare(
        self, tracker: str, events: Sequence[Event], names: Names, only: int | None = None
    ) -> list[ChannelWord]:
        """What is to be said about events. With `only`, in channels that this person has subscribed.

        Raises:
            PeerDown: the tracker cannot say what the subscriber sees.
        """
        if not events:
            return []
        words: list[ChannelWord] = []
        for subscription in await self._active(tracker, only):
            mine = [event for event in events if event.ticket.project.id == subscription.project]
            for found in by_ticket(mine).values():
                word = _word(subscription, found, names)
                if word is None:
                    continue
                ticket: Ticket | None = word.ticket
                if only is None:
                    ticket = await self.telling.seen(subscription.person_id, word.ticket.ref)
                if ticket is not None:
                    words.append(ChannelWord(subscription.id, ticket, word.items, word.created))
        return words

    async def _active(self, tracker: str, only: int | None) -> Sequence[TicketSubscription]:
        query = select(TicketSubscription).where(
            TicketSubscription.tracker == tracker, TicketSubscription.paused == ""
        )
        if only is not None:
            query = query.where(TicketSubscription.person_id == only)
        async with self.desk.database.reading() as session:
            return (await session.scalars(query.order_by(TicketSubscription.id))).all()

    async def write(self, session: AsyncSession, words: Iterable[ChannelWord], names: Names) -> None:
        """Put the words into the outbox, as part of the transaction that moves the cursor."""
        for word in words:
            subscription = await session.get(TicketSubscription, word.subscription_id)
            if subscription is None or subscription.paused:
                continue
            t = self.desk.catalogues.translator(subscription.language)
            root = _key(subscription.id, word.ticket.ref)
            begun = bool(await sent.lane_of(session, root))
            last = word.items[-1].event if word.items else word.created.id if word.created else ""
            await self.desk.post(
                session,
                f"{root}:{last}" if begun else root,
                subscription.channel_id,
                _message(word, names, t),
                reply_to=root if begun else "",
            )

    # --- rights

    async def review(self, tracker: str) -> None:
        """Look whether subscriptions may go on, those whose turn it is."""
        now = self.desk.now()
        query = select(TicketSubscription).where(TicketSubscription.tracker == tracker)
        async with self.desk.database.reading() as session:
            rows = (await session.scalars(query.order_by(TicketSubscription.id))).all()
        for row in rows:
            if row.looked_at + (LOOK_WHILE_PAUSED if row.paused else LOOK_EVERY) > now:
                continue
            try:
                found = await self._pause_of(row)
            except PeerError as error:
                _log.info("subscription not looked at", subscription=row.id, reason=str(error))
                continue
            await self._note(row.id, found)

    async def _pause_of(self, row: TicketSubscription) -> str:
        """Why nothing may be told; empty when nothing speaks against it.

        Raises:
            PeerError: Mattermost or the tracker does not say.
        """
        if (stands := await obstacle(self.desk.server, row.channel_id)) is not None:
            return stands.value
        try:
            eyes = await self.identities.eyes(row.person_id, row.tracker)
            projects = await eyes.projects()
        except (PersonError, PeerForbidden, PeerNotFound):
            return UNSEEN
        except PeerRefused:
            await self.telling.refused(row.person_id, row.tracker)
            return UNSEEN
        return "" if any(each.id == row.project for each in projects) else UNSEEN

    async def _note(self, subscription_id: int, found: str) -> None:
        """Remember it; the channel and the subscriber see when a subscription pauses or goes on."""
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            row = await session.get(TicketSubscription, subscription_id, with_for_update=True)
            if row is None:
                return
            row.looked_at = now
            before, row.paused = row.paused, found
            if bool(before) == bool(found):
                return
            person = await self.desk.people.by_id(session, row.person_id)
            if person is None:
                return
            key = f"tickets:channel:{row.id}:{'paused' if found else 'resumed'}:{now:%Y%m%dT%H%M%S}"
            if found in ("", UNSEEN):
                t = self.desk.catalogues.translator(row.language)
                message = channels_wording.standing(row, person, t)
                rendered = self.desk.render(message, None)
                await outgoing.post(session, outgoing.Post(key, row.channel_id, rendered), now)
            if found and person.active:
                message = channels_wording.paused(row, self.desk.translator(person))
                rendered = self.desk.render(message, person)
                await outgoing.direct(session, outgoing.Direct(f"{key}:owner", person, rendered), now)


def _word(subscription: TicketSubscription, events: Sequence[Event], names: Names) -> ChannelWord | None:
    """What the channel wants to hear of the events of one ticket; None for nothing."""
    created = next((event for event in events if event.created and Kind.CREATED in subscription.kinds), None)
    items = tuple(
        item for event in events for item in _items(event, names) if _KINDS[item.kind] in subscription.kinds
    )
    return ChannelWord(subscription.id, events[-1].ticket, items, created) if created or items else None


def _items(event: Event, names: Names) -> Iterable[Item]:
    for change in event.changes:
        kind = kind_of(change, names.closed)
        if change.field == Field.STATUS and kind is not None:
            yield Item(kind, event.id, event.by, change=change)
    if event.comment:
        yield Item(PersonalKind.COMMENTED, event.id, event.by, event.comment)


def _message(word: ChannelWord, names: Names, t: Translator) -> Message:
    if word.ticket.private:
        return Message(t("tickets.channel.private", ticket=wording.key_link(word.ticket)))
    shown = wording.news(word.ticket, word.items, names, t)
    if word.created is None:
        return shown
    made = channels_wording.created(word.created, word.ticket, t)
    first, _, rest = shown.text.partition("\n")
    return Message(Markdown("\n".join(part for part in (first, made, rest) if part)))


def _key(subscription_id: int, ref: TicketRef) -> str:
    return f"tickets:channel:{subscription_id}:{ref.tracker}:{ref.key}"
