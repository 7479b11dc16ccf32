"""Who is who, by the administrator's word: verified at once, shown, imported, taken back; nobody else may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from tests.integration.mattermost.surface_desk import labels, open_office
from tests.integration.tickets.paper_forms import FormSite
from tests.integration.tickets.paper_office import Directory, House

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.models import User
from sekretar.tickets.feature import Tickets
from sekretar.trackers.port import TrackerSite


class Administration(Directory):
    """Chris looks after everything, while he does."""

    administrators: set[str]

    async def user(self, wanted: str) -> User:
        found = await super().user(wanted)
        roles = "system_user system_admin" if found.username in self.administrators else "system_user"
        return found.model_copy(update={"roles": roles})

    async def users(self, user_ids: Sequence[str]) -> Sequence[User]:
        return [await self.user(each) for each in user_ids]


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> House:
    chat, server, site = Chat(), Administration(), FormSite()
    server.administrators = {"chris"}

    async def is_admin(person: Person) -> bool:
        return person.username in server.administrators

    office = open_office(database, clock, chat, is_admin=is_admin)
    object.__setattr__(office.desk, "server", server)
    office.server = server
    sites = {site.name: cast(TrackerSite, site)}
    return House(office, Tickets(office.desk, sites, InProcessJobs(clock), Meetings()), site)


def site_of(house: House) -> FormSite:
    assert isinstance(house.site, FormSite)
    return house.site


def server_of(house: House) -> Administration:
    assert isinstance(house.office.server, Administration)
    return house.office.server


async def test_who_is_mapped_can_work_at_once(house: House) -> None:
    told = await house.slash("map @boris boris")
    assert "1 of 1 is done" in told["text"]
    await house.slash("new #site", "boris")
    assert house.office.server.dialogs[-1]["callback_id"] == "tickets.new"
    table = (await house.slash("map"))["text"]
    assert "`boris`, mapped" in table
    assert "1 of 1 is done" in (await house.slash("map @boris -"))["text"]
    assert "/task connect" in (await house.slash("new #site", "boris"))["text"]


async def test_what_cannot_be_is_said_and_changes_nothing(house: House) -> None:
    site_of(house).locked.add("anna")
    await house.connect("chris", "chris")
    for words, said in (
        ("@boris nobody", "there is no such login"),
        ("@anna anna", "there is no such login"),
        ("@stranger boris", "nobody called"),
        ("@chris boris", "connected themselves"),
        ("@boris -", "nobody has said"),
        ("boris", "Say it like this"),
        ("@boris boris elsewhere", "There is no tracker"),
    ):
        assert said in (await house.slash(f"map {words}"))["text"]
    site_of(house).can = frozenset()
    assert "cannot act for other people" in (await house.slash("map @boris boris"))["text"]


async def test_it_is_the_administrators_word_alone(house: House) -> None:
    table = await house.slash("map")
    assert "1 of 1" not in str(await house.slash("map @boris boris", "boris"))
    server_of(house).administrators.clear()
    for label in ("Equal login or e-mail in redmine", "From a list"):
        assert "administrators" in str(await house.press(table, label))
    assert house.office.server.dialogs == []


async def test_equal_logins_are_shown_before_they_count(house: House) -> None:
    for name in ("anna", "boris"):
        await house.slash("help", name)
    proposal = await house.slash("map auto")
    for name in ("anna", "boris", "chris"):
        assert f"`{name}`" in proposal["text"]
    assert labels(proposal) == [["Map all 3"]]
    assert "connected" not in (await house.slash("map"))["text"]
    await house.slash("map @boris boris")
    newer = str(await house.press(proposal, "Map all 3"))
    assert "mapped" not in (await house.slash("accounts", "anna"))["text"], newer
    shown = (await house.payloads("chris"))[-1]
    assert labels(shown) == [["Map all 2"]], "what was looked at is what is done"
    await house.press(shown, "Map all 2")
    assert (await house.slash("map"))["text"].count("mapped") == 3


async def test_a_list_is_worked_off_line_by_line(house: House) -> None:
    await house.slash("map csv")
    assert await house.fill(lines="username,login\nboris,boris\nanna,nobody\nwhat is this") == {}
    told = (await house.payloads("chris"))[-1]["message"]
    assert "1 of 2" in told
    assert "what is this" in told
    assert told.index("❌") < told.index("✅")
    await house.slash("map csv")
    assert "lines" in (await house.fill(lines="nothing"))["errors"]
