"""Noticing posts that speak of tickets.

All that happens while the stream waits is one row: the tracker is asked by a job. A flood is let pass: beyond so many
posts in a minute of a channel or a person nothing is answered, only what was answered already stays right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import wake_after_commit
from sekretar.mattermost.chat import EditedPost, IncomingPost
from sekretar.mattermost.desk import Desk
from sekretar.tickets.references.finding import References
from sekretar.tickets.references.model import TASK, TicketReferencePost

#: Posts with references that are answered within `WINDOW`.
MOST_IN_CHANNEL = 30
MOST_OF_PERSON = 10
WINDOW = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Noting:
    """Writes down which posts have to be answered."""

    desk: Desk
    references: References
    #: Until when nothing more is logged of a channel's flood.
    _floods: dict[str, datetime] = field(default_factory=dict)

    def register(self) -> None:
        """Look at every post and every edit."""
        self.desk.chat.on_post(self.posted, self.speaks)
        self.desk.chat.on_edit(self.edited)

    def speaks(self, text: str) -> bool:
        """Whether a text speaks of tickets, as far as its words tell."""
        return bool(self.references.find(text))

    async def posted(self, post: IncomingPost) -> bool:
        await self._note(post)
        return False

    async def edited(self, post: EditedPost) -> None:
        if not self.speaks(post.text) and not await self._is_known(post.id):
            return
        await self._note(post)

    async def _is_known(self, post_id: str) -> bool:
        async with self.desk.database.reading() as session:
            return await session.get(TicketReferencePost, post_id) is not None

    async def _note(self, post: EditedPost) -> None:
        async with self.desk.database.transaction() as session:
            row = await session.get(TicketReferencePost, post.id, with_for_update=True)
            if row is not None and post.said_at <= row.said_at:
                return  # The stream and the backfill both tell.
            flood = await self._is_flood(session, post)
            if row is not None:
                row.said_at, row.noted_at = post.said_at, post.now
                row.version, row.attempts = row.version + 1, 0
                row.due_at = post.now + (WINDOW if flood else timedelta())
            elif flood:
                self._log_flood(post)
                return
            else:
                session.add(_new(post))
            wake_after_commit(session, TASK)

    async def _is_flood(self, session: AsyncSession, post: EditedPost) -> bool:
        in_channel = await _count(session, post, TicketReferencePost.channel_id == post.channel_id)
        of_person = await _count(session, post, TicketReferencePost.person_id == post.person.id)
        return in_channel >= MOST_IN_CHANNEL or of_person >= MOST_OF_PERSON

    def _log_flood(self, post: EditedPost) -> None:
        silent_until = self._floods.get(post.channel_id)
        if silent_until is not None and post.now < silent_until:
            return
        for channel_id in [each for each, until in self._floods.items() if until <= post.now]:
            del self._floods[channel_id]
        self._floods[post.channel_id] = post.now + WINDOW
        _log.warning("a flood of references is not answered", channel=post.channel_id, person=post.person.id)


def _new(post: EditedPost) -> TicketReferencePost:
    return TicketReferencePost(
        post_id=post.id,
        channel_id=post.channel_id,
        person_id=post.person.id,
        said_at=post.said_at,
        version=1,
        answered=None,
        attempts=0,
        due_at=post.now,
        noted_at=post.now,
    )


async def _count(session: AsyncSession, post: EditedPost, condition: ColumnElement[bool]) -> int:
    """Posts of the minute before this one, by the server's clock: what is fetched later is no flood."""
    query = select(func.count()).where(
        condition,
        TicketReferencePost.said_at > post.said_at - WINDOW,
        TicketReferencePost.said_at <= post.said_at,
        TicketReferencePost.post_id != post.id,
    )
    return await session.scalar(query) or 0
