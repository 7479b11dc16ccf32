"""What happens in the real Redmine reaches those it concerns: people, mornings and channels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from secrets import token_hex
from typing import Any, cast

import pytest
from tests.integration.mattermost.surface_desk import user_id
from tests.integration.tickets.houses import RedmineHouse
from tests.integration.tickets.watch import Watch, open_watch

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database


@dataclass
class Town:
    """Anna and Boris are connected with keys of their own; Chris looks after the channel with Anna's."""

    watch: Watch
    redmine_house: RedmineHouse

    def make(
        self, subject: str, to: str = "", project: str = "desk", by: str = "anna", **more: object
    ) -> int:
        redmine = self.redmine_house.redmine
        issue = {"project_id": redmine.project(project), "subject": subject, **more}
        if to:
            issue["assigned_to_id"] = redmine.user(to)
        return int(redmine.call("POST", "/issues.json", {"issue": issue}, by)["issue"]["id"])

    def change(self, number: int, by: str, **fields: object) -> None:
        self.redmine_house.redmine.call("PUT", f"/issues/{number}.json", {"issue": fields}, by)

    async def heard(self, name: str, subject: str) -> list[str]:
        """Everything that somebody was told of this ticket."""
        rows = [row.payload for row in await self.watch.office.rows()]
        theirs = [each for each in rows if each.get("user_id") == user_id(name)]
        return [text for each in theirs if subject in (text := said(each))]

    async def posted(self, subject: str) -> list[str]:
        return [text for text in await self.watch.posted() if subject in text]


def said(payload: dict[str, Any]) -> str:
    attached = [each.get("text", "") for each in payload.get("props", {}).get("attachments", ())]
    return "\n".join([payload.get("message", ""), *attached])


@pytest.fixture
async def town(database: Database, clock: ManualClock, redmine_here: RedmineHouse) -> Town:
    watch = open_watch(database, clock, cast(Any, redmine_here.site))
    for name, key in (("anna", "anna"), ("boris", "boris"), ("chris", "anna")):
        await watch.office.slash(name, "/task connect main")
        assert await watch.fill(name, key=redmine_here.keys[key]) == {}
    return Town(watch, redmine_here)


async def test_news_of_tickets(town: Town) -> None:
    subject = f"Mast {token_hex(4)}"
    before = town.make(f"{subject} of old", "boris")
    await town.watch.look()
    assert await town.heard("boris", subject) == [], "what was there before is no news"
    number = town.make(subject, "boris")
    statuses = town.redmine_house.redmine.seed["statuses"]
    town.change(before, "anna", notes="Is it *done*?", due_date="2031-05-09")
    await town.watch.look()
    told = await town.heard("boris", subject)
    assert len(told) == 2
    assert "Anna Petrova" in told[0]
    assert "Is it \\*done\\*?" in "".join(told)
    assert "9 мая 2031" in "".join(told)
    assert await town.heard("anna", subject) == [], "one's own doing is no news"
    town.change(number, "boris", notes="On my way")
    town.change(number, "admin", status_id=statuses["Closed"])
    await town.watch.look()
    assert len(await town.heard("boris", subject)) == 3, "the end of it, and not his own words"
    assert "On my way" in (await town.heard("anna", subject))[-1]
    assert "Closed" in (await town.heard("anna", subject))[-1]
    await town.watch.look()
    assert len(await town.heard("boris", subject)) == 3


async def test_last_days(town: Town) -> None:
    watch, subject = town.watch, f"Sail {token_hex(4)}"
    for day in (5, 6):
        watch.clock.advance(datetime(2026, 3, day, 6, tzinfo=UTC) - watch.clock.now())
        await watch.tickets.reminding.give_due()
        if day == 5:
            town.make(subject, "boris", start_date="2026-03-01", due_date=str(date(2026, 3, 6)))
    (told,) = await town.heard("boris", subject)
    assert "Срок сегодня" in told
    assert await town.heard("anna", subject) == []


async def test_a_channel_that_listens(town: Town) -> None:
    subject = f"Boat {token_hex(4)}"
    body = (await town.watch.office.slash("chris", "/task subscribe desk")).body
    assert body or await town.watch.fill("chris") == {}
    await town.watch.look()
    town.make(subject, "boris")
    town.make(f"{subject} in the vault", project="vault")
    secret = town.make(f"{subject} in secret", "anna", by="admin", is_private=True)
    await town.watch.look()
    (made,) = await town.posted(subject)
    assert "Anna Petrova" in made
    assert any(f"/issues/{secret})" in text for text in await town.watch.posted())
