"""Keeping the posts of incidents up to date in place, with letters and events in their threads.

A change of an incident marks its card in the same transaction; the job shows it. Many changes at once are one edit,
and while Mattermost is down nothing waits for it but the outbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from sqlalchemy import Insert, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.channels import DeskChannels
from sekretar.dispatch.chat import thread
from sekretar.dispatch.chat.card import card, card_changes_at
from sekretar.dispatch.chat.letters import letter_message
from sekretar.dispatch.chat.model import CardRow, card_key
from sekretar.dispatch.chat.views import Views
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.model import EventRow
from sekretar.dispatch.incidents.rows import event_of
from sekretar.dispatch.incidents.values import Changed, Event, Incident
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.model import LetterRow
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.errors import PeerError
from sekretar.kernel.i18n import Translator
from sekretar.mattermost import outgoing
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message

#: The name of the job.
TASK = "dispatch cards"

#: How long to wait for a channel that was not found yet.
_WITHOUT_CHANNEL = timedelta(minutes=1)
_AT_ONCE = 100
#: As many are shown in one transaction: others wait for it meanwhile.
_TOGETHER = 20


@dataclass(frozen=True)
class Cards:
    """The posts of all desks."""

    chat: Desk
    channels: DeskChannels
    incidents: Incidents
    views: Views
    desks: Mapping[str, DeskSettings]

    async def changed(self, session: AsyncSession, changes: Sequence[Changed]) -> None:
        """For `Incidents.on_changed`: their cards have to be looked at."""
        fresh = {"channel_id": "", "told": 0, "shown": "", "version": 0}
        due = {each.incident.id: each.at for each in changes}
        rows = [{"incident_id": number, **fresh, "due_at": at} for number, at in sorted(due.items())]
        await session.execute(_marking(session.get_bind().dialect.name), rows)
        wake_after_commit(session, TASK)

    async def show_due(self) -> datetime | None:
        """Show what has changed; returns when something may change by itself next."""
        now = self.chat.now()
        async with self.chat.database.reading() as session:
            query = select(CardRow.incident_id).where(CardRow.due_at <= now).order_by(CardRow.due_at)
            due = (await session.scalars(query.limit(_AT_ONCE))).all()
        failures: list[Exception] = []
        for first in range(0, len(due), _TOGETHER):
            failures += await self._show_together(due[first : first + _TOGETHER])
        if failures:
            raise failures[0]
        async with self.chat.database.reading() as session:
            return await session.scalar(select(func.min(CardRow.due_at)))

    async def _show_together(self, numbers: Sequence[int]) -> list[Exception]:
        """Show several in one transaction, which is much less work; one by one when one of them fails."""
        try:
            async with self.chat.database.transaction() as session:
                await self._show(session, numbers)
        except Exception as error:
            if len(numbers) == 1 or isinstance(error, PeerError):
                return [error]
            return [failure for each in numbers for failure in await self._show_together([each])]
        return []

    async def _show(self, session: AsyncSession, numbers: Sequence[int]) -> None:
        query = select(CardRow).where(CardRow.incident_id.in_(numbers)).order_by(CardRow.incident_id)
        rows = (await session.scalars(query.with_for_update())).all()
        incidents = await self.incidents.many(session, [row.incident_id for row in rows])
        events = await _untold(session, list(incidents))
        letters = {each.letter_id for some in events.values() for each in some if each.letter_id}
        told = _Told(events, await store.letter_rows(session, letters))
        posts: list[outgoing.Post] = []
        for name in dict.fromkeys(each.desk for each in incidents.values()):
            here = [row for row in rows if incidents[row.incident_id].desk == name]
            posts += await self._show_of_desk(session, name, here, incidents, told)
        await outgoing.post_all(session, posts, self.chat.now())

    async def _show_of_desk(
        self,
        session: AsyncSession,
        name: str,
        rows: Sequence[CardRow],
        incidents: Mapping[int, Incident],
        told: _Told,
    ) -> list[outgoing.Post]:
        """What is to be posted; what is to be edited is in the outbox already."""
        desk, now = self.desks.get(name), self.chat.now()
        known_id = await self.channels.id_of(session, name) if desk else None
        channels = {row.incident_id: row.channel_id or known_id for row in rows}
        if desk is None or not all(channels.values()):
            for row in rows:
                # A desk that is no longer in the settings comes back with a start; a channel is looked for.
                row.due_at = now + _WITHOUT_CHANNEL if desk else None
            if desk is None:
                return []
        shown = [(row, channel) for row in rows if (channel := channels[row.incident_id])]
        t = self.chat.catalogues.translator(desk.language)
        views = await self.views.of_all(session, [incidents[row.incident_id] for row, _ in shown], desk, now)
        posts: list[outgoing.Post] = []
        for row, channel in shown:
            view = views[row.incident_id]
            posts += await self._card(session, row, card(view, t, now), channel)
            posts += self._thread(row, told, t)
            row.due_at = card_changes_at(view, now)
        return posts

    async def _card(
        self, session: AsyncSession, row: CardRow, message: Message, channel_id: str
    ) -> list[outgoing.Post]:
        shown = hashlib.sha256(repr(message).encode()).hexdigest()
        if shown == row.shown:
            return []
        now, rendered = self.chat.now(), self.chat.render(message, None)
        key, is_there = card_key(row.incident_id), bool(row.shown)
        row.shown = shown
        if not is_there:
            row.channel_id = channel_id
            return [outgoing.Post(key, channel_id, rendered)]
        row.version += 1
        await outgoing.edit(session, key=f"{key}:{row.version}", message_key=key, rendered=rendered, now=now)
        return []

    def _thread(self, row: CardRow, told: _Told, t: Translator) -> list[outgoing.Post]:
        posts: list[outgoing.Post] = []
        for event in told.events.get(row.incident_id, ()):
            row.told = event.id
            if not thread.is_told(event):
                continue
            letter = told.letters.get(event.letter_id or 0)
            message = letter_message(letter, event.actor, t) if letter else thread.told(event, t)
            posts.append(
                outgoing.Post(
                    f"dispatch:event:{event.id}",
                    row.channel_id,
                    self.chat.render(message, None),
                    reply_to=card_key(row.incident_id),
                )
            )
        return posts


@cache
def _marking(dialect: str) -> Insert:
    """Made once: making it takes longer than running it."""
    table = cast("Table", CardRow.__table__)
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return statement.on_conflict_do_update(
        index_elements=["incident_id"], set_={"due_at": statement.excluded.due_at}
    )


@dataclass(frozen=True)
class _Told:
    """What the threads are to tell: the events by incident, and the letters that they are about."""

    events: Mapping[int, Sequence[Event]]
    letters: Mapping[int, LetterRow]


async def _untold(session: AsyncSession, incident_ids: Collection[int]) -> dict[int, list[Event]]:
    """What happened to these incidents since their threads told of it, in order."""
    query = (
        select(EventRow)
        .join(CardRow, CardRow.incident_id == EventRow.incident_id)
        .where(EventRow.incident_id.in_(incident_ids), EventRow.id > CardRow.told)
        .order_by(EventRow.id)
    )
    found: dict[int, list[Event]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.incident_id, []).append(event_of(row))
    return found
