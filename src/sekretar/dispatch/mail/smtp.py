"""Handing letters to a mail server: one connection per mailbox, an answer for every recipient.

A mail server answers recipient by recipient, and so does `Postman.post`: accepted, refused for good (5xx), or to be
tried again (4xx). A letter that some were refused is neither sent nor failed. What cannot be told apart by answers
is an error: the server is away (`PeerDown`), or does not accept the login (`PeerRefused`).

When the connection breaks after the text was sent, nobody knows whether the server has taken the letter. That is
`PeerDown` too: the caller sends the same bytes again, and the same Message-ID lets the recipients see one letter.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from sekretar.dispatch.mail.wire import wire_address
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.errors import PeerDown, PeerInvalid, PeerRefused
from sekretar.kernel.text import clean, truncate

#: How long the server may take for one answer, in seconds; for the text, which may be large and is looked through for
#: viruses first, its way there included.
_PATIENCE: Final = 20.0
_PATIENCE_FOR_TEXT: Final = 110.0
#: How long a connection is kept for the next letter, in seconds.
_KEPT_OPEN: Final = 20.0
#: "Log in first" and "the login is not accepted": about the account, not about the letter.
_ABOUT_THE_LOGIN = frozenset({530, 534, 535, 538})
_LONGEST_REPLY = 300


@dataclass(frozen=True)
class Envelope:
    """To whom a letter goes and who hears of its fate, whatever its headers say."""

    #: Empty: nobody is to be told when it cannot be delivered (RFC 5321, 4.5.5).
    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class Reply:
    """What the server said about a recipient."""

    code: int
    text: str

    @property
    def is_final(self) -> bool:
        """Whether asking again is pointless."""
        return self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


@dataclass(frozen=True)
class Posted:
    """What became of a letter, by recipient."""

    accepted: tuple[str, ...] = ()
    #: For good.
    refused: Mapping[str, Reply] = field(default_factory=dict)
    #: Not now.
    later: Mapping[str, Reply] = field(default_factory=dict)


class LetterTooLarge(PeerInvalid):
    """The letter is larger than the server takes. `limit` is in bytes."""

    def __init__(self, peer: str, size: int, limit: int) -> None:
        super().__init__(peer, f"{size} bytes are more than the {limit} that it takes")
        self.limit = limit


class Postman:
    """Brings the letters of one mailbox to its server, one after the other, over one connection.

    Args:
        tls: whom to trust; what the machine trusts unless given.
    """

    def __init__(self, mailbox: MailboxSettings, *, tls: ssl.SSLContext | None = None) -> None:
        self._mailbox = mailbox
        self._tls = tls
        self._turn = asyncio.Lock()
        self._client: SMTP | None = None
        self._closing: asyncio.TimerHandle | None = None

    async def post(self, envelope: Envelope, letter: bytes) -> Posted:
        """Hand the letter over.

        Raises:
            PeerDown: no answer, or a broken one (nothing is known of the letter's fate), or no protection of the
                kind that is set.
            PeerRefused: the login is not accepted, or no longer.
            LetterTooLarge: nothing was sent, and a smaller letter may be.
        """
        async with self._connected() as client:
            limit = _size_limit(client)
            if not 0 < limit < len(letter):
                return await self._hand_over(client, envelope, letter)
        raise LetterTooLarge(self._mailbox.address, len(letter), limit)

    async def examine(self) -> int:
        """Connect and log in, and send nothing; returns the largest letter that the server takes, in bytes, 0 where
        it does not say.

        Raises:
            PeerDown, PeerRefused: as for `post`.
        """
        async with self._connected() as client:
            await client.noop()
            return _size_limit(client)

    async def close(self) -> None:
        """Say goodbye. Letters may still be posted afterwards, over a new connection."""
        async with self._turn:
            client, self._client = self._client, None
            self._keep_for(None)
            if client is not None:
                with contextlib.suppress(SMTPException, OSError):
                    await client.quit(timeout=1)
                client.close()

    # The connection

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[SMTP]:
        """A client that is logged in. Whatever goes wrong meanwhile ends the connection."""
        async with self._turn:
            self._keep_for(None)
            try:
                with _as_peer_errors(self._mailbox.address):
                    self._client = await self._still_connected() or await self._connect()
                    yield self._client
            except BaseException:
                # In the middle of a letter nobody knows what the next word would mean to the server.
                self._drop()
                raise
            self._keep_for(_KEPT_OPEN)

    async def _still_connected(self) -> SMTP | None:
        client = self._client
        if client is None:
            return None
        try:
            await client.noop()
        except (SMTPException, OSError):
            # It was idle for a while, and servers end that as they like.
            self._drop()
            return None
        return client

    async def _connect(self) -> SMTP:
        box = self._mailbox
        host, port = box.smtp_address
        client = SMTP(
            hostname=host,
            port=port,
            username=box.login if box.smtp_login else None,
            password=box.password.get_secret_value() if box.smtp_login else None,
            local_hostname=wire_address(box.address).rpartition("@")[2],
            timeout=_PATIENCE,
            use_tls=box.smtp_security == "tls",
            start_tls=box.smtp_security == "starttls",
            tls_context=None if box.smtp_security == "plain" else self._tls,
        )
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            # What the server says here is the limit for letters too.
            await client.ehlo()
        return client

    def _keep_for(self, seconds: float | None) -> None:
        if self._closing is not None:
            self._closing.cancel()
        later = asyncio.get_running_loop().call_later
        self._closing = later(seconds, self._drop) if seconds else None

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    # One letter

    async def _hand_over(self, client: SMTP, envelope: Envelope, letter: bytes) -> Posted:
        reply = await self._begin(client, envelope.sender, len(letter))
        if reply is not None:
            await client.rset()
            return _sorted_out(envelope.recipients, dict.fromkeys(envelope.recipients, reply))
        replies = await _name_recipients(client, envelope.recipients)
        named = [recipient for recipient in envelope.recipients if recipient not in replies]
        reply = await _send_text(client, letter) if named else None
        if reply is not None:
            replies |= dict.fromkeys(named, reply)
        if len(replies) == len(envelope.recipients):
            await client.rset()
        return _sorted_out(envelope.recipients, replies)

    async def _begin(self, client: SMTP, sender: str, size: int) -> Reply | None:
        """Name the sender; returns the refusal, if it is one."""
        options = [f"SIZE={size}"] if client.supports_extension("size") else []
        try:
            await client.mail(sender and wire_address(sender), options=options)
        except SMTPSenderRefused as error:
            reply = _reply(error)
        else:
            return None
        if sender or not reply.is_final:
            return reply
        # Some providers let an account send under its own address only, never under none.
        return await self._begin(client, self._mailbox.address, size)


def _size_limit(client: SMTP) -> int:
    """The largest letter that the server takes, in bytes; 0 where it does not say."""
    given = client.esmtp_extensions.get("size", "")
    return int(given) if given.isdecimal() else 0


async def _name_recipients(client: SMTP, recipients: Sequence[str]) -> dict[str, Reply]:
    """Those who were not accepted, and why."""
    replies = {}
    for recipient in recipients:
        try:
            await client.rcpt(wire_address(recipient))
        except SMTPRecipientRefused as error:
            replies[recipient] = _reply(error)
        except ValueError:
            replies[recipient] = Reply(553, "5.1.3 Bad destination mailbox address syntax")
    return replies


async def _send_text(client: SMTP, letter: bytes) -> Reply | None:
    """Send the letter itself; returns the refusal, if it is one."""
    try:
        await client.data(letter, timeout=_PATIENCE_FOR_TEXT)
    except SMTPDataError as error:
        return _reply(error)
    return None


def _sorted_out(recipients: Sequence[str], replies: Mapping[str, Reply]) -> Posted:
    return Posted(
        tuple(recipient for recipient in recipients if recipient not in replies),
        {recipient: reply for recipient, reply in replies.items() if reply.is_final},
        {recipient: reply for recipient, reply in replies.items() if not reply.is_final},
    )


def _reply(error: SMTPResponseException) -> Reply:
    """The answer, unless it is about us: then it says nothing of the recipient."""
    if error.code in _ABOUT_THE_LOGIN or error.code == 421:
        raise error
    text = " ".join(clean(str(error.message)).split())
    return Reply(error.code, truncate(text, _LONGEST_REPLY))


@contextlib.contextmanager
def _as_peer_errors(peer: str) -> Iterator[None]:
    try:
        yield
    except SMTPResponseException as error:
        login = isinstance(error, SMTPAuthenticationError) and error.code >= 500
        kind = PeerRefused if login or error.code in _ABOUT_THE_LOGIN else PeerDown
        raise kind(peer, f"{error.code} {error.message}") from error
    except (SMTPException, OSError) as error:
        # OSError is also what a certificate that nobody trusts and a name that nobody knows raise.
        raise PeerDown(peer, str(error) or type(error).__name__) from error
