"""`/calendar today` where 10,000 people have 1,000,000 meetings stored, beside the bare SQL of the same question."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.table import Row, percentile
from sekretar.calendars.agenda import day_bounds
from sekretar.calendars.viewing import Viewing
from sekretar.kernel.database import Database
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Signer
from sekretar.mattermost.chat import CommandRequest
from sekretar.mattermost.messages import Renderer
from sekretar.mattermost.parsing import Arguments

PEOPLE = 10_000
MEETINGS = 100
#: Rows of one person lie apart, as they do when calendars grow for months side by side.
ROUNDS = 10
QUESTIONS = 1_000

ZONE = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 4)
#: Meetings are spread over what Sekretar keeps of a series.
FIRST, DAYS = NOW - timedelta(days=35), 155

BARE = (
    "SELECT o.id, o.title, o.starts_at, o.ends_at, c.name FROM occurrences o JOIN calendars c ON c.id = o.calendar_id"
    " WHERE o.person_id = ? AND o.starts_at < ? AND o.ends_at >= ? AND NOT o.cancelled AND c.chosen"
    " ORDER BY o.all_day DESC, o.starts_at, o.id"
)


def rows() -> Iterator[Row]:
    """A day, a month, and the memory they take."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.sqlite3"
        asyncio.run(_migrate(path))
        _fill(path)
        before = _memory()
        asked = random.Random(1).sample(range(1, PEOPLE + 1), QUESTIONS)
        day, month = asyncio.run(_ask(path, asked))
        grown = _memory() - before
        bare_day, bare_month = _bare(path, asked, 1), _bare(path, asked, 31)
    said = "the bare SQL"
    many = f"{PEOPLE * MEETINGS} stored (SQLite)"
    yield Row(f"/calendar today, {many}, p50", percentile(day, 0.5), "ms", "",
              percentile(bare_day, 0.5), said)  # fmt: skip
    yield Row("  p99", percentile(day, 0.99), "ms", "≤ 50 ms", percentile(bare_day, 0.99), said)
    yield Row("/calendar month, p99", percentile(month, 0.99), "ms", "≤ 50 ms",
              percentile(bare_month, 0.99), said)  # fmt: skip
    yield Row(f"  memory grown by {2 * QUESTIONS} answers", grown, "MB", "does not grow with what is stored")


async def _migrate(path: Path) -> None:
    database = Database.open(f"sqlite:///{path}")
    await database.migrate()
    await database.close()


def _fill(path: Path) -> None:
    connection = sqlite3.connect(path)
    people = range(1, PEOPLE + 1)
    moment = _stored(NOW)
    _insert(connection, "people", (
        dict(id=person, server="bench", user_id=f"u{person}", username=f"u{person}", display_name="U", email="",
             locale="en", first_seen_at=moment, updated_at=moment, active=1)
        for person in people
    ))  # fmt: skip
    _insert(connection, "calendar_accounts", (
        dict(id=person, person_id=person, provider="other", address="", profile="generic", login=f"u{person}",
             password="", home_url="https://cal.example/", addresses="[]", zone="", state="active", failures=0,
             refusals=0, trouble="", synced_at=moment, next_sync_at=moment, created_at=moment)
        for person in people
    ))  # fmt: skip
    _insert(connection, "calendars", (
        dict(id=person, account_id=person, href="/work/", name="Work", colour="", chosen=1, trust=0)
        for person in people
    ))  # fmt: skip
    _insert(connection, "calendar_objects", (
        dict(id=(person - 1) * ROUNDS + turn + 1, calendar_id=person, href=f"/{turn}.ics", etag="e", data=b"")
        for person in people
        for turn in range(ROUNDS)
    ))  # fmt: skip
    chance = random.Random(2)
    for turn in range(ROUNDS):
        _insert(connection, "occurrences", (
            _occurrence(person, turn, number, chance) for person in people for number in range(MEETINGS // ROUNDS)
        ))  # fmt: skip
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, values: Iterator[dict[str, object]]) -> None:
    """Rows of a table; columns that this file does not know of stay as the schema fills them."""
    known = {column[1] for column in connection.execute(f"PRAGMA table_info({table})")}
    first = next(values)
    names = [name for name in first if name in known]
    marks = ", ".join("?" for _ in names)
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
    connection.execute(statement, [first[name] for name in names])
    connection.executemany(statement, ([each[name] for name in names] for each in values))


def _occurrence(person: int, turn: int, number: int, chance: random.Random) -> dict[str, object]:
    start = FIRST + timedelta(days=chance.randrange(DAYS), minutes=30 * chance.randrange(-4, 14))
    return dict(
        object_id=(person - 1) * ROUNDS + turn + 1, calendar_id=person, person_id=person, uid=f"{turn}@bench",
        recurrence_id=f"{number}", starts_at=_stored(start), ends_at=_stored(start + timedelta(minutes=45)),
        all_day=0, title="Weekly review of the release", place="Room 3", description=_DESCRIPTION,
        organizer=None, attendees=_ATTENDEES, answer="ACCEPTED", cancelled=0, transparent=0,
        join_url="https://telemost.yandex.ru/j/12345678901234", join_service="Yandex Telemost", fingerprint="f" * 32,
    )  # fmt: skip


_DESCRIPTION = "What was done, what is being done, what stands in the way. " * 2
_ATTENDEES = json.dumps(
    [
        {
            "address": f"{name}@example.com",
            "name": name.title(),
            "answer": "ACCEPTED",
            "role": "REQ-PARTICIPANT",
        }
        for name in ("anna", "boris", "vera", "chris")
    ]
)


async def _ask(path: Path, asked: list[int]) -> tuple[list[float], list[float]]:
    """Milliseconds per answer, from the words to the body that Mattermost gets."""
    database = Database.open(f"sqlite:///{path}")
    viewing = Viewing(database)
    renderer = Renderer(Signer([b"0" * 32]), "https://sekretar.example")
    t = Catalogues.load().translator("en")

    async def answer(person_id: int, words: str) -> None:
        person = Person(person_id, "bench", f"u{person_id}", f"u{person_id}", "U", "en", ZONE, True)
        request = CommandRequest(person, t, "calendar", Arguments(), words, "c", "t", "", "trigger", "", NOW)
        reply = await viewing.look(request)
        if reply.message is None:
            raise RuntimeError("no answer")
        renderer.render(reply.message, person, NOW, ephemeral=True)

    day = [await _timed(answer, person, "today") for person in asked]
    month = [await _timed(answer, person, "month") for person in asked]
    await database.close()
    return day, month


async def _timed(answer: Callable[[int, str], Awaitable[None]], person: int, words: str) -> float:
    begin = time.perf_counter()
    await answer(person, words)
    return (time.perf_counter() - begin) * 1000


def _bare(path: Path, asked: list[int], days: int) -> list[float]:
    connection = sqlite3.connect(path)
    begin, _ = day_bounds(TODAY if days == 1 else TODAY.replace(day=1), ZONE)
    bounds = _stored(begin + timedelta(days=days)), _stored(begin)
    taken = []
    for person in asked:
        started = time.perf_counter()
        connection.execute(BARE, (person, *bounds)).fetchall()
        taken.append((time.perf_counter() - started) * 1000)
    connection.close()
    return taken


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.000000")


def _memory() -> float:
    """The most memory the process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
