"""Offering to make a meeting of a message under which somebody has put the emoji for it.

A reaction brings nothing with which a form could be opened, so the person gets a message with a button that opens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sekretar.calendars.booking import drafts as booking_drafts
from sekretar.calendars.booking import wording as booking_wording
from sekretar.calendars.booking.saving import places
from sekretar.calendars.booking.source import MessageSource
from sekretar.calendars.keys import offer_key
from sekretar.mattermost import sent
from sekretar.mattermost.chat import Chat, IncomingReaction
from sekretar.mattermost.desk import Desk


@dataclass(frozen=True)
class Offering:
    """Answers the emoji (a name without colons; empty: none does it)."""

    desk: Desk
    source: MessageSource
    emoji: str

    def register(self, chat: Chat) -> None:
        """Hang it into the chat."""
        if self.emoji:
            chat.on_reaction(self.emoji, self.reacted)

    async def reacted(self, reaction: IncomingReaction) -> None:
        """Offer the meeting of a message; the same reaction, heard of again, offers nothing more."""
        person = reaction.person
        key = offer_key(person.id, reaction.post_id, reaction.at)
        async with self.desk.database.reading() as session:
            into = await places(session, person.id)
            offered = bool(await sent.lane_of(session, key))
        if offered or not into:
            # Whoever has no calendar here means something else by the emoji.
            return
        found = await self.source.suggest(person, reaction.post_id, into[0].calendar.id)
        async with self.desk.database.transaction() as session:
            number = await booking_drafts.add(session, person.id, found.draft, reaction.now)
            message = booking_wording.offer(found, number, person.zone, reaction.t, reaction.now)
            await self.desk.tell(session, key, person, message, expires_at=_expires(reaction.now))


def _expires(now: datetime) -> datetime:
    """The draft that the button opens is kept no longer."""
    return now + booking_drafts.KEPT
