"""Writing events on every real calendar server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from tests.integration.calendars.written_events import (
    BORIS,
    NOW,
    PEOPLE_LINES,
    SPAN,
    ZONE,
    meetings,
    retitled,
)
from tests.peers_caldav import PEOPLE, CalDavServer, event_ics

from sekretar.calendars.caldav import CalDavClient, Credentials
from sekretar.calendars.changing.writing import Conflict, Deleted, EventWriter, Gone, Written
from sekretar.calendars.editing import (
    Edit,
    Invitee,
    NewEvent,
    Reach,
    Repeat,
    Scope,
    cancelled,
    edited,
    new_event,
)
from sekretar.calendars.ics.events import PartStat


@pytest.fixture
def server(caldav_server: CalDavServer) -> CalDavServer:
    return caldav_server


@pytest.fixture
def calendar(caldav_calendar: str) -> str:
    return caldav_calendar


@pytest.fixture
def client(server: CalDavServer, caldav_session: aiohttp.ClientSession) -> CalDavClient:
    return CalDavClient(caldav_session, server.home_url("anna"), Credentials("anna", PEOPLE["anna"]))


@pytest.fixture
def writer(client: CalDavClient) -> EventWriter:
    return EventWriter(client)


async def made(writer: EventWriter, calendar: str, draft: NewEvent, uid: str = "uid-1") -> Written:
    outcome = await writer.create(calendar, uid, new_event(draft, uid, NOW))
    assert isinstance(outcome, Written)
    return outcome


async def test_a_new_meeting_is_there_for_everybody(
    writer: EventWriter, client: CalDavClient, calendar: str
) -> None:
    draft = NewEvent(
        "Демо", SPAN, ZONE, "Text", "Room 3", Invitee("anna@example.com"), (Invitee("boris@example.com"),),
        reminders=(timedelta(minutes=10),), repeat=Repeat.WEEKLY,
    )  # fmt: skip
    written = await made(writer, calendar, draft)
    listing = await client.list_etags(calendar)
    assert {client.key(href): etag for href, etag in listing.etags.items()} == {
        client.key(written.href): written.etag
    }
    found = meetings((await client.get(written.href)).data)
    assert [each.title for each in found] == ["Демо"] * 5
    assert {f"{each.start.astimezone(ZONE):%H:%M}" for each in found} == {"09:00"}


async def test_the_same_meeting_is_not_made_twice(
    writer: EventWriter, client: CalDavClient, calendar: str
) -> None:
    first = await made(writer, calendar, NewEvent("Demo", SPAN, ZONE))
    assert await made(writer, calendar, NewEvent("Demo", SPAN, ZONE)) == first
    assert len((await client.list_etags(calendar)).etags) == 1


async def test_a_change_keeps_what_it_does_not_mean(
    server: CalDavServer, writer: EventWriter, client: CalDavClient, calendar: str
) -> None:
    await server.put_event(
        "anna",
        calendar,
        "a.ics",
        event_ics("a", "20260305T100000Z", "20260305T110000Z", "Old", *PEOPLE_LINES),
    )
    href = next(iter((await client.list_etags(calendar)).etags))
    outcome = await writer.change(calendar, href, retitled("New"))
    assert isinstance(outcome, Written)
    data = (await client.get(href)).data
    assert "SUMMARY:New" in data
    assert "X-KEPT:by everybody" in data
    assert outcome.etag == (await client.list_etags(calendar)).etags[href]


async def test_an_edit_that_changes_nothing_writes_nothing(writer: EventWriter, calendar: str) -> None:
    written = await made(writer, calendar, NewEvent("Demo", SPAN, ZONE))
    assert await writer.change(calendar, written.href, retitled("Demo")) == written


async def test_a_change_made_meanwhile_is_not_overwritten(
    server: CalDavServer,
    writer: EventWriter,
    client: CalDavClient,
    calendar: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = await made(writer, calendar, NewEvent("Demo", SPAN, ZONE))
    name = written.href.rpartition("/")[2]
    other = "\r\n".join(written.data.splitlines()).replace("END:VEVENT", "LOCATION:Room 9\r\nEND:VEVENT")
    put, late = client.put, iter([True])

    async def put_late(href: str, data: str, **conditions: Any) -> str | None:
        if next(late, False):
            await server.put_event("anna", calendar, name, other + "\r\n")
        return await put(href, data, **conditions)

    monkeypatch.setattr(client, "put", put_late)
    outcome = await writer.change(calendar, written.href, retitled("New"))
    assert isinstance(outcome, Written)
    (found,) = meetings((await client.get(written.href)).data)
    assert (found.title, found.location) == ("New", "Room 9")


async def test_an_answer_to_one_of_a_series(
    server: CalDavServer, writer: EventWriter, client: CalDavClient, calendar: str
) -> None:
    draft = NewEvent("Sync", SPAN, ZONE, organizer=Invitee("anna@example.com"),
                     attendees=(Invitee("boris@example.com"),), repeat=Repeat.WEEKLY)  # fmt: skip
    written = await made(writer, calendar, draft)
    second = meetings(written.data)[1].recurrence_id
    outcome = await writer.answer(
        calendar, written.href, BORIS, PartStat.DECLINED, second, now=NOW, zone=ZONE
    )
    assert isinstance(outcome, Written)
    found = meetings((await client.get(written.href)).data)
    assert [each.attendees[0].partstat.value for each in found[:3]] == [
        "NEEDS-ACTION",
        "DECLINED",
        "NEEDS-ACTION",
    ]


async def test_a_series_is_divided_into_two_objects(
    writer: EventWriter, client: CalDavClient, calendar: str
) -> None:
    written = await made(writer, calendar, NewEvent("Sync", SPAN, ZONE, repeat=Repeat.WEEKLY))
    third = meetings(written.data)[2].recurrence_id
    scope = Scope(Reach.FOLLOWING, third)
    outcome = await writer.change(
        calendar,
        written.href,
        lambda data: edited(data, Edit(title="New"), scope, now=NOW, zone=ZONE, further_uid="uid-2"),
    )
    assert isinstance(outcome, Written)
    assert outcome.further is not None
    texts = [(await client.get(href)).data for href in (await client.list_etags(calendar)).etags]
    assert [each.title for each in meetings(*texts)] == ["Sync", "Sync", "New", "New", "New"]


async def test_one_occurrence_is_called_off(writer: EventWriter, client: CalDavClient, calendar: str) -> None:
    written = await made(writer, calendar, NewEvent("Sync", SPAN, ZONE, repeat=Repeat.WEEKLY))
    before = meetings(written.data)
    scope = Scope(Reach.THIS, before[1].recurrence_id)
    outcome = await writer.change(
        calendar, written.href, lambda data: cancelled(data, scope, now=NOW, zone=ZONE)
    )
    assert isinstance(outcome, Written)
    found = meetings((await client.get(written.href)).data)
    assert [each.start for each in found] == [each.start for each in before if each != before[1]]


async def test_deleting_only_what_was_seen(writer: EventWriter, client: CalDavClient, calendar: str) -> None:
    written = await made(writer, calendar, NewEvent("Demo", SPAN, ZONE))
    await writer.change(calendar, written.href, retitled("New"))
    assert await writer.delete(calendar, written.href, written.etag) == Conflict(written.href)
    assert await writer.delete(calendar, written.href) == Deleted(written.href)
    assert (await client.list_etags(calendar)).etags == {}
    assert await writer.delete(calendar, written.href) == Gone(written.href)
    assert await writer.change(calendar, written.href, retitled("Back")) == Gone(written.href)
    assert (await client.list_etags(calendar)).etags == {}
