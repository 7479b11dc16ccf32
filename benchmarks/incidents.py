"""Incidents of years, listed and filtered as the chat and the API do, beside the bare count and newest page."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import insert, text
from starlette.types import ASGIApp
from tests.peers import postgresql_binaries, private_postgresql

from benchmarks.scale import Scale
from benchmarks.table import Row, percentile
from sekretar.dispatch.api import tokens
from sekretar.dispatch.api.opening import open_api
from sekretar.dispatch.api.tokens import TokenDraft
from sekretar.dispatch.assets import Assets
from sekretar.dispatch.incidents import word_blocks, words
from sekretar.dispatch.incidents.finding import OPEN, IncidentFilter, Order, find
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.model import IncidentRow, TypeRow, WordRow
from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.firing import Firing
from sekretar.dispatch.sla.keeping import Slas
from sekretar.dispatch.sla.model import ClockRow
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.people import PersonRow

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
#: Incidents lie this far apart; one in so many is still open.
APART, OPEN_ONE_IN = timedelta(minutes=20), 100
PEOPLE, TYPES, CONTRACTORS = 30, 7, 200
AT_ONCE = 1_000
PAGE = 50

#: One of these stands in nearly every incident, as in life.
COMMON = ("авария", "питание", "отсутствует", "связь", "опора", "секретарь", "доступ", "объект")
RARE = tuple(f"слово{number}" for number in range(5_000))

BARE = (
    "SELECT count(*) FROM dispatch_incidents WHERE desk = 'towers'",
    "SELECT * FROM dispatch_incidents WHERE desk = 'towers' ORDER BY opened_at DESC, id DESC LIMIT 50",
)


def rows(scale: Scale) -> Iterator[Row]:
    """Every kind of list, and the slowest of them; on PostgreSQL too, where it is installed."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        taken, floor = asyncio.run(measure(url, scale))
        yield from _rows_of("a list of incidents", taken, floor, scale)
        answers = asyncio.run(ask_the_api(url, scale))
    name = "  the same as an answer of the API, from the request to its last byte, p99"
    yield Row(name, percentile(answers, 0.99), "ms", percentile(floor, 0.99), most=100)
    if (binaries := postgresql_binaries()) is not None:
        with private_postgresql(binaries) as url:
            taken, floor = asyncio.run(measure(url, scale))
        yield from _rows_of("  on PostgreSQL, a list of incidents", taken, floor, scale)


def _rows_of(what: str, taken: dict[str, list[float]], floor: list[float], scale: Scale) -> Iterator[Row]:
    bare = percentile(floor, 0.99)
    everything = [each for times in taken.values() for each in times]
    name = f"{what} out of {scale.incidents}, any filter, p99"
    yield Row(name, percentile(everything, 0.99), "ms", bare, "bare SQL: how many, and the newest", most=100)
    slowest = max(taken, key=lambda name: percentile(taken[name], 0.99))
    yield Row(
        f"  the slowest of them: {slowest}, p99", percentile(taken[slowest], 0.99), "ms", bare, most=100
    )


async def ask_the_api(url: str, scale: Scale) -> list[float]:
    """Milliseconds of answers to a program with a token, over the database that was measured before."""
    database, clock = Database.open(url), ManualClock(NOW)
    desks = {"towers": DeskSettings(name="towers", channel="work/desk")}
    chat = cast(Any, SimpleNamespace(database=database, clock=clock))
    incidents = Incidents(clock, desks)
    notices = cast(Any, SimpleNamespace(telling=SimpleNamespace(chat=chat)))
    slas = Slas(Firing(desks, incidents, notices))
    chat.catalogues = Catalogues.load()
    api = open_api(chat, desks, incidents, Assets(), slas)
    async with database.transaction() as session:
        _, token = await tokens.create(session, TokenDraft("bench"), NOW)
    taken, chance = [], random.Random(4)
    for _ in range(max(scale.questions // 10, 1)):
        day = (NOW - APART * chance.randrange(scale.incidents)).date().isoformat()
        for query in ("", "state=open", "state=closed", f"incident_date_after={day}", f"search={RARE[7]}"):
            clock.advance(timedelta(seconds=1))
            begun = time.perf_counter()
            assert await _status(api, f"limit={PAGE}&{quote(query, safe='=')}", token) == 200
            taken.append(1000 * (time.perf_counter() - begun))
    await database.close()
    return taken


async def _status(api: ASGIApp, query: str, token: str) -> int:
    """Ask for a list in this process, and take the whole answer."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if "status" in message:
            statuses.append(message["status"])

    path = "/api/v1/incidents/"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "/api/v1", "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {token}".encode())], "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }  # fmt: skip
    await api(scope, receive, send)
    return statuses[0]


async def measure(url: str, scale: Scale) -> tuple[dict[str, list[float]], list[float]]:
    """Milliseconds of each kind of list, and of the bare question."""
    database = Database.open(url)
    await database.migrate()
    await _fill(database, scale.incidents)
    # What the process and the server do by themselves after a while, so that they do not do it while it is measured.
    await word_blocks.put_together(database)
    if not database.embedded:
        await _vacuum(database)
    taken: dict[str, list[float]] = {}
    floor = []
    chance = random.Random(3)
    for _ in range(max(scale.questions // 25, 1)):
        for name, (wanted, order, offset) in _questions(chance, scale.incidents).items():
            begun = time.perf_counter()
            async with database.reading() as session:
                await find(session, wanted, order, limit=PAGE, offset=offset)
            taken.setdefault(name, []).append(1000 * (time.perf_counter() - begun))
        begun = time.perf_counter()
        async with database.reading() as session:
            for statement in BARE:
                (await session.execute(text(statement))).all()
        floor.append(1000 * (time.perf_counter() - begun))
    await database.close()
    return taken, floor


def _questions(chance: random.Random, incidents: int) -> dict[str, tuple[IncidentFilter, Order, int]]:
    desk = frozenset({"towers"})
    since = NOW - APART * chance.randrange(incidents)
    week = {"since": since, "before": since + timedelta(days=7)}
    person, kind = chance.randrange(1, PEOPLE + 1), chance.randrange(1, TYPES + 1)
    newest = Order.NEWEST
    return {
        "all": (IncidentFilter(desk), newest, 0),
        "the last page": (IncidentFilter(desk), newest, max(incidents - PAGE, 0)),
        "lately changed": (IncidentFilter(desk), Order.CHANGED, 0),
        "open": (IncidentFilter(desk, OPEN), Order.OLDEST, 0),
        "closed": (IncidentFilter(desk, frozenset({Status.CLOSED})), newest, 0),
        "open and unread": (IncidentFilter(desk, OPEN, unread=True), newest, 0),
        "mine": (IncidentFilter(desk, OPEN, responsible_id=person), newest, 0),
        "ever mine": (IncidentFilter(desk, responsible_id=person), newest, 0),
        "of a type": (IncidentFilter(desk, type_id=kind), newest, 0),
        "closed of a type": (IncidentFilter(desk, frozenset({Status.CLOSED}), type_id=kind), newest, 0),
        "of a contractor": (IncidentFilter(desk, contractor_id=chance.randrange(CONTRACTORS)), newest, 0),
        "of a week": (IncidentFilter(desk, **week), newest, 0),
        "closed of a week": (IncidentFilter(desk, frozenset({Status.CLOSED}), **week), newest, 0),
        "a code": (IncidentFilter(desk, code=f"NT-{chance.randrange(incidents)}"), newest, 0),
        "a rare word": (IncidentFilter(desk, text=chance.choice(RARE)), newest, 0),
        "a frequent word": (IncidentFilter(desk, text=chance.choice(COMMON)[:-1]), newest, 0),
        "urgent": (IncidentFilter(desk, OPEN), Order.URGENT, 0),
        "closed with a frequent word": (
            IncidentFilter(desk, frozenset({Status.CLOSED}), text=chance.choice(COMMON)),
            newest,
            0,
        ),
        "a letter": (IncidentFilter(desk, text=chance.choice(COMMON)[0]), newest, 0),
        "two frequent words": (IncidentFilter(desk, text=" ".join(chance.sample(COMMON, 2))), newest, 0),
        "two frequent words, closed, far back": (
            IncidentFilter(desk, frozenset({Status.CLOSED}), text=" ".join(chance.sample(COMMON, 2))),
            newest,
            incidents // 10,
        ),
        "frequent words of a type, lately changed": (
            IncidentFilter(desk, text=" ".join(chance.sample(COMMON, 2)), type_id=kind),
            Order.CHANGED,
            0,
        ),
        "ever mine with a frequent word": (
            IncidentFilter(desk, text=chance.choice(COMMON), responsible_id=person),
            newest,
            0,
        ),
        "many codes": (IncidentFilter(desk, code="NT-9"), newest, 0),
        "lately changed of a person": (IncidentFilter(desk, responsible_id=person), Order.CHANGED, 0),
        "overdue": (IncidentFilter(desk, OPEN, due_by=NOW), Order.URGENT, 0),
        "a frequent and a rare word": (
            IncidentFilter(desk, text=f"{chance.choice(COMMON)} {chance.choice(RARE)}"),
            newest,
            0,
        ),
    }


async def _fill(database: Database, incidents: int) -> None:
    chance = random.Random(2)
    async with database.transaction() as session:
        people = [_person(number) for number in range(1, PEOPLE + 1)]
        await session.execute(insert(PersonRow), people)
        kinds = [
            {"id": n, "desk": "towers", "name": str(n), "description": "", "minutes": 60, "position": n}
            for n in range(1, TYPES + 1)
        ]
        await session.execute(insert(TypeRow), [{"active": True, **each} for each in kinds])
    for first in range(1, incidents + 1, AT_ONCE):
        some = [_incident(n, chance) for n in range(first, min(first + AT_ONCE, incidents + 1))]
        spoken = [
            {"word": word, "incident_id": each["id"]}
            for each in some
            for word in words.words_of(f"{each['summary']} {each['description']}")
        ]
        async with database.transaction() as session:
            await session.execute(insert(IncidentRow), some)
            await session.execute(insert(ClockRow), [_clock(each) for each in some])
            await session.execute(insert(WordRow), spoken)


async def _vacuum(database: Database) -> None:
    async with database.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE"))


def _person(number: int) -> dict[str, object]:
    named = dict.fromkeys(("username", "display_name", "email"), f"u{number}")
    seen = {"locale": "ru", "active": True, "first_seen_at": NOW, "updated_at": NOW}
    return {"id": number, "server": "m", "user_id": f"u{number}", **named, **seen}


def _clock(incident: dict[str, Any]) -> dict[str, object]:
    """The dispatcher's: that of a closed incident has stopped."""
    opened_at, stopped_at = incident["opened_at"], incident["finished_at"]
    return {
        "incident_id": incident["id"],
        "desk": "towers",
        "kind": ClockKind.DISPATCHER,
        "allowance": 60,
        "segments": [],
        "started_at": opened_at,
        "stopped_at": stopped_at,
        "deadline": opened_at + timedelta(hours=1),
        "soon_at": opened_at,
        "remaining": None,
        "breached_at": None,
        "due_at": None,
        "rules": "",
    }


def _incident(number: int, chance: random.Random) -> dict[str, object]:
    opened_at = NOW - APART * (1_000_000 - number)
    status = chance.choice(sorted(OPEN)) if chance.randrange(OPEN_ONE_IN) == 0 else Status.CLOSED
    said = " ".join([*chance.sample(COMMON, 4), *chance.choices(RARE, k=20)])
    return {
        "id": number,
        "desk": "towers",
        "number": number,
        "code": f"NT-{number}",
        "opened_at": opened_at,
        "created_at": opened_at,
        "updated_at": opened_at + timedelta(minutes=chance.randrange(3_000)),
        "status": status,
        "finished_at": opened_at if status is Status.CLOSED else None,
        "type_id": chance.randrange(1, TYPES + 1),
        "responsible_id": chance.randrange(1, PEOPLE + 1),
        "contractor_id": chance.randrange(CONTRACTORS),
        "applicant_name": "",
        "applicant_address": "",
        "summary": said[:60],
        "description": f"{said}\n" * 5,
        "origin": "letter",
        "language": "ru",
        "unread": chance.randrange(50) == 0,
        "version": 1,
    }
