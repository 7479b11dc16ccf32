"""The sync ladder against servers with bad habits: nothing invented, nothing lost, nothing deleted by accident."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.peers_caldav import event_ics
from tests.unit.calendars.caldav.fake_server import CALENDAR, FakeServer

from sekretar.calendars.caldav import (
    CalDavClient,
    CalendarState,
    Changes,
    Credentials,
    Limits,
    Marks,
    Trust,
    Way,
    changes,
)
from sekretar.calendars.caldav.providers import GENERIC, YANDEX
from sekretar.kernel.errors import PeerNotFound

WINDOW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


class Caller:
    """Looks, applies and remembers, as the feature does."""

    def __init__(self, fake: FakeServer, client: CalDavClient, trust: Trust = Trust.TOKEN) -> None:
        self.fake = fake
        self.client = client
        self.state = CalendarState(fake.calendar_url, trust=trust)
        self.texts: dict[str, str] = {}

    async def look(self, *, verify: bool = False, confirmed: bool = False, most: int = 2000) -> Changes:
        found = await changes(
            self.client, self.state, verify=verify, confirmed=confirmed, window=WINDOW, most=most
        )
        for item in found.upserts:
            self.texts[item.href] = item.data
        for href in found.deletions:
            del self.texts[href]
        self.state = found.state
        return found

    @property
    def agrees(self) -> bool:
        mine = {href.removeprefix(CALENDAR): text.split() for href, text in self.texts.items()}
        return mine == {name: text.split() for name, text in self.fake.texts.items()}


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    fake = FakeServer()
    async with fake.server:
        yield fake


@pytest.fixture
async def caller(fake: FakeServer) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(fake, CalDavClient(session, fake.url, Credentials("anna", "x")))


def fill(fake: FakeServer, *names: str, version: str = "1") -> None:
    for name in names:
        fake.put(name, event_ics(name, summary=f"{name}-{version}"))


async def test_an_idle_calendar_costs_one_request(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics")
    await caller.look()
    fake.asked.clear()
    assert (await caller.look()).way is Way.UNMOVED
    assert fake.asked == ["PROPFIND"]


async def test_given_marks_cost_no_request(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics")
    await caller.look()
    marks = (await caller.client.home(fake.url + "cal/")).marks()[caller.client.key(fake.calendar_url)]
    fake.asked.clear()
    assert (await changes(caller.client, caller.state, marks=marks)).way is Way.UNMOVED
    assert fake.asked == []


async def test_hidden_edits_are_found_by_verifying_and_cost_the_marks_their_trust(
    fake: FakeServer, caller: Caller
) -> None:
    fake.habits.marks_hide_edits = True
    fill(fake, "a.ics", "b.ics")
    await caller.look()
    fill(fake, "a.ics", version="2")
    assert (await caller.look()).empty
    found = await caller.look(verify=True)
    assert [item.href for item in found.upserts] == [CALENDAR + "a.ics"]
    assert caller.state.trust is Trust.LISTING
    fill(fake, "b.ics", version="2")
    assert not (await caller.look()).empty
    assert caller.agrees


async def test_an_edit_during_the_look_does_not_cost_trust(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics", "b.ics")
    await caller.look()
    old = caller.state.marks
    fill(fake, "a.ics", version="2")
    found = await changes(caller.client, caller.state, marks=old, verify=True)
    assert [item.href for item in found.upserts] == [CALENDAR + "a.ics"]
    assert found.state.trust is Trust.TOKEN
    assert found.state.marks == old


async def test_a_server_without_etags_is_compared_by_its_texts(fake: FakeServer, caller: Caller) -> None:
    fake.habits.no_etags = True
    fill(fake, "a.ics", "b.ics", "c.ics")
    assert len((await caller.look()).upserts) == 3
    fill(fake, "b.ics", version="2")
    found = await caller.look(most=1)
    assert [item.href for item in found.upserts] == [CALENDAR + "b.ics"]
    assert caller.agrees
    assert (await caller.look(verify=True)).empty


async def test_a_silent_sync_collection_is_caught_and_not_believed_again(
    fake: FakeServer, caller: Caller
) -> None:
    fill(fake, "a.ics")
    await caller.look()
    fake.habits.sync_says_nothing = True
    fill(fake, "a.ics", version="2")
    found = await caller.look()
    assert found.way is Way.LISTING
    assert caller.agrees
    assert caller.state.trust is Trust.CTAG


async def test_marks_that_move_for_nothing_cost_no_trust(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics")
    await caller.look()
    moved = Marks("elsewhere", "t:1")
    found = await changes(caller.client, caller.state, marks=moved)
    assert found.empty
    assert found.state.trust is Trust.TOKEN
    assert found.state.marks == moved


@pytest.mark.parametrize("habit", ["sync_too_large", "sync_unsupported"])
async def test_a_declined_sync_collection_leads_to_a_listing(
    fake: FakeServer, caller: Caller, habit: str
) -> None:
    fill(fake, "a.ics")
    await caller.look()
    setattr(fake.habits, habit, True)
    fill(fake, "b.ics")
    assert (await caller.look()).way is Way.LISTING
    assert caller.agrees
    assert caller.state.trust is Trust.CTAG


async def test_a_sync_in_pages_is_read_to_the_end(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics")
    await caller.look()
    fake.habits.sync_page = 2
    fill(fake, "b.ics", "c.ics", "d.ics", "e.ics")
    fake.remove("b.ics")
    found = await caller.look()
    assert found.way is Way.TOKEN
    assert caller.agrees
    assert caller.state.marks.token == "t:6"


async def test_a_partial_listing_deletes_nothing_and_keeps_the_old_marks(
    fake: FakeServer, caller: Caller
) -> None:
    fill(fake, "a.ics", "b.ics")
    await caller.look()
    before = caller.state
    caller.state = CalendarState(before.href, before.marks, before.etags, Trust.CTAG)
    fake.habits.listing_broken = True
    fill(fake, "c.ics")
    found = await caller.look()
    assert not found.complete
    assert not found.deletions
    assert [item.href for item in found.upserts] == [CALENDAR + "c.ics"]
    assert caller.state.marks == before.marks
    fake.habits.listing_broken = False
    assert (await caller.look()).complete
    assert caller.agrees


async def test_an_empty_calendar_is_believed_only_when_confirmed(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics", "b.ics")
    await caller.look()
    fake.habits.listing_empty = True
    found = await caller.look(verify=True)
    assert found.suspicious
    assert not found.deletions
    assert len(caller.texts) == 2
    fake.habits.listing_empty = False
    assert (await caller.look(verify=True, confirmed=True)).empty
    fake.habits.listing_empty = True
    assert len((await caller.look(verify=True, confirmed=True)).deletions) == 2


async def test_a_first_look_at_an_empty_calendar_is_no_surprise(fake: FakeServer, caller: Caller) -> None:
    found = await caller.look()
    assert found.complete
    assert not found.suspicious


async def test_an_object_that_multiget_misses_is_asked_for_by_get(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics", "b.ics")
    fake.habits.multiget_misses = {"a.ics"}
    found = await caller.look()
    assert found.complete
    assert caller.agrees


async def test_an_object_that_fails_is_tried_again_and_holds_the_marks(
    fake: FakeServer, caller: Caller
) -> None:
    fill(fake, "a.ics", "b.ics")
    fake.habits.multiget_fails = {"a.ics"}
    found = await caller.look()
    assert not found.complete
    assert list(caller.texts) == [CALENDAR + "b.ics"]
    assert caller.state.marks == Marks()
    fake.habits.multiget_fails = set()
    found = await caller.look()
    assert [item.href for item in found.upserts] == [CALENDAR + "a.ics"]
    assert caller.agrees


async def test_one_unreadable_object_does_not_take_its_batch_along(fake: FakeServer, caller: Caller) -> None:
    fill(fake, *(f"{number}.ics" for number in range(9)))
    fake.habits.multiget_poison = {"4.ics"}
    found = await caller.look()
    assert found.complete
    assert found.unusable == {CALENDAR + "4.ics"}
    assert len(found.upserts) == 8
    assert (await caller.look(verify=True)).empty


async def test_a_large_object_is_set_aside(fake: FakeServer) -> None:
    fill(fake, "a.ics")
    fake.put("big.ics", event_ics("big", "20260305T100000Z", "20260305T110000Z", "x" * 5000))
    async with aiohttp.ClientSession() as session:
        client = CalDavClient(session, fake.url, Credentials("a", "x"), limits=Limits(object=3000))
        found = await Caller(fake, client).look()
    assert found.unusable == {CALENDAR + "big.ics"}
    assert [item.href for item in found.upserts] == [CALENDAR + "a.ics"]


async def test_a_large_calendar_comes_in_passes(fake: FakeServer, caller: Caller) -> None:
    fill(fake, *(f"{number}.ics" for number in range(25)))
    sizes = []
    while True:
        found = await caller.look(most=10)
        sizes.append(len(found.upserts))
        if found.complete:
            break
        assert caller.state.marks == Marks()
    assert sizes == [10, 10, 5]
    assert caller.agrees


async def test_hrefs_that_change_their_letter_case_stay_the_same_objects(fake: FakeServer) -> None:
    fake.habits.shouts = True
    fake.habits.bare_etags = True
    fill(fake, "a.ics", "b.ics")
    async with aiohttp.ClientSession() as session:
        client = CalDavClient(session, fake.url, Credentials("anna", "x"), profile=YANDEX)
        caller = Caller(fake, client)
        await caller.look()
        fake.asked.append("shifts the case of the next answers")
        found = await caller.look(verify=True)
        assert found.empty
        fill(fake, "a.ics", version="2")
        found = await caller.look(verify=True)
        assert len(found.upserts) == 1
        assert len(caller.texts) == 2


async def test_a_member_on_another_host_is_not_followed(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics")
    await caller.look()
    fake.habits.absolute_hrefs = "https://evil.example"
    found = await caller.look(verify=True)
    assert found.empty
    assert not found.complete


async def test_absolute_hrefs_of_the_same_host_are_the_same_objects(fake: FakeServer, caller: Caller) -> None:
    fill(fake, "a.ics")
    await caller.look()
    fake.habits.absolute_hrefs = fake.url.rstrip("/")
    assert (await caller.look(verify=True)).empty


async def test_a_server_that_cannot_list_is_asked_for_a_window(fake: FakeServer, caller: Caller) -> None:
    fake.habits.listing_forbidden = True
    fill(fake, "a.ics", "b.ics")
    assert (await caller.look()).way is Way.WINDOW
    assert caller.state.trust is Trust.WINDOW
    fill(fake, "a.ics", version="2")
    fake.remove("b.ics")
    found = await caller.look()
    assert found.deletions == {CALENDAR + "b.ics"}
    assert caller.agrees


async def test_a_calendar_that_is_gone_is_an_error(fake: FakeServer, caller: Caller) -> None:
    caller.state = CalendarState(fake.url + "cal/other/")
    with pytest.raises(PeerNotFound):
        await caller.look()


_STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "put", "remove", "look", "verify"]), st.integers(0, 3)), max_size=12
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=_STEPS,
    habits=st.sets(st.sampled_from(["no_etags", "bare_etags", "marks_hide_edits", "sync_says_nothing"])),
    page=st.integers(0, 2),
)
async def test_whatever_happens_a_confirmed_verifying_look_agrees_with_the_server(
    steps: list[tuple[str, int]], habits: set[str], page: int
) -> None:
    fake = FakeServer()
    for habit in habits:
        setattr(fake.habits, habit, True)
    fake.habits.sync_page = page
    async with fake.server, aiohttp.ClientSession() as session:
        caller = Caller(fake, CalDavClient(session, fake.url, Credentials("anna", "x"), profile=GENERIC))
        for number, (step, which) in enumerate(steps):
            name = f"{which}.ics"
            if step == "put":
                fill(fake, name, version=str(number))
            elif step == "remove" and name in fake.texts:
                fake.remove(name)
            elif step in ("look", "verify"):
                trust = caller.state.trust
                await caller.look(verify=step == "verify", confirmed=True)
                assert caller.state.trust <= trust
        await caller.look(verify=True, confirmed=True)
        assert caller.agrees
        assert (await caller.look(verify=True, confirmed=True)).empty
