"""What any calendar server must do for Sekretar: one suite, run against every real server there is."""

from __future__ import annotations

from datetime import UTC, datetime

import aiohttp
import pytest
from tests.peers_caldav import PEOPLE, CalDavServer, event_ics

from sekretar.calendars.caldav import (
    OTHER,
    CalDavClient,
    Credentials,
    Delta,
    Discovered,
    Reason,
    RemoteCalendar,
    TokenRejected,
    Unreachable,
    discover,
    list_calendars,
)
from sekretar.kernel.errors import PeerConflict, PeerNotFound, PeerRefused


@pytest.fixture
def server(caldav_server: CalDavServer) -> CalDavServer:
    return caldav_server


@pytest.fixture
def session(caldav_session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    return caldav_session


@pytest.fixture
async def found(server: CalDavServer, session: aiohttp.ClientSession) -> Discovered:
    return await discover(session, OTHER, server.base_url, Credentials("anna", PEOPLE["anna"]))


@pytest.fixture
def client(session: aiohttp.ClientSession, found: Discovered) -> CalDavClient:
    return CalDavClient(session, found.home_url, Credentials("anna", PEOPLE["anna"]), profile=found.profile)


@pytest.fixture
async def calendar(client: CalDavClient, found: Discovered, caldav_calendar: str) -> RemoteCalendar:
    calendars = await list_calendars(client, found.home_url)
    return next(each for each in calendars if each.href == caldav_calendar)


async def test_discovery_leads_from_the_bare_address_to_the_home(
    server: CalDavServer, found: Discovered
) -> None:
    assert found.home_url == server.home_url("anna")
    # Cyrus names calendar-access nowhere, so that nothing may be concluded from its absence.
    assert {"1", "3"} <= found.features


async def test_a_wrong_password_is_told_apart(server: CalDavServer, session: aiohttp.ClientSession) -> None:
    with pytest.raises(PeerRefused):
        await discover(session, OTHER, server.base_url, Credentials("anna", "wrong"))


async def test_a_password_beyond_ascii_works(server: CalDavServer, session: aiohttp.ClientSession) -> None:
    found = await discover(session, OTHER, server.base_url, Credentials("boris", PEOPLE["boris"]))
    assert found.home_url == server.home_url("boris")


async def test_a_connection_that_cannot_be_protected_is_told_apart(server: CalDavServer) -> None:
    """One server has a certificate nobody signed, the others speak no TLS at all."""
    address = server.base_url.replace("http://", "https://")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Unreachable) as raised:
            await discover(session, OTHER, address, Credentials("anna", PEOPLE["anna"]))
    assert raised.value.reason is (Reason.CONNECTION if server.hangs_up else Reason.CERTIFICATE)


async def test_calendars_are_listed_with_their_marks(calendar: RemoteCalendar) -> None:
    assert calendar.name == "Work"
    assert calendar.ctag
    assert calendar.sync_token
    assert calendar.writable is not False
    assert "sync-collection" in calendar.reports


async def test_calendars_of_the_same_name_stay_two(
    server: CalDavServer, client: CalDavClient, found: Discovered
) -> None:
    for slug in ("twin-a", "twin-b"):
        await server.make_calendar("anna", slug, "Twin")
    twins = [each for each in await list_calendars(client, found.home_url) if each.name == "Twin"]
    assert len({each.href for each in twins}) == 2


async def test_one_request_tells_the_state_of_all_calendars(
    server: CalDavServer, client: CalDavClient, found: Discovered, calendar: RemoteCalendar
) -> None:
    before = (await client.home(found.home_url)).marks()[client.key(calendar.href)]
    await server.put_event("anna", calendar.href, "a.ics", event_ics("a"))
    after = (await client.home(found.home_url)).marks()[client.key(calendar.href)]
    assert before == calendar.marks
    assert not after.unmoved_since(before)
    assert after == await client.marks(calendar.href)


async def test_etags_follow_creating_editing_and_deleting(
    server: CalDavServer, client: CalDavClient, calendar: RemoteCalendar
) -> None:
    assert (await client.list_etags(calendar.href)).etags == {}
    await server.put_event("anna", calendar.href, "a.ics", event_ics("a"))
    first = await client.list_etags(calendar.href)
    await server.put_event("anna", calendar.href, "a.ics", event_ics("a", summary="Another"))
    second = await client.list_etags(calendar.href)
    assert first.complete
    assert first.etags.keys() == second.etags.keys()
    assert first.etags != second.etags
    await server.delete("anna", calendar.href + "a.ics")
    assert (await client.list_etags(calendar.href)).etags == {}


async def test_multiget_fetches_in_batches_and_names_what_is_missing(
    server: CalDavServer, session: aiohttp.ClientSession, client: CalDavClient, calendar: RemoteCalendar
) -> None:
    for number in range(7):
        await server.put_event("anna", calendar.href, f"{number}.ics", event_ics(f"uid-{number}"))
    listed = list((await client.list_etags(calendar.href)).etags)
    ghost = listed[0].replace(".ics", "-ghost.ics")
    small = CalDavClient(session, client.base_url, Credentials("anna", PEOPLE["anna"]))
    small.limits = type(small.limits)(batch=3)
    fetched = await small.multiget(calendar.href, [*listed, ghost])
    assert {item.href for item in fetched.objects} == set(listed)
    assert all(f"UID:uid-{item.href.rpartition('/')[2][0]}" in item.data for item in fetched.objects)
    # Some servers pass over what they do not know, so that nothing is known of it.
    assert fetched.missing | fetched.failed == {ghost}
    assert not fetched.unusable


async def test_sync_collection_names_exactly_what_changed(
    server: CalDavServer, client: CalDavClient, calendar: RemoteCalendar
) -> None:
    for name in ("kept", "edited", "deleted"):
        await server.put_event("anna", calendar.href, f"{name}.ics", event_ics(name))
    token = (await client.marks(calendar.href)).token
    assert token
    await server.put_event("anna", calendar.href, "edited.ics", event_ics("edited", summary="New"))
    await server.put_event("anna", calendar.href, "added.ics", event_ics("added"))
    await server.delete("anna", calendar.href + "deleted.ics")
    delta = await client.sync_collection(calendar.href, token)
    assert isinstance(delta, Delta)
    assert {href.rpartition("/")[2] for href in delta.changed} == {"edited.ics", "added.ics"}
    assert {href.rpartition("/")[2] for href in delta.deleted} == {"deleted.ics"}
    assert delta.token
    again = await client.sync_collection(calendar.href, delta.token)
    assert isinstance(again, Delta)
    assert not again.changed
    assert not again.deleted


async def test_an_unknown_token_is_rejected_as_a_value(
    server: CalDavServer, client: CalDavClient, calendar: RemoteCalendar
) -> None:
    token = "http://radicale.org/ns/sync/" + "0" * 64
    answer = await client.sync_collection(calendar.href, token)
    assert isinstance(answer, Delta) if server.takes_any_token else answer == TokenRejected()


async def test_a_window_holds_its_events(
    server: CalDavServer, client: CalDavClient, calendar: RemoteCalendar
) -> None:
    await server.put_event("anna", calendar.href, "in.ics", event_ics("in"))
    await server.put_event(
        "anna", calendar.href, "out.ics", event_ics("out", "20270305T100000Z", "20270305T110000Z")
    )
    window = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
    listed = await client.query_etags(calendar.href, window)
    assert [href.rpartition("/")[2] for href in listed.etags] == ["in.ics"]


async def test_writing_respects_what_others_wrote(
    server: CalDavServer, client: CalDavClient, calendar: RemoteCalendar
) -> None:
    url = calendar.href + "mine.ics"
    told = await client.put(url, event_ics("mine"), create=True)
    (etag,) = (await client.list_etags(calendar.href)).etags.values()
    assert told in (None, etag)
    with pytest.raises(PeerConflict):
        await client.put(url, event_ics("mine"), create=True)
    await server.put_event("anna", calendar.href, "mine.ics", event_ics("mine", summary="Theirs"))
    with pytest.raises(PeerConflict):
        await client.put(url, event_ics("mine", summary="Ours"), if_match=etag)
    with pytest.raises(PeerConflict):
        await client.delete(url, if_match=etag)
    assert "Theirs" in (await client.get(url)).data
    (etag,) = (await client.list_etags(calendar.href)).etags.values()
    await client.delete(url, if_match=etag)
    with pytest.raises(PeerNotFound):
        await client.get(url)


async def test_a_calendar_that_is_gone_is_not_an_empty_one(
    server: CalDavServer, client: CalDavClient, calendar: RemoteCalendar
) -> None:
    await server.delete("anna", calendar.href)
    with pytest.raises(PeerNotFound):
        await client.marks(calendar.href)
    with pytest.raises(PeerNotFound):
        await client.list_etags(calendar.href)
