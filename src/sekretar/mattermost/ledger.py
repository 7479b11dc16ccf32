"""What was sent, and where people are found, as the deliveries learn it.

Thousands of reminders fall due at the same second. What a delivery has learned is written down in the transaction
that marks its row as delivered, together with what all the others have learned: see `kernel.outbox.Noted`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Base, Database, insert_into
from sekretar.mattermost.sent import SentMessage, remember_all


class DirectChannelRow(Base):
    """The channel of the bot and a user, which never changes."""

    __tablename__ = "direct_channels"

    bot_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    channel_id: Mapped[str]


class Ledger:
    """Writes `sent_messages` and `direct_channels`, and keeps the latter at hand."""

    def __init__(self, database: Database, clock: Clock, bot_id: str) -> None:
        self._database = database
        self._clock = clock
        self._bot_id = bot_id
        self._new_channels: dict[str, str] = {}
        self._channels: dict[str, str] | None = None
        self._reading = asyncio.Lock()

    async def write_down(self, session: AsyncSession, messages: Sequence[SentMessage]) -> None:
        """Write down messages that have arrived, and the channels that were asked for meanwhile."""
        await remember_all(session, messages, self._clock.now())
        channels = dict(self._new_channels)
        await self._write_channels(session, channels)
        # Should this transaction fail after all, the channels are asked for again some day.
        for user_id in channels:
            self._new_channels.pop(user_id, None)

    async def channel_of(self, user_id: str) -> str | None:
        """The channel in which this user is written to directly, if it is known."""
        return (await self._known_channels()).get(user_id)

    async def note_channel(self, user_id: str, channel_id: str) -> None:
        """Remember the channel. It is written down with the next message: losing it costs one question."""
        (await self._known_channels())[user_id] = channel_id
        self._new_channels[user_id] = channel_id

    async def forget_channel(self, user_id: str) -> None:
        """What was remembered is not true any more."""
        (await self._known_channels()).pop(user_id, None)
        self._new_channels.pop(user_id, None)
        async with self._database.transaction() as session:
            await session.execute(
                delete(DirectChannelRow).where(
                    DirectChannelRow.bot_id == self._bot_id, DirectChannelRow.user_id == user_id
                )
            )

    async def _known_channels(self) -> dict[str, str]:
        if self._channels is not None:
            return self._channels
        async with self._reading:
            if self._channels is None:
                async with self._database.reading() as session:
                    rows = await session.scalars(
                        select(DirectChannelRow).where(DirectChannelRow.bot_id == self._bot_id)
                    )
                    self._channels = {row.user_id: row.channel_id for row in rows}
            return self._channels

    async def _write_channels(self, session: AsyncSession, channels: dict[str, str]) -> None:
        if not channels:
            return
        statement = insert_into(session, DirectChannelRow)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=[DirectChannelRow.bot_id, DirectChannelRow.user_id],
                set_={"channel_id": statement.excluded.channel_id},
            ),
            [
                {"bot_id": self._bot_id, "user_id": user_id, "channel_id": channel_id}
                for user_id, channel_id in channels.items()
            ],
        )
