"""The outside world as a mail server sees it: aiosmtpd, which takes letters, and refuses them when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import warnings
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from sekretar.dispatch.settings import MailboxSettings

USER, PASSWORD = "desk@example.test", "correct"


@dataclass(frozen=True)
class Taken:
    """A letter that arrived."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class OutsideWorld:
    """A mail server on the loop of the test. Everything it may be told can be changed while it runs."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    #: What is answered to a recipient (`550 5.1.1 …`), always.
    answers: dict[str, str] = field(default_factory=dict)
    #: What is answered to the sender.
    sender_answers: dict[str, str] = field(default_factory=dict)
    #: What is answered to the next letters after their text, one after the other; `cut` ends the connection when the
    #: letter has been taken, `lose` before.
    text_answers: list[str] = field(default_factory=list)
    connections: int = 0
    #: How often each command came.
    commands: Counter[str] = field(default_factory=Counter)
    _transports: set[asyncio.BaseTransport] = field(default_factory=set)

    def mailbox(self, **changes: Any) -> MailboxSettings:
        """A mailbox that sends through this server."""
        values: dict[str, Any] = {
            "address": USER,
            "password": SecretStr(PASSWORD),
            "imap_host": "imap.example.test",
            "smtp_host": "127.0.0.1",
            "smtp_port": self.port,
            "smtp_security": "plain",
        }
        return MailboxSettings.model_validate(values | changes)

    def hang_up(self) -> None:
        """End every connection, as a server does that restarts."""
        for transport in list(self._transports):
            assert isinstance(transport, asyncio.Transport)
            transport.abort()

    # What aiosmtpd calls

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands["MAIL"] += 1
        address = "" if address == "<>" else address
        if answer := self.sender_answers.get(address):
            return answer
        envelope.mail_from = address or "<>"
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands["RCPT"] += 1
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.text_answers.pop(0) if self.text_answers else "250 taken"
        if answer.startswith(("250", "cut")):
            assert isinstance(envelope.content, bytes)
            self.taken.append(
                Taken((envelope.mail_from or "").strip("<>"), tuple(envelope.rcpt_tos), envelope.content)
            )
        if answer in ("cut", "lose"):
            self.hang_up()
            return "421 gone"
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.commands["AUTH"] += 1
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=known, handled=False)


class _Connection(SMTP):
    def __init__(self, world: OutsideWorld, **options: Any) -> None:
        with warnings.catch_warnings():
            # It warns of passwords over connections that are not protected; here they never leave the machine.
            warnings.simplefilter("ignore", UserWarning)
            super().__init__(world, authenticator=world.authenticate, hostname="mx.example.test", **options)
        self._world = world

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._world.connections += 1
        self._world._transports.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._world._transports.discard(self.transport)
        super().connection_lost(error)


@contextlib.asynccontextmanager
async def outside_world(
    *,
    size: int | None = None,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    login: bool = True,
) -> AsyncIterator[OutsideWorld]:
    """A mail server that runs until the end of the block.

    Args:
        size: the largest letter it takes, in bytes; None: it does not say.
    """
    world = OutsideWorld()
    options: dict[str, Any] = {
        "data_size_limit": size,
        "auth_required": login,
        "auth_require_tls": False,
        "tls_context": starttls,
        "require_starttls": starttls is not None,
    }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(world, **options), "127.0.0.1", 0, ssl=tls)
    world.port = server.sockets[0].getsockname()[1]
    try:
        yield world
    finally:
        server.close()
        world.hang_up()
        await server.wait_closed()
