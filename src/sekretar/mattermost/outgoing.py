"""The five words in which features speak: `post`, `direct`, `edit`, `respond`, `react`.

Each is called inside the transaction of the state change that gives rise to it, and writes a row of the
outbox; `delivery.py` does the rest. `key` names the meaning of the effect and makes it happen once. The key
of a `post` or `direct` is also the name of the message, by which it is edited or answered later.

What goes to one channel or one person goes in the order it was put.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.outbox import Effect, prepare, put, put_all
from sekretar.kernel.people import Person
from sekretar.mattermost import sent
from sekretar.mattermost.delivery import DIRECT, EDIT, POST, REACTION, RESPOND
from sekretar.mattermost.messages import Rendered

To = TypeVar("To")


@dataclass(frozen=True)
class _Said(Generic[To]):
    """What is said, and to whom.

    `reply_to` is the key of the message in whose thread it belongs, `root_id` the post itself where it is not ours.
    """

    key: str
    to: To
    rendered: Rendered
    reply_to: str = ""
    root_id: str = ""
    file_ids: tuple[str, ...] = ()
    not_before: datetime | None = None
    expires_at: datetime | None = None

    def _effect(self, kind: str, where: Mapping[str, str], lane: str) -> Effect:
        payload = {
            **where,
            **self.rendered.as_payload(),
            "message_key": self.key,
            "reply_to": self.reply_to,
            "root_id": self.root_id,
            "file_ids": list(self.file_ids),
        }
        return Effect(kind, self.key, payload, lane, self.not_before, self.expires_at)


class Post(_Said[str]):
    """A message into the channel of this id."""

    def effect(self) -> Effect:
        return self._effect(POST, {"channel_id": self.to}, f"mattermost:channel:{self.to}")


class Direct(_Said[Person]):
    """A message to a person."""

    def effect(self) -> Effect:
        return self._effect(DIRECT, {"user_id": self.to.user_id}, _person_lane(self.to))


async def post(session: AsyncSession, message: Post, now: datetime) -> bool:
    """Write a message into a channel. Returns False when an effect with its key exists already."""
    return bool(await post_all(session, [message], now))


async def post_all(session: AsyncSession, messages: Iterable[Post], now: datetime) -> set[str]:
    """Write many messages into their channels, in their order, with two statements.

    Returns:
        The keys that are new.
    """
    return await _put_messages(session, [each.effect() for each in messages], now)


async def direct(session: AsyncSession, message: Direct, now: datetime) -> bool:
    """Write a message to a person. Returns False when an effect with its key exists already."""
    return bool(await direct_all(session, [message], now))


async def direct_all(session: AsyncSession, messages: Iterable[Direct], now: datetime) -> set[str]:
    """Write many messages, each to its person, with two statements.

    Returns:
        The keys that are new.
    """
    return await _put_messages(session, [each.effect() for each in messages], now)


async def prepare_all(session: AsyncSession, messages: Iterable[Direct], now: datetime) -> set[str]:
    """Write many messages ahead of the moment `not_before` at which they are confirmed: see `kernel.outbox`.

    Returns:
        The keys that are new.
    """
    effects = [each.effect() for each in messages]
    new = await prepare(session, effects, now)
    await _announce(session, effects, new, now)
    return new


async def edit(
    session: AsyncSession,
    *,
    key: str,
    message_key: str,
    rendered: Rendered,
    now: datetime,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> bool:
    """Have a message say something else. It waits for the message itself, if that is still on its way."""
    payload = {**rendered.as_payload(), "message_key": message_key}
    lane = await sent.lane_of(session, message_key)
    return await put(session, Effect(EDIT, key, payload, lane, not_before, expires_at), now)


async def respond(
    session: AsyncSession,
    *,
    key: str,
    response_url: str,
    body: Mapping[str, Any],
    now: datetime,
    person: Person | None = None,
    expires_at: datetime | None = None,
) -> bool:
    """Answer a slash command after its three seconds, at its `response_url` (5 answers, 30 minutes).

    `body` is what the command itself would have been answered with: {response_type, text, attachments, …}.
    With a `person`, the answer becomes a direct message when the address does not serve any more.
    """
    payload = {
        "response_url": response_url,
        "body": {"skip_slack_parsing": True, **body},
        "user_id": person.user_id if person else "",
    }
    lane = _person_lane(person) if person else ""
    return await put(session, Effect(RESPOND, key, payload, lane, None, expires_at), now)


async def react(
    session: AsyncSession,
    *,
    key: str,
    emoji: str,
    now: datetime,
    message_key: str = "",
    post_id: str = "",
    remove: bool = False,
) -> bool:
    """Put an emoji (a name without colons) under a message of ours, or any post, or take it away."""
    if not message_key and not post_id:
        raise ValueError("a reaction needs a message")
    payload = {"emoji": emoji, "message_key": message_key, "post_id": post_id, "remove": remove}
    lane = await sent.lane_of(session, message_key) if message_key else f"mattermost:post:{post_id}"
    return await put(session, Effect(REACTION, key, payload, lane), now)


async def _put_messages(session: AsyncSession, effects: Sequence[Effect], now: datetime) -> set[str]:
    new = await put_all(session, effects, now)
    await _announce(session, effects, new, now)
    return new


async def _announce(session: AsyncSession, effects: Sequence[Effect], new: set[str], now: datetime) -> None:
    lanes = {each.key: each.lane for each in effects if each.key in new}
    await sent.announce_all(session, lanes, now)


def _person_lane(person: Person) -> str:
    return f"mattermost:user:{person.user_id}"
