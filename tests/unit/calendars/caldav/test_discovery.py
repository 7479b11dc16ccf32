"""From what people type to their calendars, on servers that make it hard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from tests.unit.calendars.caldav.fake_server import FakeServer, Override

from sekretar.calendars.caldav import (
    OTHER,
    PROVIDERS,
    CalDavClient,
    Credentials,
    Discovered,
    NotCalDav,
    Unreachable,
    base_url,
    discover,
    list_calendars,
)
from sekretar.calendars.caldav.discovery import addresses_of
from sekretar.calendars.caldav.providers import MAILRU, Provider
from sekretar.kernel.errors import PeerForbidden, PeerRefused

ANNA = Credentials("anna@example.org", "x")


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    fake = FakeServer()
    async with fake.server:
        yield fake


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def pages(answers: dict[str, str | int | web.Response], otherwise: int = 404) -> Override:
    """A server that knows these paths: a property body, a status, or a whole answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        found = answers.get(request.path, otherwise)
        if isinstance(found, web.Response):
            return found
        if isinstance(found, int):
            return web.Response(status=found)
        body = (
            '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
            'xmlns:A="http://apple.com/ns/ical/" xmlns:N="http://nextcloud.com/ns">'
        )
        if not found.startswith("<response>"):
            found = (
                f"<response><href>{request.path}</href><propstat><prop>{found}</prop></propstat></response>"
            )
        return web.Response(status=207, text=f"{body}{found}</multistatus>", content_type="application/xml")

    return answer


def principal(path: str) -> str:
    return f"<current-user-principal><href>{path}</href></current-user-principal>"


def home(path: str) -> str:
    return f"<C:calendar-home-set><href>{path}</href></C:calendar-home-set>"


async def find(session: aiohttp.ClientSession, address: str, provider: Provider = OTHER) -> Discovered:
    return await discover(session, provider, address, ANNA)


async def test_the_well_known_address_leads_to_the_principal(
    fake: FakeServer, session: aiohttp.ClientSession
) -> None:
    addresses = (
        "<C:calendar-user-address-set><href>mailto:Anna.B@Example.org</href><href>/p/anna/</href>"
        "</C:calendar-user-address-set><displayname>Anna B.</displayname>"
    )
    fake.override = pages(
        {
            "/.well-known/caldav": web.Response(status=301, headers={"Location": "/dav/"}),
            "/dav/": principal("/p/anna/"),
            "/p/anna/": home("/cal/anna/") + addresses,
        }
    )
    found = await find(session, fake.url)
    assert found.home_url == fake.url + "cal/anna/"
    assert found.principal_url == fake.url + "p/anna/"
    assert found.display_name == "Anna B."
    assert found.addresses == ("anna.b@example.org", "anna@example.org")


@pytest.mark.parametrize(
    ("provider", "login", "known", "strange"),
    [
        ("yandex", "anna.b", ("anna.b@yandex.ru", "anna-b@ya.ru", "anna.b@yandex.com"), "anna@yandex.ru"),
        ("yandex", "Anna@Ya.ru", ("anna@ya.ru", "anna@yandex.ru", "anna@yandex.kz"), "anna@mail.ru"),
        ("yandex", "anna@corp.example", ("anna@corp.example",), "anna@yandex.ru"),
        ("icloud", "anna@me.com", ("anna@me.com", "anna@icloud.com"), "anna@yandex.ru"),
        ("mailru", "anna@mail.ru", ("anna@mail.ru",), "anna@bk.ru"),
    ],
)
def test_all_names_of_one_mailbox_are_the_persons_own(
    provider: str, login: str, known: tuple[str, ...], strange: str
) -> None:
    """People are invited under any of them; `bk.ru` is another mailbox than `mail.ru`."""
    found = addresses_of((), login, PROVIDERS[provider].profile)
    assert found[0] == known[0]
    assert set(known) <= set(found)
    assert strange not in found
    said = addresses_of(("Boss@Example.org",), login, PROVIDERS[provider].profile)
    assert said == ("boss@example.org", *found)


async def test_a_given_path_is_asked_first_and_completed(
    fake: FakeServer, session: aiohttp.ClientSession
) -> None:
    fake.override = pages({"/cloud/remote.php/dav/": principal("/p/"), "/p/": home("/cal/")})
    found = await discover(session, PROVIDERS["nextcloud"], fake.url + "cloud", ANNA)
    assert found.home_url == fake.url + "cal/"


async def test_mailru_is_entered_by_guessing_the_principal(
    fake: FakeServer, session: aiohttp.ClientSession
) -> None:
    fake.override = pages({"/principals/example.org/anna/": "<resourcetype><principal/></resourcetype>"}, 400)
    provider = Provider("mailru", "Mail.ru", MAILRU, fake.url)
    found = await find(session, "", provider)
    assert found.home_url == fake.url + "principals/example.org/anna/calendars/"


async def test_a_refused_password_ends_the_search(fake: FakeServer, session: aiohttp.ClientSession) -> None:
    fake.override = pages({}, 401)
    with pytest.raises(PeerRefused):
        await find(session, fake.url)
    assert len(fake.asked) == 1


async def test_a_forbidden_account_is_told_apart_from_a_wrong_address(
    fake: FakeServer, session: aiohttp.ClientSession
) -> None:
    fake.override = pages({"/": 403})
    with pytest.raises(PeerForbidden):
        await find(session, fake.url)


async def test_a_server_in_trouble_is_not_called_a_wrong_address(
    fake: FakeServer, session: aiohttp.ClientSession
) -> None:
    fake.override = pages({}, 502)
    with pytest.raises(Unreachable):
        await find(session, fake.url)


@pytest.mark.parametrize("status", [200, 404, 405])
async def test_a_web_site_is_not_a_calendar_server(
    fake: FakeServer, session: aiohttp.ClientSession, status: int
) -> None:
    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="<html>Welcome</html>", content_type="text/html")

    fake.override = page
    with pytest.raises(NotCalDav):
        await find(session, fake.url)


async def test_a_home_on_another_host_is_refused(fake: FakeServer, session: aiohttp.ClientSession) -> None:
    fake.override = pages({"/": principal("/p/"), "/p/": home("https://evil.example/cal/")})
    with pytest.raises(NotCalDav):
        await find(session, fake.url)


CALENDAR = "<collection/><C:calendar/>"


def collection(href: str, kinds: str, props: str = "") -> str:
    return (
        f"<response><href>{href}</href><propstat><prop><resourcetype>{kinds}</resourcetype>{props}</prop>"
        "</propstat></response>"
    )


def components(*names: str) -> str:
    inside = "".join(f'<C:comp name="{name}"/>' for name in names)
    return f"<C:supported-calendar-component-set>{inside}</C:supported-calendar-component-set>"


CALENDARS = (
    collection("/cal/", "<collection/>")
    + collection("/cal/inbox/", "<collection/><C:schedule-inbox/>")
    + collection("/cal/tasks/", CALENDAR, components("VTODO"))
    + collection("/cal/binned/", CALENDAR + "<N:deleted-calendar/>")
    + collection("https://evil.example/cal/", CALENDAR)
    + collection(
        "/cal/a%40b/",
        CALENDAR,
        "<displayname> Work &amp; home </displayname><A:calendar-color>#FF8800AA</A:calendar-color>"
        + components("VEVENT", "VTODO")
        + "<current-user-privilege-set><privilege><read/></privilege></current-user-privilege-set>"
        "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp><supported-report-set>"
        "<supported-report><report><sync-collection/></report></supported-report></supported-report-set>",
    )
    + collection("/cal/plain/", CALENDAR, "<A:calendar-color>red</A:calendar-color>")
)


async def test_only_collections_of_events_are_listed(
    fake: FakeServer, session: aiohttp.ClientSession
) -> None:
    fake.override = pages({"/cal/": CALENDARS})
    first, second = await list_calendars(CalDavClient(session, fake.url, ANNA), fake.url + "cal/")
    assert first.href == fake.url + "cal/a%40b/"
    assert first.name == "Work & home"
    assert first.colour == "#ff8800"
    assert first.writable is False
    assert first.transparent
    assert first.components == {"VEVENT", "VTODO"}
    assert first.reports == {"sync-collection"}
    assert (second.name, second.colour, second.writable) == ("plain", None, None)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("cloud.example.org", "https://cloud.example.org/"),
        (" https://cloud.example.org/dav?x=1#y ", "https://cloud.example.org/dav"),
        ("cloud.example.org/nextcloud", "https://cloud.example.org/nextcloud"),
        ("cloud.example.org:8443", "https://cloud.example.org:8443/"),
        ("anna@example.org", "https://example.org/"),
        ("http://localhost:5232/", "http://localhost:5232/"),
    ],
)
def test_what_people_type_becomes_an_address(typed: str, url: str) -> None:
    assert base_url(OTHER, typed) == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "two words",
        "ftp://a.example/",
        "https://",
        "https://u:p@a.example/",
        "https://a:b/",
        "https://[/",
        "javascript:x",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(NotCalDav):
        base_url(OTHER, typed)


def test_the_address_is_asked_for_where_it_depends_on_the_house() -> None:
    assert [each.id for each in PROVIDERS.values() if each.asks_url] == ["nextcloud", "other"]
