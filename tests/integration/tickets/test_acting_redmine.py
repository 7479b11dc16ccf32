"""Lists and one ticket on the real Redmine: from the first look to the closed ticket."""

from __future__ import annotations

import os
from datetime import date
from typing import Any, cast

from tests.integration.mattermost.surface_desk import user_id
from tests.integration.tickets.houses import RedmineHouse
from tests.integration.tickets.paper_office import open_house

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.trackers.requests import Draft
from sekretar.trackers.values import Ticket


async def test_a_ticket_from_my_list_to_its_end(
    redmine_here: RedmineHouse, database: Database, clock: ManualClock
) -> None:
    subject = f"Guy wire {os.getpid()} {clock.now():%f} {id(database)}"
    anna, boris = redmine_here.as_login("anna"), redmine_here.as_login("boris")
    draft = Draft(redmine_here.projects["desk"], subject, redmine_here.types["plain"], due=date(2020, 1, 5))
    made = (await anna.create(draft, subject)).ticket

    house = await open_house(database, clock, cast(Any, redmine_here.site))
    await house.slash("connect main", "chris")
    assert await house.fill("chris", key=redmine_here.keys["anna"]) == {}

    async def now() -> Ticket:
        return await anna.show(made.ref)

    async def assignee() -> str:
        member = (await now()).assignee
        return member.id if member else ""

    shown = await house.slash(f"show {made.link}")
    taken = await house.press(shown, "Take")
    assert "direct messages" in taken["ephemeral_text"]
    assert await assignee() == (await anna.me()).member.id
    assert subject in str((await house.slash("overdue"))["attachments"])

    card = (await house.payloads("chris"))[-1]
    await house.press(card, "Log time")
    assert await house.fill(spent="1:30", comment="Ladder") == {}
    await house.press(card, "Comment")
    assert await house.fill(text="Wire is *tight* again") == {}
    await house.press(card, "Due date")
    assert await house.fill(due="01.02.2031") == {}
    assert (await now()).due == date(2031, 2, 1)

    await house.connect("boris", redmine_here.keys["boris"], "main")
    await house.choose((await house.payloads("chris"))[-1], "Assign to", user_id("boris"))
    assert await assignee() == (await boris.me()).member.id
    given = await house.slash("by-me")
    assert subject in str(given["attachments"])
    assert subject in str((await house.slash("мои", "boris"))["attachments"])

    closed = redmine_here.redmine.seed["statuses"]["Closed"]
    await house.choose((await house.payloads("chris"))[-1], "Change status", str(closed))
    assert (await now()).status.closed
    details = await anna.details(made.ref)
    assert [each.text for each in details.comments] == ["Wire is *tight* again"]
    entries = redmine_here.redmine.call("GET", f"/time_entries.json?issue_id={made.ref.key}")
    assert [each["hours"] for each in entries["time_entries"]] == [1.5]
    assert subject not in str(await house.slash("by-me"))
