"""Which meetings a day has: in every zone, on the days when clocks change, each once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.integration.calendars.diary import Diary, ics

from sekretar.calendars.views.agenda import agenda


async def titles(diary: Diary, day: date, zone: str) -> list[str]:
    async with diary.desk.database.reading() as session:
        found = await agenda(session, diary.person.id, ZoneInfo(zone), day)
    return [each.title for each in found.meetings]


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Moscow", "Pacific/Pago_Pago"])
async def test_an_all_day_event_is_on_its_date_in_every_zone(diary: Diary, zone: str) -> None:
    await diary.look({"a.ics": ics("a", "DTSTART;VALUE=DATE:20260305\r\nDTEND;VALUE=DATE:20260307", "Trip")})
    shown = [await titles(diary, date(2026, 3, day), zone) for day in (4, 5, 6, 7)]
    assert shown == [[], ["Trip"], ["Trip"], []]


async def test_days_of_23_and_25_hours_have_all_their_meetings_and_no_others(diary: Diary) -> None:
    """Berlin sets its clocks forward on 29 March and back on 25 October."""
    edges = {
        "late on the 28th": utc(2026, 3, 28, 22, 30),
        "first of the 29th": utc(2026, 3, 28, 23),
        "last of the 29th": utc(2026, 3, 29, 21),
        "first of the 30th": utc(2026, 3, 29, 22),
        "first of the 25th": utc(2026, 10, 24, 22),
        "last of the 25th": utc(2026, 10, 25, 22, 30),
        "first of the 26th": utc(2026, 10, 25, 23),
    }
    await diary.look(
        {f"{n}.ics": ics(f"{n}", at, title, minutes=15) for n, (title, at) in enumerate(edges.items())}
    )
    assert await titles(diary, date(2026, 3, 29), "Europe/Berlin") == [
        "first of the 29th",
        "last of the 29th",
    ]
    assert await titles(diary, date(2026, 10, 25), "Europe/Berlin") == [
        "first of the 25th",
        "last of the 25th",
    ]


async def test_over_midnight_it_is_on_both_days_and_one_that_ends_at_midnight_on_one(diary: Diary) -> None:
    await diary.look(
        {
            "n.ics": ics("n", utc(2026, 3, 5, 20), "Night", minutes=120),
            "e.ics": ics("e", utc(2026, 3, 5, 20), "Evening", minutes=60),
            "z.ics": ics("z", utc(2026, 3, 5, 21), "Midnight", minutes=0),
        }
    )
    assert await titles(diary, date(2026, 3, 5), "Europe/Moscow") == ["Night", "Evening"]
    assert sorted(await titles(diary, date(2026, 3, 6), "Europe/Moscow")) == ["Midnight", "Night"]


async def test_a_meeting_in_two_calendars_is_listed_once(diary: Diary) -> None:
    declined = "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com"
    await diary.look({"a.ics": ics("a", utc(2026, 3, 5, 9), "Declined", declined)})
    await diary.look({"a.ics": ics("a", utc(2026, 3, 5, 9), "Accepted")}, "home")
    assert await titles(diary, date(2026, 3, 5), "Europe/Moscow") == ["Accepted"]


async def test_cancelled_meetings_are_not_listed(diary: Diary) -> None:
    await diary.look({"a.ics": ics("a", utc(2026, 3, 5, 9), "Off", "STATUS:CANCELLED")})
    assert await titles(diary, date(2026, 3, 5), "Europe/Moscow") == []
