"""Messages due at the same second, over a real socket, beside the bare requests with the same bodies."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from aiohttp import web

from benchmarks.scale import Scale
from benchmarks.table import Row, percentile
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import Delivery, Effect, Outbox, Receipt, put_all

AT_ONCE = 100


def rows(scale: Scale) -> Iterator[Row]:
    """Throughput and lateness."""
    yield from asyncio.run(_measure(scale.messages))


async def _measure(messages: int) -> list[Row]:
    peer = _Peer()
    url = await peer.start()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        floor = await _bare(session, url, messages)
        peer.arrivals.clear()
        with tempfile.TemporaryDirectory() as folder:
            total, due = await _outbox(session, url, Path(folder), messages)
    await peer.stop()
    if len(peer.arrivals) != messages or len(set(peer.arrivals)) != messages:
        raise RuntimeError(f"{len(peer.arrivals)} arrived, {len(set(peer.arrivals))} different")
    late = [arrived - due for arrived in peer.arrivals.values()]
    return [
        Row(
            f"{messages} messages due at once, all delivered once (SQLite)",
            total,
            "s",
            floor,
            "bare requests",
        ),
        Row("  lateness at the wire, p50", percentile(late, 0.5), "s"),
        Row(
            "  lateness at the wire, p99", percentile(late, 0.99), "s", floor, "the last of the bare requests"
        ),
    ]


class _Peer:
    """Takes messages and notes when each came."""

    def __init__(self) -> None:
        self.arrivals: dict[str, float] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["key"] in self.arrivals:
            raise RuntimeError(f"{body['key']} came twice")
        self.arrivals[body["key"]] = time.time()
        return web.json_response({"id": body["key"]})


async def _bare(session: aiohttp.ClientSession, url: str, messages: int) -> float:
    begin = time.perf_counter()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate, session.post(url, json=_body(number)) as answer:
            await answer.json()

    await asyncio.gather(*(one(number) for number in range(messages)))
    return time.perf_counter() - begin


async def _outbox(
    session: aiohttp.ClientSession, url: str, folder: Path, messages: int
) -> tuple[float, float]:
    database = Database.open(f"sqlite:///{folder / 'bench.sqlite3'}")
    await database.migrate()
    clock = SystemClock()
    outbox = Outbox(database, clock, concurrency=AT_ONCE)

    async def deliver(delivery: Delivery) -> Receipt:
        async with session.post(url, json=delivery.payload) as answer:
            return {"id": (await answer.json())["id"]}

    outbox.handle("bench", deliver)
    effects = [Effect("bench", f"k{number}", _body(number)) for number in range(messages)]
    async with database.transaction() as opened:
        await put_all(opened, effects, clock.now())
    due, begin = time.time(), time.perf_counter()
    await outbox.deliver_due()
    total = time.perf_counter() - begin
    await database.close()
    return total, due


def _body(number: int) -> dict[str, object]:
    return {"key": f"k{number}", "message": "In ten minutes: the weekly review", "props": {"attachments": []}}
