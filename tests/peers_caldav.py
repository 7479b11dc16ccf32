"""Real calendar servers as child processes on loopback, with anna and boris in them.

Radicale is GPL and runs only as a process of its own; nothing of it is imported. Xandikos refuses passwords
over plain HTTP, so it speaks TLS with a certificate of its own, which is a useful difference between the two.
Cyrus and DAViCal are Debian's, and both know scheduling (RFC 6638): one is a mail server in C that keeps calendars
in mailboxes, the other is PHP on PostgreSQL.
"""

from __future__ import annotations

import base64
import contextlib
import getpass
import hashlib
import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

import aiohttp
from tests.peers import postgresql_binaries, private_postgresql

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
    #: sync-collection is answered whatever the token is.
    takes_any_token: bool = False
    #: Hangs up on whoever wants TLS, instead of answering something else.
    hangs_up: bool = False

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
def running_radicale(root: Path, rights: str = "owner_only") -> Iterator[CalDavServer]:
    """Radicale with its data below `root`; with the rights `authenticated` all see the calendars of all."""
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
        f"--rights-type={rights}",
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


#: Where Debian keeps the programs of Cyrus.
_CYRUS = Path("/usr/lib/cyrus/bin")
_SASLPASSWD = "/usr/sbin/saslpasswd2"
_CYRUS_ADMIN = "admin"


@contextlib.contextmanager
def running_cyrus(_root: Path) -> Iterator[CalDavServer]:
    """Cyrus with everything it has in a directory of its own, under the user that runs the tests."""
    # Cyrus refuses to run as root, and its user may not enter the directories of pytest.
    account = pwd.getpwnam("cyrus" if os.geteuid() == 0 else getpass.getuser())
    root = Path(tempfile.mkdtemp(prefix="sekretar-cyrus-"))
    http, imap = _free_port(), _free_port()
    try:
        _configure_cyrus(root, account, http, imap)
        command = [
            str(_CYRUS / "master"), "-D", "-C", str(root / "imapd.conf"), "-M", str(root / "cyrus.conf"),
            "-p", str(root / "pid"),
        ]  # fmt: skip
        with _running(command, imap, root / "log", account if os.geteuid() == 0 else None):
            _make_mailboxes(imap)
            yield CalDavServer("cyrus", f"http://127.0.0.1:{http}/", "/dav/calendars/user/{login}/")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _configure_cyrus(root: Path, account: pwd.struct_passwd, http: int, imap: int) -> None:
    settings = {
        "configdirectory": root / "conf",
        "defaultpartition": "default",
        "partition-default": root / "spool",
        "cyrus_user": account.pw_name,
        "admins": _CYRUS_ADMIN,
        "servername": "localhost",
        "sasl_pwcheck_method": "auxprop",
        "sasl_auxprop_plugin": "sasldb",
        "sasl_sasldb_path": root / "passwords",
        "sasl_mech_list": "PLAIN",
        "allowplaintext": "yes",
        "httpmodules": "caldav",
        # A name in the box of what was deleted ends with the second; two tests may need the same one.
        "delete_mode": "immediate",
        "altnamespace": "no",
        "unixhierarchysep": "no",
        "virtdomains": "off",
        "caldav_create_attach": "no",
        "calendar_user_address_set": "example.com",
    }
    lines = "".join(f"{name}: {value}\n" for name, value in settings.items())
    (root / "imapd.conf").write_text(lines, "utf-8")
    services = "".join(
        f'  {name} cmd="{_CYRUS / program} -C {root}/imapd.conf" listen="127.0.0.1:{port}" prefork=1\n'
        for name, program, port in (("imap", "imapd", imap), ("http", "httpd", http))
    )
    (root / "cyrus.conf").write_text(f"START {{\n}}\nSERVICES {{\n{services}}}\n", "utf-8")
    for directory in ("conf", "conf/db", "conf/lock", "conf/log", "conf/proc", "conf/socket", "spool"):
        (root / directory).mkdir()
    for login, password in {_CYRUS_ADMIN: _CYRUS_ADMIN, **PEOPLE}.items():
        command = [_SASLPASSWD, "-p", "-c", "-f", str(root / "passwords"), "-u", "localhost", login]
        subprocess.run(command, input=password.encode(), check=True, capture_output=True)
    for path in (root, *root.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)


def _make_mailboxes(port: int) -> None:
    """Whoever has no mailbox has no calendars either."""
    with imaplib.IMAP4("127.0.0.1", port) as imap:
        imap.login(_CYRUS_ADMIN, _CYRUS_ADMIN)
        for login in PEOPLE:
            answer, said = imap.create(f"user.{login}")
            assert answer == "OK", said


_DAVICAL = Path("/usr/share/davical")


@contextlib.contextmanager
def running_davical(root: Path) -> Iterator[CalDavServer]:
    """DAViCal behind the web server that PHP brings along, on a PostgreSQL of its own."""
    binaries = postgresql_binaries()
    assert binaries
    with private_postgresql(binaries) as url:
        [socket_directory] = parse_qs(urlsplit(url).query)["host"]
        # Debian's configuration names no host, so that the environment says where the database is.
        environment = {**os.environ, "PGHOST": socket_directory, "PGUSER": "postgres"}
        subprocess.run(
            [_DAVICAL / "dba/create-database.sh", "davical", "admin"],
            env=environment, check=True, capture_output=True,
        )  # fmt: skip
        command = ["psql", "--quiet", "--set", "ON_ERROR_STOP=1", "davical"]
        people = "".join(map(_davical_person, PEOPLE)).encode()
        subprocess.run(command, input=people, env=environment, check=True, capture_output=True)
        port, libraries = _free_port(), f"include_path=/usr/share/awl/inc:{_DAVICAL / 'inc'}"
        command = ["php", "-d", libraries, "-S", f"127.0.0.1:{port}", "-t", str(_DAVICAL / "htdocs")]
        del environment["PGUSER"]
        with _running(command, port, root / "log", environment=environment):
            url = f"http://127.0.0.1:{port}/caldav.php/"
            yield CalDavServer("davical", url, "/{login}/", takes_any_token=True, hangs_up=True)


def _davical_person(login: str) -> str:
    password = PEOPLE[login].replace("'", "''")
    return (
        "INSERT INTO usr (username, fullname, email, password, active) "
        f"VALUES ('{login}', '{login}', '{login}@example.com', '**{password}', true);"
        "INSERT INTO principal (type_id, user_no, displayname, default_privileges) "
        "SELECT 1, user_no, fullname, privilege_to_bits(ARRAY['read-free-busy']) "
        f"FROM usr WHERE username = '{login}';"
    )


#: How each server is started, with a directory for what it keeps.
STARTERS: Mapping[str, Callable[[Path], contextlib.AbstractContextManager[CalDavServer]]] = MappingProxyType(
    {
        "cyrus": running_cyrus,
        "davical": running_davical,
        "radicale": running_radicale,
        "xandikos": running_xandikos,
    }
)

_NEEDED = {
    "cyrus": (("/usr/lib/cyrus/bin/httpd", _SASLPASSWD), "cyrus-caldav, cyrus-imapd and sasl2-bin"),
    "davical": ((str(_DAVICAL), "/usr/bin/php"), "davical, php-cgi and postgresql"),
}


def lacking(name: str) -> str:
    """What has to be installed for a server; empty when nothing."""
    files, packages = _NEEDED.get(name, ((), ""))
    if all(Path(each).exists() for each in files) and (name != "davical" or postgresql_binaries()):
        return ""
    return f"install the packages {packages}"


def _sha(password: str) -> str:
    digest = hashlib.sha1(password.encode()).digest()
    return "{SHA}" + base64.b64encode(digest).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _running(
    command: list[str],
    port: int,
    log: Path,
    account: pwd.struct_passwd | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """The process, under another user or with another environment where one is given."""
    if shutil.which(command[0]) is None:
        raise AssertionError(f"no {command[0]}")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=[] if account else None,
            env=environment,
        )
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
