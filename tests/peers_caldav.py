"""Real calendar servers as child processes: Radicale and Xandikos on loopback, with anna and boris in them.

Radicale is GPL and runs only as a process of its own; nothing of it is imported. Xandikos refuses passwords
over plain HTTP, so it speaks TLS with a certificate of its own, which is a useful difference between the two.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import aiohttp

#: Login and password of everybody on the servers; one password is not ASCII.
PEOPLE = MappingProxyType({"anna": "anna's password", "boris": "пароль:бориса"})

_START_SECONDS = 60


@dataclass(frozen=True)
class CalDavServer:
    """A running server."""

    name: str
    base_url: str
    #: Where a person's calendars are; `{login}` is filled in.
    home: str
    ca_file: Path | None = None

    def home_url(self, login: str) -> str:
        """The address of the collection that holds the calendars."""
        return self.base_url.rstrip("/") + self.home.format(login=login)

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A session that trusts this server's certificate and keeps no cookies."""
        trust = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        connector = aiohttp.TCPConnector(ssl=trust) if trust else aiohttp.TCPConnector()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield session

    async def make_calendar(self, login: str, slug: str, name: str) -> str:
        """Create a calendar from outside; returns its address."""
        url = f"{self.home_url(login)}{slug}/"
        body = (
            '<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>'
            f"<d:displayname>{name}</d:displayname></d:prop></d:set></c:mkcalendar>"
        )
        await self._act("MKCALENDAR", login, url, body, {"Content-Type": "application/xml"})
        return url

    async def put_event(self, login: str, calendar_url: str, file: str, ics: str) -> None:
        """Write an event the way another program would."""
        await self._act("PUT", login, calendar_url + file, ics, {"Content-Type": "text/calendar"})

    async def delete(self, login: str, url: str) -> None:
        """Delete an event or a calendar the way another program would."""
        await self._act("DELETE", login, url, "", {})

    async def _act(self, method: str, login: str, url: str, body: str, headers: dict[str, str]) -> None:
        pair = base64.b64encode(f"{login}:{PEOPLE[login]}".encode()).decode()
        sent = {"Authorization": f"Basic {pair}", **headers}
        async with (
            self.session() as session,
            session.request(method, url, data=body.encode(), headers=sent) as response,
        ):
            if response.status >= 300:
                raise AssertionError(f"{method} {url}: {response.status} {await response.text()}")


def event_ics(
    uid: str,
    start: str = "20260305T100000Z",
    end: str = "20260305T110000Z",
    summary: str = "Meeting",
    *extra: str,
) -> str:
    """The text of a small event; `extra` are further lines of it."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//tests//EN",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART:{start}",
        f"DTEND:{end}",
        f"SUMMARY:{summary}",
        *extra,
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(lines)


@contextlib.contextmanager
def running_radicale(root: Path) -> Iterator[CalDavServer]:
    """Radicale with its data below `root`."""
    users = root / "users"
    users.write_text("".join(f"{login}:{password}\n" for login, password in PEOPLE.items()), "utf-8")
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "radicale",
        "--config",
        "",
        f"--hosts=127.0.0.1:{port}",
        "--auth-type=htpasswd",
        f"--auth-htpasswd-filename={users}",
        "--auth-htpasswd-encryption=plain",
        "--auth-delay=0",
        f"--storage-filesystem-folder={root / 'collections'}",
        "--logging-level=warning",
    ]
    with _running(command, port, root / "log"):
        yield CalDavServer("radicale", f"http://127.0.0.1:{port}/", "/{login}/")


@contextlib.contextmanager
def running_xandikos(root: Path) -> Iterator[CalDavServer]:
    """Xandikos for several users with its data below `root`."""
    users, state = root / "users", root / "state"
    users.write_text("".join(f"{login}:{_sha(password)}\n" for login, password in PEOPLE.items()), "utf-8")
    (root / "collections").mkdir()
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "xandikos",
        "multi-user",
        f"--directory={root / 'collections'}",
        f"--state-dir={state}",
        "--defaults",
        "--autocert",
        f"--htpasswd={users}",
        "--listen-address=localhost",
        f"--port={port}",
        "--no-detect-systemd",
    ]
    with _running(command, port, root / "log"):
        certificate = state / "certs" / "selfsigned.crt"
        yield CalDavServer("xandikos", f"https://localhost:{port}/", "/{login}/calendars/", certificate)


def _sha(password: str) -> str:
    digest = hashlib.sha1(password.encode()).digest()
    return "{SHA}" + base64.b64encode(digest).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    if shutil.which(command[0]) is None:
        raise AssertionError(f"no {command[0]}")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            _wait_for(port, process, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"{process.args} did not start: {log.read_text(errors='replace')[-2000:]}")
