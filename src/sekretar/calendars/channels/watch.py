"""The job that notices where nothing can be said.

A channel may be archived, and the bot may be thrown out of it. Then the subscriptions of the channel pause and their
owners are told once; when Mattermost lets us write there again, they go on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.channels import subscriptions as channels
from sekretar.calendars.channels import wording as channels_wording
from sekretar.calendars.channels.subscriptions import TASK as TELLING
from sekretar.calendars.channels.subscriptions import ChannelSubscription, begin_digests
from sekretar.calendars.model import Calendar
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.errors import PeerError, PeerForbidden, PeerNotFound
from sekretar.kernel.outbox import OutboxRow, State
from sekretar.mattermost.delivery import POST
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.rights import Obstacle, obstacle

TASK = "calendars.channels.watch"

#: How often Mattermost is asked about a channel where nothing failed, and about one that is paused.
LOOK_EVERY = timedelta(hours=6)
LOOK_WHILE_PAUSED = timedelta(minutes=5)

_OF_CHANNEL = re.compile(r"calendar:\d+:channel:(?P<subscription>\d+):")
_UNSAID = (State.DEAD, State.WAITING)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ChannelWatch:
    """Knows which channels can be written to."""

    desk: Desk

    async def watch(self) -> datetime | None:
        """Ask about the channels whose turn it is, and at once about those where something failed."""
        now = self.desk.now()
        async with self.desk.database.reading() as session:
            rows = await channels.find(session)
            failed = await _failed(session)
        due = {
            row[0].channel_id: None
            for row in rows
            if _next_look(row[0]) <= now or failed.get(row[0].id, row[0].looked_at) > row[0].looked_at
        }
        for channel_id in due:
            try:
                found = await obstacle(self.desk.server, channel_id)
            except PeerError as error:
                _log.info("channel not looked at", channel=channel_id, reason=str(error))
                continue
            await self.note(channel_id, found)
        async with self.desk.database.reading() as session:
            return min((_next_look(row[0]) for row in await channels.find(session)), default=None)

    async def look_again(self, channel_id: str) -> None:
        """Ask about a channel now, if it has to do with calendars: the bot was just added to it."""
        async with self.desk.database.reading() as session:
            known = await channels.find(session, ChannelSubscription.channel_id == channel_id)
        if known:
            await self.note(channel_id, await obstacle(self.desk.server, channel_id))

    async def note(self, channel_id: str, found: Obstacle | None) -> None:
        """Remember whether something can be said in the channel; the owners are told when that has changed."""
        name = await self._name_of(channel_id)
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            query = select(ChannelSubscription.id).where(ChannelSubscription.channel_id == channel_id)
            ids = (await session.scalars(query.with_for_update())).all()
            for subscription, calendar, account in await channels.find(
                session, ChannelSubscription.id.in_(ids)
            ):
                subscription.looked_at = now
                before, subscription.paused = subscription.paused, found or ""
                if found is not None:
                    await _give_up(session, channels.prefix(account.id, subscription.id), now)
                if bool(before) == bool(found):
                    continue
                if found is None:
                    begin_digests(subscription, now)
                    wake_after_commit(session, TELLING)
                await self._tell_owner(session, (subscription, calendar, account.id), name, found, now)

    async def _tell_owner(
        self,
        session: AsyncSession,
        known: tuple[ChannelSubscription, Calendar, int],
        channel: str,
        found: Obstacle | None,
        now: datetime,
    ) -> None:
        subscription, calendar, account_id = known
        owner = await self.desk.people.by_id(session, subscription.person_id)
        if owner is None or not owner.active:
            return
        t = self.desk.translator(owner)
        if found is not None:
            message = channels_wording.paused(calendar, channel, found, t)
        else:
            message = channels_wording.resumed(calendar, channel, t)
        state = "paused" if found else "resumed"
        await self.desk.tell(
            session,
            f"{channels.prefix(account_id, subscription.id)}{state}:{now:%Y%m%dT%H%M%S}",
            owner,
            message,
        )

    async def _name_of(self, channel_id: str) -> str:
        """What people call the channel, as far as the bot may still know it."""
        try:
            return (await self.desk.server.channel(channel_id)).display_name
        except (PeerNotFound, PeerForbidden):
            return "…"


def _next_look(subscription: ChannelSubscription) -> datetime:
    return subscription.looked_at + (LOOK_WHILE_PAUSED if subscription.paused else LOOK_EVERY)


async def _failed(session: AsyncSession) -> dict[int, datetime]:
    """When something could not be said in a channel for the last time, by subscription."""
    query = select(OutboxRow.key, OutboxRow.finished_at).where(
        OutboxRow.state == State.DEAD, OutboxRow.key.startswith("calendar:")
    )
    found: dict[int, datetime] = {}
    for key, at in (await session.execute(query)).all():
        match = _OF_CHANNEL.match(key)
        if match and at is not None:
            subscription = int(match["subscription"])
            found[subscription] = max(at, found.get(subscription, at))
    return found


async def _give_up(session: AsyncSession, prefix: str, now: datetime) -> None:
    """Put away what could not be said: the owner knows, and there is nothing that an administrator could do."""
    await session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.key.startswith(prefix, autoescape=True),
            OutboxRow.state.in_(_UNSAID),
            OutboxRow.kind == POST,
        )
        .values(state=State.DISCARDED, finished_at=now)
        .execution_options(synchronize_session=False)
    )
