"""Writing events on a server with the habits of Yandex, Mail.ru and slow gateways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from tests.integration.calendars.written_events import (
    BORIS,
    NOW,
    PEOPLE_LINES,
    SPAN,
    ZONE,
    meetings,
    retitled,
)
from tests.peers_caldav import event_ics
from tests.unit.calendars.caldav.fake_server import FakeServer

from sekretar.calendars.caldav import CalDavClient, Credentials, Limits, ServerProfile
from sekretar.calendars.caldav.providers import GENERIC, MAILRU, YANDEX
from sekretar.calendars.changing.writing import Conflict, Deleted, EventWriter, Gone, Reverted, Written
from sekretar.calendars.editing import (
    Edit,
    Edited,
    NewEvent,
    NotInvited,
    Reach,
    Repeat,
    Scope,
    Uneditable,
    edited,
    new_event,
)
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.ics.reading import parse_object
from sekretar.kernel.errors import PeerDown, PeerInvalid


class Writable(FakeServer):
    """The fake server with PUT and DELETE as RFC 4791 says, and switches for how others do it."""

    def __init__(self) -> None:
        super().__init__()
        self.override = self._write
        #: Texts as the server wants them instead of what it was given.
        self.rewrites: Callable[[str, str | None], str] = lambda text, _before: text
        #: Yandex: DELETE does not look at If-Match.
        self.delete_ignores_if_match = False
        #: Yandex: a declined invitation is put away.
        self.forgets_declined = False
        #: A gateway gives up waiting: before (False) or after (True) the server has done as asked.
        self.times_out: bool | None = None
        #: SOGo.
        self.ignores_if_none_match = False
        #: Mail.ru: what a REPORT shows of a text.
        self.reports: Callable[[str], str] = lambda text: text
        #: Somebody else's doing just before the next PUT.
        self.meanwhile: Callable[[], None] | None = None

    @property
    def writes(self) -> list[str]:
        return [method for method in self.asked if method in ("PUT", "DELETE")]

    def etag(self, name: str) -> str:
        member = self._member(name)
        return member.partition("<getetag>")[2].partition("</getetag>")[0].replace("&quot;", '"')

    def _member(self, name: str, *, data: bool = False) -> str:
        if not data:
            return super()._member(name)
        whole = self.texts[name]
        tag = super()._member(name).partition("<getetag>")[2].partition("</getetag>")[0]
        self.texts[name] = self.reports(whole)
        try:
            shown = super()._member(name, data=True)
        finally:
            self.texts[name] = whole
        other = shown.partition("<getetag>")[2].partition("</getetag>")[0]
        return shown.replace(other, tag) if other else shown

    async def _write(self, request: web.Request) -> web.StreamResponse | None:
        if request.method not in ("PUT", "DELETE"):
            return None
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        if self.times_out is False:
            return web.Response(status=504)
        name = request.path.rpartition("/")[2]
        answer = await self._put(request, name) if request.method == "PUT" else self._delete(request, name)
        return web.Response(status=504) if self.times_out else answer

    async def _put(self, request: web.Request, name: str) -> web.Response:
        there = name in self.texts
        if request.headers.get("If-None-Match") == "*" and there and not self.ignores_if_none_match:
            return web.Response(status=412)
        wanted = request.headers.get("If-Match")
        if wanted is not None and there and wanted != self.etag(name):
            return web.Response(status=412)
        text = await request.text()
        if self.forgets_declined and "PARTSTAT=DECLINED" in text:
            self.remove(name)
            return web.Response(status=204)
        self.put(name, self.rewrites(text, self.texts.get(name)))
        return web.Response(status=204 if there else 201)

    def _delete(self, request: web.Request, name: str) -> web.Response:
        if name not in self.texts:
            return web.Response(status=404)
        wanted = request.headers.get("If-Match")
        if wanted not in (None, self.etag(name)) and not self.delete_ignores_if_match:
            return web.Response(status=412)
        self.remove(name)
        return web.Response(status=204)


@pytest.fixture
async def fake() -> AsyncIterator[Writable]:
    fake = Writable()
    await fake.server.start_server()
    yield fake
    await fake.server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def at(fake: Writable, session: aiohttp.ClientSession) -> Callable[[ServerProfile], EventWriter]:
    limits = Limits(silence_seconds=5, total_seconds=5)

    def make(profile: ServerProfile = GENERIC) -> EventWriter:
        return EventWriter(
            CalDavClient(session, fake.url, Credentials("anna", "x"), profile=profile, limits=limits)
        )

    return make


At = Callable[[ServerProfile], EventWriter]
CALENDAR, OBJECT = "/cal/work/", "/cal/work/a.ics"
MEETING = event_ics("a", "20260305T100000Z", "20260305T110000Z", "Demo", *PEOPLE_LINES)


async def answer(writer: EventWriter, partstat: PartStat = PartStat.ACCEPTED) -> object:
    return await writer.answer(CALENDAR, OBJECT, BORIS, partstat, now=NOW, zone=ZONE)


async def test_yandex_makes_a_room_and_it_is_read_back(fake: Writable, at: At) -> None:
    room = "X-TELEMOST-CONFERENCE:https://telemost.yandex.ru/j/123\r\nX-TELEMOST-REQUIRED:TRUE"
    fake.habits.bare_etags = True
    fake.rewrites = lambda text, _before: text.replace("X-TELEMOST-REQUIRED:TRUE", room)
    draft = NewEvent("Demo", SPAN, ZONE, telemost=True)
    outcome = await at(YANDEX).create(CALENDAR, "uid-1", new_event(draft, "uid-1", NOW))
    assert isinstance(outcome, Written)
    link = parse_object(outcome.data, ZONE).events[0].join_link
    assert link is not None
    assert link.url == "https://telemost.yandex.ru/j/123"


async def test_yandex_undoes_what_an_attendee_changes_and_it_is_said(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.rewrites = lambda text, before: before or text
    outcome = await at(YANDEX).change(CALENDAR, OBJECT, retitled("Mine"))
    assert isinstance(outcome, Reverted)
    assert outcome.lost == {"title"}
    assert outcome.data.splitlines() == MEETING.splitlines()


async def test_a_text_the_server_adds_to_is_not_lost(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.rewrites = lambda text, _before: text.replace("DESCRIPTION:New", "DESCRIPTION:New\\nLink: x")
    edit = Edit(description="New")
    outcome = await at(YANDEX).change(CALENDAR, OBJECT, lambda data: edited(data, edit, now=NOW, zone=ZONE))
    assert isinstance(outcome, Written)


async def test_an_answer_that_is_undone_is_named(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.rewrites = lambda text, _before: text.replace("ACCEPTED", "NEEDS-ACTION")
    outcome = await answer(at(GENERIC))
    assert isinstance(outcome, Reverted)
    assert outcome.lost == {"answer of boris@example.com"}


async def test_yandex_puts_a_declined_invitation_away(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.forgets_declined = True
    assert await answer(at(YANDEX), PartStat.DECLINED) == Gone(OBJECT, accepted=True)
    assert await answer(at(YANDEX)) == Gone(OBJECT)
    assert fake.texts == {}


async def test_yandex_would_delete_whatever_is_there(fake: Writable, at: At) -> None:
    fake.delete_ignores_if_match = True
    fake.put("a.ics", MEETING)
    seen = fake.etag("a.ics")
    fake.put("a.ics", MEETING.replace("Demo", "Other"))
    assert await at(YANDEX).delete(CALENDAR, OBJECT, seen) == Conflict(OBJECT)
    assert fake.writes == []
    assert await at(YANDEX).delete(CALENDAR, OBJECT, fake.etag("a.ics")) == Deleted(OBJECT)


@pytest.mark.parametrize(("profile", "grown"), [(MAILRU, True), (GENERIC, False)])
async def test_mailru_wants_a_higher_sequence(
    fake: Writable, at: At, profile: ServerProfile, grown: bool
) -> None:
    fake.put("a.ics", MEETING)
    assert isinstance(await answer(at(profile)), Written)
    assert ("SEQUENCE:1" in fake.texts["a.ics"]) is grown


async def test_mailru_hides_attendees_in_reports_and_they_are_not_lost(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.reports = lambda text: "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith("ATTENDEE")
    )
    assert isinstance(await answer(at(MAILRU)), Written)
    assert "PARTSTAT=ACCEPTED:mailto:boris@example.com" in fake.texts["a.ics"]


async def test_a_lost_answer_is_not_followed_by_a_second_write(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.times_out = True
    assert isinstance(await answer(at(GENERIC)), Written)
    assert fake.writes == ["PUT"]


async def test_a_write_that_did_not_arrive_is_an_error(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.times_out = False
    with pytest.raises(PeerDown):
        await answer(at(GENERIC))
    assert fake.writes == ["PUT"]
    assert fake.texts["a.ics"] == MEETING


async def test_after_a_lost_answer_somebody_elses_change_is_kept(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.times_out = False

    def recovers() -> None:
        fake.times_out = None

    def other() -> None:
        fake.put("a.ics", MEETING.replace("END:VEVENT", "LOCATION:Room 9\r\nEND:VEVENT"))
        fake.meanwhile = recovers

    fake.meanwhile = other
    assert isinstance(await answer(at(GENERIC)), Written)
    assert "LOCATION:Room 9" in fake.texts["a.ics"]
    assert "PARTSTAT=ACCEPTED" in fake.texts["a.ics"]
    assert fake.writes == ["PUT", "PUT"]


async def test_who_is_always_late_is_told_so(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    numbers = iter(range(100))

    def other() -> None:
        fake.put("a.ics", MEETING.replace("END:VEVENT", f"LOCATION:{next(numbers)}\r\nEND:VEVENT"))
        fake.meanwhile = other

    fake.meanwhile = other
    assert await answer(at(GENERIC)) == Conflict(OBJECT)
    assert "ACCEPTED" not in fake.texts["a.ics"]


@pytest.mark.parametrize("arrived", [True, False])
async def test_creating_through_a_gateway_that_gives_up(fake: Writable, at: At, arrived: bool) -> None:
    fake.times_out = arrived
    data = new_event(NewEvent("Demo", SPAN, ZONE), "uid-1", NOW)
    if arrived:
        assert isinstance(await at(GENERIC).create(CALENDAR, "uid-1", data), Written)
    else:
        with pytest.raises(PeerDown):
            await at(GENERIC).create(CALENDAR, "uid-1", data)
    assert fake.writes == ["PUT"]
    assert len(fake.texts) == arrived


@pytest.mark.parametrize("arrived", [True, False])
async def test_deleting_through_a_gateway_that_gives_up(fake: Writable, at: At, arrived: bool) -> None:
    fake.put("a.ics", MEETING)
    fake.times_out = arrived
    if arrived:
        assert await at(GENERIC).delete(CALENDAR, OBJECT) == Deleted(OBJECT)
    else:
        with pytest.raises(PeerDown):
            await at(GENERIC).delete(CALENDAR, OBJECT)
    assert fake.writes == ["DELETE"]


async def test_an_edit_meets_another_version_and_is_made_on_that(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.meanwhile = lambda: fake.put("a.ics", MEETING.replace("END:VEVENT", "LOCATION:Room 9\r\nEND:VEVENT"))
    assert isinstance(await answer(at(GENERIC)), Written)
    assert "LOCATION:Room 9" in fake.texts["a.ics"]
    assert "PARTSTAT=ACCEPTED" in fake.texts["a.ics"]


async def test_an_edit_that_no_longer_applies_is_not_forced(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.meanwhile = lambda: fake.put("a.ics", MEETING.replace("boris", "gleb"))
    with pytest.raises(NotInvited):
        await answer(at(GENERIC))
    assert "gleb" in fake.texts["a.ics"]


async def test_a_name_that_is_taken_is_not_overwritten(fake: Writable, at: At) -> None:
    fake.ignores_if_none_match = True
    fake.put("b.ics", MEETING)
    data = new_event(NewEvent("Demo", SPAN, ZONE), "b", NOW)
    assert await at(GENERIC).create(CALENDAR, "b", data) == Conflict("/cal/work/b.ics")
    assert fake.texts["b.ics"] == MEETING


async def test_a_server_without_etags_in_listings_is_written_after_reading(fake: Writable, at: At) -> None:
    fake.put("a.ics", MEETING)
    fake.habits.no_etags = True
    outcome = await at(GENERIC).change(CALENDAR, OBJECT, retitled("New"))
    assert isinstance(outcome, Written)
    assert outcome.etag is None


async def test_an_object_that_is_not_delivered_with_an_etag_is_not_overwritten(
    fake: Writable, at: At
) -> None:
    fake.put("a.ics", MEETING)
    fake.habits.multiget_fails.add("a.ics")
    fake.habits.listing_empty = True
    with pytest.raises(PeerInvalid):
        await at(GENERIC).change(CALENDAR, OBJECT, retitled("New"))
    fake.habits.listing_empty = False
    assert isinstance(await at(GENERIC).change(CALENDAR, OBJECT, retitled("New")), Written)


async def test_an_object_that_cannot_be_read_is_not_overwritten(fake: Writable, at: At) -> None:
    fake.put("a.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    with pytest.raises(Uneditable):
        await at(GENERIC).change(CALENDAR, OBJECT, retitled("New"))
    assert fake.writes == []


async def test_when_the_first_half_cannot_be_cut_the_second_is_taken_back(fake: Writable, at: At) -> None:
    weekly = new_event(NewEvent("Sync", SPAN, ZONE, repeat=Repeat.WEEKLY), "a", NOW)
    fake.put("a.ics", weekly)
    scope = Scope(Reach.FOLLOWING, meetings(weekly)[2].recurrence_id)
    fake.rewrites = lambda text, before: before or text
    outcome = await at(GENERIC).change(
        CALENDAR,
        OBJECT,
        lambda data: edited(data, Edit(title="New"), scope, now=NOW, zone=ZONE, further_uid="b"),
    )
    assert isinstance(outcome, Reverted)
    assert list(fake.texts) == ["a.ics"]
    assert fake.texts["a.ics"] == weekly


async def test_a_divided_series_and_a_change_meanwhile(fake: Writable, at: At) -> None:
    weekly = new_event(NewEvent("Sync", SPAN, ZONE, repeat=Repeat.WEEKLY), "a", NOW)
    fake.put("a.ics", weekly)
    scope = Scope(Reach.FOLLOWING, meetings(weekly)[2].recurrence_id)

    def edit(data: str) -> Edited:
        if "LOCATION" not in data:
            fake.put("a.ics", weekly.replace("END:VEVENT", "LOCATION:Room 9\r\nEND:VEVENT"))
        return edited(data, Edit(title="New"), scope, now=NOW, zone=ZONE, further_uid="b")

    assert isinstance(await at(GENERIC).change(CALENDAR, OBJECT, edit), Written)
    assert sorted(fake.texts) == ["a.ics", "b.ics"]
    assert {each.location for each in meetings(*fake.texts.values())} == {"Room 9"}
