"""Reminders due at the same second, from the rows to the wire, beside the bare posts of the same bodies.

Whole: the job finds and renders them, the outbox delivers them, over real sockets, to a Mattermost in a process of
its own that takes each post at once and notes when it came.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aiohttp import web
from sqlalchemy import insert

from benchmarks import elsewhere
from benchmarks.calendar_server import CTAG
from benchmarks.scale import Scale
from benchmarks.table import Row, percentile
from benchmarks.world import World, fresh, make_accounts
from sekretar.calendars.model import CalendarObject, Reminder, StoredOccurrence, portions
from sekretar.calendars.reminders import rules as reminders
from sekretar.calendars.reminders.reminding import Reminding
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.outbox import TASK as OUTBOX
from sekretar.kernel.outbox import Outbox
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.delivery import ChatDelivery
from sekretar.mattermost.ledger import DirectChannelRow

AHEAD = timedelta(minutes=10)
LEAD = timedelta(seconds=3)
AT_ONCE = 100
PATIENCE = 300
BOT = "bot"


@dataclass(frozen=True)
class _Post:
    channel: str
    at: float


def rows(scale: Scale) -> Iterator[Row]:
    """Throughput and lateness."""
    with _Mattermost.running() as server:
        yield from uvloop.run(_measure(server, scale.messages))


async def _measure(server: _Mattermost, count: int) -> list[Row]:
    floor = await _bare(server.url, count)
    server.posts()
    with tempfile.TemporaryDirectory() as folder:
        async with World.open(*fresh(Path(folder))) as world:
            await make_accounts(world, "http://127.0.0.1:9", count, CTAG)
            # In life they are planned long before; here long enough for what is done ahead.
            due = world.desk.now() + LEAD + timedelta(seconds=count / 400)
            await _plan(world, count, due)
            posts = await _give(world, server, count)
    heard = Counter(each.channel for each in posts)
    if len(heard) != count or set(heard.values()) != {1}:
        raise RuntimeError(f"{len(posts)} reminders for {len(heard)} of {count} people")
    late = [each.at - due.timestamp() for each in posts]
    if min(late) < 0:
        raise RuntimeError("a reminder came early")
    floor_is = "as many bare posts, 100 at a time (p99 of their ends)"
    return [
        Row(
            f"{count} reminders due at once, none lost, none double: lateness, p50",
            percentile(late, 0.5),
            "s",
        ),
        Row("  p99", percentile(late, 0.99), "s", floor, floor_is),
        Row("  p99 beyond what the bare posts take", percentile(late, 0.99) - floor, "s", most=1),
    ]


async def _bare(url: str, count: int) -> float:
    gate, ends = asyncio.Semaphore(AT_ONCE), list[float]()
    begin = time.time()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def one(number: int) -> None:
            body = {"channel_id": f"d{number}", "message": "In ten minutes", "props": {"attachments": []}}
            async with gate, session.post(f"{url}/api/v4/posts", json=body) as answer:
                await answer.json()
            ends.append(time.time() - begin)

        await asyncio.gather(*(one(number) for number in range(count)))
    return percentile(ends, 0.99)


async def _plan(world: World, count: int, due: datetime) -> None:
    """A meeting and its reminder for everybody."""
    async with world.database.transaction() as session:
        for some in portions(range(1, count + 1)):
            objects = [_object(number) for number in some]
            await session.execute(insert(CalendarObject), objects)
            await session.execute(insert(StoredOccurrence), [_meeting(n, due + AHEAD) for n in some])
            # Whoever has connected a calendar has been written to: their channel is known.
            await session.execute(insert(DirectChannelRow), [_channel(number) for number in some])
            await session.execute(
                insert(Reminder), [{"id": n, "occurrence_id": n, "minutes": 10, "due_at": due} for n in some]
            )


def _object(number: int) -> dict[str, Any]:
    return {"id": number, "calendar_id": 2 * number, "href": "/1.ics", "etag": "1", "data": b""}


def _channel(number: int) -> dict[str, Any]:
    return {"bot_id": BOT, "user_id": f"u{number - 1}", "channel_id": f"du{number - 1}"}


def _meeting(number: int, start: datetime) -> dict[str, Any]:
    return {
        "id": number, "object_id": number, "calendar_id": 2 * number, "person_id": number, "uid": f"{number}",
        "recurrence_id": "", "starts_at": start, "ends_at": start + timedelta(hours=1), "all_day": False,
        "title": "Weekly review of the release", "place": "Room 3", "description": "", "organizer": None,
        "attendees": [], "answer": "", "cancelled": False, "transparent": False,
        "join_url": "https://telemost.yandex.ru/j/12345678901234", "join_service": "Yandex Telemost",
        "alarms": [], "fingerprint": "",
    }  # fmt: skip


async def _give(world: World, server: _Mattermost, count: int) -> list[_Post]:
    """Let the jobs work until as many posts came as there are reminders."""
    jobs, outbox = InProcessJobs(world.desk.clock), Outbox(world.database, world.desk.clock)
    client = MattermostClient(world.http.peers, server.url, "none", clock=world.desk.clock)
    ChatDelivery(client, world.database, world.desk.clock, BOT).register(outbox)
    world.database.on_commit(jobs.wake)
    jobs.add(OUTBOX, outbox.deliver_due, at_least_every=timedelta(seconds=30))
    reminding = Reminding(world.desk)
    jobs.add(reminders.TASK, reminding.give_due, at_least_every=timedelta(minutes=1))
    jobs.add(reminders.AHEAD, reminding.work_ahead, at_least_every=timedelta(seconds=15))
    working = asyncio.create_task(jobs.run())
    posts: list[_Post] = []
    async with asyncio.timeout(PATIENCE):
        while len(posts) < count:
            await asyncio.sleep(0.5)
            posts += server.posts()
    # One that is said twice would come now.
    await asyncio.sleep(1)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return posts + server.posts()


class _Mattermost:
    """As much of it as a post to a person needs, seen from outside."""

    def __init__(self, url: str, pipe: Connection) -> None:
        self.url = url
        self._pipe = pipe

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator[_Mattermost]:
        with elsewhere.running(_serve) as pipe:
            yield cls(pipe.recv(), pipe)

    def posts(self) -> list[_Post]:
        """Those that came since the last question."""
        self._pipe.send(None)
        return [_Post(*each) for each in self._pipe.recv()]


#: Mattermost does not escape what UTF-8 can say.
_dumps = partial(json.dumps, ensure_ascii=False)


def _serve(pipe: Connection) -> None:
    posts: list[tuple[str, float]] = []

    async def post(request: web.Request) -> web.Response:
        came, body = time.time(), await request.json()
        posts.append((body["channel_id"], came))
        written = {
            "id": f"p{len(posts)}{body['channel_id']}",
            "user_id": "bot",
            "create_at": int(came * 1000),
        }
        return web.json_response(body | written, status=201, dumps=_dumps)

    async def direct(request: web.Request) -> web.Response:
        _, user = await request.json()
        return web.json_response({"id": f"d{user}", "type": "D"}, status=201)

    def tell() -> None:
        pipe.recv()
        pipe.send(posts)
        posts.clear()

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/api/v4/posts", post)
        app.router.add_post("/api/v4/channels/direct", direct)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
        asyncio.get_running_loop().add_reader(pipe.fileno(), tell)
        await asyncio.Event().wait()

    uvloop.run(main())
