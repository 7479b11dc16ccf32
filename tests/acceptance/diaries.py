"""The people's calendar server: Radicale, reached as any calendar program reaches it.

Everybody gets a login of their own, so that tests share the server and not its calendars.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp

from sekretar.kernel.clock import SystemClock
from sekretar.sandbox.radicale import Radicale
from sekretar.sandbox.samples import SampleEvent

_MKCALENDAR = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>'
    "<D:displayname>{name}</D:displayname></D:prop></D:set></C:mkcalendar>"
)


@dataclass
class Diary:
    """One account on the calendar server."""

    url: str
    login: str
    password: str = field(repr=False)
    session: aiohttp.ClientSession = field(repr=False)

    async def make_calendar(self, slug: str, name: str) -> None:
        """A new calendar of the account."""
        await self._act("MKCALENDAR", f"{slug}/", _MKCALENDAR.format(name=name))

    async def put(self, event: SampleEvent, slug: str = "work", *, once: SampleEvent | None = None) -> None:
        """Write an event, or write it anew; `once` is how one time of a series differs (`more` says which)."""
        now = SystemClock().now()
        ics = event.ics(now)
        if once is not None:
            other = once.ics(now)
            begin, end = other.index("BEGIN:VEVENT"), other.index("END:VCALENDAR")
            ics = ics.replace("END:VCALENDAR", other[begin:end] + "END:VCALENDAR")
        await self.put_text(event.uid, ics, slug)

    async def put_text(self, uid: str, ics: str, slug: str = "work") -> None:
        """Write a calendar object as it stands."""
        await self._act("PUT", _file(slug, uid), ics, {"Content-Type": "text/calendar; charset=utf-8"})

    async def delete(self, uid: str, slug: str = "work") -> None:
        """Delete an event."""
        await self._act("DELETE", _file(slug, uid))

    async def get(self, uid: str, slug: str = "work") -> str:
        """An event as the server holds it."""
        return await self._act("GET", _file(slug, uid), "")

    async def replace(self, ics: str, slug: str = "work") -> None:
        """Let the calendar hold these events and no others, in one request."""
        await self._act("PUT", f"{slug}/", ics, {"Content-Type": "text/calendar; charset=utf-8"})

    async def text(self, uid: str, slug: str = "work") -> str:
        """What stands on the server, its lines unfolded."""
        return (await self._act("GET", _file(slug, uid))).replace("\r\n ", "")

    async def files(self, slug: str = "work") -> str:
        """What the server says of a calendar, to see that it was left alone."""
        return await self._act("PROPFIND", f"{slug}/", "", {"Depth": "1"})

    async def _act(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> str:
        auth = {"Authorization": aiohttp.encode_basic_auth(self.login, self.password, "utf-8")}
        url = f"{self.url}/{self.login}/{path}"
        async with self.session.request(
            method, url, data=body.encode(), headers=auth | (headers or {})
        ) as answer:
            answer.raise_for_status()
            return await answer.text()


class CalendarServer:
    """One Radicale; accounts come and change their passwords while it runs."""

    def __init__(self, folder: Path, session: aiohttp.ClientSession) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._session = session
        self._passwords: dict[str, str] = {}
        self._radicale = Radicale(folder, self._passwords)

    @property
    def url(self) -> str:
        return self._radicale.url

    async def start(self) -> None:
        """Start it, again on the same port and with the same calendars."""
        await self._radicale.start()

    async def stop(self) -> None:
        """Be unreachable."""
        await self._radicale.stop()

    async def open(self, *calendars: tuple[str, str], events: Iterable[SampleEvent] = ()) -> Diary:
        """A new account with calendars, by default one; the events go into the first.

        Something of last week is always there: a calendar that is suddenly empty is looked at twice before it
        is believed, and no test wants to wait for that.
        """
        calendars = calendars or (("work", "Работа"),)
        tail = secrets.token_hex(4)
        diary = Diary(self.url, f"diary{tail}", f"geheim-{secrets.token_hex(8)}", self._session)
        self.set_password(diary, diary.password)
        for slug, name in calendars:
            await diary.make_calendar(slug, name)
        past = meeting("Прошлое", SystemClock().now() - timedelta(days=7))
        for event in (past, *events):
            await diary.put(event, calendars[0][0])
        return diary

    def set_password(self, diary: Diary, password: str) -> None:
        """Change the password of an account, on the server and for the person who knows it."""
        diary.password = self._passwords[diary.login] = password
        lines = [f"{login}:{known}\n" for login, known in self._passwords.items()]
        (self._folder / "users").write_text("".join(lines))


@contextlib.asynccontextmanager
async def calendar_server(folder: Path) -> AsyncIterator[CalendarServer]:
    """A calendar server that runs."""
    async with aiohttp.ClientSession() as session:
        server = CalendarServer(folder, session)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


def meeting(
    title: str,
    start: datetime,
    minutes: float = 30,
    *,
    uid: str = "",
    place: str = "",
    description: str = "",
    rule: str = "",
    more: tuple[str, ...] = (),
) -> SampleEvent:
    """An event with a UID of its own unless one is given; the start is cut to whole seconds."""
    uid = uid or f"{secrets.token_hex(6)}@tests"
    length = timedelta(minutes=minutes)
    return SampleEvent(uid, title, start.replace(microsecond=0), length, place, description, rule, more)


def _file(slug: str, uid: str) -> str:
    return f"{slug}/{uid.partition('@')[0]}.ics"
