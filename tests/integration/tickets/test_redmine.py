"""What is peculiar to Redmine, on the real one: acting for people, languages, workflows, and answers that mislead."""

from __future__ import annotations

import itertools
import os
from datetime import date, timedelta
from typing import Any

import pytest
from tests.integration.tickets.houses import RedmineHouse, redmine_house
from tests.peers_redmine import Redmine

from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerRefused, PeerUnsupported
from sekretar.mattermost.doctor import State
from sekretar.tickets.diagnosis import diagnose
from sekretar.trackers.errors import FileTooLarge, InvalidFields, ProjectClosed, UnknownPerson
from sekretar.trackers.port import Tracker
from sekretar.trackers.redmine import lists
from sekretar.trackers.redmine.tracker import RedmineTracker
from sekretar.trackers.requests import Change, Draft, NewFile, Query, TimeSpent
from sekretar.trackers.values import Event, Field, Kind, Ticket, TicketRef

_numbers = itertools.count(1)


def draft(house: RedmineHouse, subject: str, type_name: str = "bug", **more: Any) -> Draft:
    type_id = str(house.redmine.seed["trackers"][type_name])
    return Draft(house.projects["desk"], subject, type_id, **more)


async def made(house: RedmineHouse, by: RedmineTracker, subject: str, **more: Any) -> Ticket:
    return (await by.create(draft(house, subject, **more), f"redmine:{os.getpid()}:{next(_numbers)}")).ticket


def as_owner(house: RedmineHouse, login: str) -> RedmineTracker:
    return house.site.owner(house.keys[login])


class TestActingForPeople:
    async def test_a_mapped_person_is_the_author_and_sees_with_their_own_eyes(
        self, redmine_here: RedmineHouse
    ) -> None:
        boris = redmine_here.site.person("Boris")
        assert (await boris.me()).member.login == "boris"
        ticket = await made(redmine_here, boris, "By the administrator's word")
        assert ticket.author.name == "Boris Ivanov"
        assert redmine_here.projects["vault"] not in {project.id for project in await boris.projects()}

    @pytest.mark.parametrize("login", ["nobody", "locked", "", "bo ris", "boris\r\nX-Evil: 1", "борис"])
    async def test_nobody_else(self, redmine_here: RedmineHouse, login: str) -> None:
        with pytest.raises(UnknownPerson):
            await redmine_here.site.person(login).me()

    async def test_a_key_that_is_no_administrator_s_acts_for_nobody(self, redmine: Redmine) -> None:
        async with redmine_house(redmine, redmine.key("anna")) as house:
            with pytest.raises(PeerForbidden):
                await made(house, house.site.person("boris"), "In whose name?")
            assert not (await as_owner(house, "boris").find(Query(text="whose"))).items

    async def test_without_a_key_everybody_brings_their_own(self, redmine: Redmine) -> None:
        async with redmine_house(redmine, "") as house:
            assert (await as_owner(house, "boris").me()).member.login == "boris"
            form = await as_owner(house, "anna").form(house.projects["desk"], house.types["strict"])
            assert (form.complete, form.custom) == (False, ())
            with pytest.raises(PeerUnsupported):
                house.site.person("boris")
            with pytest.raises(PeerUnsupported):
                house.site.service()

    async def test_the_key_of_a_locked_user(self, redmine_here: RedmineHouse) -> None:
        with pytest.raises(PeerRefused):
            await as_owner(redmine_here, "locked").projects()


class TestNamedFields:
    """Redmine complains in the language of the account; which field it means is found out all the same."""

    async def test_in_russian(self, redmine_here: RedmineHouse) -> None:
        vera = as_owner(redmine_here, "vera")
        gleb = redmine_here.redmine.user("gleb")
        with pytest.raises(InvalidFields) as caught:
            await made(redmine_here, vera, "Ж" * 300, assignee=gleb, parent=TicketRef("main", "99999"))
        problems = {problem.field: problem.text for problem in caught.value.problems}
        assert set(problems) == {Field.SUBJECT, Field.ASSIGNEE, Field.PARENT}
        assert all("а" <= text[0].lower() <= "я" for text in problems.values())

    async def test_a_date_that_the_workflow_requires(self, redmine_here: RedmineHouse) -> None:
        vera = as_owner(redmine_here, "vera")
        with pytest.raises(InvalidFields) as caught:
            await made(redmine_here, vera, "When?", type_name="feature")
        assert [problem.field for problem in caught.value.problems] == [Field.DUE]
        type_id = str(redmine_here.redmine.seed["trackers"]["feature"])
        assert Field.DUE in (await vera.form(redmine_here.projects["desk"], type_id)).required

    async def test_a_ticket_that_ends_before_it_begins(self, redmine_here: RedmineHouse) -> None:
        anna = as_owner(redmine_here, "anna")
        with pytest.raises(InvalidFields) as caught:
            await made(redmine_here, anna, "Backwards", start=date(2026, 5, 2), due=date(2026, 5, 1))
        assert {problem.field for problem in caught.value.problems} <= {Field.START, Field.DUE}

    async def test_what_was_due_before_today_is_made_all_the_same(self, redmine_here: RedmineHouse) -> None:
        ticket = await made(
            redmine_here, as_owner(redmine_here, "anna"), "Late already", due=date(2020, 1, 1)
        )
        assert (ticket.start, ticket.due) == (None, date(2020, 1, 1))

    async def test_somebody_who_may_only_change_hears_the_words(self, redmine_here: RedmineHouse) -> None:
        ticket = await made(redmine_here, as_owner(redmine_here, "anna"), "Dora's")
        dora = as_owner(redmine_here, "dora")
        assert (await dora.change(ticket.ref, Change(subject="Hers now"))).ignored == frozenset()
        with pytest.raises(InvalidFields) as caught:
            await dora.change(ticket.ref, Change(assignee=redmine_here.redmine.user("gleb")))
        assert [(problem.field, problem.text) for problem in caught.value.problems] == [
            (None, "Assignee is invalid")
        ]

    async def test_a_used_file(self, redmine_here: RedmineHouse) -> None:
        anna = as_owner(redmine_here, "anna")
        file = await anna.upload(NewFile("once.txt", b"once"))
        ticket = await made(redmine_here, anna, "First", files=(file,))
        with pytest.raises(InvalidFields) as caught:
            await anna.attach(ticket.ref, [file])
        assert [problem.field for problem in caught.value.problems] == [Field.FILES]
        with pytest.raises(InvalidFields) as caught:
            await made(redmine_here, anna, "Second", files=(file,))
        assert [problem.field for problem in caught.value.problems] == [Field.FILES]

    async def test_time(self, redmine_here: RedmineHouse) -> None:
        anna = as_owner(redmine_here, "anna")
        ticket = await made(redmine_here, anna, "Timed")
        for spent, field in (
            (TimeSpent(timedelta(hours=1), date(2026, 3, 3)), Field.ACTIVITY),
            (TimeSpent(timedelta(hours=-1), date(2026, 3, 3), activity="9"), Field.SPENT),
        ):
            with pytest.raises(InvalidFields) as caught:
                await anna.log_time(ticket.ref, spent)
            assert {problem.field for problem in caught.value.problems} == {field}


class TestForms:
    async def test_custom_fields_of_this_project_and_type(self, redmine_here: RedmineHouse) -> None:
        anna = as_owner(redmine_here, "anna")
        await made(redmine_here, anna, "Shows its fields")
        form = await anna.form(redmine_here.projects["desk"], redmine_here.types["plain"])
        assert [(each.name, each.kind, each.required) for each in form.custom] == [
            ("Contract", Kind.LINE, False)
        ]
        strict = await anna.form(redmine_here.projects["desk"], redmine_here.types["strict"])
        assert ("District", Kind.CHOICE, True) in [
            (each.name, each.kind, each.required) for each in strict.custom
        ]

    async def test_groups_only_where_redmine_takes_them(self, redmine_here: RedmineHouse) -> None:
        members = await as_owner(redmine_here, "anna").assignable(redmine_here.projects["desk"])
        assert not any(member.group for member in members)

    async def test_projects_without_tickets_are_not_offered(self, redmine_here: RedmineHouse) -> None:
        found = {project.key for project in await as_owner(redmine_here, "anna").projects()}
        assert found == {"desk", "vault", "attic"}


class TestProjects:
    async def test_a_ticket_in_a_closed_project(self, redmine_here: RedmineHouse) -> None:
        anna = as_owner(redmine_here, "anna")
        old = TicketRef("main", str(redmine_here.redmine.seed["old_ticket"]))
        assert (await anna.show(old)).subject == "An old ticket"
        with pytest.raises(ProjectClosed):
            await anna.change(old, Change(subject="Dusted"))
        with pytest.raises(ProjectClosed):
            await anna.comment(old, "Dust")

    async def test_an_archived_project(self, redmine_here: RedmineHouse) -> None:
        with pytest.raises(PeerForbidden):
            await as_owner(redmine_here, "anna").create(
                Draft(redmine_here.projects["cellar"], "Deep"), "cellar"
            )


class TestPrivacy:
    async def test_private_notes_are_never_told(self, redmine_here: RedmineHouse) -> None:
        anna = as_owner(redmine_here, "anna")
        ticket = await made(redmine_here, anna, "With whispers")
        start = await anna.changes_since(None)
        body = {"issue": {"notes": "whispered", "private_notes": True, "done_ratio": 20}}
        redmine_here.redmine.call("PUT", f"/issues/{ticket.ref.key}.json", body, "anna")
        assert (await anna.details(ticket.ref)).comments == ()
        events = await _events(anna, start.cursor, ticket)
        assert "whispered" not in "".join(event.comment for event in events)


class TestFiles:
    async def test_too_large(self, redmine_here: RedmineHouse) -> None:
        with pytest.raises(FileTooLarge) as caught:
            await as_owner(redmine_here, "anna").upload(NewFile("big.bin", b"x" * 70_000))
        assert caught.value.name == "big.bin"

    async def test_of_a_kind_that_is_not_wanted(self, redmine_here: RedmineHouse) -> None:
        with pytest.raises(InvalidFields) as caught:
            await as_owner(redmine_here, "anna").upload(NewFile("virus.exe", b"MZ"))
        assert [problem.field for problem in caught.value.problems] == [Field.FILES]

    async def test_too_large_for_a_proxy(self, redmine_here: RedmineHouse) -> None:
        redmine_here.way.answer("POST", "/uploads.json", 413, b"<html>", Content_Type="text/html")
        with pytest.raises(FileTooLarge):
            await as_owner(redmine_here, "anna").upload(NewFile("big.bin", b"x"))


async def read_on(tracker: Tracker, cursor: str) -> tuple[list[Event], str]:
    """Everything since a cursor, and the cursor after it."""
    events = list[Event]()
    for _ in range(40):
        found = await tracker.changes_since(cursor)
        cursor = found.cursor
        events += found.events
        if not found.more:
            return events, cursor
    raise AssertionError("there is no end of it")


class TestFollowing:
    async def test_many_changes_in_one_second(
        self, redmine_here: RedmineHouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lists, "PAGE", 2)
        anna = as_owner(redmine_here, "anna")
        begin = await anna.changes_since(None)
        tickets = [await made(redmine_here, anna, f"One of many {number}") for number in range(7)]
        events, cursor = await read_on(anna, begin.cursor)
        told = [event.ticket.ref for event in events if event.created]
        assert len(told) == len(set(told))
        assert {ticket.ref for ticket in tickets} <= set(told)
        again, _ = await read_on(anna, cursor)
        assert again == [], "what lies within the overlap is read once more, comes to its end, and is no news"

    async def test_a_ticket_that_went_out_of_sight(self, redmine_here: RedmineHouse) -> None:
        anna = as_owner(redmine_here, "anna")
        start = await anna.changes_since(None)
        ticket = await made(redmine_here, anna, "Here and gone")
        redmine_here.way.answer("GET", f"/issues/{ticket.ref.key}.json", 403)
        found = await anna.changes_since(start.cursor)
        assert ticket.ref not in {event.ticket.ref for event in found.events}


class TestOlderRedmine:
    async def test_without_offered_statuses_the_step_itself_tells(self, redmine_here: RedmineHouse) -> None:
        """Before 5.0 Redmine does not say which statuses are allowed."""
        boris = as_owner(redmine_here, "boris")
        ticket = await made(redmine_here, as_owner(redmine_here, "anna"), "Old house")
        old = redmine_here.redmine.call("GET", f"/issues/{ticket.ref.key}.json")
        redmine_here.way.answer_json("GET", f"/issues/{ticket.ref.key}.json", old)
        steps = await boris.transitions(ticket.ref)
        assert {step.to for step in steps} == set(await boris.statuses()) - {ticket.status}


async def _events(tracker: RedmineTracker, cursor: str, ticket: Ticket) -> list[Event]:
    found = await tracker.changes_since(cursor)
    return [event for event in found.events if event.ticket.ref == ticket.ref]


class TestExamination:
    """What the doctor is told, and what mends it."""

    async def test_no_key(self, redmine: Redmine) -> None:
        async with redmine_house(redmine, "") as house:
            [missing] = (await house.site.examine()).shortcomings
        assert not missing.fatal

    async def test_all_is_well(self, redmine_here: RedmineHouse) -> None:
        found = await diagnose(redmine_here.site)
        assert (found.state, found.seen) == (State.OK, "it answers as admin, and may act for mapped people")

    async def test_a_wrong_key(self, redmine: Redmine) -> None:
        async with redmine_house(redmine, "0" * 40) as house:
            [missing] = (await house.site.examine()).shortcomings
        assert missing.fatal
        assert "SEKRETAR_TRACKERS" in missing.remedy

    async def test_a_key_of_somebody_without_rights(self, redmine: Redmine) -> None:
        async with redmine_house(redmine, redmine.key("boris")) as house:
            found = await house.site.examine()
        assert found.account is not None
        assert found.account.member.login == "boris"
        [missing] = found.shortcomings
        assert (missing.fatal, "administrator" in missing.remedy) == (False, True)

    @pytest.mark.parametrize(
        ("status", "headers", "said"),
        [
            (403, {}, "REST API is switched off"),
            (404, {"Content_Type": "text/html"}, "something else answers"),
            (302, {"Location": "https://sso.test/"}, "something else answers"),
            (200, {"Content_Type": "text/html"}, "something else answers"),
            (502, {}, "cannot be reached"),
        ],
    )
    async def test_an_odd_answer(
        self, redmine_here: RedmineHouse, status: int, headers: dict[str, str], said: str
    ) -> None:
        redmine_here.way.answer("GET", "/users/current.json", status, b"<html>", **headers)
        [missing] = (await redmine_here.site.examine()).shortcomings
        assert missing.fatal
        assert said in missing.seen


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"issue": {"id": 1}}', b"not json", b"\xff"])
async def test_an_answer_without_its_shape_is_no_conclusion(redmine_here: RedmineHouse, body: bytes) -> None:
    anna = as_owner(redmine_here, "anna")
    redmine_here.way.answer("GET", "/issues/77.json", 200, body, Content_Type="application/json")
    with pytest.raises(PeerDown):
        await anna.show(TicketRef("main", "77"))
