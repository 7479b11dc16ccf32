"""What an enemy or a broken server may answer, and what it means."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from tests.unit.calendars.caldav.fake_server import FakeServer

from sekretar.calendars.caldav import (
    AnswerTooLarge,
    CalDavClient,
    Credentials,
    Limits,
    NotCalDav,
    Reason,
    RedirectRefused,
    Unreachable,
)
from sekretar.calendars.caldav.hrefs import key_of, trusted
from sekretar.calendars.caldav.wire import pause_of
from sekretar.kernel.errors import (
    PeerConflict,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)
from sekretar.kernel.http import LONGEST_PAUSE

Answering = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    fake = FakeServer()
    async with fake.server:
        yield fake


@pytest.fixture
async def client(fake: FakeServer) -> AsyncIterator[CalDavClient]:
    limits = Limits(small=20_000, listing=50_000, silence_seconds=0.3, total_seconds=2)
    async with aiohttp.ClientSession() as session:
        yield CalDavClient(session, fake.url, Credentials("anna", "secret"), limits=limits)


def answering(response: Callable[[], web.StreamResponse]) -> Answering:
    async def answer(_: web.Request) -> web.StreamResponse:
        return response()

    return answer


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PeerInvalid),
        (401, PeerRefused),
        (403, PeerForbidden),
        (404, PeerNotFound),
        (405, PeerUnsupported),
        (409, PeerConflict),
        (410, PeerNotFound),
        (412, PeerConflict),
        (413, PeerInvalid),
        (429, PeerLimited),
        (500, Unreachable),
        (501, PeerUnsupported),
        (503, Unreachable),
        (504, Unreachable),
        (507, PeerInvalid),
    ],
)
async def test_each_status_has_its_meaning(
    fake: FakeServer, client: CalDavClient, status: int, kind: type[PeerError]
) -> None:
    fake.override = answering(lambda: web.Response(status=status))
    with pytest.raises(PeerError) as raised:
        await client.marks(fake.calendar_url)
    assert type(raised.value) is kind
    assert fake.asked == ["PROPFIND"]


async def test_the_password_is_sent_at_once_and_never_shown(fake: FakeServer, client: CalDavClient) -> None:
    await client.marks(fake.calendar_url)
    assert fake.passwords == ["Basic YW5uYTpzZWNyZXQ="]
    assert "secret" not in repr(Credentials("anna", "secret"))


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_that_is_asked_for_is_passed_on(
    fake: FakeServer, client: CalDavClient, status: int
) -> None:
    fake.override = answering(lambda: web.Response(status=status, headers={"Retry-After": "90"}))
    with pytest.raises(PeerLimited) as raised:
        await client.marks(fake.calendar_url)
    assert raised.value.retry_after == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "5"}, timedelta(seconds=5)),
        ({"Retry-After": "9" * 9}, LONGEST_PAUSE),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
        (
            {"Retry-After": "Wed, 04 Mar 2026 09:02:00 GMT", "Date": "Wed, 04 Mar 2026 09:00:00 GMT"},
            timedelta(minutes=2),
        ),
        (
            {"Retry-After": "Wed, 04 Mar 2026 08:00:00 GMT", "Date": "Wed, 04 Mar 2026 09:00:00 GMT"},
            timedelta(),
        ),
        ({"Retry-After": "Wed, 04 Mar 2026 09:02:00 GMT"}, None),
    ],
)
def test_pauses_are_read_by_the_clock_of_the_server(headers: dict[str, str], pause: timedelta | None) -> None:
    assert pause_of(headers) == pause


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_keeps_the_method_and_the_body(
    fake: FakeServer, client: CalDavClient, status: int
) -> None:
    bodies = []

    async def move(request: web.Request) -> web.StreamResponse | None:
        bodies.append(await request.read())
        if request.path == "/old/":
            return web.Response(status=status, headers={"Location": "/cal/work/"})
        return None

    fake.override = move
    assert (await client.marks(fake.url + "old/")).ctag == "0"
    assert fake.asked == ["PROPFIND", "PROPFIND"]
    assert bodies[0] == bodies[1] != b""


async def test_the_password_does_not_follow_to_another_host(fake: FakeServer, client: CalDavClient) -> None:
    other = FakeServer()
    async with other.server:
        target = other.calendar_url
        fake.override = answering(lambda: web.Response(status=302, headers={"Location": target}))
        with pytest.raises(RedirectRefused):
            await client.marks(fake.calendar_url)
    assert other.asked == []


async def test_a_redirect_in_a_circle_ends(fake: FakeServer, client: CalDavClient) -> None:
    fake.override = answering(lambda: web.Response(status=302, headers={"Location": "/cal/work/"}))
    with pytest.raises(NotCalDav):
        await client.marks(fake.calendar_url)
    assert len(fake.asked) == 6


@pytest.mark.parametrize(
    ("origin", "target", "allowed"),
    [
        ("https://a.example/", "https://a.example/x", True),
        ("https://a.example/", "https://a.example:443/x", True),
        ("https://a.example/", "https://A.Example/x", True),
        ("http://a.example/", "https://a.example/x", True),
        ("https://a.example/", "http://a.example/x", False),
        ("https://a.example/", "https://a.example:8443/x", False),
        ("https://a.example:8443/", "http://a.example:8443/x", False),
        ("https://a.example/", "https://a.example.evil.example/x", False),
        ("https://a.example/", "https://user@a.example/x", False),
        ("https://a.example/", "https://b.example/x", False),
        ("https://a.example/", "ftp://a.example/x", False),
        ("https://a.example/", "https://[broken/x", False),
        ("https://caldav.icloud.com/", "https://p42-caldav.icloud.com:443/x", True),
        ("https://caldav.icloud.com/", "http://p42-caldav.icloud.com/x", False),
        ("https://caldav.icloud.com/", "https://evil-icloud.com/x", False),
    ],
)
def test_who_may_see_the_password(origin: str, target: str, allowed: bool) -> None:
    assert trusted(origin, target, ("icloud.com",)) is allowed


async def test_a_login_page_is_not_a_calendar(fake: FakeServer, client: CalDavClient) -> None:
    page = "<!DOCTYPE html><html><body>Sign in</body></html>"
    fake.override = answering(lambda: web.Response(text=page, content_type="text/html"))
    with pytest.raises(NotCalDav):
        await client.list_etags(fake.calendar_url)
    with pytest.raises(NotCalDav):
        await client.get(fake.calendar_url + "a.ics")


_ENTITIES = "".join(
    f'<!ENTITY {new} "&{old};&{old};">' for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
)
LAUGHS = (
    f'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "ha">{_ENTITIES}]>'
    '<multistatus xmlns="DAV:"><sync-token>&k;</sync-token></multistatus>'
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b'<?xml version="1.0"?><other/>',
        b'<multistatus xmlns="DAV:"><response>',
        b'<!DOCTYPE m SYSTEM "file:///etc/passwd"><multistatus xmlns="DAV:"/>',
        b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><multistatus xmlns="DAV:">&x;</multistatus>',
        b'<multistatus xmlns="DAV:">' + b"<a>" * 2000 + b"</a>" * 2000 + b"</multistatus>",
        '<!DOCTYPE m [<!ENTITY x "y">]><multistatus xmlns="DAV:">&x;</multistatus>'.encode("utf-16"),
        LAUGHS.encode(),
    ],
    ids=["empty", "text", "other", "cut", "external", "entity", "deep", "utf-16", "laughs"],
)
async def test_hostile_and_broken_xml_is_refused(fake: FakeServer, client: CalDavClient, body: bytes) -> None:
    fake.override = answering(lambda: web.Response(status=207, body=body, content_type="application/xml"))
    with pytest.raises(NotCalDav):
        await client.list_etags(fake.calendar_url)


async def test_control_characters_in_a_text_do_not_spoil_the_answer(
    fake: FakeServer, client: CalDavClient
) -> None:
    fake.put("a.ics", "BEGIN:VCALENDAR\r\nX:a\x01b\r\nEND:VCALENDAR\r\n")
    fetched = await client.multiget(fake.calendar_url, ["/cal/work/a.ics"])
    assert "X:ab" in fetched.objects[0].data


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("announced", [False, True])
async def test_an_endless_answer_is_cut_off(
    fake: FakeServer, client: CalDavClient, compressed: bool, announced: bool
) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        body = b" " * 1_000_000
        if compressed:
            return web.Response(status=207, body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        if announced:
            return web.Response(status=207, body=body)
        response = web.StreamResponse(status=207)
        await response.prepare(request)
        for _ in range(10):
            await response.write(body[:100_000])
        return response

    fake.override = flood
    with pytest.raises(AnswerTooLarge):
        await client.marks(fake.calendar_url)


async def test_a_silent_server_is_given_up(fake: FakeServer, client: CalDavClient) -> None:
    released = asyncio.Event()

    async def wait(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response(status=207)

    fake.override = wait
    with pytest.raises(Unreachable) as raised:
        await client.marks(fake.calendar_url)
    released.set()
    assert raised.value.reason is Reason.TIMEOUT


async def test_a_connection_that_breaks_tells_nothing(fake: FakeServer, client: CalDavClient) -> None:
    async def hang_up(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=207, headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"<multistatus")
        assert request.transport is not None
        request.transport.close()
        return response

    fake.override = hang_up
    with pytest.raises(Unreachable) as raised:
        await client.marks(fake.calendar_url)
    assert raised.value.reason is Reason.BROKEN


async def test_a_port_where_nobody_listens_is_a_connection_problem(
    fake: FakeServer, client: CalDavClient
) -> None:
    await fake.server.close()
    with pytest.raises(Unreachable) as raised:
        await client.marks("/cal/work/")
    assert raised.value.reason is Reason.CONNECTION


async def test_a_write_that_is_lost_is_not_repeated(fake: FakeServer, client: CalDavClient) -> None:
    fake.override = answering(lambda: web.Response(status=504))
    with pytest.raises(Unreachable):
        await client.put("/cal/work/a.ics", "BEGIN:VCALENDAR")
    assert fake.asked == ["PUT"]


def test_spellings_of_one_href_have_one_key() -> None:
    assert key_of("https://a.example/x%40y/") == key_of("/x@y")
    assert key_of("/A/b.ics") != key_of("/a/B.ics")
    assert key_of("/A/b.ics", ignore_case=True) == key_of("/a/B.ics", ignore_case=True)
