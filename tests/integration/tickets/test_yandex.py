"""What is peculiar to Yandex Tracker: organisations, tokens, versions, screens, and requests that are too many."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.tickets.houses import YandexHouse, yandex_house

from sekretar.kernel.errors import PeerConflict, PeerDown, PeerLimited, PeerRefused, PeerUnsupported
from sekretar.mattermost.doctor import State
from sekretar.sandbox.tracker import TrackerSandbox
from sekretar.tickets.diagnosis import diagnose
from sekretar.trackers.errors import ChangedMeanwhile, InvalidFields, TicketFull
from sekretar.trackers.requests import Change, Draft, NewFile, Query
from sekretar.trackers.values import Event, Field, Ticket, TicketRef
from sekretar.trackers.yandex import following
from sekretar.trackers.yandex.tracker import YandexTracker

_numbers = itertools.count(1)


@pytest.fixture
def sandbox(yandex_here: YandexHouse) -> TrackerSandbox:
    return yandex_here.sandbox


@pytest.fixture
def anna(yandex_here: YandexHouse) -> YandexTracker:
    return yandex_here.site.owner("token-anna")


async def made(by: YandexTracker, subject: str = "Mast 77", **more: Any) -> Ticket:
    return (await by.create(Draft("DESK", subject, **more), f"yandex:{next(_numbers)}")).ticket


class TestOrganisations:
    async def test_of_the_cloud_with_its_own_tokens(self) -> None:
        async with yandex_house(org_id="", cloud_org_id="bpf1", key="t1.service") as house:
            house.sandbox.add_user("robot", "Robot", token="t1.service")
            assert (await house.site.service().me()).member.login == "robot"
            assert (await house.site.owner("token-anna").me()).member.login == "anna"

    async def test_nobody_acts_for_others(self, yandex_here: YandexHouse) -> None:
        with pytest.raises(PeerUnsupported):
            yandex_here.site.person("boris")

    @pytest.mark.parametrize(
        ("settings", "state", "said"),
        [
            ({}, State.OK, "as service"),
            ({"key": ""}, State.WARNING, "no service token"),
            ({"key": "y0_old"}, State.FAILURE, "not accepted"),
            ({"org_id": "2"}, State.FAILURE, "organisation"),
        ],
    )
    async def test_the_doctor(self, settings: dict[str, str], state: State, said: str) -> None:
        async with yandex_house(**settings) as house:
            finding = await diagnose(house.site)
        assert finding.state is state
        assert said in finding.seen

    async def test_the_doctor_finds_nothing_to_see(self) -> None:
        async with yandex_house() as house:
            for queue in house.sandbox.world.queues.values():
                queue.read = set()
            finding = await diagnose(house.site)
        assert (finding.state, "sees no queue" in finding.seen) == (State.WARNING, True)


class TestConflicts:
    @pytest.mark.parametrize("status", [409, 412, 428])
    async def test_a_change_between_the_look_and_the_write(
        self, yandex_here: YandexHouse, anna: YandexTracker, status: int
    ) -> None:
        ticket = await made(anna)
        yandex_here.way.answer("PATCH", f"/issues/{ticket.ref.key}", status, b"{}")
        with pytest.raises(ChangedMeanwhile) as caught:
            await anna.change(ticket.ref, Change(subject="Mine"), ticket.version)
        assert caught.value.current.subject == ticket.subject

    async def test_the_version_goes_along(
        self, yandex_here: YandexHouse, anna: YandexTracker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The lock is Tracker's: a change that comes after the look is noticed by the write."""
        ticket = await made(anna)
        look = anna.show

        async def look_and_be_late(ref: TicketRef) -> Ticket:
            seen = await look(ref)
            monkeypatch.undo()
            await yandex_here.elsewhere(ref, "Somebody was faster")
            return seen

        monkeypatch.setattr(anna, "show", look_and_be_late)
        with pytest.raises(ChangedMeanwhile) as caught:
            await anna.change(ticket.ref, Change(subject="Too slow"), ticket.version)
        assert caught.value.current.subject == "Somebody was faster"

    async def test_a_ticket_with_too_many_versions(
        self, sandbox: TrackerSandbox, anna: YandexTracker
    ) -> None:
        ticket = await made(anna)
        sandbox.limits.version = 1
        with pytest.raises(TicketFull):
            await anna.change(ticket.ref, Change(subject="Once more"))
        with pytest.raises(TicketFull):
            await anna.comment(ticket.ref, "Once more")

    async def test_an_intention_whose_ticket_is_out_of_sight(
        self, sandbox: TrackerSandbox, anna: YandexTracker
    ) -> None:
        ticket = (await anna.create(Draft("DESK", "A"), "out of sight")).ticket
        assert (await anna.create(Draft("DESK", "A"), "out of sight")).ticket.ref == ticket.ref
        sandbox.world.uniques[next(iter(sandbox.world.uniques))] = "gone"
        with pytest.raises(PeerConflict, match="out of sight"):
            await anna.create(Draft("DESK", "A"), "out of sight")


class TestWorkflow:
    async def test_what_a_screen_lacks_is_named(self, sandbox: TrackerSandbox, anna: YandexTracker) -> None:
        sandbox.limits.closing_screen = ("resolution", "deadline")
        ticket = await made(anna)
        with pytest.raises(InvalidFields) as caught:
            await anna.transition(ticket.ref, "close")
        assert {problem.field for problem in caught.value.problems} >= {Field.DUE}
        values = {Field.DUE.value: ("2026-05-01",), "custom:resolution": ("wontFix",)}
        after = await anna.transition(ticket.ref, "close", values=values)
        assert (after.status.id, str(after.due)) == ("closed", "2026-05-01")
        issue = sandbox.world.issue(ticket.ref.key)
        assert issue is not None
        assert issue.values["resolution"] == "wontFix"

    async def test_a_ticket_that_was_moved_answers_under_its_old_key(
        self, yandex_here: YandexHouse, anna: YandexTracker
    ) -> None:
        ticket = await made(anna)
        moved = (await anna.change(ticket.ref, Change(project="VAULT", subject="Moved"))).ticket
        assert (moved.project.id, moved.subject) == ("VAULT", "Moved")
        assert (await anna.show(ticket.ref)).ref == moved.ref
        assert (await anna.show_many([ticket.ref]))[ticket.ref].ref == moved.ref

    @pytest.mark.parametrize("status", [403, 404, 422])
    async def test_a_key_that_spoils_a_search_does_not_hide_the_others(
        self, yandex_here: YandexHouse, anna: YandexTracker, status: int
    ) -> None:
        ticket = await made(anna)
        yandex_here.way.answer("POST", "/issues/_search", status, b"{}")
        nobody_s = TicketRef("main", yandex_here.unknown_ticket)
        assert list(await anna.show_many([nobody_s, ticket.ref])) == [ticket.ref]

    async def test_a_used_file(self, anna: YandexTracker) -> None:
        file = await anna.upload(NewFile("once.txt", b"once"))
        ticket = await made(anna, files=(file,))
        with pytest.raises(InvalidFields) as caught:
            await anna.attach(ticket.ref, [file])
        assert [problem.field for problem in caught.value.problems] == [Field.FILES]


class TestPeople:
    async def test_a_search_names_them_by_login(self, yandex_here: YandexHouse, anna: YandexTracker) -> None:
        boris = (await yandex_here.site.owner("token-boris").me()).member
        ticket = await made(anna, assignee=boris.id)
        for _ in range(2):
            assert [t.ref for t in (await anna.find(Query(assignee=boris.id))).items] == [ticket.ref]
        assert [path for _, path in yandex_here.way.asked].count(f"/v3/users/{boris.id}") == 1
        assert (await anna.find(Query(assignee="1"))).items == ()


class TestBeingTooMany:
    async def test_a_pause_is_kept_and_only_by_the_token_that_was_asked(
        self, yandex_here: YandexHouse, anna: YandexTracker
    ) -> None:
        ticket = await made(anna)
        yandex_here.sandbox.faults.limit(retry_after=60)
        with pytest.raises(PeerLimited):
            await anna.show(ticket.ref)
        asked = len(yandex_here.way.asked)
        with pytest.raises(PeerLimited) as caught:
            await yandex_here.site.owner("token-anna").show(ticket.ref)
        assert caught.value.retry_after is not None
        assert timedelta(seconds=50) < caught.value.retry_after <= timedelta(seconds=60)
        assert len(yandex_here.way.asked) == asked
        assert (await yandex_here.site.owner("token-boris").show(ticket.ref)).ref == ticket.ref

    async def test_without_a_word_on_how_long(self, sandbox: TrackerSandbox, anna: YandexTracker) -> None:
        sandbox.faults.limit(retry_after=None)
        with pytest.raises(PeerLimited) as caught:
            await anna.projects()
        assert caught.value.retry_after is None
        assert await anna.projects()

    async def test_failures_are_not_made_worse(self, yandex_here: YandexHouse, anna: YandexTracker) -> None:
        """Nothing is asked twice here; who asks again, and when, is decided elsewhere."""
        yandex_here.sandbox.faults.fail(503, times=5)
        with pytest.raises(PeerDown):
            await anna.projects()
        assert len(yandex_here.way.asked) == 1
        yandex_here.sandbox.faults.clear()
        yandex_here.sandbox.faults.fail(401)
        with pytest.raises(PeerRefused):
            await anna.projects()


class TestFollowing:
    async def test_more_changes_than_a_page_holds(
        self, anna: YandexTracker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(following, "_PAGE", 3)
        start = await anna.changes_since(None)
        made_here = {(await made(anna, f"Number {number}")).ref for number in range(8)}
        told: list[Event] = []
        cursor, more, looks = start.cursor, True, 0
        while more:
            found = await anna.changes_since(cursor)
            told += found.events
            cursor, more, looks = found.cursor, found.more, looks + 1
        assert looks > 1
        assert [
            event.ticket.ref for event in told if event.created and event.ticket.ref in made_here
        ] == sorted(made_here, key=lambda ref: int(ref.key.rpartition("-")[2]))
        assert len({event.id for event in told}) == len(told)

    async def test_a_step_is_told_with_its_comment(self, anna: YandexTracker) -> None:
        ticket = await made(anna)
        start = await anna.changes_since(None)
        await anna.transition(ticket.ref, "close", comment="x" * 80)
        [event] = (await anna.changes_since(start.cursor)).events
        assert event.comment == "x" * 80
        changes = {change.field: (change.old, change.new) for change in event.changes}
        assert changes[Field.STATUS] == ("open", "closed")
