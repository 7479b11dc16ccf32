"""The sync ladder on real servers: whatever others do to a calendar, we end up with the same."""

from __future__ import annotations

import random
from dataclasses import replace

import aiohttp
import pytest
from tests.peers_caldav import PEOPLE, CalDavServer, event_ics

from sekretar.calendars.caldav import (
    CalDavClient,
    CalendarState,
    Changes,
    Credentials,
    Marks,
    Trust,
    Way,
    changes,
)

_LOGIN = Credentials("anna", PEOPLE["anna"])


@pytest.fixture
def server(caldav_server: CalDavServer) -> CalDavServer:
    return caldav_server


@pytest.fixture
def session(caldav_session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    return caldav_session


@pytest.fixture
def client(server: CalDavServer, session: aiohttp.ClientSession) -> CalDavClient:
    return CalDavClient(session, server.home_url("anna"), _LOGIN)


@pytest.fixture
def url(caldav_calendar: str) -> str:
    return caldav_calendar


class Mirror:
    """What a caller stores: the state and the texts, applied together."""

    def __init__(self, client: CalDavClient, url: str, trust: Trust) -> None:
        self._client = client
        self.state = CalendarState(url, trust=trust)
        self.texts: dict[str, str] = {}

    async def look(self, *, verify: bool = False, confirmed: bool = False) -> Changes:
        found = await changes(self._client, self.state, verify=verify, confirmed=confirmed)
        for item in found.upserts:
            self.texts[item.href.rpartition("/")[2]] = item.data
        for href in found.deletions:
            del self.texts[href.rpartition("/")[2]]
        self.state = found.state
        return found

    @property
    def titles(self) -> dict[str, str]:
        return {name: text.partition("SUMMARY:")[2].split()[0] for name, text in self.texts.items()}


@pytest.mark.parametrize("trust", [Trust.TOKEN, Trust.CTAG, Trust.LISTING])
async def test_a_mirror_follows_random_edits(
    server: CalDavServer, client: CalDavClient, url: str, trust: Trust
) -> None:
    mirror, truth, chance = Mirror(client, url, trust), dict[str, str](), random.Random(trust)
    for round_ in range(8):
        for _ in range(chance.randint(0, 4)):
            name = f"{chance.randint(0, 5)}.ics"
            if name in truth and len(truth) > 1 and chance.random() < 0.4:
                await server.delete("anna", url + name)
                del truth[name]
            else:
                truth[name] = f"title-{round_}-{chance.randint(0, 99)}"
                await server.put_event("anna", url, name, event_ics(name, summary=truth[name]))
        found = await mirror.look()
        assert found.complete
        assert mirror.titles == truth
    again = await mirror.look()
    assert again.empty
    assert again.way is (Way.LISTING if trust is Trust.LISTING else Way.UNMOVED)
    assert mirror.state.trust is trust


async def test_changes_arrive_by_token_and_verifying_agrees(
    server: CalDavServer, client: CalDavClient, url: str
) -> None:
    await server.put_event("anna", url, "a.ics", event_ics("a"))
    mirror = Mirror(client, url, Trust.TOKEN)
    assert (await mirror.look()).way is Way.LISTING
    await server.put_event("anna", url, "b.ics", event_ics("b"))
    found = await mirror.look()
    assert found.way is Way.TOKEN
    assert [item.href.rpartition("/")[2] for item in found.upserts] == ["b.ics"]
    verified = await mirror.look(verify=True)
    assert verified.empty
    assert verified.way is Way.LISTING
    assert verified.state.trust is Trust.TOKEN


async def test_a_forgotten_token_leads_to_a_listing(
    server: CalDavServer, client: CalDavClient, url: str
) -> None:
    await server.put_event("anna", url, "a.ics", event_ics("a"))
    mirror = Mirror(client, url, Trust.TOKEN)
    await mirror.look()
    bad = Marks("old", "http://radicale.org/ns/sync/" + "1" * 64)
    mirror.state = replace(mirror.state, marks=bad)
    await server.put_event("anna", url, "b.ics", event_ics("b"))
    found = await mirror.look()
    assert found.way is Way.LISTING or server.takes_any_token
    assert set(mirror.texts) == {"a.ics", "b.ics"}
    assert (await mirror.look()).way is Way.UNMOVED


async def test_a_calendar_that_empties_is_confirmed_before_it_is_believed(
    server: CalDavServer, client: CalDavClient, url: str
) -> None:
    await server.put_event("anna", url, "a.ics", event_ics("a"))
    mirror = Mirror(client, url, Trust.TOKEN)
    await mirror.look()
    await server.delete("anna", url + "a.ics")
    first = await mirror.look()
    assert first.suspicious
    assert set(mirror.texts) == {"a.ics"}
    second = await mirror.look(confirmed=True)
    assert not second.suspicious
    assert mirror.texts == {}
    assert (await mirror.look()).way is Way.UNMOVED
