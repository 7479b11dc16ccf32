"""Offering to make a ticket of a message under which somebody has put the emoji for it.

A reaction brings nothing with which a form could be opened, so the person gets a message with buttons that open it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sekretar.mattermost import sent
from sekretar.mattermost.chat import Chat, IncomingReaction, OpenForm
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import milliseconds
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.defaults import Where
from sekretar.tickets.forms import wording
from sekretar.tickets.forms.beginning import POST, Beginning


@dataclass(frozen=True)
class Offering:
    """Answers the emoji (a name without colons; empty: none does it)."""

    desk: Desk
    identities: Identities
    beginning: Beginning
    emoji: str

    def register(self, chat: Chat) -> None:
        """Hang it into the chat."""
        if self.emoji:
            chat.on_reaction(self.emoji, self.reacted)

    async def reacted(self, reaction: IncomingReaction) -> None:
        """Offer the ticket of a message; the same reaction, heard of again, offers nothing more."""
        person, t, now = reaction.person, reaction.t, reaction.now
        key = f"tickets:offer:{person.id}:{reaction.post_id}:{milliseconds(reaction.at)}"
        async with self.desk.database.reading() as session:
            offered = bool(await sent.lane_of(session, key))
        if offered or not await self.identities.of(person.id):
            # Whoever is in no tracker means something else by the emoji.
            return
        found = await self.beginning.source.quoted(person, reaction.post_id)
        where = Where(person.id, reaction.channel_id)
        shown = await self.beginning.first(person, where, {POST: reaction.post_id}, "", t, now)
        if isinstance(shown, OpenForm):
            shown = wording.one_form(shown.record, t)
        message = wording.offered(found, shown, t)
        async with self.desk.database.transaction() as session:
            await self.desk.tell(session, key, person, message)
