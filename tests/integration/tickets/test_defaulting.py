"""Where tickets go that name no project: for oneself by anybody, for channels and teams by who looks after them."""

from __future__ import annotations

import pytest
from tests.integration.mattermost.surface_desk import user_id
from tests.integration.tickets.paper import PaperSite
from tests.integration.tickets.paper_office import House, open_house

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.mattermost.models import Channel, ChannelMember, TeamMember


class Rights:
    """Chris looks after the channel, Anna after the team, Boris after nothing."""

    async def channel(self, channel_id: str) -> Channel:
        return Channel(id=channel_id, type="D" if channel_id == "dm" else "O", team_id="team")

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        return ChannelMember(
            channel_id=channel_id, user_id=wanted, scheme_admin=wanted == user_id("chris"), roles=""
        )

    async def team_member(self, team_id: str, wanted: str) -> TeamMember:
        return TeamMember(team_id=team_id, user_id=wanted, scheme_admin=wanted == user_id("anna"), roles="")

    async def roles(self, names: list[str]) -> list[object]:
        return []


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> House:
    house = await open_house(database, clock, PaperSite("other"))
    rights = Rights()
    for name in ("channel", "channel_member", "team_member", "roles"):
        object.__setattr__(house.office.server, name, getattr(rights, name))
    return house


async def said(house: House, words: str, name: str = "chris") -> str:
    return str((await house.slash(words, name))["text"])


async def test_nothing_is_said_at_first_and_everybody_chooses_for_themselves(house: House) -> None:
    assert "I ask each time which of the trackers is meant: redmine, other" in await said(house, "default")
    assert "**redmine / site**" in await said(house, "default redmine Website")
    assert "For you: **redmine / site**" in await said(house, "default")
    assert "redmine / site" not in await said(house, "default", "boris")
    assert "no default of your own" in await said(house, "default off")
    assert "I ask each time" in await said(house, "default")


async def test_what_is_said_for_the_channel_wins_and_is_for_who_looks_after_it(house: House) -> None:
    assert "те, кто за него отвечает" in await said(house, "default channel other", "boris")
    await said(house, "default redmine site")
    assert "tasks of this channel go to **other**" in await said(house, "default channel other")
    standing = await said(house, "default")
    assert standing.index("In this channel: **other**") < standing.index("For you: **redmine / site**")
    shown = await house.slash("list Order passes")
    assert "other" in shown["text"], "the channel's tracker is asked for first"


async def test_the_team_is_for_its_administrators(house: House) -> None:
    assert "set by its administrators" in await said(house, "default team other")
    await house.connect("anna", "anna", "other")
    assert "**other / site**" in await said(house, "по-умолчанию команда other site", "anna")
    assert "В этой команде" in await said(house, "default", "anna")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("default nonsense", "There is no tracker “nonsense”"),
        ("default redmine nonsense", "There is no project “nonsense”"),
        ("default redmine attic", "The project Attic is closed"),
        ("default channel", "Which tracker or project?"),
    ],
)
async def test_what_is_not_there_is_said(house: House, words: str, told: str) -> None:
    assert told in await said(house, words)
    assert "I ask each time" in await said(house, "default")


async def test_in_direct_messages_there_is_no_channel_and_no_team(house: House) -> None:
    direct = await house.office.slash("chris", "/task default channel other", channel_id="dm", team_id="")
    assert "no channel" in str(direct.body)
    direct = await house.office.slash("chris", "/task default team other", channel_id="dm", team_id="")
    assert "no team" in str(direct.body)
