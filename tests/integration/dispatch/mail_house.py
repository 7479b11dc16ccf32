"""A desk with a mailbox, read as in the running product, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage

from sqlalchemy import select
from tests.acceptance.waiting import until
from tests.peers_mail import PASSWORD, Dovecot

from sekretar.dispatch.mail.mailboxes import Mailboxes, Pace
from sekretar.dispatch.mail.model import (
    ArrivalRow,
    Direction,
    FolderRow,
    LetterRow,
    LetterState,
    RawLetterRow,
)
from sekretar.dispatch.mail.trouble import Standing
from sekretar.dispatch.settings import DeskSettings, MailboxSettings
from sekretar.kernel.clock import Clock, SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.leases import Leases

DESK = "towers"

#: Nothing in a test waits for the next look at a mailbox.
PACE = Pace(poll=timedelta(seconds=0.1), idle=timedelta(seconds=20))

_numbers = itertools.count(1)


def new_address() -> str:
    """An address that no other test has."""
    return f"desk{next(_numbers)}@example.test"


def letter(subject: str, body: str = "Нет света", date: str = "Wed, 04 Mar 2026 12:00:00 +0300") -> bytes:
    """A small letter."""
    message = EmailMessage()
    message["From"] = "Анна <anna@client.test>"
    message["To"] = "desk@example.test"
    message["Subject"] = subject
    message["Date"] = date
    message["Message-ID"] = f"<{subject}@client.test>"
    message.set_content(body)
    return message.as_bytes()


def at(port: int, address: str, **more: object) -> MailboxSettings:
    """A mailbox on a server of this machine."""
    fixed = {"address": address, "password": PASSWORD, "imap_host": "localhost", "imap_port": port}
    return MailboxSettings.model_validate({"imap_security": "plain", **fixed, **more})


@dataclass
class House:
    """One desk, its mailboxes and its database."""

    database: Database
    mailboxes: tuple[MailboxSettings, ...]
    clock: Clock = field(default_factory=SystemClock)
    pace: Pace = PACE
    heard: list[Standing] = field(default_factory=list)
    reading_them: Mailboxes | None = None
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @property
    def standing(self) -> Standing:
        """How the first mailbox is."""
        assert self.reading_them is not None
        return self.reading_them.standings()[0]

    @contextlib.asynccontextmanager
    async def reading(self, leases: Leases | None = None) -> AsyncIterator[None]:
        """The mailboxes are read within this block."""
        desk = DeskSettings(name=DESK, channel="office/towers", mailboxes=self.mailboxes)
        self.reading_them = Mailboxes(self.database, self.clock, [desk], self.tls, leases, self.pace)
        self.reading_them.on_standing(self.heard.append)
        jobs = InProcessJobs(self.clock)
        self.reading_them.add_duties(jobs)
        running = asyncio.create_task(jobs.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def read_once(self) -> None:
        """From start to stop, with one look at everything between."""
        async with self.reading():
            await self.until_read()

    async def until_read(self) -> None:
        await until(lambda: self.standing.read_at, what="the first complete look")

    async def subjects(self, direction: Direction = Direction.IN) -> list[str]:
        """Subjects of the letters that wait to be understood, in their order."""
        query = (
            select(RawLetterRow.content)
            .join(LetterRow, LetterRow.id == RawLetterRow.letter_id)
            .where(LetterRow.state == LetterState.RAW, LetterRow.direction == direction)
            .order_by(LetterRow.id)
        )
        async with self.database.reading() as session:
            return [subject_of(content or b"") for content in await session.scalars(query)]

    async def until_subjects(self, *wanted: str, direction: Direction = Direction.IN) -> None:
        async def look() -> bool:
            return await self.subjects(direction) == list(wanted)

        await until(look, what=f"the letters {wanted}")

    async def rows(self) -> list[LetterRow]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(LetterRow).order_by(LetterRow.id)))

    async def folders(self) -> dict[str, FolderRow]:
        async with self.database.reading() as session:
            return {row.folder: row for row in await session.scalars(select(FolderRow))}

    async def arrivals(self) -> Counter[int]:
        """How often each letter was found."""
        async with self.database.reading() as session:
            return Counter(await session.scalars(select(ArrivalRow.letter_id)))


def house(database: Database, server: Dovecot, address: str, **more: object) -> House:
    """A desk with this mailbox on the server."""
    return House(database, (at(server.imap_port, address, **more),))


def subject_of(raw: bytes) -> str:
    lines = raw.decode("utf-8", "replace").splitlines()
    return next((line[9:] for line in lines if line.startswith("Subject: ")), "")


async def reached(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    await until(lambda: bool(condition()), what=what, seconds=seconds)
