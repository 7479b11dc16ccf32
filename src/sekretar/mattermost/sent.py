"""Which post stands behind the key of a message.

Features speak of messages by the key of their meaning and never see a post id. A row appears when the
message is put into the outbox (with the lane it travels in, so that an edit can be put behind it), and is
completed when the message arrives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from sqlalchemy import Insert, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, insert_into

#: How long a message can still be edited or answered in its thread by its key.
KEPT_FOR = timedelta(days=400)


class SentMessageRow(Base):
    """A message and its post."""

    __tablename__ = "sent_messages"

    message_key: Mapped[str] = mapped_column(primary_key=True)
    lane: Mapped[str]
    channel_id: Mapped[str | None]
    post_id: Mapped[str | None] = mapped_column(index=True)
    root_id: Mapped[str | None]
    content_hash: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class SentMessage:
    """A message that has arrived."""

    key: str
    channel_id: str
    post_id: str
    #: The root of the thread it stands in; empty when it is no reply.
    root_id: str
    #: What it said when we last wrote it, hashed.
    content_hash: str

    @property
    def thread_id(self) -> str:
        """What a reply must name as its root."""
        return self.root_id or self.post_id


async def announce_all(session: AsyncSession, lanes: Mapping[str, str], now: datetime) -> None:
    """The messages are in the outbox, each key with its lane.

    One that was sent before keeps its post until the new one arrives.
    """
    rows = [{"message_key": key, "lane": lane, "at": now} for key, lane in lanes.items()]
    if rows:
        await session.execute(_announcing(session.get_bind().dialect.name), rows)


@cache
def _announcing(dialect: str) -> Insert:
    """Made once: making it takes longer than running it."""
    table = cast("Table", SentMessageRow.__table__)
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return statement.on_conflict_do_update(
        index_elements=["message_key"], set_={"lane": statement.excluded.lane}
    )


async def remember(session: AsyncSession, message: SentMessage, now: datetime) -> None:
    """The message has arrived, or says something else now."""
    await remember_all(session, [message], now)


async def remember_all(session: AsyncSession, messages: Sequence[SentMessage], now: datetime) -> None:
    """The same for many. Of two messages with one key the last one counts."""
    latest = {message.key: message for message in messages}
    rows = [
        {
            "message_key": message.key,
            "lane": "",
            "channel_id": message.channel_id,
            "post_id": message.post_id,
            "root_id": message.root_id,
            "content_hash": message.content_hash,
            "at": now,
        }
        for message in latest.values()
    ]
    if not rows:
        return
    statement = insert_into(session, SentMessageRow)
    changed = ("channel_id", "post_id", "root_id", "content_hash", "at")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[SentMessageRow.message_key],
            set_={name: statement.excluded[name] for name in changed},
        ),
        rows,
    )


async def by_key(session: AsyncSession, message_key: str) -> SentMessage | None:
    """The message with this key; None when it never arrived or was forgotten."""
    return _sent(await session.get(SentMessageRow, message_key))


async def by_post(session: AsyncSession, post_id: str) -> SentMessage | None:
    """The message behind a post; None when it is none of ours."""
    statement = select(SentMessageRow).where(SentMessageRow.post_id == post_id).limit(1)
    return _sent((await session.scalars(statement)).first())


async def lane_of(session: AsyncSession, message_key: str) -> str:
    """The lane in which the message travelled or waits; empty when there is no such message."""
    row = await session.get(SentMessageRow, message_key)
    return row.lane if row else ""


async def forget_post(session: AsyncSession, post_id: str) -> None:
    """The post is gone."""
    await session.execute(delete(SentMessageRow).where(SentMessageRow.post_id == post_id))


async def forget(session: AsyncSession, key_prefix: str) -> None:
    """Forget every message whose key begins so; the posts themselves stay where they are."""
    await session.execute(
        delete(SentMessageRow).where(SentMessageRow.message_key.startswith(key_prefix, autoescape=True))
    )


async def changed_elsewhere(session: AsyncSession, post_id: str) -> None:
    """The post was changed by other means than an edit (the reply to a click): the next edit must be made."""
    await session.execute(
        update(SentMessageRow).where(SentMessageRow.post_id == post_id).values(content_hash=None)
    )


async def prune(session: AsyncSession, now: datetime) -> None:
    """Forget messages too old to be edited."""
    await session.execute(delete(SentMessageRow).where(SentMessageRow.at < now - KEPT_FOR))


def _sent(row: SentMessageRow | None) -> SentMessage | None:
    if row is None or row.post_id is None or row.channel_id is None:
        return None
    return SentMessage(
        key=row.message_key,
        channel_id=row.channel_id,
        post_id=row.post_id,
        root_id=row.root_id or "",
        content_hash=row.content_hash or "",
    )
