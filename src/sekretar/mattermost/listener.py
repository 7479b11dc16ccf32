"""Listening to Mattermost: the stream, what it lost, and who is told.

The owner of the pieces: events from the stream go through the memory of what was seen into the lanes, and a
`Lost` starts fetching by REST. How far everything has been dealt with is stored now and then, so that after a
restart the messages written meanwhile are answered. An event may come twice across a restart, never less than
once; handlers put their effects into the outbox under keys of meaning, which makes twice harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerError
from sekretar.mattermost.backfill import Backfill, Seen, said_to_us
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.events import DirectAdded, Event, Lost, Posted, PostEdited, Reacted
from sekretar.mattermost.lanes import Lanes
from sekretar.mattermost.marks import heard_until, mark_heard
from sekretar.mattermost.stream_socket import Pace
from sekretar.mattermost.websocket import MARGIN, EventStream, StreamState

_log = structlog.get_logger(__name__)

_EventT = TypeVar("_EventT")

#: How often the mark is stored while something happens.
MARK_EVERY = timedelta(seconds=15)
#: What was said longer ago than this is not answered any more after a stop.
LONGEST_LOOK_BACK = timedelta(days=2)
#: How long to wait after a failed fetch before the next.
_FETCH_AGAIN = timedelta(seconds=10)


class Listener:
    """Hears what people write to the bot and what happens around it."""

    def __init__(
        self,
        client: MattermostClient,
        database: Database,
        clock: Clock,
        bot_id: str,
        *,
        report: Callable[[StreamState], None] | None = None,
        pace: Pace | None = None,
        capacity: int = 5_000,
    ) -> None:
        self._client = client
        self._database = database
        self._clock = clock
        self._bot_id = bot_id
        self._report = report
        self._pace = pace
        self._handlers: list[tuple[type[Any], Callable[[Any], Awaitable[None]]]] = []
        self._seen = Seen()
        self._capacity = capacity
        self._lanes = Lanes(self._handle, capacity=capacity)
        self._backfill = Backfill(client)
        self._lost_since: datetime | None = None
        self._lost = asyncio.Event()
        self.overflowed = 0
        self.stream: EventStream | None = None

    def on(self, kind: type[_EventT], handler: Callable[[_EventT], Awaitable[None]]) -> None:
        """Have the handler called with every event of this type.

        `Posted` and `PostEdited` come only for what people wrote: never for our own posts, other bots, webhooks,
        the server.
        `DirectAdded` comes only for channels that people have opened, `Reacted` never for our own reactions.
        """
        self._handlers.append((kind, handler))

    async def run(self) -> None:
        """Listen until cancelled."""
        async with self._database.reading() as session:
            mark = await heard_until(session)
        if mark is None:
            # Whatever ends the very first run, what was written during it and after it is looked up by the next.
            async with self._database.transaction() as session:
                await mark_heard(session, self._clock.now())
        else:
            mark = max(mark, self._clock.now() - LONGEST_LOOK_BACK)
        self.stream = EventStream(
            self._client,
            self._clock,
            self.hear,
            report=self._report,
            heard_until=mark,
            pace=self._pace,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.stream.run())
                tasks.create_task(self._fetch_lost())
                tasks.create_task(self._keep_mark(self.stream))
        finally:
            await self._lanes.close()

    def hear(self, event: Event) -> None:
        """Take an event from the stream; returns at once."""
        if isinstance(event, Lost):
            self._look_back(event.since)
        if self._is_wanted(event):
            if self._lanes.offer(event):
                self._seen.note(event)
            else:
                self.overflowed += 1
                ahead = self._client.clock_difference or timedelta()
                self._look_back(self._clock.now() + ahead - MARGIN)

    def _is_wanted(self, event: Event) -> bool:
        if isinstance(event, Posted | PostEdited) and not said_to_us(event.post, self._bot_id):
            return False
        if isinstance(event, DirectAdded) and event.creator_id == self._bot_id:
            return False
        if isinstance(event, Reacted) and event.reaction.user_id == self._bot_id:
            return False
        return self._seen.is_new(event) and any(isinstance(event, kind) for kind, _ in self._handlers)

    def _look_back(self, since: datetime) -> None:
        self._lost_since = since if self._lost_since is None else min(since, self._lost_since)
        self._lost.set()

    async def _handle(self, event: Event) -> None:
        for kind, handler in self._handlers:
            if isinstance(event, kind):
                await handler(event)

    async def _fetch_lost(self) -> None:
        while True:
            await self._lost.wait()
            await self._lanes.drained(to=self._capacity // 2)
            self._lost.clear()
            since = self._lost_since
            if since is None:
                continue
            try:
                await self._fetch(since)
            except PeerError as error:
                _log.warning("mattermost_backfill_failed", error=str(error))
                self._lost.set()
                await self._clock.sleep_until(self._clock.now() + _FETCH_AGAIN)
            else:
                # A loss that was reported meanwhile has set the event again and is fetched next.
                if not self._lost.is_set():
                    self._lost_since = None

    async def _fetch(self, since: datetime) -> None:
        count = 0
        async for event in self._backfill.events(since):
            if self._is_wanted(event):
                await self._lanes.put(event)
                self._seen.note(event)
                count += 1
        _log.info("mattermost_backfilled", since=since.isoformat(), events=count)

    async def _keep_mark(self, stream: EventStream) -> None:
        """Store how far everything is dealt with: only when nothing waits and nothing is missing."""
        stored: datetime | None = None
        while True:
            heard = stream.heard_until
            await self._lanes.drained()
            if heard is not None and heard != stored and self._lost_since is None:
                try:
                    async with self._database.transaction() as session:
                        await mark_heard(session, heard)
                    stored = heard
                except PeerError as error:
                    _log.warning("mattermost_mark_failed", error=str(error))
            await self._clock.sleep_until(self._clock.now() + MARK_EVERY)
