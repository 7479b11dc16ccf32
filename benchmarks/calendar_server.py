"""A calendar server in a process of its own, so that the processor time measured beside it is the client's alone.

It answers what real ones do: two calendars with ctag and sync token, 2 kB, always the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from multiprocessing.connection import Connection

import aiohttp
from aiohttp import web
from lxml import etree

from benchmarks import elsewhere

CTAG = "1780000000000"
PASSWORD = "x"

_AT_ONCE = 40
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


def answer_to(login: str) -> bytes:
    """What the server says of the home of a login."""
    calendars = "".join(_CALENDAR.format(login=login, name=name, ctag=CTAG) for name in ("work", "home"))
    return _ANSWER.format(login=login, calendars=calendars).encode()


async def ask_barely(url: str, accounts: int) -> None:
    """The floor: the requests over one pool, their answers parsed and compared, nothing stored, nothing else.

    Raises:
        RuntimeError: an answer is not what was expected.
    """
    gate = asyncio.Semaphore(_AT_ONCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_AT_ONCE)) as session:

        async def look(number: int) -> bool:
            headers = {"Depth": "1", "Authorization": aiohttp.encode_basic_auth(f"p{number}", PASSWORD)}
            address = f"{url}/p{number}/"
            async with gate, session.request("PROPFIND", address, data=_PROPFIND, headers=headers) as answer:
                root = etree.fromstring(await answer.read())
                marks = [each.text for each in root.iter("{http://calendarserver.org/ns/}getctag")]
                return marks == [f'"{CTAG}"', f'"{CTAG}"']

        unmoved = await asyncio.gather(*(look(number) for number in range(accounts)))
    if not all(unmoved):
        raise RuntimeError("the answers are not what was expected")


class CalendarServer:
    """The server, seen from outside."""

    def __init__(self, url: str, pipe: Connection) -> None:
        self.url = url
        self._pipe = pipe

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator[CalendarServer]:
        """A server that ends with the block."""
        with elsewhere.running(_serve) as pipe:
            yield cls(pipe.recv(), pipe)

    def requests(self) -> int:
        """How many there were so far."""
        self._pipe.send(None)
        count: int = self._pipe.recv()
        return count


def _serve(pipe: Connection) -> None:
    count = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal count
        count += 1
        return web.Response(
            status=207, body=answer_to(request.match_info["login"]), content_type="application/xml"
        )

    def tell() -> None:
        pipe.recv()
        pipe.send(count)

    async def main() -> None:
        app = web.Application()
        app.router.add_route("PROPFIND", "/{login}/", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
        asyncio.get_running_loop().add_reader(pipe.fileno(), tell)
        await asyncio.Event().wait()

    asyncio.run(main())
