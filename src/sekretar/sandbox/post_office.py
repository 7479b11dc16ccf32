"""The mail of the demo: a mailbox that is read by IMAP, and a server that takes letters from the desk.

The mailbox is pymap, a process of its own that keeps nothing; letters out are taken by aiosmtpd. What the desk sends
to itself comes into its mailbox, and a contractor who is written to answers, as contractors do.
"""

from __future__ import annotations

import asyncio
import imaplib
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from importlib.util import find_spec
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import ConfigurationError
from sekretar.sandbox import child
from sekretar.sandbox.ports import free_port

#: It has a command, but no module that can be run.
_PROGRAM = ("-c", "import sys; from pymap.main import main; sys.exit(main())")
_START_TRIES = 200
_PAUSE_SECONDS = 0.05


class PostOffice:
    """One mailbox and its way out.

    Args:
        folder: where the log goes.
        address: of the mailbox; also its user name.
        answers: what somebody answers who is written to, by address in small letters.
    """

    def __init__(
        self, folder: Path, address: str, password: str, answers: dict[str, str], clock: Clock
    ) -> None:
        self._log = folder / "mailbox.log"
        self._address, self._password = address, password
        self._answers = answers
        self._clock = clock
        self.imap_port, self.smtp_port = free_port(), 0
        self._mailbox: asyncio.subprocess.Process | None = None
        self._server: asyncio.Server | None = None
        self._delivering: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start both and wait until the mailbox answers.

        Raises:
            ConfigurationError: the mailbox is not installed, or it ended at once.
        """
        if find_spec("pymap") is None:
            raise ConfigurationError(
                "The demo's mailbox is not installed.",
                "Run `make demo`, which installs it, or `pip install 'sekretar[demo]'`.",
            )
        service = ("--host", "127.0.0.1", "--port", str(self.imap_port))
        without = ("--no-service", "managesieve", "--no-service", "admin")
        account = ("dict", "--demo-user", self._address, "--demo-password", self._password)
        self._mailbox = await child.start((*_PROGRAM, *service, *without, *account), self._log)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="demo"), "127.0.0.1", 0)
        self.smtp_port = self._server.sockets[0].getsockname()[1]
        await self._until_it_answers(self._mailbox)

    async def stop(self) -> None:
        """End both."""
        if self._server is not None:
            self._server.close()
        for task in self._delivering:
            task.cancel()
        process, self._mailbox = self._mailbox, None
        await child.stop(process)

    async def deliver(self, letter: bytes) -> None:
        """Have a letter arrive in the mailbox."""
        await asyncio.to_thread(self._append, letter)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a letter from the desk (called by aiosmtpd)."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        for recipient in envelope.rcpt_tos:
            if recipient.casefold() == self._address:
                self._later(content)
            elif answer := self._answers.get(recipient.casefold()):
                self._later(self._answer(content, recipient, answer))
        return "250 taken"

    def _later(self, letter: bytes) -> None:
        task = asyncio.create_task(self.deliver(letter))
        self._delivering.add(task)
        task.add_done_callback(self._delivering.discard)

    def _answer(self, content: bytes, sender: str, text: str) -> bytes:
        asked = message_from_bytes(content, policy=policy.default)
        answer = EmailMessage()
        answer["From"], answer["To"] = sender, self._address
        answer["Subject"] = f"Re: {asked['Subject']}"
        answer["In-Reply-To"] = str(asked["Message-ID"])
        answer["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
        answer["Date"] = format_datetime(self._clock.now())
        answer.set_content(text)
        return answer.as_bytes()

    def _append(self, letter: bytes) -> None:
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=10) as session:
            session.login(self._address, self._password)
            session.append("INBOX", "", "", letter)

    async def _until_it_answers(self, process: asyncio.subprocess.Process) -> None:
        for _ in range(_START_TRIES):
            if process.returncode is not None:
                break
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.imap_port)
            except OSError:
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            writer.close()
            return
        await self.stop()
        raise ConfigurationError(
            f"The demo's mailbox did not start: {child.last_words(self._log)}",
            "Look into the log named mailbox.log.",
        )
