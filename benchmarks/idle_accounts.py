"""What idle calendar accounts cost a minute, beside the bare PROPFIND and parse of the same answers.

Measured is the whole product in its own process, with everything else that it does meanwhile, while the accounts
become due one after the other as they do in life.
"""

from __future__ import annotations

import asyncio
import hashlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
from sqlalchemy import func, select

from benchmarks.calendar_server import CTAG, CalendarServer, answer_to, ask_barely
from benchmarks.product import installation
from benchmarks.scale import Scale
from benchmarks.table import Row
from benchmarks.world import World, make_accounts
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.sync.glancing import Calm
from sekretar.kernel.clock import SystemClock

RHYTHM = timedelta(minutes=1)
#: Until the start itself is over.
SETTLING = 3.0


@dataclass(frozen=True)
class _Cost:
    """Of the product, in seconds of processor time and MB, and how many requests it made meanwhile."""

    processor: float
    memory: float
    requests: int


def rows(scale: Scale) -> Iterator[Row]:
    """A row of cost for each number of accounts."""
    with CalendarServer.running() as server:
        for accounts in scale.accounts:
            yield from _rows(server, accounts, scale)


def _rows(server: CalendarServer, accounts: int, scale: Scale) -> Iterator[Row]:
    minutes = scale.idle_seconds / 60
    # On both sides of the minute, because the machine is not equally quick all the time.
    before = [asyncio.run(_bare(server.url, round(accounts * minutes))) for _ in range(scale.runs)]
    cost = asyncio.run(_watch(server, accounts, scale.idle_seconds))
    after = [asyncio.run(_bare(server.url, cost.requests)) for _ in range(scale.runs)]
    what = f"{accounts} idle accounts, {cost.requests / minutes:.0f} looks a minute"
    goal = 2 if accounts == 10_000 else None
    yield Row(
        f"{what}: CPU a minute",
        cost.processor / minutes,
        "s",
        statistics.median(before + after) / minutes,
        "as many bare PROPFINDs by aiohttp, each answer parsed by lxml (CPU)",
        most_ratio=goal,
    )
    yield Row("  memory of the process", cost.memory, "MB", most=150)


async def _bare(url: str, requests: int) -> float:
    begin = time.process_time()
    await ask_barely(url, requests)
    return time.process_time() - begin


async def _watch(server: CalendarServer, accounts: int, seconds: float) -> _Cost:
    with tempfile.TemporaryDirectory() as folder:
        async with installation(Path(folder)) as made:
            async with World.open(made.database_url, made.key) as world:
                await make_accounts(world, server.url, accounts, CTAG, calm=_calm, within=RHYTHM)
            async with made.running() as process:
                await asyncio.sleep(SETTLING)
                before, asked = _processor_time(process), server.requests()
                await asyncio.sleep(seconds)
                cost = _processor_time(process) - before
                memory = process.memory_info().rss / 2**20
                requests = server.requests() - asked
            async with World.open(made.database_url, made.key) as world:
                await _check(world, accounts)
    return _Cost(cost, memory, requests)


def _calm(login: str) -> Calm:
    """What the first full look at an account leaves behind."""
    return Calm(hashlib.sha256(answer_to(login)).hexdigest(), SystemClock().now() + timedelta(days=1))


async def _check(world: World, accounts: int) -> None:
    """Nobody was in trouble, and nobody had to be looked at closely."""
    query = select(func.count()).where(CalendarAccount.trouble == "", CalendarAccount.calm_answer != "")
    async with world.database.reading() as session:
        fine = await session.scalar(query)
    if fine != accounts:
        raise RuntimeError(f"only {fine} of {accounts} accounts were idle")


def _processor_time(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
