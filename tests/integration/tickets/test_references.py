"""Posts that speak of tickets: what is answered, to whom, and how it follows the post."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from structlog.testing import capture_logs
from tests.integration.mattermost.surface_desk import FakeServer, Office, button, labels, open_office, user_id
from tests.integration.tickets.paper import PaperEyes, PaperSite

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerNotFound
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.meetings import Meetings
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.models import Channel, ChannelMember, Post, Role, TeamMember, User
from sekretar.tickets.feature import Tickets
from sekretar.tickets.references.noting import MOST_IN_CHANNEL, MOST_OF_PERSON
from sekretar.tickets.references.settings import NOTHING_SAID, ReferenceSettings
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.requests import Draft

TOWN = "townsquare"
PAGE = "https://tracker.example.com/issues"


@dataclass
class Town(FakeServer):
    """One channel, its members and what the bot may do there."""

    members: list[str] = field(default_factory=lambda: ["chris", "anna"])
    robots: list[str] = field(default_factory=lambda: ["sekretar"])
    admins: list[str] = field(default_factory=list)
    bot_roles: str = "channel_user"
    patched: list[str] = field(default_factory=list)
    refuses: bool = False

    async def channel(self, channel_id: str) -> Channel:
        return Channel(id=channel_id, type="D" if channel_id.startswith("dm") else "O", team_id="team")

    async def channel_members(self, channel_id: str, page: int = 0) -> Sequence[ChannelMember]:
        everybody = [*self.members, *self.robots][page * 200 : page * 200 + 200]
        return [ChannelMember(channel_id=channel_id, user_id=user_id(name)) for name in everybody]

    async def users(self, user_ids: Sequence[str]) -> Sequence[User]:
        return [await self.user(each) for each in user_ids]

    async def user(self, wanted: str) -> User:
        name = "sekretar" if wanted == "me" else wanted.rstrip("0")
        return User(id=user_id(name), username=name, is_bot=name in self.robots, roles="system_user")

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        name = wanted.rstrip("0")
        roles = self.bot_roles if wanted == "me" else "channel_user"
        return ChannelMember(
            channel_id=channel_id, user_id=wanted, roles=roles, scheme_admin=name in self.admins
        )

    async def team_member(self, team_id: str, wanted: str) -> TeamMember:
        raise PeerNotFound("mattermost")

    async def roles(self, names: Sequence[str]) -> Sequence[Role]:
        granted = {"editor": ("create_post", "edit_others_posts")}
        return [Role(id=name, name=name, permissions=granted.get(name, ("create_post",))) for name in names]

    async def patch_post(self, post_id: str, *, message: str | None = None) -> Post:
        if self.refuses:
            raise PeerForbidden("mattermost")
        self.patched.append(str(message))
        self.posts[post_id] = self.posts[post_id].model_copy(update={"message": message})
        return self.posts[post_id]


@dataclass
class House:
    """Chris and Anna are linked to the tracker; ticket 10 and 11 are there."""

    office: Office
    tickets: Tickets
    site: PaperSite
    town: Town

    async def say(self, text: str, post: str = "p", name: str = "chris", channel: str = TOWN) -> None:
        self.office.clock.advance(timedelta(seconds=1))
        at = self.office.clock.now()
        self.town.posts[post] = Post(
            id=post, channel_id=channel, user_id=user_id(name), message=text, create_at=at
        )
        await self.office.say(name, text, channel=channel, kind="O", id=post, at=at)

    async def edit(self, text: str, post: str = "p", name: str = "chris", at: Any = None) -> None:
        self.office.clock.advance(timedelta(seconds=1))
        self.town.posts[post] = self.town.posts[post].model_copy(update={"message": text})
        await self.office.change(name, post, text, at or self.office.clock.now(), channel=TOWN)

    def pass_until(self, moment: datetime) -> None:
        self.office.clock.advance(moment - self.office.clock.now())

    async def work(self) -> Any:
        return await self.tickets.references.answering.run()

    async def slash(self, words: str, name: str = "chris") -> str:
        return str((await self.office.slash(name, f"/task {words}")).body["text"])

    async def connect(self, name: str) -> None:
        await self.office.slash(name, "/task connect")
        dialog = self.office.server.dialogs[-1]
        assert not ((await self.office.submit(name, dialog, {"key": name})).body or {}).get("errors")

    async def payloads(self) -> list[dict[str, Any]]:
        """What was said in the channel, and made of it, in order."""
        return [
            row.payload
            for row in await self.office.rows()
            if row.kind in ("mattermost.post", "mattermost.edit")
        ]

    async def texts(self) -> list[str]:
        return [each["message"] for each in await self.payloads()]

    async def replies(self) -> dict[str, str]:
        """What the reply to each post says in the end."""
        return {each["message_key"]: each["message"] for each in await self.payloads()}


MakeHouse = Callable[..., Any]


@pytest.fixture
def make_house(database: Database, clock: ManualClock) -> MakeHouse:
    async def make(settings: ReferenceSettings = NOTHING_SAID) -> House:
        office = open_office(database, clock, Chat())
        site, town = PaperSite(), Town()
        object.__setattr__(office.desk, "server", town)
        office.server = town
        sites = {site.name: cast(TrackerSite, site)}
        tickets = Tickets(office.desk, sites, InProcessJobs(clock), Meetings(), settings)
        house = House(office, tickets, site, town)
        for number in (10, 11):
            key = str(number)
            site.tickets[key] = PaperEyes(site, "anna").imagined(key, Draft("1", f"Leak {key}"))
        for name in ("chris", "anna"):
            await house.connect(name)
        return house

    return make


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    return cast(House, await make_house())


async def test_a_ticket_that_everybody_in_the_channel_may_see_is_told_in_full(house: House) -> None:
    await house.say("look at #t10")
    await house.work()
    (said,) = await house.payloads()
    assert said["message"] == f"[\\#10]({PAGE}/10) Leak 10 · New"
    assert (said["root_id"], labels(said)) == ("p", [])


async def test_each_reference_stands_on_its_own(house: House) -> None:
    house.site.hidden.add(("anna", "11"))
    await house.say(f"#t10, #t404, {PAGE}/11 and UTF-8")
    await house.work()
    (said,) = await house.payloads()
    assert said["message"].splitlines() == [
        f"* [\\#10]({PAGE}/10) Leak 10 · New",
        f"* [\\#11]({PAGE}/11)",
    ]
    assert labels(said) == [["Show"]]


@pytest.mark.parametrize("text", ["#t404", "good morning", "`#t10`"])
async def test_nothing_is_said_where_there_is_nothing_to_say(house: House, text: str) -> None:
    await house.say(text)
    assert await house.work() is None
    assert await house.payloads() == []


async def test_what_the_author_may_not_see_is_not_there(house: House) -> None:
    house.site.hidden.add(("chris", "10"))
    await house.say("#t10")
    await house.work()
    assert await house.payloads() == []


async def test_with_a_stranger_in_the_channel_only_the_key_is_told_and_each_sees_by_their_own_rights(
    house: House,
) -> None:
    house.town.members.append("boris")
    await house.say("#t10")
    await house.work()
    (said,) = await house.payloads()
    assert "Leak" not in str(said)
    shown = {name: (await house.office.click(name, button(said, "Show"))).body for name in ("anna", "boris")}
    assert "Leak 10" in str(shown["anna"])
    assert "Leak" not in str(shown["boris"])
    assert "/task connect redmine" in str(shown["boris"])
    house.site.hidden.add(("anna", "10"))
    again = (await house.office.click("anna", button(said, "Show"))).body
    assert "Leak" not in str(again)
    assert f"({PAGE}/10): у вас нет" in str(again)


async def test_strangers_may_be_trusted_and_who_is_linked_still_has_to_see_it(make_house: MakeHouse) -> None:
    house = await make_house(ReferenceSettings(trust_channels=True))
    house.town.members.append("boris")
    house.site.hidden.add(("anna", "11"))
    await house.say("#t10 #t11")
    await house.work()
    (said,) = await house.texts()
    assert "Leak 10" in said
    assert "Leak 11" not in said


async def test_who_is_not_linked_is_answered_through_the_service_account(house: House) -> None:
    house.town.members.append("boris")
    await house.say("#t10", name="boris")
    await house.work()
    assert await house.texts() == [f"[\\#10]({PAGE}/10)"]


async def test_a_crowd_is_told_the_key_alone(house: House) -> None:
    house.town.members += [f"member{number}" for number in range(1200)]
    await house.say("#t10")
    await house.work()
    assert await house.texts() == [f"[\\#10]({PAGE}/10)"]


async def test_an_own_pattern(make_house: MakeHouse) -> None:
    house = await make_house(ReferenceSettings(written={"redmine": "RM{key}"}))
    await house.say("RM10 and #t11")
    await house.work()
    assert await house.texts() == [f"[\\#10]({PAGE}/10) Leak 10 · New"]


async def test_robots_are_not_answered(house: House) -> None:
    await house.office.change("chris", "q", "#t10", house.office.clock.now(), channel=TOWN, from_bot="true")
    assert await house.work() is None
    assert await house.payloads() == []


# --- edits, repetitions, crashes


async def test_the_reply_follows_the_post(house: House) -> None:
    await house.say("morning")
    await house.edit("#t10")
    await house.work()
    await house.edit("#t11")
    await house.work()
    await house.edit("nothing")
    await house.work()
    await house.edit("#t10 again")
    await house.work()
    texts = await house.texts()
    assert ["10" in text for text in texts] == [True, False, False, True]
    assert texts[2] == "The message above speaks of no ticket any more."
    kinds = [row.kind for row in await house.office.rows() if row.payload.get("message_key")]
    assert kinds.count("mattermost.post") == 1


async def test_what_is_heard_twice_is_answered_once(house: House) -> None:
    await house.say("#t10")
    await house.work()
    looks, post = house.site.looks, house.town.posts["p"]
    await house.office.say("chris", "#t10", channel=TOWN, kind="O", id="p", at=post.create_at)
    assert await house.work() is None
    assert (len(await house.payloads()), house.site.looks) == (1, looks)


async def test_a_post_that_is_edited_while_the_tracker_thinks_is_answered_as_it_is_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.say("#t10")
    look = PaperEyes.show_many

    async def slow(eyes: PaperEyes, refs: Any) -> Any:
        monkeypatch.undo()
        await house.edit("#t11")
        return await look(eyes, refs)

    monkeypatch.setattr(PaperEyes, "show_many", slow)
    await house.work()
    assert await house.payloads() == []
    await house.work()
    assert await house.texts() == [f"[\\#11]({PAGE}/11) Leak 11 · New"]


async def test_posts_edited_at_random_end_with_a_reply_that_names_what_they_say(house: House) -> None:
    chance = random.Random(20260304)
    words = ["#t10", "#t11", "#t404", f"{PAGE}/11", "`#t10`", "word"]
    said: dict[str, str] = {}
    for number in range(12):
        post = f"p{number}"
        house.office.clock.advance(timedelta(minutes=2))
        for turn in range(chance.randint(1, 6)):
            said[post] = " ".join(chance.choices(words, k=chance.randint(0, 4)))
            await (house.edit if turn else house.say)(said[post], post)
            if chance.random() < 0.5:
                await house.work()
    await house.work()
    replies = await house.replies()
    for post, text in said.items():
        spoken = re.sub("`[^`]*`", "", text)
        named = set(re.findall(r"issues/(\d+)\)", replies.get(f"reference:{post}", "")))
        assert named == {key for key in ("10", "11") if f"#t{key}" in spoken or f"issues/{key}" in spoken}


async def test_a_post_that_is_gone_is_not_answered(house: House) -> None:
    await house.say("#t10")
    del house.town.posts["p"]
    assert await house.work() is None
    assert await house.payloads() == []


# --- a tracker that is down, a flood


async def test_a_tracker_that_is_down_is_asked_again_for_an_hour(house: House) -> None:
    house.site.down = PeerDown("redmine")
    await house.say("#t10")
    await house.say("#t11", "other")
    due = await house.work()
    assert due is not None
    assert await house.payloads() == []
    house.site.down = None
    house.pass_until(due)
    await house.work()
    assert len(await house.payloads()) == 2

    house.site.down = PeerDown("redmine")
    await house.say("#t10", "late")
    begun, attempts = house.office.clock.now(), 0
    with capture_logs() as logged:
        while (due := await house.work()) is not None:
            house.pass_until(due)
            attempts += 1
    assert timedelta(hours=1) <= house.office.clock.now() - begun < timedelta(hours=1, minutes=15)
    assert attempts < 20
    assert [each["event"] for each in logged].count("references are given up") == 1
    assert len(await house.payloads()) == 2


async def test_a_flood_is_not_answered_and_logged_once(house: House) -> None:
    await house.say("#t10", "early")
    await house.work()
    house.office.clock.advance(timedelta(minutes=2))
    with capture_logs() as logged:
        for number in range(MOST_OF_PERSON + 5):
            await house.say("#t10", f"p{number}")
    await house.work()
    assert len(await house.payloads()) == 1 + MOST_OF_PERSON < MOST_IN_CHANNEL
    assert [each["event"] for each in logged] == ["a flood of references is not answered"]
    await house.edit("#t11", "early")
    house.pass_until(await house.work())
    await house.work()
    assert "11" in (await house.texts())[-1], "what was answered stays right, if later"


# --- a channel's wish


@pytest.fixture
async def editing(make_house: MakeHouse) -> House:
    house = cast(House, await make_house(ReferenceSettings(edit_posts=True)))
    house.town.admins.append("chris")
    house.town.bot_roles = "channel_user editor"
    return house


async def test_who_looks_after_the_channel_decides(house: House) -> None:
    assert "only who looks after" in (await house.slash("references off")).lower()
    house.town.admins.append("chris")
    assert "leave it alone" in await house.slash("references off")
    await house.say("#t10")
    assert await house.work() is None
    assert await house.payloads() == []
    assert "I answer in its thread" in await house.slash("references reply")
    assert "SEKRETAR_TICKETS_EDIT_POSTS" in await house.slash("references edit")
    assert "Say `reply`" in await house.slash("references loudly")


async def test_links_are_put_into_the_post_and_nothing_else_is_touched(editing: House) -> None:
    assert "into the message itself" in await editing.slash("references edit")
    await editing.say("see **#t10**, `#t10`, #t404\n\n    #t11\n")
    await editing.work()
    assert editing.town.patched == [f"see **[#t10]({PAGE}/10)**, `#t10`, #t404\n\n    #t11\n"]
    assert await editing.payloads() == []
    await editing.edit(editing.town.patched[0])
    await editing.work()
    assert len(editing.town.patched) == 1, "our own edit comes back and changes nothing"


async def test_without_the_right_to_edit_there_is_a_reply(editing: House) -> None:
    await editing.slash("references edit")
    editing.town.refuses = True
    await editing.say("#t10", "p1")
    await editing.work()
    editing.town.bot_roles = "channel_user"
    await editing.say("#t10", "p2")
    await editing.work()
    assert (editing.town.patched, len(await editing.payloads())) == ([], 2)
    assert "does not let me edit" in await editing.slash("references edit")
