"""What any tracker must do for Sekretar: one suite, run against every tracker there is."""

from __future__ import annotations

import itertools
import os
from datetime import date, timedelta
from typing import Any

import pytest
from tests.integration.tickets.houses import House

from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
)
from sekretar.trackers.errors import (
    ChangedMeanwhile,
    FateUnknown,
    IllegalTransition,
    InvalidFields,
    NotATracker,
    ProjectClosed,
)
from sekretar.trackers.port import Tracker
from sekretar.trackers.requests import ME, Change, Draft, NewFile, Openness, Order, Query, TimeSpent
from sekretar.trackers.values import Can, Changes, Field, LinkKind, Ticket, TicketRef

_numbers = itertools.count(1)


def unique() -> str:
    """An intention that nobody had before."""
    return f"suite:{os.getpid()}:{next(_numbers)}"


def plain(house: House, subject: str, **more: Any) -> Draft:
    """A draft that everybody at the desk may make."""
    given: dict[str, Any] = {"project": house.projects["desk"], "type": house.types["plain"], **more}
    return Draft(subject=subject, **given)


def strict(house: House, subject: str, **more: Any) -> Draft:
    """A draft of the type that has a required custom field."""
    return plain(house, subject, project=house.projects["strict"], type=house.types["strict"], **more)


async def made(house: House, by: Tracker, subject: str = "Mast 77 leans", **more: Any) -> Ticket:
    return (await by.create(plain(house, subject, **more), unique())).ticket


async def everything_since(tracker: Tracker, cursor: str, project: str) -> Changes:
    """The events of every look until there is no more, with the last cursor."""
    found = await tracker.changes_since(cursor, project)
    events = list(found.events)
    while found.more:
        found = await tracker.changes_since(found.cursor, project)
        events += found.events
    return Changes(tuple(events), found.cursor, more=False)


class TestWhoIAm:
    async def test_a_key_tells(self, anna: Tracker) -> None:
        account = await anna.me()
        assert (account.member.login, account.member.name) == ("anna", "Anna Petrova")
        assert not account.administrator

    async def test_who_acts_for_people_is_an_administrator(self, house: House) -> None:
        account = await house.site.service().me()
        assert account.administrator == (Can.ACT_FOR_PEOPLE in house.site.capabilities)

    async def test_a_wrong_key_is_refused_whatever_is_asked(self, house: House) -> None:
        stranger = house.site.owner(house.keys["wrong"])
        with pytest.raises(PeerRefused):
            await stranger.me()
        with pytest.raises(PeerRefused):
            await stranger.projects()
        with pytest.raises(PeerRefused):
            await stranger.find(Query())

    async def test_what_is_no_key_at_all_is_refused(self, house: House) -> None:
        with pytest.raises(PeerRefused):
            await house.site.owner("ключ\r\nX-Evil: 1").me()


class TestDirectories:
    async def test_projects_are_those_a_person_sees(
        self, house: House, anna: Tracker, boris: Tracker
    ) -> None:
        hers = {project.id: project for project in await anna.projects()}
        his = {project.id for project in await boris.projects()}
        assert {house.projects["desk"], house.projects["vault"]} <= hers.keys()
        assert house.projects["desk"] in his
        assert house.projects["vault"] not in his
        assert hers[house.projects["desk"]].open
        if house.projects.get("attic") in hers:
            assert not hers[house.projects["attic"]].open

    async def test_types_priorities_statuses(self, house: House, anna: Tracker) -> None:
        types = [each.id for each in await anna.types(house.projects["desk"])]
        assert set(house.types.values()) <= set(types)
        priorities = await anna.priorities()
        assert [each.rank for each in priorities] == sorted(each.rank for each in priorities)
        assert sum(each.default for each in priorities) == 1
        statuses = await anna.statuses()
        assert {status.closed for status in statuses} == {True, False}

    async def test_the_form_names_custom_fields_by_type(self, house: House, anna: Tracker) -> None:
        field_id, value = house.strict_field
        strict = await anna.form(house.projects["strict"], house.types["strict"])
        loose = await anna.form(house.projects["desk"], house.types["plain"])
        [found] = [field for field in strict.custom if field.id == field_id]
        assert found.required
        assert value in {choice.id for choice in found.choices}
        assert field_id not in {field.id for field in loose.custom}
        assert strict.complete
        assert {Field.PROJECT, Field.SUBJECT} <= strict.required <= strict.fields
        assert {Field.ASSIGNEE, Field.DUE, Field.DESCRIPTION} <= strict.fields
        tells_status = Can.INITIAL_STATUS in house.site.capabilities
        assert (strict.status is not None and not strict.status.closed) == tells_status

    async def test_assignable_people(self, house: House, anna: Tracker) -> None:
        names = {member.name for member in await anna.assignable(house.projects["desk"]) if not member.group}
        assert {"Anna Petrova", "Boris Ivanov"} <= names
        assert "Gleb Guest" not in names

    async def test_an_administrator_finds_people_by_mail(self, house: House) -> None:
        [found] = await house.site.service().people("boris@example.test")
        assert (found.login, found.mail) == ("boris", "boris@example.test")


class TestCreating:
    async def test_everything_that_was_filled_in_arrives(self, house: House, anna: Tracker) -> None:
        boris = (await house.site.owner(house.keys["boris"]).me()).member
        priority = (await anna.priorities())[-1]
        draft = plain(
            house,
            "Кабель | «перебит» & <b>мокрый</b> @all",
            description="Первая строка\n\nВторая: | a | b |\n",
            priority=priority.id,
            assignee=boris.id,
            start=date(2026, 3, 4) if Can.START_DATE in house.site.capabilities else None,
            due=date(2026, 3, 9),
            estimate=timedelta(hours=1, minutes=20),
            done=30 if Can.DONE_RATIO in house.site.capabilities else None,
        )
        created = await anna.create(draft, unique())
        assert created.new
        assert created.written.ignored == frozenset()
        ticket = await anna.show(created.ticket.ref)
        assert ticket.subject == draft.subject
        assert ticket.description == draft.description.rstrip()
        assert ticket.priority is not None
        assert (ticket.priority.id, ticket.due, ticket.estimate) == (priority.id, draft.due, draft.estimate)
        assert (ticket.start, ticket.done or 0) == (draft.start, draft.done or 0)
        assert ticket.assignee is not None
        assert (ticket.assignee.id, ticket.author.name) == (boris.id, "Anna Petrova")
        assert not ticket.status.closed
        assert ticket.link == house.site.addresses.ticket(ticket.ref.key)
        assert house.site.addresses.ref_of_link(ticket.link) == ticket.ref
        assert house.site.addresses.ref_of_key(ticket.ref.key) == ticket.ref

    async def test_the_same_intention_makes_one_ticket(self, house: House, anna: Tracker) -> None:
        intention = unique()
        first = await anna.create(plain(house, "Once"), intention)
        second = await anna.create(plain(house, "Once"), intention)
        other = await anna.create(plain(house, "Once"), unique())
        assert (second.ticket.ref, second.new) == (first.ticket.ref, False)
        assert other.ticket.ref != first.ticket.ref

    async def test_a_lost_answer_does_not_double(self, house: House, anna: Tracker) -> None:
        intention = unique()
        draft = plain(house, f"The answer got lost ({intention})")
        house.way.lose_answer(*house.creation)
        with pytest.raises(FateUnknown):
            await anna.create(draft, intention)
        again = await anna.create(draft, intention)
        assert not again.new
        found = await anna.find(Query(author=ME, project=draft.project, limit=100))
        assert [ticket.subject for ticket in found.items].count(draft.subject) == 1

    async def test_a_tracker_that_fails_makes_nothing_and_may_be_asked_again(
        self, house: House, anna: Tracker
    ) -> None:
        intention, draft = unique(), plain(house, "At the second attempt")
        house.way.answer(*house.creation, 502, b"<html>bad gateway</html>", Content_Type="text/html")
        with pytest.raises(PeerDown):
            await anna.create(draft, intention)
        assert (await anna.create(draft, intention)).new

    async def test_a_missing_custom_field_is_named(self, house: House, anna: Tracker) -> None:
        field_id, value = house.strict_field
        draft = strict(house, "Where is it?")
        with pytest.raises(InvalidFields) as caught:
            await anna.create(draft, unique())
        assert [problem.field for problem in caught.value.problems] == [f"custom:{field_id}"]
        filled = strict(house, "Here it is", custom={field_id: (value,)})
        ticket = (await anna.create(filled, unique())).ticket
        assert {each.id: each.values for each in ticket.custom}[field_id] == (value,)

    async def test_somebody_who_cannot_be_assignee_is_named(self, house: House, anna: Tracker) -> None:
        gleb = (await house.site.owner(house.keys["gleb"]).me()).member
        with pytest.raises(InvalidFields) as caught:
            await anna.create(plain(house, "For Gleb", assignee=gleb.id), unique())
        assert [problem.field for problem in caught.value.problems] == [Field.ASSIGNEE]

    async def test_a_subject_that_is_too_long_is_named(self, house: House, anna: Tracker) -> None:
        with pytest.raises(InvalidFields) as caught:
            await anna.create(plain(house, "щ" * 300), unique())
        assert [problem.field for problem in caught.value.problems] == [Field.SUBJECT]

    async def test_no_right_there(self, house: House, boris: Tracker) -> None:
        hidden = Draft(house.projects["vault"], "Let me in")
        with pytest.raises((PeerForbidden, PeerNotFound)):
            await boris.create(hidden, unique())
        gleb = house.site.owner(house.keys["gleb"])
        with pytest.raises(PeerForbidden):
            await gleb.create(plain(house, "A guest writes"), unique())

    async def test_a_closed_project_says_so(self, house: House, anna: Tracker) -> None:
        if "attic" not in house.projects:
            pytest.skip("this tracker closes no projects")
        with pytest.raises(ProjectClosed):
            await anna.create(Draft(house.projects["attic"], "Too late"), unique())

    async def test_an_unknown_project(self, house: House, anna: Tracker) -> None:
        with pytest.raises(PeerNotFound):
            await anna.create(Draft("987654", "Nowhere"), unique())

    async def test_nothing_of_a_refusal_is_stored(self, house: House, anna: Tracker) -> None:
        before = (await anna.find(Query(author=ME, openness=Openness.ANY))).total
        for draft in (plain(house, "y" * 300), strict(house, "Strict")):
            with pytest.raises(InvalidFields):
                await anna.create(draft, unique())
        assert (await anna.find(Query(author=ME, openness=Openness.ANY))).total == before


class TestReading:
    async def test_an_unknown_ticket(self, house: House, anna: Tracker) -> None:
        with pytest.raises(PeerNotFound):
            await anna.show(TicketRef(house.site.name, house.unknown_ticket))

    async def test_a_ticket_of_another_tracker(self, house: House, anna: Tracker) -> None:
        with pytest.raises(PeerNotFound):
            await anna.show(TicketRef("another", house.unknown_ticket))

    async def test_a_hidden_ticket_stays_hidden(self, house: House, anna: Tracker, boris: Tracker) -> None:
        secret = await made(house, anna, "Nobody's business", project=house.projects["vault"])
        open_one = await made(house, anna, "Everybody's business")
        with pytest.raises((PeerForbidden, PeerNotFound)):
            await boris.show(secret.ref)
        missing = TicketRef(house.site.name, house.unknown_ticket)
        found = await boris.show_many([secret.ref, open_one.ref, missing, open_one.ref])
        assert list(found) == [open_one.ref]
        assert found[open_one.ref].subject == open_one.subject

    async def test_pages(self, house: House, anna: Tracker) -> None:
        made_here = {(await made(house, anna, f"Page {number}")).ref for number in range(3)}
        query = Query(author=ME, project=house.projects["desk"], limit=2)
        first = await anna.find(query)
        assert len(first.items) == 2
        assert first.next is not None
        second = await anna.find(query, first.next)
        assert made_here <= {ticket.ref for ticket in (*first.items, *second.items)}
        assert first.total == second.total >= 3
        with pytest.raises(PeerInvalid):
            await anna.find(query, "nonsense")

    async def test_mine_by_me_and_overdue(self, house: House, anna: Tracker, boris: Tracker) -> None:
        his = (await boris.me()).member
        late = await made(house, anna, "Late", assignee=his.id, due=date(2026, 1, 5))
        soon = await made(house, anna, "Soon", assignee=his.id, due=date(2030, 1, 5))
        some_day = await made(house, anna, "Some day", assignee=his.id)
        by_due = await boris.find(Query(assignee=ME, order=Order.DUE, limit=100))
        order = [t.ref for t in by_due.items if t.ref in {late.ref, soon.ref, some_day.ref}]
        assert order == [late.ref, soon.ref, some_day.ref]
        assert by_due.total == len(by_due.items)
        overdue = await boris.find(Query(assignee=ME, due_until=date(2026, 1, 6), order=Order.DUE))
        assert late.ref in {t.ref for t in overdue.items}
        assert all(t.due is not None and t.due <= date(2026, 1, 6) for t in overdue.items)
        by_her = await anna.find(Query(author=ME, limit=100))
        assert {late.ref, soon.ref, some_day.ref} <= {t.ref for t in by_her.items}
        assert not (await boris.find(Query(author=ME, assignee=(await anna.me()).member.id))).items

    async def test_what_one_has_given_to_others(self, house: House, anna: Tracker, boris: Tracker) -> None:
        hers, his = [(await each.me()).member.id for each in (anna, boris)]
        given = await made(house, anna, "Given", assignee=his)
        own = await made(house, anna, "Own", assignee=hers)
        waiting = await made(house, anna, "Nobody's yet")
        found = await anna.find(Query(author=ME, not_assignee=ME, limit=100))
        assert {t.ref for t in found.items} & {given.ref, own.ref, waiting.ref} == {given.ref, waiting.ref}
        assert found.total == len(found.items)

    async def test_the_list_by_due_date_goes_on_across_pages(self, house: House, anna: Tracker) -> None:
        mine = (await anna.me()).member
        for due in (date(2027, 1, 1), date(2027, 1, 2), None, None):
            await made(house, anna, "Paged by due date", assignee=mine.id, due=due)
        query = Query(assignee=ME, order=Order.DUE, limit=3)
        seen, page = [], await anna.find(query)
        seen += page.items
        while page.next is not None:
            page = await anna.find(query, page.next)
            seen += page.items
        assert len({t.ref for t in seen}) == len(seen) == page.total
        dues = [t.due or date.max for t in seen]
        assert dues == sorted(dues)

    async def test_search(self, house: House, anna: Tracker) -> None:
        word = f"zebra{next(_numbers)}{os.getpid()}"
        there = await made(house, anna, f"A {word} on the mast")
        described = await made(house, anna, "Below", description=f"seen: {word}")
        found = await anna.find(Query(text=word, openness=Openness.ANY))
        assert {t.ref for t in found.items} == {there.ref, described.ref}
        nobody = await anna.find(Query(text=word, assignee=ME))
        assert nobody.items == ()

    async def test_every_query_has_a_link(self, house: House) -> None:
        for query in (
            Query(assignee=ME),
            Query(author=ME, order=Order.DUE),
            Query(due_until=date(2026, 1, 1)),
        ):
            link = house.site.addresses.filter(query)
            assert link is not None
            assert link.startswith("https://")


class TestChanging:
    async def test_fields(self, house: House, anna: Tracker, boris: Tracker) -> None:
        ticket = await made(house, anna, due=date(2026, 5, 1), description="Old words")
        him = (await boris.me()).member
        change = Change(subject="Straight again", description="New words", assignee=him.id, due=None)
        written = await anna.change(ticket.ref, change, ticket.version)
        assert written.ignored == frozenset()
        after = await anna.show(ticket.ref)
        assert (after.subject, after.description, after.due) == ("Straight again", "New words", None)
        assert after.assignee is not None
        assert after.assignee.id == him.id
        assert after.version == written.ticket.version != ticket.version
        emptied = await anna.change(ticket.ref, Change(assignee=None))
        assert emptied.ticket.assignee is None
        assert emptied.ticket.subject == "Straight again"

    async def test_a_changed_description_is_still_the_same_intention(
        self, house: House, anna: Tracker
    ) -> None:
        intention, draft = unique(), plain(house, "Known again", description="first")
        ticket = (await anna.create(draft, intention)).ticket
        await anna.change(ticket.ref, Change(description="second"))
        assert (await anna.create(draft, intention)).ticket.ref == ticket.ref

    async def test_nobody_s_change_is_overwritten(self, house: House, anna: Tracker) -> None:
        ticket = await anna.show((await made(house, anna)).ref)
        await house.elsewhere(ticket.ref, "Somebody was faster")
        with pytest.raises(ChangedMeanwhile) as caught:
            await anna.change(ticket.ref, Change(subject="Too slow"), ticket.version)
        assert caught.value.current.subject == "Somebody was faster"
        assert (await anna.show(ticket.ref)).subject == "Somebody was faster"

    async def test_a_value_that_is_not_accepted_is_named(self, house: House, anna: Tracker) -> None:
        ticket = await made(house, anna)
        gleb = (await house.site.owner(house.keys["gleb"]).me()).member
        with pytest.raises(InvalidFields) as caught:
            await anna.change(ticket.ref, Change(assignee=gleb.id, subject="Not this either"))
        assert [problem.field for problem in caught.value.problems] == [Field.ASSIGNEE]
        assert (await anna.show(ticket.ref)).subject == ticket.subject

    async def test_what_a_person_may_not_change_is_said(
        self, house: House, anna: Tracker, boris: Tracker
    ) -> None:
        ticket = await made(house, anna)
        try:
            written = await boris.change(ticket.ref, Change(subject="Boris was here"))
        except PeerForbidden:
            pass
        else:
            assert written.ignored == {Field.SUBJECT}
        assert (await anna.show(ticket.ref)).subject == ticket.subject

    async def test_steps_of_the_workflow(self, house: House, anna: Tracker) -> None:
        ticket = await made(house, anna)
        steps = await anna.transitions(ticket.ref)
        assert ticket.status.id not in {step.to.id for step in steps}
        closing = next(step for step in steps if step.to.closed)
        after = await anna.transition(ticket.ref, closing.id, comment="Done and dusted")
        assert after.status == closing.to
        assert after.closed is not None
        assert [c.text for c in (await anna.details(ticket.ref)).comments] == ["Done and dusted"]
        assert ticket.ref not in {t.ref for t in (await anna.find(Query(author=ME, limit=100))).items}

    async def test_a_step_that_is_not_offered(self, house: House, anna: Tracker, boris: Tracker) -> None:
        ticket = await made(house, anna)
        with pytest.raises(IllegalTransition):
            await anna.transition(ticket.ref, "987654")
        assert (await anna.show(ticket.ref)).status == ticket.status

    async def test_comments_and_files(self, house: House, anna: Tracker, boris: Tracker) -> None:
        ticket = await made(house, anna)
        await boris.comment(ticket.ref, "Я видел её вчера.\nВторая строка")
        file = await anna.upload(NewFile("акт 1 (копия).txt", "осмотр".encode(), "text/plain"))
        await anna.comment(ticket.ref, "The report", [file])
        picture = await anna.upload(NewFile("mast.png", b"\x89PNG", "image/png"))
        await anna.attach(ticket.ref, [picture])
        details = await anna.details(ticket.ref)
        assert [(c.author.name, c.text) for c in details.comments] == [
            ("Boris Ivanov", "Я видел её вчера.\nВторая строка"),
            ("Anna Petrova", "The report"),
        ]
        assert [(a.name, a.size) for a in details.attachments] == [("акт 1 (копия).txt", 12), ("mast.png", 4)]

    async def test_files_come_with_a_new_ticket(self, house: House, anna: Tracker) -> None:
        file = await anna.upload(NewFile("plan.txt", b"plan", "text/plain"))
        ticket = await made(house, anna, files=(file,))
        assert [a.name for a in (await anna.details(ticket.ref)).attachments] == ["plan.txt"]

    async def test_time(self, house: House, anna: Tracker) -> None:
        ticket = await made(house, anna)
        activity = None
        if Can.TIME_ACTIVITIES in house.site.capabilities:
            activity = (await anna.activities(house.projects["desk"]))[0].id
        spent = TimeSpent(timedelta(hours=1, minutes=5), date(2026, 3, 3), "on the mast", activity)
        await anna.log_time(ticket.ref, spent)

    async def test_links_are_made_once(self, house: House, anna: Tracker) -> None:
        first, second = await made(house, anna, "Cause"), await made(house, anna, "Effect")
        await anna.link(first.ref, second.ref)
        await anna.link(first.ref, second.ref)
        relations = (await anna.details(first.ref)).relations
        assert [(r.kind, r.other) for r in relations] == [(LinkKind.RELATES, second.ref)]
        third = await made(house, anna, "Blocked")
        await anna.link(third.ref, first.ref, LinkKind.BLOCKED_BY)
        kinds = {r.other: r.kind for r in (await anna.details(first.ref)).relations}
        assert kinds[third.ref] is LinkKind.BLOCKS


class TestFollowing:
    async def test_each_event_is_told_once(self, house: House, anna: Tracker, boris: Tracker) -> None:
        desk = house.projects["desk"]
        start = await anna.changes_since(None, desk)
        assert start.events == ()
        await house.elsewhere((await made(house, anna, "To begin with")).ref, "To begin with, changed")
        start = await everything_since(anna, start.cursor, desk)

        ticket = await made(house, anna, "Followed")
        await boris.comment(ticket.ref, "Who takes it?")
        him = (await boris.me()).member
        await anna.change(ticket.ref, Change(assignee=him.id))
        found = await everything_since(anna, start.cursor, desk)
        mine = [event for event in found.events if event.ticket.ref == ticket.ref]
        assert [event.created for event in mine] == [True, False, False]
        assert [event.by.name for event in mine] == ["Anna Petrova", "Boris Ivanov", "Anna Petrova"]
        assert mine[1].comment == "Who takes it?"
        [change] = mine[2].changes
        assert (change.field, change.old, change.new) == (Field.ASSIGNEE, None, him.id)
        assert mine[2].ticket.assignee is not None
        assert len({event.id for event in found.events}) == len(found.events)

        nothing = await everything_since(anna, found.cursor, desk)
        assert nothing.events == ()
        await boris.comment(ticket.ref, "I do.")
        more = await everything_since(anna, nothing.cursor, desk)
        assert [event.comment for event in more.events] == ["I do."]

    async def test_what_one_does_not_see_is_not_told(
        self, house: House, anna: Tracker, boris: Tracker
    ) -> None:
        start = await boris.changes_since(None)
        await made(house, anna, "Vaulted", project=house.projects["vault"])
        shown = await made(house, anna, "Shown")
        told = {event.ticket.subject for event in (await boris.changes_since(start.cursor)).events}
        assert shown.subject in told
        assert "Vaulted" not in told

    async def test_a_key_that_was_withdrawn_passes_nothing(self, house: House, anna: Tracker) -> None:
        start = await anna.changes_since(None)
        house.way.answer(*house.proof, 401)
        with pytest.raises(PeerRefused):
            await anna.changes_since(start.cursor)

    async def test_a_broken_cursor(self, anna: Tracker) -> None:
        with pytest.raises(PeerInvalid):
            await anna.changes_since("{}")


class TestFailures:
    async def test_limited(self, house: House, anna: Tracker) -> None:
        ticket = await made(house, anna)
        house.way.answer("GET", f"/{ticket.ref.key}.json", 429, Retry_After="7")
        house.way.answer("GET", f"/{ticket.ref.key}", 429, Retry_After="7")
        with pytest.raises(PeerLimited) as caught:
            await anna.show(ticket.ref)
        assert caught.value.retry_after == timedelta(seconds=7)

    @pytest.mark.parametrize(
        ("status", "kind"), [(500, PeerDown), (502, PeerDown), (200, NotATracker), (302, NotATracker)]
    )
    async def test_something_else_answers(
        self, house: House, anna: Tracker, status: int, kind: type[PeerError]
    ) -> None:
        ticket = await made(house, anna)
        page = b"<!DOCTYPE html><title>Please sign in</title>"
        for path in (f"/{ticket.ref.key}.json", f"/{ticket.ref.key}"):
            house.way.answer(
                "GET", path, status, page, Content_Type="text/html", Location="https://sso.test/"
            )
        with pytest.raises(kind):
            await anna.show(ticket.ref)


class TestExamination:
    async def test_a_healthy_tracker(self, house: House) -> None:
        found = await house.site.examine()
        assert found.account is not None
        assert found.shortcomings == ()
