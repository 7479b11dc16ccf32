"""The wire to an IMAP server: `imaplib` with reading of its own, so that every wait has an end.

`imaplib` reads through a buffered file. Behind it nobody can see whether a line has come already, which IDLE must
know; a server that sends one byte a minute keeps it waiting for ever; and nobody can call it off. Reading from the
socket is one of the methods that it leaves to its users.
"""

from __future__ import annotations

import contextlib
import imaplib
import select
import socket
import ssl
import time
from collections.abc import Callable

from imap_tools import BaseMailBox

from sekretar.dispatch.settings import MailboxSettings

#: Seconds: to connect, and for a server to take what is sent to it.
CONNECT_SECONDS = 20.0
#: Seconds for the answer to a small command.
ANSWER_SECONDS = 60.0

_PIECE = 64 * 1024
#: Bytes; the answer to SEARCH is one line, and a mailbox may have a million letters.
_LONGEST_LINE = 20 * 1024 * 1024
#: Bytes; above what any setting lets through.
_LARGEST_LITERAL = 600 * 1024 * 1024


class CalledOff(Exception):
    """Somebody wants the connection to end."""


class Calling:
    """Calls off whatever a thread waits for; the one thing that is done to a connection from outside."""

    def __init__(self) -> None:
        self._heard, self._mouth = socket.socketpair()

    def off(self) -> None:
        """End the wait that is going on and every later one."""
        with contextlib.suppress(OSError):
            self._mouth.send(b"!")

    def close(self) -> None:
        self._mouth.close()
        self._heard.close()

    def wait_for(self, sock: socket.socket, until: float) -> bool:
        """Whether there is something to read before this moment of `time.monotonic`.

        Raises:
            CalledOff: somebody said so meanwhile.
        """
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return True
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        poll.register(self._heard, select.POLLIN)
        ready = {number for number, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)}
        if self._heard.fileno() in ready:
            raise CalledOff
        return bool(ready)


class _Reading:
    """The reading half of an `imaplib` client."""

    sock: socket.socket

    def __init__(self, calling: Calling) -> None:
        self._calling = calling
        self._held = bytearray()
        self._held_from: socket.socket | None = None
        self.answer_by = time.monotonic() + ANSWER_SECONDS

    def readline(self) -> bytes:
        held, looked_at = self._buffer(), 0
        while (end := held.find(b"\n", looked_at)) < 0:
            looked_at = len(held)
            if looked_at > _LONGEST_LINE:
                raise imaplib.IMAP4.abort("a line without end")
            if not self._fill():
                # For imaplib no bytes mean the end.
                return b""
        return self._cut(end + 1)

    def read(self, size: int) -> bytes:
        if size > _LARGEST_LITERAL:
            raise imaplib.IMAP4.abort(f"a literal of {size} bytes")
        held = self._buffer()
        while len(held) < size:
            if not self._fill():
                raise imaplib.IMAP4.abort("the connection ended in a literal")
        return self._cut(size)

    def has_something(self, until: float) -> bool:
        """Whether the server says anything before this moment of `time.monotonic`."""
        return bool(self._buffer()) or self._calling.wait_for(self.sock, until)

    def _fill(self) -> bool:
        while self._calling.wait_for(self.sock, self.answer_by):
            # A part of a TLS record can be read, and yet there is nothing in it to have.
            with contextlib.suppress(TimeoutError):
                piece = self.sock.recv(_PIECE)
                self._buffer().extend(piece)
                return bool(piece)
        raise TimeoutError("no answer in time")

    def _buffer(self) -> bytearray:
        # What came before STARTTLS may come from anybody and may not be taken for what came after it.
        if self._held_from is not self.sock:
            self._held, self._held_from = bytearray(), self.sock
        return self._held

    def _cut(self, size: int) -> bytes:
        piece = bytes(self._held[:size])
        del self._held[:size]
        return piece


class PlainClient(_Reading, imaplib.IMAP4):
    """Without TLS, or before STARTTLS."""

    def __init__(self, host: str, port: int, calling: Calling) -> None:
        _Reading.__init__(self, calling)
        imaplib.IMAP4.__init__(self, host, port, timeout=CONNECT_SECONDS)


class TlsClient(_Reading, imaplib.IMAP4_SSL):
    """TLS from the beginning."""

    def __init__(self, host: str, port: int, calling: Calling, context: ssl.SSLContext) -> None:
        _Reading.__init__(self, calling)
        imaplib.IMAP4_SSL.__init__(self, host, port, ssl_context=context, timeout=CONNECT_SECONDS)


Client = PlainClient | TlsClient


class Box(BaseMailBox):
    """A mailbox of `imap_tools` on such a wire."""

    client: Client

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        super().__init__()

    def _get_mailbox_client(self) -> Client:
        return self._make()


def connect(mailbox: MailboxSettings, calling: Calling, context: ssl.SSLContext) -> Box:
    """Connect as the settings say; nobody is signed in yet.

    Raises:
        OSError: no connection, or no TLS.
        imaplib.IMAP4.error: whoever answers is no IMAP server, or offers no STARTTLS.
    """
    host, port = mailbox.imap_address
    if mailbox.imap_security == "tls":
        box = Box(lambda: TlsClient(host, port, calling, context))
    else:
        box = Box(lambda: PlainClient(host, port, calling))
    box.client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if mailbox.imap_security == "starttls":
        try:
            box.client.starttls(context)
        except BaseException:
            # The socket may be closed already.
            with contextlib.suppress(OSError):
                box.client.shutdown()
            raise
    return box
