"""Minutes of meetings, put together: what listens to the calendars, what people do, what is done by the clock."""

from __future__ import annotations

from sekretar.kernel.meetings import Meetings
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.batches.chat import BatchesChat
from sekretar.tickets.minutes.chat import MinutesChat
from sekretar.tickets.minutes.offering import Offering
from sekretar.tickets.minutes.standing import Standing


class Minutes:
    """Everything about minutes in one process."""

    def __init__(self, desk: Desk, identities: Identities, meetings: Meetings) -> None:
        self._desk, self._identities, self._meetings = desk, identities, meetings
        self._offering = Offering(desk, identities)
        self._standing = Standing(desk, identities, meetings)

    def register(self, lists: BatchesChat) -> None:
        """Listen to the calendars, and hang everything into the chat."""
        self._meetings.on_ended(self._offering.ended)
        self._meetings.on_forgotten(self._offering.forget)
        self._meetings.in_reminders(self._standing.before)
        chat = MinutesChat(
            self._desk, self._identities, lists, self._meetings, self._offering, self._standing
        )
        chat.register(self._desk.chat)

    async def run(self) -> None:
        """Look up what is told next, and take back what was offered a day ago. For the jobs engine."""
        await self._offering.take_back_old()
        await self._standing.look()
