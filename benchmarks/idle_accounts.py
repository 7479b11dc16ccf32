"""A minute's look at idle calendar accounts, beside the bare PROPFIND and parse of the same answers.

The server answers what real ones do (two calendars with ctag and sync token, 2 kB) and runs in a process of its
own, so that the processor time measured here is the client's alone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
from aiohttp import web
from lxml import etree
from sqlalchemy import update

from benchmarks.table import Row
from benchmarks.world import World, make_accounts
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.syncing import Rhythm, Syncing

ACCOUNTS = int(os.environ.get("SEKRETAR_BENCH_ACCOUNTS", "10000"))
AT_ONCE = 50

_CALENDAR = """<response><href>/{login}/{name}/</href><propstat><prop><resourcetype><collection/><C:calendar/>
</resourcetype><CS:getctag>"{ctag}"</CS:getctag><sync-token>sync-token:1 {ctag}</sync-token></prop>
<status>HTTP/1.1 200 OK</status></propstat></response>"""
_ANSWER = (
    '<?xml version="1.0" encoding="utf-8"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    ' xmlns:CS="http://calendarserver.org/ns/">'
    "<response><href>/{login}/</href><propstat><prop><resourcetype><collection/></resourcetype></prop>"
    "<status>HTTP/1.1 200 OK</status></propstat></response>{calendars}"
    "<!-- " + "x" * 700 + " --></multistatus>"
)
_PROPFIND = (
    b'<?xml version="1.0"?><propfind xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/"><prop><CS:getctag/>'
    b"<sync-token/><resourcetype/></prop></propfind>"
)
CTAG = "1780000000000"


def rows() -> Iterator[Row]:
    """All accounts once, twice over: bare and with Sekretar."""
    with _server() as url:
        yield from asyncio.run(_measure(url))


async def _measure(url: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with World.open(Path(folder)) as world:
            await make_accounts(world, url, ACCOUNTS, CTAG)
            floor = await _bare(url)
            first, cpu = await _sekretar(world)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"{ACCOUNTS} idle calendar accounts looked at once, CPU"
    return [
        Row(what, cpu, "s", "≤ 2 ×", floor, "bare PROPFIND and parse"),
        Row("  the first full look, CPU", first, "s", "", floor, "bare PROPFIND and parse"),
        Row("  largest memory of the process", memory, "MB", "≤ 150 MB"),
    ]


async def _bare(url: str) -> float:
    """The floor: the same requests over one pool, the answers parsed and compared, nothing else."""
    gate = asyncio.Semaphore(AT_ONCE)
    begin = time.process_time()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def look(number: int) -> bool:
            headers = {"Depth": "1", "Authorization": aiohttp.encode_basic_auth(f"p{number}", "x")}
            async with (
                gate,
                session.request("PROPFIND", f"{url}/p{number}/", data=_PROPFIND, headers=headers) as answer,
            ):
                root = etree.fromstring(await answer.read())
                marks = [each.text for each in root.iter("{http://calendarserver.org/ns/}getctag")]
                return all(mark == f'"{CTAG}"' for mark in marks)

        unmoved = await asyncio.gather(*(look(number) for number in range(ACCOUNTS)))
    if not all(unmoved):
        raise RuntimeError("the answers are not what was expected")
    return time.process_time() - begin


async def _sekretar(world: World) -> tuple[float, float]:
    """Processor time of a first pass of the job over all accounts, and of the next."""
    woken = asyncio.Event()
    syncing = Syncing(
        world.desk,
        world.desk.vault,
        world.http,
        Rhythm(timedelta(hours=1), chance=lambda: 0.5),
        lambda name, at: woken.set(),
    )
    first = await _pass(world, syncing, woken)
    later = await _pass(world, syncing, woken)
    await syncing.close()
    return first, later


async def _pass(world: World, syncing: Syncing, woken: asyncio.Event) -> float:
    async with world.database.transaction() as session:
        await session.execute(update(CalendarAccount).values(next_sync_at=world.desk.now()))
    begin = time.process_time()
    due: datetime | None = None
    while syncing.busy or due is None or due <= world.desk.now():
        woken.clear()
        due = await syncing.run()
        if syncing.busy:
            await woken.wait()
    return time.process_time() - begin


class _server:
    """The calendar server, in a process of its own."""

    def __enter__(self) -> str:
        ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(theirs,), daemon=True
        )
        self._process.start()
        url: str = ours.recv()
        return url

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection) -> None:
    async def answer(request: web.Request) -> web.Response:
        login = request.match_info["login"]
        calendars = "".join(_CALENDAR.format(login=login, name=name, ctag=CTAG) for name in ("work", "home"))
        body = _ANSWER.format(login=login, calendars=calendars)
        return web.Response(status=207, text=body, content_type="application/xml")

    async def main() -> None:
        app = web.Application()
        app.router.add_route("PROPFIND", "/{login}/", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await asyncio.Event().wait()

    asyncio.run(main())
