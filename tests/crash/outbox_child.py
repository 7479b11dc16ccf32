"""A process that decides something, delivers it, and is killed in the middle: the victim of `test_outbox`.

Every statement, every commit and every step of the handler is counted; at the step it is told to, the process
kills itself with SIGKILL, so that nothing at all is tidied up. No product code knows of this.
"""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime
from typing import Any

import aiohttp
from sqlalchemy import event

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.leases import LeaseRow
from sekretar.kernel.outbox import Delivery, Effect, Outbox, Ready, Receipt, confirm, prepare, put_all

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)

#: What is decided: two that must stay in order, and one by itself, which is prepared and made ready before.
EFFECTS = [
    Effect("post", "first", {"text": "1"}, lane="thread"),
    Effect("post", "second", {"text": "2"}, lane="thread"),
    Effect("post", "alone", {"text": "3"}),
]


class Fate:
    """Counts the steps of this process and ends it at one of them; step 0 never comes."""

    def __init__(self, last_step: int) -> None:
        self._last_step = last_step
        self._steps = 0

    def step(self, *_: object) -> None:
        self._steps += 1
        if self._steps == self._last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    def follow(self, database: Database) -> None:
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(database.engine.sync_engine, name, self.step)


async def get_ready(database: Database, outbox: Outbox) -> None:
    """Prepare the one, and have everything but the sending done."""
    async with database.transaction() as session:
        await prepare(session, EFFECTS[-1:], NOW)
    await outbox.deliver_due()


async def decide(database: Database) -> None:
    """Change the state and decide the effects, in one transaction; deciding twice is the same as once."""
    async with database.transaction() as session:
        if await session.get(LeaseRow, "decided") is None:
            session.add(LeaseRow(name="decided", owner="", expires_at=NOW))
        await confirm(session, [EFFECTS[-1].key], NOW)
        await put_all(session, EFFECTS, NOW)


class Handler:
    """Posts to a peer that does not know duplicates: it looks before it sends again."""

    def __init__(self, peer: str, fate: Fate) -> None:
        self._peer = peer
        self._fate = fate

    async def __call__(self, delivery: Delivery) -> Receipt | None:
        self._fate.step()
        async with aiohttp.ClientSession(self._peer) as http:
            if delivery.first_attempted_at is not None:
                async with http.get("/posts", params={"key": delivery.key}) as answer:
                    if await answer.json():
                        return None
            await self._post(http, delivery.key)
        self._fate.step()
        return None

    async def make_ready(self, delivery: Delivery) -> Ready:
        async def send() -> None:
            async with aiohttp.ClientSession(self._peer) as http:
                await self._post(http, delivery.key)
            self._fate.step()

        self._fate.step()
        return send

    async def _post(self, http: aiohttp.ClientSession, key: str) -> None:
        self._fate.step()
        async with http.post("/posts", json={"key": key, "pid": os.getpid()}) as answer:
            answer.raise_for_status()
            self._fate.step()


async def live(url: str, peer: str, last_step: int) -> None:
    """Decide and deliver everything, or die at that step."""
    fate = Fate(last_step)
    database = Database.open(url)
    fate.follow(database)
    outbox = Outbox(database, ManualClock(NOW))
    handler = Handler(peer, fate)
    outbox.handle("post", handler, readier=handler.make_ready)
    await outbox.take_over()
    await get_ready(database, outbox)
    await decide(database)
    await outbox.deliver_due()
    await database.close()


def main(*arguments: Any) -> None:
    asyncio.run(live(*arguments))
