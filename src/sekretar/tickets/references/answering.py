"""The reply to a post that speaks of tickets: one in its thread, that follows the post when it is edited.

The post is read as it is now, and what is said is decided with the row in one transaction, so a crash or a post that
is edited meanwhile loses and doubles nothing. A tracker that is down is asked again for an hour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerDown, PeerError, PeerForbidden, PeerInvalid, PeerNotFound
from sekretar.kernel.people import Person
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import Post
from sekretar.mattermost.rights import ME, standing
from sekretar.tickets.references import wording
from sekretar.tickets.references.finding import References
from sekretar.tickets.references.model import (
    Mode,
    Named,
    TicketReferencePost,
    mode_of,
    packed,
    prune,
)
from sekretar.tickets.references.readers import Readers
from sekretar.tickets.references.resolving import Found, Resolving

#: How long a tracker that is down is asked again.
PATIENCE = timedelta(hours=1)
#: Between two attempts; it doubles.
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=10)
#: Posts dealt with in one run, and at the same time.
_PORTION = 100
_AT_ONCE = 4

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answering:
    """Answers what was noted."""

    desk: Desk
    references: References
    resolving: Resolving
    readers: Readers
    edit_posts: bool

    async def run(self) -> datetime | None:
        """Deal with every post that is due; returns when the next one will be. For the jobs engine."""
        due = TicketReferencePost.due_at
        async with self.desk.database.reading() as session:
            query = select(TicketReferencePost).where(due <= self.desk.now()).order_by(due).limit(_PORTION)
            rows = (await session.scalars(query)).all()
        turn = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for row in rows:
                tasks.create_task(self._in_turn(turn, row))
        async with self.desk.database.reading() as session:
            return await session.scalar(select(func.min(due)))

    async def tidy(self) -> None:
        """Forget old posts. For the jobs engine."""
        async with self.desk.database.transaction() as session:
            await prune(session, self.desk.now())

    async def _in_turn(self, turn: asyncio.Semaphore, row: TicketReferencePost) -> None:
        async with turn:
            try:
                await self._deal_with(row)
            except PeerError as error:
                _log.info("references wait", post=row.post_id, reason=str(error))
                await self._conclude(row, None, waiting=True)
            except Exception:
                # One post that we cannot deal with must not stop the others, nor be tried for ever.
                _log.exception("references failed", post=row.post_id)
                await self._conclude(row, None, waiting=True)

    async def _deal_with(self, row: TicketReferencePost) -> None:
        async with self.desk.database.reading() as session:
            mode = await mode_of(session, row.channel_id)
            author = await self.desk.people.by_id(session, row.person_id)
        post = await self._read(row.post_id) if mode is not Mode.OFF else None
        if post is None or author is None:
            await self._conclude(row, None, waiting=False)
            return
        found = await self.resolving.by_author(author.id, self.references.find(post.message), self.desk.now())
        if found.waiting and not found.tickets:
            await self._conclude(row, None, waiting=True)
            return
        if mode is Mode.EDIT and row.answered is None and await self._put_links(post, found):
            await self._conclude(row, None, waiting=found.waiting)
            return
        await self._conclude(row, await self._said(post, author, found), waiting=found.waiting)

    async def _read(self, post_id: str) -> Post | None:
        """The post as it is now; None when it is gone, or not ours to read any more."""
        try:
            post = await self.desk.server.post(post_id)
        except (PeerNotFound, PeerForbidden):
            return None
        return post if post.delete_at is None else None

    # --- links in the post itself

    async def _put_links(self, post: Post, found: Found) -> bool:
        """Whether the post has links where it can have them; False when the bot may not see to it."""
        links = {ref: ticket.link for ref, ticket in found.tickets.items()}
        text = self.references.put_links(post.message, links)
        if text == post.message:
            return True
        # What would have to be edited again and again is not edited at all.
        if not self.edit_posts or self.references.put_links(text, links) != text:
            return False
        channel = await self.desk.server.channel(post.channel_id)
        if not (await standing(self.desk.server, channel, ME)).may_edit_others:
            return False
        try:
            await self.desk.server.patch_post(post.id, message=text)
        except (PeerForbidden, PeerInvalid) as error:
            _log.info("a post is answered instead of edited", post=post.id, reason=str(error))
            return False
        return True

    # --- a reply

    async def _said(self, post: Post, author: Person, found: Found) -> _Said:
        refs = list(found.tickets)
        try:
            seen = await self.readers.all_see(post.channel_id, refs) if refs else frozenset()
        except PeerDown as error:
            _log.info("who may see tickets is not known", post=post.id, reason=str(error))
            seen = frozenset()
        named = [Named(ref, ref in seen) for ref in refs]
        return _Said(post, author, named, found)

    async def _conclude(self, seen: TicketReferencePost, said: _Said | None, *, waiting: bool) -> None:
        async with self.desk.database.transaction() as session:
            row = await session.get(TicketReferencePost, seen.post_id, with_for_update=True)
            if row is None or row.version != seen.version:
                return  # It says something else by now, and is due for it.
            if said is not None:
                await self._speak(session, row, said)
            row.attempts += 1
            row.due_at = self._next_attempt(row) if waiting else None

    async def _speak(self, session: AsyncSession, row: TicketReferencePost, said: _Said) -> None:
        key = f"reference:{row.post_id}"
        named = packed(said.named)
        if named == (row.answered or []):
            return
        begun = row.answered is not None or await sent.by_key(session, key) is not None
        t = self.desk.translator(said.author)
        message = wording.reply(said.named, said.found.tickets, row.post_id, t)
        rendered, now = self.desk.render(message, None), self.desk.now()
        if begun:
            edit_key = f"{key}:{row.version}:{row.attempts}"
            await outgoing.edit(session, key=edit_key, message_key=key, rendered=rendered, now=now)
        else:
            root_id = said.post.root_id or said.post.id
            await outgoing.post(session, outgoing.Post(key, row.channel_id, rendered, root_id=root_id), now)
        row.answered = named

    def _next_attempt(self, row: TicketReferencePost) -> datetime | None:
        now = self.desk.now()
        if now >= row.noted_at + PATIENCE:
            _log.warning("references are given up", post=row.post_id, attempts=row.attempts)
            return None
        pause: timedelta = min(_FIRST_PAUSE * 2 ** min(row.attempts - 1, 10), _LONGEST_PAUSE)
        return now + pause


@dataclass(frozen=True)
class _Said:
    """What the reply to a post is to name."""

    post: Post
    author: Person
    named: Sequence[Named]
    found: Found
