"""Letters that wait become incidents, beside parsing them and writing as many bare rows."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.scale import Scale
from benchmarks.table import Row
from benchmarks.whole_desk import Stopwatch, Taken, whole_desk
from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.intake.deliveries import Deliveries
from sekretar.dispatch.intake.evidence import Evidence
from sekretar.dispatch.intake.filing import Filing
from sekretar.dispatch.intake.intake import Intake, Tools
from sekretar.dispatch.letters.bouncing import Bounces
from sekretar.dispatch.mail import noting, store
from sekretar.dispatch.mail.ids import LetterIds
from sekretar.dispatch.mail.model import Direction, LetterState
from sekretar.dispatch.mail.parsing import parse
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import ManualClock, SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.i18n import Catalogues

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
DESK = DeskSettings(name="towers", prefix="NT", channel="work/towers", assignment={"shifts": False})
AT_ONCE = 50

#: Every third letter answers the one before it.
HEAD = """\
From: Anna <anna@customer.example>
To: desk@towers.example
Subject: {mark}Power failure {group} at KI0075/41960-P-43-1-1
Date: Wed, 04 Mar 2026 11:58:00 +0300
Message-ID: <{number}@customer.example>
{references}Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

"""
BODY = """\
Добрый день.
На объекте KI0075/41960-P-43-1-1 с 10:00 отсутствует питание ({number}). Просим проверить и сообщить о сроках.

--
С уважением, Анна

пн, 2 мар. 2026 г. в 14:05, Диспетчер <desk@towers.example>:
> Заявка принята в работу.
> С уважением, диспетчерская служба
"""
#: As many rows as a letter writes at least: its ids, itself twice, its incident, the history.
BARE_ROWS = 6


def rows(scale: Scale) -> Iterator[Row]:
    """Milliseconds for each of the letters that wait."""
    letters = [letter(number) for number in range(scale.letters)]
    with tempfile.TemporaryDirectory() as folder:
        taken = uvloop.run(_filed(f"sqlite:///{Path(folder) / 'bench.sqlite3'}", letters))
        bare = _bare(Path(folder) / "bare.sqlite3", letters)
        whole = uvloop.run(_worked(f"sqlite:///{Path(folder) / 'whole.sqlite3'}", letters))
    name = f"a letter becomes an incident, {scale.letters} waiting"
    floor = f"the letter parsed, {BARE_ROWS} bare rows, one commit"
    yield Row(name, taken.clock, "ms", bare, floor, most=10)
    yield Row("  processor time", taken.processor, "ms")
    name = "  with clocks, assignment, the card and the thread in the outbox"
    yield Row(name, whole.clock, "ms", bare, most=10)
    yield Row("  processor time", whole.processor, "ms")


async def _filed(url: str, letters: list[bytes]) -> Taken:
    """Nobody listens."""
    database = Database.open(url)
    await database.migrate()
    intake = _intake(database)
    await _fetch(database, letters)
    watch = Stopwatch()
    await intake.run()
    taken = watch.taken(len(letters))
    async with database.reading() as session:
        filed = await store.count_by_state(session, DESK.name)
    await database.close()
    assert filed == {LetterState.FILED: len(letters)}, filed
    return taken


async def _worked(url: str, letters: list[bytes]) -> Taken:
    """With all that follows, until nothing is left to do but to deliver what is in the outbox."""
    async with whole_desk(url, DESK, ManualClock(NOW)) as whole:
        await _fetch(whole.database, letters)
        watch = Stopwatch()
        await whole.work()
        taken = watch.taken(len(letters))
        await whole.check(len(letters), incidents_of(len(letters)))
    return taken


async def _fetch(database: Database, letters: list[bytes]) -> None:
    """As if they were read from the mailbox."""
    for first in range(0, len(letters), AT_ONCE):
        some = [_fetched(first + n + 1, raw) for n, raw in enumerate(letters[first : first + AT_ONCE])]
        cursor = noting.Cursor("desk@towers.example", "INBOX", "mail", 1, first + len(some), 0, NOW)
        async with database.transaction() as session:
            await noting.note(session, DESK.name, Direction.IN, cursor, some, NOW)


def _intake(database: Database) -> Intake:
    clock, catalogues, ids = SystemClock(), Catalogues.load(), LetterIds([Fernet.generate_key()])
    desks = {DESK.name: DESK}
    incidents = Incidents(clock, desks)
    tools = Tools(
        incidents,
        Evidence(ids, _no_tickets),
        Deliveries(incidents, ids, catalogues, clock, Bounces(incidents, catalogues).note),
        Filing(incidents, Assets(), catalogues),
    )
    return Intake(database, clock, desks, tools)


async def _no_tickets(session: AsyncSession, desk: str, key: str) -> int | None:
    """Of a desk without a tracker."""
    return None


def _answers(number: int) -> bool:
    return number % 3 == 1


def incidents_of(letters: int) -> int:
    """How many incidents come of so many letters."""
    return sum(not _answers(number) for number in range(letters))


def letter(number: int) -> bytes:
    """A letter of a customer."""
    answers = _answers(number)
    head = HEAD.format(
        mark="Re: " if answers else "",
        group=number - 1 if answers else number,
        number=number,
        references=f"References: <{number - 1}@customer.example>\n" if answers else "",
    )
    return (head + BODY.format(number=number)).replace("\n", "\r\n").encode()


def _fetched(uid: int, raw: bytes) -> noting.Fetched:
    head, _, body = raw.partition(b"\r\n\r\n")
    return noting.Fetched(uid, head + b"\r\n\r\n", body, len(raw), NOW)


def _bare(path: Path, letters: list[bytes]) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)")
    begun = time.perf_counter()
    for raw in letters:
        text = parse(raw).text
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(BARE_ROWS):
            connection.execute("INSERT INTO bare (text) VALUES (?)", (text,))
        connection.execute("COMMIT")
    taken = time.perf_counter() - begun
    connection.close()
    return 1000 * taken / len(letters)
