"""Looking at a mailbox in which nothing has changed, with few and with many letters, beside the two bare commands;
and the whole way of new letters from there into incidents.

The server is a real Dovecot, in processes of its own; where it is not installed nothing is measured.
"""

from __future__ import annotations

import contextlib
import imaplib
import logging
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvloop
from tests.peers_mail import PASSWORD, Dovecot, installed, running_dovecot

from benchmarks.letters import DESK, incidents_of, letter
from benchmarks.scale import Scale
from benchmarks.table import Row, percentile
from benchmarks.whole_desk import Stopwatch, Taken, whole_desk
from sekretar.dispatch.mail.mailboxes import connected
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.mail.reading import Reader, Suspects
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.clock import ManualClock, SystemClock
from sekretar.kernel.database import Database

SENT = "Sent"
#: The small mailbox has one letter for so many of the large one.
FEWER = 10


@dataclass(frozen=True)
class _Look:
    """Milliseconds of processor time for a look, median; and by the clock for each letter of the first look."""

    unchanged: float
    first: float


def rows(scale: Scale) -> Iterator[Row]:
    """The unchanged mailbox, large and small; and reading it the first time."""
    if not installed():
        print("mailboxes: Dovecot is not installed, nothing is measured", file=sys.stderr)
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    few, many = max(scale.letters // FEWER, 1), scale.letters
    with running_dovecot() as server:
        for count in (few, many):
            _fill(server, count)
        small = uvloop.run(_looks(server, few, scale.questions))
        large = uvloop.run(_looks(server, many, scale.questions))
        bare = _bare(server, many, scale.questions)
        way = uvloop.run(_whole_way(server, many))
    what = f"a look at an unchanged mailbox of {many} letters, processor time"
    yield Row(
        what, large.unchanged, "ms", bare, "EXAMINE of the inbox and STATUS of the sent letters by imaplib"
    )
    what = f"  beside that of a mailbox of {few} letters"
    yield Row(what, large.unchanged, "ms", small.unchanged, most_ratio=1.5)
    yield Row("  reading and storing a letter when it is new, by the clock", large.first, "ms", most=10)
    what = f"a letter from the mailbox to its incident with the whole desk, {many} waiting"
    yield Row(what, way.clock, "ms", most=10)
    yield Row("  processor time", way.processor, "ms")


def _address(count: int) -> str:
    return f"desk{count}@example.test"


def _fill(server: Dovecot, count: int) -> None:
    server.deliver(*(letter(number) for number in range(count)), to=_address(count))
    server.make_folder(SENT, _address(count))


def _mailbox(server: Dovecot, count: int) -> MailboxSettings:
    fixed = {"address": _address(count), "password": PASSWORD, "imap_host": "localhost"}
    return MailboxSettings.model_validate(
        {**fixed, "imap_port": server.imap_port, "imap_security": "plain", "days_back": 1}
    )


async def _whole_way(server: Dovecot, count: int) -> Taken:
    """All letters of a mailbox are read and become incidents with all that follows."""
    mailbox, clock = _mailbox(server, count), ManualClock(SystemClock().now())
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'whole.sqlite3'}"
        async with whole_desk(url, DESK, clock) as whole:
            watch = Stopwatch()
            async with connected(mailbox, ssl.create_default_context()) as remote:
                await Reader(DESK.name, mailbox, whole.database, clock, remote, Suspects()).read(
                    "INBOX", Direction.IN
                )
            await whole.work()
            taken = watch.taken(count)
            await whole.check(count, incidents_of(count))
    return taken


async def _looks(server: Dovecot, count: int, times: int) -> _Look:
    mailbox = _mailbox(server, count)
    async with _database() as database, connected(mailbox, ssl.create_default_context()) as remote:
        reader = Reader("bench", mailbox, database, SystemClock(), remote, Suspects())
        begun = time.perf_counter()
        read = await reader.read("INBOX", Direction.IN) + await reader.read(SENT, Direction.OUT)
        first = 1000 * (time.perf_counter() - begun) / count
        if read != count:
            raise RuntimeError(f"{read} letters of {count} were read")
        taken = []
        for _ in range(times):
            begun = time.process_time()
            new = await reader.read("INBOX", Direction.IN)
            if new or not await reader.is_unchanged(SENT):
                raise RuntimeError("something has changed")
            taken.append(1000 * (time.process_time() - begun))
    return _Look(percentile(taken, 0.5), first)


@contextlib.asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        await database.migrate()
        try:
            yield database
        finally:
            await database.close()


def _bare(server: Dovecot, count: int, times: int) -> float:
    taken = []
    with server.person(_address(count)) as session:
        for _ in range(times):
            begun = time.process_time()
            _answered(session.select("INBOX", readonly=True))
            _answered(session.status(SENT, "(UIDVALIDITY UIDNEXT)"))
            taken.append(1000 * (time.process_time() - begun))
    return percentile(taken, 0.5)


def _answered(answer: tuple[str, object]) -> None:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(str(answer))
