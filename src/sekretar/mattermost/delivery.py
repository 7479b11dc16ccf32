"""What the outbox does in Mattermost.

Features call the words of `outgoing.py` inside their transactions; a row of the outbox is all that comes of
it. `ChatDelivery` turns rows into posts later.

A row may be delivered again after a crash, with nobody knowing whether the first attempt arrived. So every
post carries the mark of its row in `props.sekretar_delivery`, and before a repeated attempt the handler
looks for that mark among what the channel heard since the first one. Against attempts that overlap stands
Mattermost's own `pending_post_id`. Edits and reactions may be repeated freely. Only the late answer to a
slash command cannot be looked up; it may come twice after a crash, which is better than never.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound, PeerUnsupported
from sekretar.kernel.outbox import Delivery, Noted, NotReady, Outbox, Ready, Receipt
from sekretar.kernel.text import Markdown, split
from sekretar.mattermost.client import MattermostClient, NewPost
from sekretar.mattermost.errors import PEER, MattermostInvalid
from sekretar.mattermost.ledger import Ledger
from sekretar.mattermost.marks import installation
from sekretar.mattermost.models import Post, WrittenPost
from sekretar.mattermost.sent import SentMessage, by_key, forget_post

POST, DIRECT, EDIT = "mattermost.post", "mattermost.direct", "mattermost.edit"
RESPOND, REACTION = "mattermost.respond", "mattermost.reaction"

#: Which effect wrote a post: for people who look at the server.
KEY_PROP = "sekretar_key"
#: Which row of which database wrote a post, and which part of the text it is.
MARK_PROP = "sekretar_delivery"
#: Clocks agree to the second at best, and a request may have been under way for a while.
_CLOCK_MARGIN = timedelta(minutes=2)


class ChatDelivery:
    """The outbox handlers of the chat."""

    def __init__(self, client: MattermostClient, database: Database, clock: Clock, bot_id: str) -> None:
        self._client = client
        self._database = database
        self._clock = clock
        self._bot_id = bot_id
        self._ledger = Ledger(database, clock, bot_id)
        self._installation = ""
        self._marking = asyncio.Lock()

    def register(self, outbox: Outbox) -> None:
        """Have the outbox call these handlers."""
        outbox.handle(POST, self.post, peer=PEER)
        outbox.handle(DIRECT, self.direct, peer=PEER, readier=self.ready_direct)
        outbox.handle(EDIT, self.edit, peer=PEER)
        outbox.handle(RESPOND, self.respond, peer=PEER)
        outbox.handle(REACTION, self.react, peer=PEER)

    async def post(self, delivery: Delivery) -> Noted:
        """Write into a channel: {channel_id, message, props, message_key?, reply_to?, root_id?,
        file_ids?}.
        """
        return await self._publish(delivery, delivery.payload["channel_id"], delivery.payload)

    async def direct(self, delivery: Delivery) -> Noted:
        """Write to a person: {user_id, …as for a channel}."""
        return await self._publish_direct(delivery, delivery.payload["user_id"], delivery.payload)

    async def ready_direct(self, delivery: Delivery) -> Ready | None:
        """Everything of `direct` but the sending, where a plain post to a known place is all there is to it."""
        payload = delivery.payload
        text, *rest = _parts(payload)
        channel_id = await self._ledger.channel_of(payload["user_id"])
        if (
            channel_id is None
            or rest
            or any(payload.get(name) for name in ("reply_to", "root_id", "file_ids"))
        ):
            return None
        post = await self._marked(NewPost(channel_id, text, props=payload.get("props", {})), delivery, 0)
        key = payload.get("message_key") or delivery.key
        return partial(self._send_ready, post.encoded(), key, _content_hash(payload))

    async def _send_ready(self, encoded: bytes, key: str, content: str) -> Noted:
        try:
            post = await self._client.create_encoded(encoded)
        except (PeerNotFound, PeerForbidden) as error:
            # What we remembered belongs to a server that was set up anew.
            raise NotReady from error
        return self._written(post, key, content)

    async def edit(self, delivery: Delivery) -> Receipt | Noted:
        """Change what a message says: {message_key, message, props}.

        A message that never arrived, or that somebody deleted, is no failure: the receipt says `gone`.
        """
        payload = delivery.payload
        async with self._database.reading() as session:
            sent = await by_key(session, payload["message_key"])
        if sent is None:
            return {"gone": True}
        content = _content_hash(payload)
        if content == sent.content_hash:
            return {"post_id": sent.post_id, "unchanged": True}
        first, *rest = _parts(payload)
        # The server marks posts of bots when they are written, and forgets it when their props are replaced.
        props = {**payload.get("props", {}), KEY_PROP: sent.key, "from_bot": "true"}
        try:
            await self._client.patch_post(sent.post_id, message=first, props=props)
        except (PeerNotFound, PeerForbidden):
            # Servers forbid the edit of a deleted post instead of saying that it is gone.
            if await self._exists(sent.post_id):
                raise
            async with self._database.transaction() as session:
                await forget_post(session, sent.post_id)
            return {"gone": True}
        if rest:
            there = await self._already_there(delivery, sent.channel_id)
            await self._continue(delivery, sent.channel_id, sent.thread_id, rest, there)
        message = SentMessage(sent.key, sent.channel_id, sent.post_id, sent.root_id, content)
        return Noted({"post_id": sent.post_id}, self._ledger.write_down, message)

    async def respond(self, delivery: Delivery) -> Receipt | Noted:
        """Answer a slash command later: {response_url, body, user_id?}.

        When the address is used up, too old or not supported (servers without SiteURL), the person gets the
        answer as a direct message instead.
        """
        payload = delivery.payload
        try:
            await self._client.respond(payload["response_url"], payload["body"])
        except (PeerNotFound, PeerInvalid, PeerForbidden, PeerUnsupported):
            if not payload.get("user_id"):
                raise
            body = payload["body"]
            props = {**(body.get("props") or {}), "attachments": body.get("attachments") or []}
            message = {"message": body.get("text", ""), "props": props}
            return await self._publish_direct(delivery, payload["user_id"], message)
        return {}

    async def react(self, delivery: Delivery) -> Receipt:
        """Put an emoji under a post or take it away: {emoji, message_key or post_id, remove?}."""
        payload = delivery.payload
        post_id = payload.get("post_id") or await self._post_of(payload["message_key"])
        if post_id is None:
            return {"gone": True}
        change = self._client.remove_reaction if payload.get("remove") else self._client.add_reaction
        try:
            await change(self._bot_id, post_id, payload["emoji"])
        except (PeerNotFound, PeerForbidden):
            if await self._exists(post_id):
                raise
            return {"gone": True}
        return {"post_id": post_id}

    # Writing posts

    async def _publish_direct(self, delivery: Delivery, user_id: str, payload: Mapping[str, Any]) -> Noted:
        channel_id, remembered = await self._direct_channel(user_id)
        try:
            return await self._publish(delivery, channel_id, payload)
        except (PeerNotFound, PeerForbidden):
            if not remembered:
                raise
        # What we remembered belongs to a server that was set up anew.
        await self._ledger.forget_channel(user_id)
        channel_id, _ = await self._direct_channel(user_id)
        return await self._publish(delivery, channel_id, payload)

    async def _publish(self, delivery: Delivery, channel_id: str, payload: Mapping[str, Any]) -> Noted:
        there = await self._already_there(delivery, channel_id)
        first, *rest = _parts(payload)
        props, files = payload.get("props", {}), payload.get("file_ids", ())
        post = there.get(0) or await self._create(
            NewPost(channel_id, first, await self._root(payload), props, files), delivery, 0
        )
        key = payload.get("message_key") or delivery.key
        await self._continue(delivery, channel_id, post.thread_id, rest, there)
        return self._written(post, key, _content_hash(payload))

    def _written(self, post: WrittenPost, key: str, content: str) -> Noted:
        message = SentMessage(key, post.channel_id, post.id, post.root_id, content)
        return Noted({"post_id": post.id, "channel_id": post.channel_id}, self._ledger.write_down, message)

    async def _continue(
        self,
        delivery: Delivery,
        channel_id: str,
        root_id: str,
        rest: Sequence[str],
        there: Mapping[int, Post],
    ) -> None:
        """Write what did not fit into the first post into its thread."""
        for part, text in enumerate(rest, start=1):
            if part not in there:
                await self._create(NewPost(channel_id, text, root_id), delivery, part)

    async def _create(self, post: NewPost, delivery: Delivery, part: int) -> WrittenPost:
        marked = await self._marked(post, delivery, part)
        try:
            return await self._client.create_post(marked)
        except MattermostInvalid as error:
            if not post.root_id or "root" not in error.error_id:
                raise
        # The message to answer was deleted; what is to be said is still to be said.
        pending = f"{marked.pending_post_id}.unrooted"
        return await self._client.create_post(replace(marked, root_id="", pending_post_id=pending))

    async def _marked(self, post: NewPost, delivery: Delivery, part: int) -> NewPost:
        """A post by which it is known that it is the one of a row."""
        mark = f"{await self._mark(delivery)}.{part}"
        props = {**post.props, KEY_PROP: delivery.key, MARK_PROP: mark}
        return replace(post, props=props, pending_post_id=f"{self._bot_id}:{mark}")

    async def _already_there(self, delivery: Delivery, channel_id: str) -> dict[int, Post]:
        """The posts that earlier attempts at this row have left, by their part."""
        if delivery.first_attempted_at is None:
            return {}
        if self._client.clock_difference is None:
            await self._client.ping()
        ahead = self._client.clock_difference or timedelta()
        page = await self._client.posts_since(channel_id, delivery.first_attempted_at + ahead - _CLOCK_MARGIN)
        prefix = f"{await self._mark(delivery)}."
        found: dict[int, Post] = {}
        for post in page.oldest_first():
            mark = post.props.get(MARK_PROP)
            if not (post.is_from(self._bot_id) and isinstance(mark, str) and mark.startswith(prefix)):
                continue
            part = mark.removeprefix(prefix)
            if part.isdecimal():
                found.setdefault(int(part), post)
        return found

    async def _mark(self, delivery: Delivery) -> str:
        if not self._installation:
            await self._learn_installation()
        # SQLite gives the number of a forgotten row to the next one, which the server would then take for said.
        meaning = hashlib.sha256(delivery.key.encode()).hexdigest()[:12]
        return f"{self._installation}.{delivery.id}-{meaning}"

    async def _learn_installation(self) -> None:
        async with self._marking:
            # One asks, or the first hundred deliveries would queue for as many transactions.
            if not self._installation:
                async with self._database.transaction() as session:
                    self._installation = await installation(session)

    # Where to write

    async def _root(self, payload: Mapping[str, Any]) -> str:
        if payload.get("root_id"):
            return str(payload["root_id"])
        if not payload.get("reply_to"):
            return ""
        async with self._database.reading() as session:
            sent = await by_key(session, payload["reply_to"])
        return sent.thread_id if sent else ""

    async def _post_of(self, message_key: str) -> str | None:
        async with self._database.reading() as session:
            sent = await by_key(session, message_key)
        return sent.post_id if sent else None

    async def _exists(self, post_id: str) -> bool:
        try:
            return (await self._client.post(post_id)).delete_at is None
        except PeerNotFound:
            return False

    async def _direct_channel(self, user_id: str) -> tuple[str, bool]:
        """The channel of the bot and this user, and whether we only remembered it."""
        known = await self._ledger.channel_of(user_id)
        if known is not None:
            return known, True
        channel = await self._client.direct_channel(self._bot_id, user_id)
        await self._ledger.note_channel(user_id, channel.id)
        return channel.id, False


def _parts(payload: Mapping[str, Any]) -> list[Markdown]:
    """The text in posts; one without text (attachments alone) is still one post."""
    return split(Markdown(payload.get("message", ""))) or [Markdown("")]


def _content_hash(payload: Mapping[str, Any]) -> str:
    content = json.dumps([payload.get("message", ""), payload.get("props", {})], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
