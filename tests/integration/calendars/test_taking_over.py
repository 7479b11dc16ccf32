"""A process that ended in the middle of looks leaves no account waiting."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from sekretar.calendars.model import AccountState, CalendarAccount
from sekretar.calendars.sync.taking_over import take_over
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.people import People, Profile

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("failures", "ahead", "due"),
    [(0, 10 * MINUTE, timedelta()), (0, MINUTE, MINUTE), (0, -MINUTE, -MINUTE), (3, 8 * MINUTE, 8 * MINUTE)],
    ids=["claimed", "in its rhythm", "due", "left alone after failures"],
)
async def test_only_what_was_claimed_is_due_at_once(
    database: Database, clock: ManualClock, failures: int, ahead: timedelta, due: timedelta
) -> None:
    now = clock.now()
    async with database.transaction() as session:
        people = People("https://chat.example", "en", ZoneInfo("Europe/Moscow"))
        profile = Profile("u1", "anna", "", "", "ru", None, True, "anna@example.com")
        person = await people.remember(session, profile, now)
        session.add(
            CalendarAccount(
                person_id=person.id,
                provider="other",
                address="",
                profile="generic",
                login="anna",
                password="x",
                home_url="https://c.example/",
                addresses=[],
                state=AccountState.ACTIVE,
                failures=failures,
                created_at=now,
                next_sync_at=now + ahead,
            )
        )
    await take_over(database, MINUTE, now)
    async with database.reading() as session:
        assert await session.scalar(select(CalendarAccount.next_sync_at)) == now + due
