"""`/calendar today` where many people have many meetings stored, beside the bare SQL of the same question."""

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

from benchmarks.scale import Scale
from benchmarks.table import Row, percentile
from sekretar.calendars.views.agenda import day_bounds
from sekretar.calendars.views.viewing import Viewing
from sekretar.kernel.database import Database
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Signer
from sekretar.mattermost.chat import CommandRequest
from sekretar.mattermost.messages import Renderer
from sekretar.mattermost.parsing import Arguments

#: Rows of one person lie apart, as they do when calendars grow for months side by side.
ROUNDS = 10

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


def rows(scale: Scale) -> Iterator[Row]:
    """A day, a month, a day after years, and the memory they take."""
    asked = random.Random(1).sample(range(1, scale.people + 1), min(scale.questions, scale.people))
    veteran = [scale.people + 1] * max(scale.questions // 5, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.sqlite3"
        asyncio.run(_migrate(path))
        _fill(path, scale)
        before = _memory()
        taken = asyncio.run(_ask(path, asked, veteran))
        grown = _memory() - before
        bare = _bare(path, asked, 1), _bare(path, asked, 31), _bare(path, veteran, 1)
    what = (
        f"/calendar today, {scale.people * scale.meetings} occurrences of {scale.people} people, p99",
        "/calendar month, p99",
        f"/calendar today after {scale.veteran_meetings} meetings, p99",
    )
    for name, ours, floor in zip(what, taken, bare, strict=True):
        p99 = percentile(floor, 0.99)
        yield Row(name, percentile(ours, 0.99), "ms", p99, "the bare SQL of the same question", most=50)
    yield Row(f"  memory grown by {2 * len(asked)} answers", grown, "MB")


async def _migrate(path: Path) -> None:
    database = Database.open(f"sqlite:///{path}")
    await database.migrate()
    await database.close()


def _fill(path: Path, scale: Scale) -> None:
    """Everybody with one account, one calendar and the same number of meetings in it."""
    connection = sqlite3.connect(path)
    everybody, moment = range(1, scale.people + 2), _stored(NOW)
    veteran = everybody[-1]
    seen = {"active": 1, "first_seen_at": moment, "updated_at": moment}
    synced = {"state": "active", "synced_at": moment, "next_sync_at": moment, "created_at": moment}
    _insert(connection, "people", ({"id": n, "user_id": f"u{n}", **seen} for n in everybody))
    _insert(
        connection,
        "calendar_accounts",
        ({"id": n, "person_id": n, "login": f"u{n}", "provider": "other", **synced} for n in everybody),
    )
    calendar = {"href": "/work/", "name": "Work", "chosen": 1}
    _insert(connection, "calendars", ({"id": n, "account_id": n, **calendar} for n in everybody))
    files = ((n, turn) for n in everybody for turn in range(ROUNDS))
    _insert(
        connection,
        "calendar_objects",
        ({"id": _file(n, turn), "calendar_id": n, "href": f"/{turn}.ics", "data": b""} for n, turn in files),
    )
    chance = random.Random(2)
    for turn in range(ROUNDS):
        numbers = ((n, number) for n in everybody[:-1] for number in range(scale.meetings // ROUNDS))
        _insert(connection, "occurrences", (_occurrence(n, turn, number, chance) for n, number in numbers))
    _insert(connection, "occurrences", (_past(veteran, number) for number in range(scale.veteran_meetings)))
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, values: Iterator[dict[str, object]]) -> None:
    """Rows of a table; columns that this file says nothing about are zero or empty."""
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    empty: dict[str, object] = {"INTEGER": 0, "BOOLEAN": 0, "JSON": "[]"}
    needed = {
        name: empty.get(kind, "") for _, name, kind, required, *_ in columns if required and name != "id"
    }
    first = needed | next(values)
    marks = ", ".join("?" for _ in first)
    statement = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({marks})"
    connection.execute(statement, list(first.values()))
    connection.executemany(statement, (list((needed | each).values()) for each in values))


def _file(person: int, turn: int) -> int:
    return (person - 1) * ROUNDS + turn + 1


def _occurrence(person: int, turn: int, number: int, chance: random.Random) -> dict[str, object]:
    start = FIRST + timedelta(days=chance.randrange(DAYS), minutes=30 * chance.randrange(-4, 14))
    return _meeting(person, turn, number, start)


def _past(veteran: int, number: int) -> dict[str, object]:
    return _meeting(veteran, number % ROUNDS, number, NOW - timedelta(hours=2 * number))


def _meeting(person: int, turn: int, number: int, start: datetime) -> dict[str, object]:
    return _MEETING | {
        "object_id": _file(person, turn),
        "calendar_id": person,
        "person_id": person,
        "uid": f"{turn}@bench",
        "recurrence_id": f"{number}",
        "starts_at": _stored(start),
        "ends_at": _stored(start + timedelta(minutes=45)),
    }


_MEETING: dict[str, object] = {
    "title": "Weekly review of the release",
    "place": "Room 3",
    "description": "What was done, what is being done, what stands in the way. " * 2,
    "attendees": json.dumps(
        [
            {"address": f"{name}@example.com", "name": name, "answer": "ACCEPTED", "role": "REQ-PARTICIPANT"}
            for name in ("anna", "boris", "vera", "chris")
        ]
    ),
    "answer": "ACCEPTED",
    "join_url": "https://telemost.yandex.ru/j/12345678901234",
    "join_service": "Yandex Telemost",
}


async def _ask(path: Path, asked: list[int], veteran: list[int]) -> list[list[float]]:
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

    taken = [
        [await _timed(answer, person, words) for person in people]
        for people, words in ((asked, "today"), (asked, "month"), (veteran, "today"))
    ]
    await database.close()
    return taken


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
