"""From a message to a ticket in the real Redmine: a required field of the house, a file, and who is who."""

from __future__ import annotations

from secrets import token_hex

import pytest
from tests.integration.mattermost.surface_desk import open_office, user_id
from tests.integration.tickets.houses import RedmineHouse
from tests.integration.tickets.paper_office import House
from tests.integration.tickets.test_forms import CHAT_URL, POST_ID, Channel, asked, say
from tests.integration.tickets.test_mapping import Administration

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.models import ChannelMember
from sekretar.tickets.feature import Tickets
from sekretar.trackers.requests import Query


class Town(Administration, Channel):
    """Everybody is in the channel."""

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        return ChannelMember(channel_id=channel_id, user_id=wanted)


@pytest.fixture
async def house(database: Database, clock: ManualClock, redmine_here: RedmineHouse) -> House:
    chat, server = Chat(), Town()
    server.administrators = {"chris"}

    async def is_admin(person: Person) -> bool:
        return person.username in server.administrators

    office = open_office(database, clock, chat, is_admin=is_admin)
    object.__setattr__(office.desk, "server", server)
    office.server = server
    sites = {"main": redmine_here.site}
    meetings = Meetings()
    tickets = Tickets(office.desk, sites, InProcessJobs(clock), meetings, chat_url=CHAT_URL)
    return House(office, tickets, redmine_here.site, meetings)  # type: ignore[arg-type]


async def test_from_a_message_to_a_ticket_with_a_required_field(
    house: House, redmine_here: RedmineHouse
) -> None:
    field, value = redmine_here.strict_field
    subject = f"The mast {token_hex(4)} leans"
    assert "1 of 1 is done" in (await house.slash("map @anna anna"))["text"]
    assert "locked" in (await house.slash("map @boris locked"))["text"]

    shown = await house.slash(f"new {say(house, subject, 'f1')}", "anna")
    await house.choose(shown, "Выбрать проект", redmine_here.projects["desk"], "anna")
    filled = {"type": redmine_here.types["strict"], "assignee": user_id("anna"), "due": "завтра"}
    assert await house.fill("anna", **filled) == {}
    told = (await house.payloads("anna"))[-1]
    assert "District" in str(told)
    await house.press(told, "Заполнить", "anna")
    assert asked(house)["subject"]["default"] == subject
    assert await house.fill("anna", **{f"custom:{field}": value}) == {}

    anna = redmine_here.as_login("anna")
    (ticket,) = (await anna.find(Query(text=subject))).items
    details = await anna.details(ticket.ref)
    assert (details.ticket.author.login or details.ticket.author.name) in ("anna", "Anna Petrova")
    assert details.ticket.assignee == details.ticket.author
    assert [each.values for each in details.ticket.custom if each.id == field] == [(value,)]
    assert [each.name for each in details.attachments] == ["f1.png"]
    assert f"{CHAT_URL}/_redirect/pl/{POST_ID}" in details.ticket.description
    assert f"#{ticket.ref.key}" in (await house.payloads("anna"))[-1]["message"]
