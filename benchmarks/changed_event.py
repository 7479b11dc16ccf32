"""One changed event in a large calendar on a real server (Radicale), beside the bare exchange that finds it.

Time is by the clock: most of it is the server's, on both sides.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from lxml import etree
from sqlalchemy import func, select, update

from benchmarks.calendar_server import PASSWORD
from benchmarks.scale import Scale
from benchmarks.table import Row
from benchmarks.world import World, fresh, make_accounts
from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject, StoredOccurrence
from sekretar.calendars.sync.syncing import Rhythm, Syncing
from sekretar.sandbox.radicale import Radicale

LOGIN = "p0"
_DAV, _CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_NAMES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"'
_MAKE = (
    f'<C:mkcalendar {_NAMES}><set><prop><C:supported-calendar-component-set><C:comp name="VEVENT"/>'
    "</C:supported-calendar-component-set></prop></set></C:mkcalendar>"
)
_ETAGS = f"<propfind {_NAMES}><prop><getetag/></prop></propfind>"
_MARKS = f"<propfind {_NAMES}><prop><CS:getctag/><sync-token/><resourcetype/></prop></propfind>"


@dataclass(frozen=True)
class _Server:
    """Radicale with the session of its one person."""

    session: aiohttp.ClientSession
    home: str

    @property
    def calendar(self) -> str:
        return f"{self.home}work/"

    async def ask(self, method: str, url: str, body: str, depth: str = "1") -> bytes:
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        async with self.session.request(method, url, data=body.encode(), headers=headers) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def put(self, number: int, title: str) -> None:
        headers = {"Content-Type": "text/calendar; charset=utf-8"}
        async with self.session.put(
            f"{self.calendar}{number}.ics", data=_event(number, title).encode(), headers=headers
        ) as answer:
            answer.raise_for_status()


def rows(scale: Scale) -> Iterator[Row]:
    """The time from a look's beginning until the change is stored and its news is written."""
    yield asyncio.run(_measure(scale.events, 3 * scale.runs))


async def _measure(events: int, runs: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        async with _radicale(Path(folder)) as server, World.open(*fresh(Path(folder))) as world:
            _fill(Path(folder), events)
            # Radicale reads new files when it is first asked, which takes it longer than anybody waits.
            await server.ask("PROPFIND", server.calendar, _ETAGS)
            await _token(server)
            syncing = await _connect(world, server, events)
            floors, ours = list[float](), list[float]()
            for turn in range(runs):
                token = await _token(server)
                await server.put(turn % events, f"Moved {turn} for the floor")
                floors.append(await _bare(server, token))
                await _look(world, syncing)
                # A change of its own: Radicale works most for whoever asks first after one.
                await server.put(turn % events, f"Moved {turn}")
                ours.append(await _look(world, syncing))
                await _check(world, f"Moved {turn}")
            await syncing.close()
    floor_is = "PROPFIND, sync-collection and multiget of the one event by aiohttp, parsed by lxml"
    what = f"one changed event among {events} on Radicale: found, applied, news written"
    floor = statistics.median(floors) * 1000
    return Row(what, statistics.median(ours) * 1000, "ms", floor, floor_is, most_ratio=1.5)


@asynccontextmanager
async def _radicale(folder: Path) -> AsyncIterator[_Server]:
    radicale = Radicale(folder / "radicale", {LOGIN: PASSWORD})
    await radicale.start()
    try:
        auth = {"Authorization": aiohttp.encode_basic_auth(LOGIN, PASSWORD)}
        async with aiohttp.ClientSession(headers=auth) as session:
            server = _Server(session, f"{radicale.url}/{LOGIN}/")
            await server.ask("MKCALENDAR", server.calendar, _MAKE)
            yield server
    finally:
        await radicale.stop()


def _fill(folder: Path, events: int) -> None:
    """Put the events into the folder of the empty calendar: thousands of PUTs would take minutes."""
    [calendar] = folder.glob(f"radicale/**/{LOGIN}/work")
    for number in range(events):
        (calendar / f"{number}.ics").write_bytes(_event(number, "Review").encode())


def _event(number: int, title: str) -> str:
    start = datetime.now(UTC) + timedelta(hours=1, minutes=30 * number)
    end = start + timedelta(minutes=30)
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:bench", "BEGIN:VEVENT", f"UID:{number}@bench",
        f"DTSTAMP:{start:%Y%m%dT%H%M%SZ}", f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{title}", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines)


async def _connect(world: World, server: _Server, events: int) -> Syncing:
    """Our account, with everything read once."""
    await make_accounts(world, "http://127.0.0.1:9", 1, "")
    unread = {"ctag": None, "sync_token": None, "loaded_at": None, "verified_at": None}
    async with world.database.transaction() as session:
        await session.execute(update(CalendarAccount).values(home_url=server.home))
        work = Calendar.name == "work"
        await session.execute(update(Calendar).where(work).values(href=server.calendar, **unread))
        await session.execute(update(Calendar).where(~work).values(chosen=False))
    syncing = Syncing(
        world.desk,
        world.desk.vault,
        world.http,
        Rhythm(timedelta(hours=1), chance=lambda: 0.5),
        lambda name, at: None,
    )
    for _ in range(5):
        await _look(world, syncing)
    async with world.database.reading() as session:
        stored = await session.scalar(select(func.count()).select_from(CalendarObject))
    if stored != events:
        raise RuntimeError(f"only {stored} of {events} events were read")
    return syncing


async def _look(world: World, syncing: Syncing) -> float:
    async with world.database.transaction() as session:
        await session.execute(update(CalendarAccount).values(next_sync_at=world.desk.now()))
    begin = time.perf_counter()
    await syncing.run()
    while syncing.busy:  # noqa: ASYNC110 - a look ends without a word when it is about one account
        await asyncio.sleep(0.0005)
    return time.perf_counter() - begin


async def _check(world: World, title: str) -> None:
    async with world.database.reading() as session:
        found = await session.scalar(
            select(StoredOccurrence.id).where(StoredOccurrence.title == title).limit(1)
        )
    if found is None:
        raise RuntimeError("the change was not found")


async def _token(server: _Server) -> str:
    root = etree.fromstring(await server.ask("PROPFIND", server.home, _MARKS))
    return next(token for each in root.iter(f"{_DAV}sync-token") if (token := each.text or ""))


async def _bare(server: _Server, token: str) -> float:
    """The least that finds the change and its text."""
    begin = time.perf_counter()
    await _token(server)
    report = (
        f"<sync-collection {_NAMES}><sync-token>{token}</sync-token><sync-level>1</sync-level>"
        "<prop><getetag/></prop></sync-collection>"
    )
    root = etree.fromstring(await server.ask("REPORT", server.calendar, report))
    [href] = [each.text or "" for each in root.iter(f"{_DAV}href")]
    multiget = (
        f"<C:calendar-multiget {_NAMES}><prop><getetag/><C:calendar-data/></prop><href>{href}</href>"
        "</C:calendar-multiget>"
    )
    root = etree.fromstring(await server.ask("REPORT", server.calendar, multiget))
    [_text] = [each.text for each in root.iter(f"{_CALDAV}calendar-data")]
    return time.perf_counter() - begin
