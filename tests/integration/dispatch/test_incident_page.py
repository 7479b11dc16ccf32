"""The page in the browser: one person, half an hour, one incident."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.integration.dispatch.house import DeskServer, House, open_house
from tests.integration.dispatch.slash import add_pole
from tests.integration.mattermost.surface_desk import user_id

from sekretar.dispatch.incidents.finding import IncidentFilter, find
from sekretar.dispatch.incidents.values import Origin
from sekretar.dispatch.page import CLAIM_KIND
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown
from sekretar.kernel.signing import Claim
from sekretar.web.app import Services, create_app


@dataclass
class Browser:
    """Opens the page and sends its form."""

    house: House

    async def link(self, name: str) -> str:
        assert self.house.dispatch.pages is not None
        person = await self.house.office.profiles.person(user_id(name))
        return parse_qs(urlsplit(self.house.dispatch.pages.link(person)).query)["pass"][0]

    async def get(self, **query: str) -> tuple[int, str]:
        return await self._ask("GET", query=query)

    async def post(self, **form: str) -> tuple[int, str]:
        return await self._ask("POST", body=urlencode(form).encode())

    async def _ask(
        self, method: str, query: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, str]:
        services = Services(
            **cast(Any, dict.fromkeys(("callbacks", "consents", "consented", "hooks", "health", "metrics"))),
            catalogues=self.house.office.desk.catalogues,
            default_language="en",
            pages=self.house.dispatch.pages,
        )
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": "/incident", "raw_path": b"/incident", "query_string": urlencode(query or {}).encode(),
            "headers": [], "client": ("10.0.0.1", 1), "server": ("localhost", 80), "root_path": "",
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Any) -> None:
            sent.append(message)

        await create_app(services)(scope, receive, keep)
        text = b"".join(each.get("body", b"") for each in sent[1:]).decode()
        return int(sent[0]["status"]), html.unescape(text)

    async def entered(self) -> list[Any]:
        async with self.house.database.reading() as session:
            return list((await find(session, IncidentFilter(), limit=10)).incidents)


@pytest.fixture
async def browser(database: Database) -> AsyncIterator[Browser]:
    async with open_house(database) as house:
        yield Browser(house)


async def test_an_incident_is_entered_once_as_the_person_of_the_link(browser: Browser) -> None:
    seal = await browser.link("anna")
    status, page = await browser.get(**{"pass": seal})
    assert status == 200
    assert "Авария ВОЛС" in page
    typed = {"pass": seal, "summary": "Нет питания", "address": "ivan@operator.example"}
    status, page = await browser.post(**typed)
    assert (status, "NT-1" in page) == (200, True)
    (incident,) = await browser.entered()
    assert (incident.summary, incident.origin) == ("Нет питания", Origin.PAGE)
    async with browser.house.database.reading() as session:
        (opened, *_) = await browser.house.incidents.history(session, incident.id)
    assert opened.actor.person_id == await browser.house.person_id("anna")
    for status, page in (await browser.post(**typed), await browser.get(**{"pass": seal})):
        assert (status, "Уже заведено: NT-1" in page) == (400, True)
    assert len(await browser.entered()) == 1


async def test_what_was_typed_wrongly_is_said_and_nothing_typed_is_lost(browser: Browser) -> None:
    seal = await browser.link("anna")
    typed = {"pass": seal, "summary": '"><script>x', "place": "99999", "description": "С утра"}
    status, page = await browser.post(**typed)
    assert status == 400
    assert "99999" in page
    assert "С утра" in page
    assert await browser.entered() == []
    assert (await browser.post(**{**typed, "place": ""}))[0] == 200


async def test_incidents_are_looked_up_and_foreign_words_are_no_html(browser: Browser) -> None:
    await browser.house.open("Нет питания <b>x</b>")
    seal = await browser.link("anna")
    for sought in ("NT-1", "нт-1", "НТ–01", "питан"):
        _, page = await browser.get(**{"pass": seal, "find": sought})
        assert "NT-1" in page.partition('class="found"')[2]
    raw = (await browser.get(**{"pass": seal, "find": "пожар"}))[1]
    assert 'class="found"' not in raw


async def test_a_look_for_another_incident_loses_nothing_and_enters_nothing(browser: Browser) -> None:
    await browser.house.open("Нет питания")
    typed = {"pass": await browser.link("anna"), "summary": "Гудит шкаф", "description": "С утра"}
    status, page = await browser.post(**typed, do="find", find="питан")
    assert (status, "NT-1" in page, "Гудит шкаф" in page, "С утра" in page) == (200, True, True, True)
    # Enter in a line of the form is no press of its button.
    status, page = await browser.post(**typed, do="find", find="")
    assert (status, "Пока ничего не заведено" in page) == (200, True)
    assert len(await browser.entered()) == 1


async def test_the_place_is_found_in_the_words_where_none_is_typed(browser: Browser) -> None:
    await add_pole(browser.house, "41960-P-43-1-1")
    await browser.post(**{"pass": await browser.link("anna"), "summary": "Нет питания на 41960-P-43-1-1"})
    (incident,) = await browser.entered()
    assert incident.pole_id is not None


async def test_a_station_that_stands_on_another_pole_is_an_error_of_its_field(browser: Browser) -> None:
    await add_pole(browser.house, "41960-P-43-1-1", "KI0075")
    await add_pole(browser.house, "47175-P-62-1-1")
    typed = {"pass": await browser.link("anna"), "summary": "Нет питания"}
    status, page = await browser.post(**typed, place="KI0075, 47175-P-62-1-1")
    assert (status, "не на опоре 47175-P-62-1-1, а на опоре 41960-P-43-1-1" in page) == (400, True)
    assert await browser.entered() == []
    assert (await browser.post(**typed, place="KI0075, 41960-P-43-1-1"))[0] == 200
    (incident,) = await browser.entered()
    assert None not in (incident.pole_id, incident.station_id)


@pytest.mark.parametrize("end", ["the link ended", "Mattermost is down"])
async def test_what_was_typed_outlives_the_end_of_the_link_and_of_mattermost(
    browser: Browser, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = {"pass": await browser.link("anna"), "summary": "Гудит шкаф", "description": "<b>С утра</b>"}
    with monkeypatch.context() as meanwhile:
        if end == "the link ended":
            browser.house.clock.advance(timedelta(minutes=31))
        else:
            meanwhile.setattr(DeskServer, "channel_member", down)
        status, page = await browser.post(**typed)
        assert (status, "Гудит шкаф" in page, "С утра" in page) == (
            503 if end == "Mattermost is down" else 400,
            True,
            True,
        )
        assert await browser.entered() == []
    if end == "Mattermost is down":
        again = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
        assert (await browser.post(**again))[0] == 200
        (incident,) = await browser.entered()
        assert incident.description == "<b>С утра</b>"


async def down(*_: object) -> Any:
    raise PeerDown("mattermost")


@pytest.mark.parametrize("how", ["forged", "expired", "of another kind", "of somebody who left"])
async def test_a_link_that_is_not_honoured_opens_nothing(browser: Browser, how: str) -> None:
    seal = await browser.link("anna")
    if how == "forged":
        seal = seal[:-2] + ("AA" if seal[-2:] != "AA" else "BB")
    elif how == "expired":
        browser.house.clock.advance(timedelta(minutes=31))
    elif how == "of another kind":
        now = browser.house.clock.now()
        claim = Claim(CLAIM_KIND + "s", await browser.house.person_id("anna"), {}, now + timedelta(hours=1))
        seal = browser.house.office.desk.signer.seal(claim)
    else:
        cast(DeskServer, browser.house.office.server).members.discard("anna")
    assert (await browser.get(**{"pass": seal}))[0] == 400
    assert (await browser.post(**{"pass": seal, "summary": "x"}))[0] == 400
    assert await browser.entered() == []


async def test_the_command_gives_a_link_to_whoever_works_at_a_desk(browser: Browser) -> None:
    given = await browser.house.office.slash("anna", "/incident page")
    assert "/incident?pass=" in str(given.body)
    refused = await browser.house.office.slash("chris", "/incident page")
    assert "/incident?pass=" not in str(refused.body)
