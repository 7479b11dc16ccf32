"""Fetching what the stream has lost: the posts of the bot's channels since a moment.

Direct messages come first, since somebody waits for an answer there. A post that was written before the
moment and only touched since (a reply in its thread) is not news; a reaction that was put under it is. No channel
says when it had its last reaction, so those of several people are asked even when nothing was written there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import structlog

from sekretar.kernel.errors import PeerForbidden, PeerNotFound
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.events import Event, PostDeleted, Posted, PostEdited, Reacted
from sekretar.mattermost.models import Channel, Post

_log = structlog.get_logger(__name__)

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ORDER = {"D": 0, "G": 1, "P": 2, "O": 3}


class Backfill:
    """Reads by REST what was said while nobody listened."""

    def __init__(self, client: MattermostClient) -> None:
        self._client = client

    async def events(self, since: datetime) -> AsyncIterator[Event]:
        """What happened in the bot's channels since the moment (the server's clock), channel by channel.

        Raises:
            PeerError: Mattermost did not answer; what was yielded so far is right but not all.
        """
        for channel in by_urgency(await self._client.my_channels(), since):
            try:
                page = await self._client.posts_since(channel.id, since)
            except (PeerForbidden, PeerNotFound):
                # The bot was removed from the channel in this very moment.
                continue
            for post in page.oldest_first():
                event = event_since(post, channel.type, since)
                if event is not None:
                    yield event
                for reacted in reactions_since(post, since):
                    yield reacted


def by_urgency(channels: list[Channel], since: datetime) -> list[Channel]:
    """The channels in which something was written since, direct ones first, the most recent first; the quiet ones
    of several people at the end.
    """
    living = [one for one in channels if one.delete_at is None]
    living.sort(key=lambda one: one.last_post_at or _LONG_AGO, reverse=True)
    busy = [one for one in living if (one.last_post_at or _LONG_AGO) >= since]
    quiet = [one for one in living if (one.last_post_at or _LONG_AGO) < since and not one.is_direct]
    return sorted(busy, key=lambda one: _ORDER.get(one.type, len(_ORDER))) + quiet


def event_since(post: Post, channel_type: str, since: datetime) -> Event | None:
    """What the stream would have said of this post since the moment; None when nothing of interest."""
    if post.original_id:
        return None
    if post.delete_at is not None:
        return PostDeleted(post)
    if post.create_at is not None and post.create_at >= since:
        return Posted(post, channel_type=channel_type, backfilled=True)
    if post.edit_at is not None and post.edit_at >= since:
        return PostEdited(post)
    return None


def reactions_since(post: Post, since: datetime) -> list[Reacted]:
    """The emoji that were put under this post since the moment; what was taken away leaves no trace."""
    if post.original_id or post.delete_at is not None:
        return []
    found = [one for one in post.metadata.reactions if one.create_at is not None and one.create_at >= since]
    return [Reacted(one, post.channel_id, removed=False) for one in found]


def said_to_us(post: Post, bot_id: str) -> bool:
    """Whether a person wrote this: not we ourselves, no other bot or webhook, not the server."""
    return not (
        post.is_from(bot_id)
        or post.is_system
        or post.is_automatic
        or post.delete_at is not None
        or not post.user_id
    )


class Seen:
    """Remembers which events were handed over, as many as fit, so that none is handed over twice.

    After a reconnection the stream and the backfill may both bring the same post.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._keys: dict[tuple[str, str, datetime | None], None] = {}

    def is_new(self, event: Event) -> bool:
        """Whether the event was not noted before. Of what is neither post nor reaction, every event is new."""
        key = _key(event)
        return key is None or key not in self._keys

    def note(self, event: Event) -> None:
        """The event was handed over."""
        key = _key(event)
        if key is None:
            return
        self._keys[key] = None
        if len(self._keys) > self._capacity:
            del self._keys[next(iter(self._keys))]


def _key(event: Event) -> tuple[str, str, datetime | None] | None:
    if isinstance(event, Posted):
        # A post is written once: a reaction may have moved its time of change in between.
        return ("posted", event.post.id, None)
    if isinstance(event, PostEdited):
        return ("edited", event.post.id, event.post.edit_at or event.post.update_at)
    if isinstance(event, PostDeleted):
        return ("deleted", event.post.id, None)
    if isinstance(event, Reacted):
        one = event.reaction
        name = f"{one.post_id} {one.user_id} {one.emoji_name}"
        return ("unreacted" if event.removed else "reacted", name, one.create_at)
    return None
