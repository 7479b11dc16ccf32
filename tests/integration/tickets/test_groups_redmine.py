"""Groups of Redmine are given work where the house lets them be; nobody is told for them."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex
from typing import Any, cast

import pytest
from tests.integration.mattermost.surface_desk import user_id
from tests.integration.tickets.houses import RedmineHouse
from tests.integration.tickets.paper_office import House, open_house

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.trackers.requests import Query
from sekretar.trackers.values import TicketRef


@pytest.fixture
def groups(redmine_here: RedmineHouse) -> Iterator[RedmineHouse]:
    redmine_here.redmine.let_groups_be_assignees(on=True)
    yield redmine_here
    redmine_here.redmine.let_groups_be_assignees(on=False)


async def connected(database: Database, clock: ManualClock, redmine: RedmineHouse) -> House:
    house = await open_house(database, clock, cast(Any, redmine.site))
    await house.connect("chris", redmine.keys["anna"], "main")
    await house.slash("default main desk")
    return house


async def test_a_group_is_an_assignee_where_it_may_be(
    groups: RedmineHouse, database: Database, clock: ManualClock
) -> None:
    crew = str(groups.redmine.seed["crew"])
    assert crew in [each.id for each in await groups.as_login("anna").assignable(groups.projects["desk"])]
    house = await connected(database, clock, groups)
    preview = await house.slash("list Paint the mast @crew by Friday")
    assert "❌" not in preview["text"]
    assert "Crew" in preview["text"]
    await house.press(preview, "Create 1")
    await house.work()
    result = (await house.payloads("chris"))[-1]["message"]
    key = result.partition("/issues/")[2].partition(")")[0]
    ticket = await groups.as_login("anna").show(TicketRef("main", key))
    assert ticket.assignee is not None
    assert ticket.assignee.id == crew
    assert "Crew" in str(await house.slash(f"show {ticket.link}"))


async def test_a_group_is_chosen_in_the_form(
    groups: RedmineHouse, database: Database, clock: ManualClock
) -> None:
    house = await connected(database, clock, groups)
    crew, subject = str(groups.redmine.seed["crew"]), f"Sail {token_hex(4)}"
    for assignee in (user_id("chris"), ""):
        await house.slash("new #desk")
        await house.fill(subject=subject, assignee=assignee, more="true")
        await house.press((await house.payloads("chris"))[-1], "More fields")
        said = await house.fill(group=crew)
        assert ("either a person or a group" in str(said)) == bool(assignee)
    (ticket,) = (await groups.as_login("anna").find(Query(text=subject))).items
    assert ticket.assignee is not None
    assert ticket.assignee.id == crew


async def test_elsewhere_it_is_nobody(
    redmine_here: RedmineHouse, database: Database, clock: ManualClock
) -> None:
    house = await connected(database, clock, redmine_here)
    preview = await house.slash("list Paint the mast @crew by Friday")
    assert "nobody called" in preview["text"].partition("❌")[2]
    await house.slash("new #desk")
    await house.fill(subject="For nobody", more="true")
    await house.press((await house.payloads("chris"))[-1], "More fields")
    assert "Assignee: a group" not in str(house.office.server.dialogs[-1])
