"""Asking calendar servers for the time of people who are not here: real ones, and one with the habits of odd ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import update
from tests.integration.calendars.diary import Diary, open_diary
from tests.peers_caldav import PEOPLE, CalDavServer, event_ics, running_radicale

from sekretar.calendars.accounts import own_addresses
from sekretar.calendars.finding.free_busy_asking import FreeBusy
from sekretar.calendars.finding.standing import Busy
from sekretar.calendars.model import CalendarAccount
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.http import HttpSessions, HttpSettings

BEGIN, END = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
TEN, TWELVE = BEGIN.replace(hour=10), BEGIN.replace(hour=12)
BORIS, NOBODY = "boris@example.com", "nobody@example.com"


@asynccontextmanager
async def asking(diary: Diary, home: str, profile: str = "generic") -> AsyncIterator[FreeBusy]:
    """Anna's account is on that server."""
    http = HttpSessions(HttpSettings(allowed_networks=("127.0.0.1",), trust_env=False))
    async with diary.desk.database.transaction() as session:
        account = update(CalendarAccount).where(CalendarAccount.id == diary.account_id)
        password = diary.desk.vault.encrypt(PEOPLE["anna"])
        values = {"home_url": home, "login": "anna", "password": password, "profile": profile}
        await session.execute(account.values(values))
    try:
        yield FreeBusy(diary.desk, http, patience=timedelta(seconds=20))
    finally:
        await http.close()


async def busy_boris(server: CalDavServer) -> None:
    """Boris has a meeting at ten, perhaps one at twelve, and one at which he is free."""
    url = await server.make_calendar("boris", "work", "Дела")
    await server.make_calendar("anna", "work", "Work")
    texts = {
        "busy": event_ics("busy", "20260305T100000Z", "20260305T110000Z", "Тайное дело"),
        "maybe": event_ics("maybe", "20260305T120000Z", "20260305T130000Z", "Maybe", "STATUS:TENTATIVE"),
        "free": event_ics("free", "20260305T150000Z", "20260305T160000Z", "Free", "TRANSP:TRANSPARENT"),
    }
    for name, text in texts.items():
        await server.put_event("boris", url, f"{name}.ics", text)


EXPECTED = {
    BORIS: (
        Busy(TEN, TEN + timedelta(hours=1)),
        Busy(TWELVE, TWELVE + timedelta(hours=1), tentative=True),
    )
}


@pytest.fixture(scope="module")
def open_radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDavServer]:
    with running_radicale(tmp_path_factory.mktemp("shared"), rights="authenticated") as running:
        asyncio.run(busy_boris(running))
        yield running


async def test_a_shared_calendar_tells_when_its_owner_is_busy(
    diary: Diary, open_radicale: CalDavServer
) -> None:
    async with asking(diary, open_radicale.home_url("anna")) as free_busy:
        assert await free_busy.of(diary.person.id, [NOBODY, "Boris@Example.com"], BEGIN, END) == EXPECTED


async def test_an_address_that_is_only_claimed_finds_no_neighbours(
    diary: Diary, open_radicale: CalDavServer
) -> None:
    """The homes are named by the part before the @, which says something of the server's own domain alone."""
    async with asking(diary, open_radicale.home_url("anna")) as free_busy:
        async with diary.desk.database.transaction() as session:
            claim = ["anna@client.example"]
            await own_addresses.name(session, diary.person, diary.account_id, claim, diary.clock.now())
        known = await free_busy.of(diary.person.id, [BORIS, "boris@client.example"], BEGIN, END)
    assert known == EXPECTED


async def test_a_server_for_which_nothing_is_known_to_help_is_not_asked(
    diary: Diary, open_radicale: CalDavServer
) -> None:
    async with asking(diary, open_radicale.home_url("anna"), "yandex") as free_busy:
        assert await free_busy.of(diary.person.id, [BORIS], BEGIN, END) == {}


async def test_what_each_server_tells(
    database: Database, clock: ManualClock, caldav_server: CalDavServer
) -> None:
    """Cyrus and DAViCal answer for their people; the others keep their calendars to themselves."""
    diary = await open_diary(database, clock)
    url = await caldav_server.make_calendar("boris", "timed", "Дела")
    await caldav_server.put_event("boris", url, "b.ics", event_ics("told-by-servers", summary="Тайное дело"))
    try:
        async with asking(diary, caldav_server.home_url("anna")) as free_busy:
            found = await free_busy.of(diary.person.id, [BORIS, NOBODY], BEGIN, END)
    finally:
        await caldav_server.delete("boris", url)
    told = {BORIS: (Busy(TEN, TEN + timedelta(hours=1)),)}
    assert found == (told if caldav_server.name in ("cyrus", "davical") else {})


# --- a server with an outbox of odd habits ----------------------------------------------------------------


def reply(*responses: tuple[str, str, str]) -> str:
    items = "".join(
        f"<C:response><C:recipient><href>{recipient}</href></C:recipient>"
        f"<C:request-status>{status}</C:request-status><C:calendar-data>{data}</C:calendar-data></C:response>"
        for recipient, status, data in responses
    )
    return f'<C:schedule-response xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{items}</C:schedule-response>'


def taken(period: str) -> str:
    return f"BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\nFREEBUSY:{period}\nEND:VFREEBUSY\nEND:VCALENDAR\n"


AT_TEN = taken("20260305T100000Z/PT1H")


@dataclass
class Outbox:
    """A server that knows scheduling, with its answer to a question."""

    answer: str
    status: int = 200
    url: str = "/anna/outbox/"
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.asked.append(await request.text())
            if self.silent:
                await asyncio.Event().wait()
            return web.Response(status=self.status, text=self.answer, content_type="application/xml")
        if request.method != "PROPFIND" or not request.path.startswith("/anna/"):
            return web.Response(status=404)
        body = (
            '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response><href>/anna/</href>'
            "<propstat><prop><current-user-principal><href>/anna/</href></current-user-principal>"
            f"<C:schedule-outbox-URL><href>{self.url}</href></C:schedule-outbox-URL></prop>"
            "<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
        )
        return web.Response(status=207, text=body, content_type="application/xml")


async def answered(diary: Diary, outbox: Outbox) -> dict[str, tuple[Busy, ...]]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", outbox.handle)
    server = TestServer(app)
    await server.start_server()
    try:
        async with asking(diary, str(server.make_url("/anna/"))) as free_busy:
            patient = FreeBusy(
                free_busy.desk, free_busy.http, timedelta(seconds=0.5 if outbox.silent else 20)
            )
            return await patient.of(diary.person.id, [BORIS, "vera@example.org"], BEGIN, END)
    finally:
        await server.close()


async def test_one_question_for_all_and_each_is_answered_for_alone(diary: Diary) -> None:
    outbox = Outbox(
        reply(
            ("mailto:Boris@example.com", "2.0;Success", AT_TEN),
            ("mailto:vera@example.org", "3.7;Invalid calendar user", ""),
            ("mailto:spy@example.org", "2.0;Success", AT_TEN),
        )
    )
    assert await answered(diary, outbox) == {BORIS: (Busy(TEN, TEN + timedelta(hours=1)),)}
    (question,) = outbox.asked
    assert "ATTENDEE:mailto:boris@example.com\r\nATTENDEE:mailto:vera@example.org" in question
    assert "ORGANIZER:mailto:anna@example.com" in question


@pytest.mark.parametrize(
    "outbox",
    [
        Outbox("", status=504),
        Outbox("", status=403),
        Outbox("<html>sign in</html>"),
        Outbox("<multistatus xmlns='DAV:'/>"),
        Outbox(reply((f"mailto:{BORIS}", "2.0;Success", taken("soon")))),
        Outbox(reply((f"mailto:{BORIS}", "2.0;Success", ""))),
        Outbox(reply((f"mailto:{BORIS}", "3.8;No authority", AT_TEN))),
        Outbox(reply((f"mailto:{BORIS}", "2.0;Success", AT_TEN)), url="http://elsewhere.example/outbox/"),
        Outbox(reply((f"mailto:{BORIS}", "2.0;Success", AT_TEN)), silent=True),
    ],
    ids=["504", "403", "page", "other", "unreadable", "empty", "refused", "elsewhere", "silent"],
)
async def test_whatever_else_comes_leaves_people_unknown(diary: Diary, outbox: Outbox) -> None:
    assert await answered(diary, outbox) == {}
