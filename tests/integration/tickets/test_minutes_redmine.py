"""Assignments of a meeting in the real Redmine: made, tied, looked up, opened again."""

from __future__ import annotations

from typing import Any, cast

from tests.integration.tickets.houses import RedmineHouse
from tests.integration.tickets.paper_office import open_house
from tests.integration.tickets.test_minutes import DAY, HOUR, MINUTE, open_team

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.trackers.values import TicketRef

TASKS = "1. Order passes @boris by Friday #desk\n2. Call the bank #desk"


async def test_from_the_meeting_to_the_next_one(
    redmine_here: RedmineHouse, database: Database, clock: ManualClock
) -> None:
    house = await open_house(database, clock, cast(Any, redmine_here.site))
    for name, key in (("chris", "anna"), ("boris", "boris")):
        await house.connect(name, redmine_here.keys[key], "main")
    team = await open_team(database, clock, house)
    await team.meet(weekly=True)
    await team.later(4 * HOUR)
    (offer,) = await team.offers()
    await house.press(offer, "Write down assignments")
    await house.press((await house.payloads("chris"))[-1], "main")
    await team.finish(tasks=TASKS)

    result = (await house.payloads("chris"))[-1]["message"]
    assert "2 tasks are made" in result
    first, second = [line.partition("/issues/")[2].partition(")")[0] for line in result.splitlines()[1:3]]
    anna = redmine_here.as_login("anna")
    passes = await anna.details(TicketRef("main", first))
    assert passes.ticket.description == "From the meeting “Planning”, 4 March 2026"
    assert str(passes.ticket.due) == "2026-03-06"
    assert [each.other.key for each in passes.relations] == [second]
    told = (await house.payloads("boris"))[-1]
    assert "Order passes" in told["message"]

    status = redmine_here.redmine.seed["statuses"]
    set_status(redmine_here, second, status["Closed"])
    await team.later(7 * DAY - HOUR - 25 * MINUTE)
    await team.later(15 * MINUTE)
    (mine,) = (await team.reminders("chris"))[-1:]
    assert "Order passes" in mine
    assert "Call the bank" not in mine
    assert "open: 1 of 2" in (await house.slash("minutes planning"))["text"]

    set_status(redmine_here, second, status["New"])
    history = await house.slash("minutes planning")
    assert "open: 2 of 2" in history["text"], "what was closed too early is open again"


def set_status(house: RedmineHouse, key: str, status: int) -> None:
    house.redmine.call("PUT", f"/issues/{key}.json", {"issue": {"status_id": status}})
