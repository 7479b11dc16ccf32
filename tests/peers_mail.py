"""A real Dovecot of our own: IMAP and LMTP on loopback, private and rootless, with Maildir; and a lossy line to it.

Dovecot refuses to serve mail as root, so as root it is started as `nobody`, who is then given its directory. That is
not one of pytest's: the longest socket below it is `run/token-login/imap-urlauth`, and the path of a socket may have
107 bytes.
"""

from __future__ import annotations

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imap_tools import imap_utf7
from tests import peers

DOVECOT = Path("/usr/sbin/dovecot")
_LIBRARY = Path("/usr/lib/dovecot")
#: Where `scripts/peers` unpacks the part for IMAP, which Debian does not install beside Cyrus.
_UNPACKED = Path("/usr/local/lib/sekretar-tests/usr/lib/dovecot")
_IMAP = _LIBRARY if (_LIBRARY / "imap").exists() else _UNPACKED
_PROGRAMS = (DOVECOT, _LIBRARY / "lmtp", _IMAP / "imap", _IMAP / "imap-login")

DESK = "desk@example.test"
PASSWORD = "Correct-horse-1"

_PATIENCE = 10.0


def installed() -> bool:
    """Whether the packages are there."""
    return all(program.exists() for program in _PROGRAMS)


def require_dovecot() -> None:
    """Skip the test where the packages are missing; in CI, fail it."""
    if not installed():
        peers.missing("Dovecot", "install the packages dovecot-imapd and dovecot-lmtpd")


@dataclass
class Dovecot:
    """A running server. Accounts are made by delivering to them or signing in: every address exists."""

    root: Path
    imap_port: int
    imaps_port: int
    lmtp_port: int
    certificate: Path
    process: subprocess.Popen[bytes] | None = None

    def deliver(self, *letters: bytes, to: str = DESK) -> None:
        """Have letters arrive as from outside."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port, timeout=_PATIENCE) as line:
            for letter in letters:
                line.sendmail("sender@elsewhere.test", [to], letter)

    @contextlib.contextmanager
    def person(self, address: str = DESK) -> Iterator[imaplib.IMAP4]:
        """Somebody who has the mailbox open in a mail program."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=_PATIENCE) as session:
            session.login(address, PASSWORD)
            yield session

    def append(
        self, folder: str, letter: bytes, address: str = DESK, when: datetime | None = None, flags: str = ""
    ) -> None:
        """Put a letter into a folder, as mail programs do with what was sent."""
        with self.person(address) as session:
            moment = imaplib.Time2Internaldate(when) if when else ""
            done, said = session.append(wire_name(folder), flags, moment, letter)
            assert done == "OK", said

    def make_folder(self, folder: str, address: str = DESK) -> None:
        with self.person(address) as session:
            done, said = session.create(wire_name(folder))
            assert done == "OK", said

    def flags(self, address: str = DESK, folder: str = "INBOX") -> list[bytes]:
        """The flags of each letter, as the server tells them."""
        with self.person(address) as session:
            session.select(wire_name(folder), readonly=True)
            _, found = session.fetch("1:*", "(FLAGS)")
        return [each for each in found if isinstance(each, bytes)]

    def renumber(self, address: str = DESK, folder: str = "INBOX") -> None:
        """Have the folder numbered anew, as after a restored backup: another UIDVALIDITY, and UIDs from 1."""
        home = self.root / "mail" / address / "Maildir"
        place = home if folder == "INBOX" else home / f".{folder}"
        for name in ("dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.cache"):
            (place / name).unlink(missing_ok=True)
        # Within the same second it would take the same number again.
        (home / "dovecot-uidvalidity").unlink(missing_ok=True)
        for counter in home.glob("dovecot-uidvalidity.*"):
            number = int(counter.suffix[1:], 16)
            counter.rename(counter.with_suffix(f".{number + 1_000:08x}"))

    def start(self) -> None:
        self.process = subprocess.Popen(
            [DOVECOT, "-F", "-c", self.root / "dovecot.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user=_user().pw_name if os.geteuid() == 0 else None,
            group=_user().pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )
        until = time.monotonic() + _PATIENCE
        for port in (self.imap_port, self.lmtp_port):
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"Dovecot did not start: {self._log()}")
                time.sleep(0.02)

    def stop(self) -> None:
        """End it and every process of it; connections break off."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_PATIENCE)
        self.process = None

    def _log(self) -> str:
        log = self.root / "dovecot.log"
        return log.read_text("utf-8", "replace")[-2000:] if log.exists() else "no log"


def wire_name(folder: str) -> str:
    """The name of a folder as IMAP writes it, in quotes."""
    return f'"{imap_utf7.utf7_encode(folder).decode("ascii")}"'


@contextlib.contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """A server with everything of it in a directory of its own."""
    root = Path(tempfile.mkdtemp(prefix="sekretar-dovecot-"))
    imap_port, imaps_port, lmtp_port = _free_ports(3)
    server = Dovecot(root, imap_port, imaps_port, lmtp_port, root / "certificate.pem")
    try:
        _certificate(server)
        for folder in ("run", "state", "mail"):
            (root / folder).mkdir()
        (root / "dovecot.conf").write_text(_configuration(server), "utf-8")
        root.chmod(0o755)
        if os.geteuid() == 0:
            for path in (root, *root.rglob("*")):
                os.chown(path, _user().pw_uid, _user().pw_gid)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)


def _user() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _certificate(server: Dovecot) -> None:
    """A certificate for `localhost`, and not for any other name."""
    made = f"-keyout {server.root}/key.pem -out {server.certificate} -days 2"
    whose = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    command = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes {made} {whose}"
    subprocess.run(command.split(), check=True, capture_output=True)


def _services() -> str:
    """Where the programs for IMAP are; their names are those of the services."""
    names = (
        "imap",
        "imap-login",
        "imap-hibernate",
        "imap-urlauth",
        "imap-urlauth-login",
        "imap-urlauth-worker",
    )
    return "".join(f"service {name} {{\n  executable = {_IMAP}/{name}\n}}\n" for name in names)


def _configuration(server: Dovecot) -> str:
    user = _user()
    name, group = user.pw_name, grp.getgrgid(user.pw_gid).gr_name
    root = server.root
    return f"""
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{server.certificate}
ssl_key = <{root}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {name}
default_internal_group = {group}
default_login_user = {name}
mail_home = {root}/mail/%u
mail_location = maildir:~/Maildir
mail_uid = {name}
mail_gid = {group}
mail_max_userip_connections = 100
first_valid_uid = 1
first_valid_gid = 1
mailbox_list_index = yes
imap_idle_notify_interval = 30s
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={name} gid={group} home={root}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
}}
service anvil {{
  chroot =
  # Whoever has been refused is not kept waiting the next time.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{_services()}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {server.imap_port}
  }}
  inet_listener imaps {{
    port = {server.imaps_port}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {server.lmtp_port}
  }}
}}
service stats {{
  chroot =
}}
"""


def _free_ports(count: int) -> Sequence[int]:
    with contextlib.ExitStack() as probes:
        found = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in found:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in found]


# --- a line that breaks -----------------------------------------------------------------------------------


class Line:
    """A TCP line to a server that can be cut, or go dead without a word as behind a router that was switched off."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        #: What the client has said, so that a test can wait for a moment.
        self.said = bytearray()
        #: Bytes that the server has said.
        self.heard = 0
        self.connections = 0
        #: Connections are cut when the server has said so many bytes; None for never.
        self.breaks_after: int | None = None
        self.breaks = 0
        #: What happens once, just before the client's next command with this word reaches the server.
        self.before: dict[bytes, Callable[[], None]] = {}
        self._last_dead = 0
        self.closed = False
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    def go_dead(self) -> None:
        """From now on nothing is carried over the connections that are open, and nobody is told."""
        self._last_dead = self.connections

    def cut(self) -> None:
        """Hang up on everybody."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def close(self) -> None:
        self.closed = True
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self.closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._target), _PATIENCE)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs.append((client, server))
            for pair in ((client, server), (server, client)):
                threading.Thread(
                    target=self._carry, args=(*pair, self.connections, pair[0] is client), daemon=True
                ).start()

    def _carry(self, source: socket.socket, target: socket.socket, number: int, from_client: bool) -> None:
        carried = 0
        try:
            while piece := source.recv(65_536):
                if number <= self._last_dead:
                    continue
                if from_client:
                    for word in [word for word in self.before if word in piece]:
                        self.before.pop(word)()
                    self.said += piece
                else:
                    self.heard += len(piece)
                    carried += len(piece)
                if self.breaks_after is not None and carried > self.breaks_after:
                    target.sendall(piece[: self.breaks_after - carried])
                    self.breaks += 1
                    return
                target.sendall(piece)
        except OSError:
            pass
        finally:
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()


@contextlib.contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to this port of the machine."""
    line = Line(port)
    try:
        yield line
    finally:
        line.close()


def trust_in(server: Dovecot) -> ssl.SSLContext:
    """A client that knows the certificate of this server."""
    return ssl.create_default_context(cafile=str(server.certificate))
