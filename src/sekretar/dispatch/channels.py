"""Where a desk speaks: the channels that the administrator names, as the ids that posts need.

The ids are stored, so that what has to be said can be put into the outbox while Mattermost is down. A channel that
is not found, or that the bot is not in, is named in the log and by `sekretar doctor`, and looked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import Base, insert_into
from sekretar.kernel.errors import PeerForbidden, PeerNotFound
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.rights import obstacle

#: The name of the job.
TASK = "dispatch channels"

LOOK_EVERY = timedelta(hours=1)
LOOK_WHILE_MISSING = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class Purpose(StrEnum):
    """What a desk says where."""

    INCIDENTS = "incidents"
    OPERATIONS = "operations"


class DeskChannelRow(Base):
    """A channel of a desk, as it was found last."""

    __tablename__ = "dispatch_channels"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    #: `team/channel`, as the administrator wrote it.
    name: Mapped[str]
    channel_id: Mapped[str]


@dataclass(frozen=True)
class DeskChannels:
    """Finds the channels of the desks."""

    chat: Desk
    desks: Mapping[str, DeskSettings]

    async def id_of(
        self, session: AsyncSession, desk: str, purpose: Purpose = Purpose.INCIDENTS
    ) -> str | None:
        """The channel's id; None while it was never found."""
        row = await session.get(DeskChannelRow, (desk, purpose.value))
        settings = self.desks.get(desk)
        if row is None or settings is None or row.name != named(settings, purpose):
            return None
        return row.channel_id

    async def desk_of(self, session: AsyncSession, channel_id: str) -> DeskSettings | None:
        """The desk whose incidents stand in this channel."""
        for desk in self.desks.values():
            if await self.id_of(session, desk.name) == channel_id:
                return desk
        return None

    async def find(self) -> datetime:
        """Look for all of them; returns when to look again.

        Raises:
            PeerError: Mattermost cannot be asked.
        """
        missing = False
        for desk in self.desks.values():
            for purpose in Purpose:
                missing |= not await self._found(desk, purpose)
        return self.chat.now() + (LOOK_WHILE_MISSING if missing else LOOK_EVERY)

    async def _found(self, desk: DeskSettings, purpose: Purpose) -> bool:
        name = named(desk, purpose)
        try:
            channel = await self.chat.server.channel_by_name(*name.split("/"))
        except (PeerNotFound, PeerForbidden):
            _log.warning(
                "the channel of a desk is not found: is the bot in it?", desk=desk.name, channel=name
            )
            return False
        values = {"name": name, "channel_id": channel.id}
        async with self.chat.database.transaction() as session:
            await session.execute(
                insert_into(session, DeskChannelRow)
                .values(desk=desk.name, purpose=purpose.value, **values)
                .on_conflict_do_update(
                    index_elements=[DeskChannelRow.desk, DeskChannelRow.purpose], set_=values
                )
            )
        hindrance = await obstacle(self.chat.server, channel.id)
        if hindrance is not None:
            _log.warning("nothing can be said in the channel of a desk", desk=desk.name, why=hindrance.value)
        return hindrance is None


def named(desk: DeskSettings, purpose: Purpose) -> str:
    """The channel as the administrator wrote it."""
    if purpose is Purpose.OPERATIONS and desk.operations_channel:
        return desk.operations_channel
    return desk.channel
