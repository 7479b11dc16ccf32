"""Keeping the posts of incidents up to date in place, with letters and events in their threads.

A change of an incident marks its card in the same transaction; the job shows it. Many changes at once are one edit,
and while Mattermost is down nothing waits for it but the outbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.channels import DeskChannels
from sekretar.dispatch.chat import thread
from sekretar.dispatch.chat.card import card, card_changes_at
from sekretar.dispatch.chat.letters import letter_message
from sekretar.dispatch.chat.model import CardRow, card_key
from sekretar.dispatch.chat.views import Views
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import Event, Incident
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import insert_into, wake_after_commit
from sekretar.kernel.i18n import Translator
from sekretar.mattermost import outgoing
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message

#: The name of the job.
TASK = "dispatch cards"

#: How long to wait for a channel that was not found yet.
_WITHOUT_CHANNEL = timedelta(minutes=1)
_AT_ONCE = 100


@dataclass(frozen=True)
class Cards:
    """The posts of all desks."""

    chat: Desk
    channels: DeskChannels
    incidents: Incidents
    views: Views
    desks: Mapping[str, DeskSettings]

    async def changed(
        self, session: AsyncSession, incident: Incident, events: Sequence[Event], now: datetime
    ) -> None:
        """For `Incidents.on_changed`: its card has to be looked at."""
        statement = insert_into(session, CardRow).values(
            incident_id=incident.id, channel_id="", told=0, shown="", version=0, due_at=now
        )
        await session.execute(
            statement.on_conflict_do_update(index_elements=[CardRow.incident_id], set_={"due_at": now})
        )
        wake_after_commit(session, TASK)

    async def show_due(self) -> datetime | None:
        """Show what has changed; returns when something may change by itself next."""
        now = self.chat.now()
        async with self.chat.database.reading() as session:
            query = select(CardRow.incident_id).where(CardRow.due_at <= now).order_by(CardRow.due_at)
            due = (await session.scalars(query.limit(_AT_ONCE))).all()
        for incident_id in due:
            async with self.chat.database.transaction() as session:
                await self._show(session, incident_id)
        async with self.chat.database.reading() as session:
            return await session.scalar(select(func.min(CardRow.due_at)))

    async def _show(self, session: AsyncSession, incident_id: int) -> None:
        row = await session.get(CardRow, incident_id, with_for_update=True, populate_existing=True)
        if row is None:
            return
        now = self.chat.now()
        incident = await self.incidents.get(session, incident_id)
        desk = self.desks.get(incident.desk)
        if desk is None:
            row.due_at = None  # Its desk is no longer in the settings.
            return
        channel_id = row.channel_id or await self.channels.id_of(session, desk.name)
        if not channel_id:
            row.due_at = now + _WITHOUT_CHANNEL
            return
        t = self.chat.catalogues.translator(desk.language)
        view = await self.views.of(session, incident, desk, now)
        await self._card(session, row, card(view, t, now), channel_id)
        await self._thread(session, row, t)
        row.due_at = card_changes_at(view, now)

    async def _card(self, session: AsyncSession, row: CardRow, message: Message, channel_id: str) -> None:
        shown = hashlib.sha256(repr(message).encode()).hexdigest()
        if shown == row.shown:
            return
        now, rendered = self.chat.now(), self.chat.render(message, None)
        key = card_key(row.incident_id)
        if row.shown:
            row.version += 1
            await outgoing.edit(
                session, key=f"{key}:{row.version}", message_key=key, rendered=rendered, now=now
            )
        else:
            row.channel_id = channel_id
            await outgoing.post(session, key=key, channel_id=channel_id, rendered=rendered, now=now)
        row.shown = shown

    async def _thread(self, session: AsyncSession, row: CardRow, t: Translator) -> None:
        for event in await self.incidents.history(session, row.incident_id, after=row.told):
            row.told = event.id
            if not thread.is_told(event):
                continue
            message = await letter_message(session, event, t) or thread.told(event, t)
            await outgoing.post(
                session,
                key=f"dispatch:event:{event.id}",
                channel_id=row.channel_id,
                rendered=self.chat.render(message, None),
                now=self.chat.now(),
                reply_to=card_key(row.incident_id),
            )
