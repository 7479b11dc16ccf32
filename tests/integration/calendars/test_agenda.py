"""What a look at one day asks of the database: it must not grow with what others have stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event, insert, text

from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject, StoredOccurrence
from sekretar.calendars.views.agenda import agenda
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Base, Database
from sekretar.kernel.people import PersonRow

#: Enough rows that a database would rather use an index than read everything.
PEOPLE, MEETINGS = 2_000, 10
SOMEBODY = 1_000


async def test_a_day_is_found_by_indexes(database: Database, clock: ManualClock) -> None:
    await crowd(database, clock.now())
    asked = await statements(database, clock)
    plans = [await plan(database, *each) for each in asked]
    assert len(plans) == 2, "the meetings, the accounts"
    assert "ix_occurrences_person_id_starts_at_ends_at" in plans[0]
    for each in plans:
        steps = [line for line in each.splitlines() if "scan" in line.lower()]
        assert [
            line for line in steps if "index" not in line.lower() and "bitmap heap" not in line.lower()
        ] == []


async def crowd(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        for model, rows in tables(now):
            await session.execute(insert(model), rows)
    async with database.transaction() as session:
        await session.execute(text("ANALYZE"))


def tables(now: datetime) -> Iterator[tuple[type[Base], list[dict[str, Any]]]]:
    """Everybody with one account, one calendar, one file and many meetings."""
    numbers = range(1, PEOPLE + 1)
    names = {"server": "s", "username": "u", "display_name": "u", "email": "", "locale": "en", "active": True}
    seen = {"first_seen_at": now, "updated_at": now}
    yield PersonRow, [{"id": n, "user_id": f"u{n}", **names, **seen} for n in numbers]
    texts = dict.fromkeys(
        ("home_url", "login", "address", "provider", "profile", "password", "trouble", "zone"), ""
    )
    moments = dict.fromkeys(("created_at", "next_sync_at", "synced_at"), now)
    account = {**texts, **moments, "state": "active", "addresses": []}
    yield CalendarAccount, [{"id": n, "person_id": n, **account} for n in numbers]
    calendar = {"href": "/", "name": "c", "chosen": True, "trust": 0}
    yield Calendar, [{"id": n, "account_id": n, **calendar} for n in numbers]
    yield (
        CalendarObject,
        [{"id": n, "calendar_id": n, "href": "/x", "etag": "", "data": b""} for n in numbers],
    )
    yield (
        StoredOccurrence,
        [
            {"object_id": n, "calendar_id": n, "person_id": n, **occurrence(now, number)}
            for n in numbers
            for number in range(MEETINGS)
        ],
    )


def occurrence(now: datetime, number: int) -> dict[str, Any]:
    start = now + timedelta(days=number - MEETINGS // 2)
    names = (
        "recurrence_id",
        "title",
        "place",
        "description",
        "answer",
        "join_url",
        "join_service",
        "fingerprint",
    )
    flags = dict.fromkeys(("all_day", "cancelled", "transparent"), False)
    times = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    return {
        "uid": str(number),
        **dict.fromkeys(names, ""),
        **flags,
        **times,
        "organizer": None,
        "attendees": [],
    }


async def statements(database: Database, clock: ManualClock) -> list[tuple[str, Any]]:
    """What is really asked for a day, with its parameters."""
    heard: list[tuple[str, Any]] = []

    def hear(_1: Any, _2: Any, statement: str, parameters: Any, _3: Any, _4: bool) -> None:
        heard.append((statement, parameters))

    async with database.reading() as session:
        connection = (await session.connection()).sync_connection
        assert connection is not None
        event.listen(connection, "before_cursor_execute", hear)
        found = await agenda(session, SOMEBODY, ZoneInfo("Europe/Moscow"), clock.now().date())
        event.remove(connection, "before_cursor_execute", hear)
    assert len(found.meetings) == 1
    return heard


async def plan(database: Database, statement: str, parameters: Any) -> str:
    """How the database would answer it."""
    explain = "EXPLAIN QUERY PLAN" if database.embedded else "EXPLAIN"
    async with database.reading() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
        return "\n".join(" ".join(str(part) for part in row) for row in rows)
