"""Servers and calendars that mean harm, or do it without meaning to: nobody loses a meeting, a word or a password."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from aiohttp import web
from tests.integration.calendars.diary import Diary, exception, first_lines, ics, open_diary
from tests.integration.calendars.servers import EVERY, Job, fake_server
from tests.unit.calendars.caldav.fake_server import CALENDAR, FakeServer

from sekretar.calendars.ics.events import MOST_ATTENDEES
from sekretar.calendars.ics.occurrences import MOST_OCCURRENCES
from sekretar.calendars.model import Calendar, CalendarAccount, StoredOccurrence
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

HOUR = timedelta(hours=1)
TITLE = "@all **x** [pay](https://evil.example/) | `c` #tag ~~s~~ <!here>"


@pytest.fixture
async def diary(database: Database, clock: ManualClock) -> Diary:
    return await open_diary(database, clock, calendars=["work"])


def hostile(now: datetime) -> dict[str, str]:
    """One file for each way to harm a reader."""
    soon = now + 5 * HOUR
    crowd = [f"ATTENDEE:mailto:p{number}@example.org" for number in range(80_000)]
    return {
        "crowd.ics": ics("crowd", soon, "Crowd", *crowd),
        "endless.ics": ics("endless", soon, "Endless", "RRULE:FREQ=SECONDLY"),
        "never.ics": ics("never", soon, "Never", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        "ancient.ics": ics("ancient", "DTSTART:00010101T000000Z", "Ancient", "RRULE:FREQ=DAILY"),
        "last.ics": ics("last", "DTSTART:99991231T235959Z", "Last", "RRULE:FREQ=DAILY"),
        "moved.ics": ics(
            "moved", soon, "Moved", "RRULE:FREQ=DAILY",
            exceptions=[exception("moved", soon, now.replace(year=9999))],
        ),
        "zone.ics": ics("zone", "DTSTART;TZID=Asia/Atlantis:20260304T180000\r\nDURATION:PT1H", "Zone"),
        "title.ics": ics("title", soon, TITLE),
        "unfinished.ics": ics("unfinished", soon)[:60],
        "html.ics": "<html>Sign in</html>",
        "zeros.ics": "\x00" * 1000,
        "nested.ics": ics("nested", soon, "Nested", *["BEGIN:X"] * 5000),
    }  # fmt: skip


async def test_a_calendar_full_of_traps_keeps_nobody_from_their_meetings(
    diary: Diary, server: FakeServer, work: Job
) -> None:
    now = diary.clock.now()
    server.put("good.ics", ics("good", now + 3 * HOUR, "Good"))
    for name, text in hostile(now).items():
        server.put(name, text)
    # One object comes never, so the calendar counts as read only at the second look.
    for _ in range(2):
        await work.run()
        diary.clock.advance(2 * EVERY)
    assert "готов" in (await diary.said())[0]
    stored = {row.title: row for row in await diary.rows(StoredOccurrence)}
    assert {"Good", "Crowd", "Zone", "Nested"} <= stored.keys()
    assert len(stored["Crowd"].attendees) <= MOST_ATTENDEES + 1
    assert await diary.count(StoredOccurrence) < 2 * MOST_OCCURRENCES
    server.put("good.ics", ics("good", now + 4 * HOUR, "Good"))
    for name, text in hostile(now).items():
        if name != "crowd.ics":
            server.put(name, text + "\r\n")
    diary.clock.advance(2 * EVERY)
    await work.run()
    assert first_lines(await diary.said()) == ["🔁 Перенесена: Good"]


async def test_a_title_is_words_and_nothing_else(diary: Diary, server: FakeServer, work: Job) -> None:
    await work.run()
    await diary.said()
    server.put("title.ics", ics("title", diary.clock.now() + HOUR, TITLE))
    diary.clock.advance(2 * EVERY)
    await work.run()
    [told] = await diary.said()
    assert "pay" in told
    for harm in ("@all", "**x**", "[pay](", "`c`", "<!here>", "~~s~~"):
        assert harm not in told


def page(*, status: int = 200, kind: str = "text/html", body: str = "<html>Sign in</html>") -> web.Response:
    return web.Response(status=status, text=body, content_type=kind)


_ENTITIES = (
    '<!DOCTYPE m [<!ENTITY x "y">]><multistatus xmlns="DAV:"><sync-token>&x;</sync-token></multistatus>'
)
_EMPTY = '<multistatus xmlns="DAV:"/>'

#: What a server answers to everything from now on.
ANSWERS = {
    "login page": lambda: page(),
    "login page as 207": lambda: page(status=207),
    "entities": lambda: page(status=207, kind="application/xml", body=_ENTITIES),
    "nothing": lambda: page(status=207, kind="application/xml", body=""),
    "no calendar": lambda: page(status=207, kind="application/xml", body=_EMPTY),
    "json": lambda: page(kind="application/json", body="{}"),
    "endless": lambda: page(status=207, kind="application/xml", body=" " * 3_000_000),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_that_is_none_takes_nothing_away(
    diary: Diary, server: FakeServer, work: Job, name: str
) -> None:
    server.put("a.ics", ics("a", diary.clock.now() + 8 * HOUR))
    await work.run()
    await diary.said()

    async def answer(_request: web.Request) -> web.Response:
        return ANSWERS[name]()

    server.override = answer
    for _ in range(4):
        diary.clock.advance(HOUR)
        await work.run()
    assert await diary.said() == []
    assert await diary.count(StoredOccurrence) == 1
    [account] = await diary.rows(CalendarAccount)
    assert account.trouble or name == "no calendar"
    server.override = None
    server.put("a.ics", ics("a", diary.clock.now() + 3 * HOUR))
    diary.clock.advance(HOUR)
    await work.run()
    assert first_lines(await diary.said()) == ["🔁 Перенесена: Demo"]


@pytest.mark.parametrize("where", ["/", CALENDAR])
async def test_a_redirect_takes_the_password_nowhere(
    diary: Diary, server: FakeServer, work: Job, where: str
) -> None:
    server.put("a.ics", ics("a", diary.clock.now() + 8 * HOUR))
    await work.run()
    await diary.said()
    async with fake_server() as thief:

        async def away(request: web.Request) -> web.Response | None:
            if request.path.startswith(where):
                return web.Response(status=307, headers={"Location": thief.calendar_url})
            return None

        server.put("b.ics", ics("b", diary.clock.now() + 9 * HOUR))
        server.override = away
        for _ in range(3):
            diary.clock.advance(HOUR)
            await work.run()
        assert thief.asked == []
    assert await diary.said() == []
    assert await diary.count(StoredOccurrence) == 1


async def test_members_on_other_hosts_are_never_asked_for(
    diary: Diary, server: FakeServer, work: Job
) -> None:
    server.put("a.ics", ics("a", diary.clock.now() + 8 * HOUR))
    await work.run()
    await diary.said()
    async with fake_server() as thief:
        thief.put("a.ics", ics("a", diary.clock.now() + 9 * HOUR, "Not yours"))
        server.habits.absolute_hrefs = thief.url.rstrip("/")
        server.put("a.ics", ics("a", diary.clock.now() + 9 * HOUR))
        for _ in range(3):
            diary.clock.advance(HOUR)
            await work.run()
        assert thief.asked == []
    assert await diary.said() == []
    assert [each.loaded_at is not None for each in await diary.rows(Calendar)] == [True]
    assert await diary.count(StoredOccurrence) == 1
