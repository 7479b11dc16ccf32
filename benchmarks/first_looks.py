"""The first full look at an account whose calendars are loaded already, beside the bare request of a glance."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.calendar_server import CTAG, CalendarServer, ask_barely
from benchmarks.scale import Scale
from benchmarks.table import Row
from benchmarks.world import World, fresh, make_accounts
from sekretar.calendars.sync.syncing import Rhythm, Syncing


def rows(scale: Scale) -> Iterator[Row]:
    """Processor time per account."""
    with CalendarServer.running() as server:
        yield asyncio.run(_measure(server.url, scale.first_looks))


async def _measure(url: str, accounts: int) -> Row:
    begin = time.process_time()
    await ask_barely(url, accounts)
    floor = time.process_time() - begin
    with tempfile.TemporaryDirectory() as folder:
        async with World.open(*fresh(Path(folder))) as world:
            await make_accounts(world, url, accounts, CTAG)
            taken = await _look(world)
    floor_is = "the bare PROPFIND of a glance"
    return Row(
        "full look at an account, CPU", taken / accounts * 1000, "ms", floor / accounts * 1000, floor_is
    )


async def _look(world: World) -> float:
    woken = asyncio.Event()
    syncing = Syncing(
        world.desk,
        world.desk.vault,
        world.http,
        Rhythm(timedelta(hours=1), chance=lambda: 0.5),
        lambda name, at: woken.set(),
    )
    begin = time.process_time()
    due = await syncing.run()
    while syncing.busy or due is None or due <= world.desk.now():
        woken.clear()
        if syncing.busy:
            await woken.wait()
        due = await syncing.run()
    taken = time.process_time() - begin
    await syncing.close()
    return taken
