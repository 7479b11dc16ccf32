"""An office with the whole surface and a tracker on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tests.integration.mattermost.surface_desk import FakeServer, Office, button, open_office, user_id
from tests.integration.tickets.paper import PaperSite

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerNotFound
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.meetings import Meetings
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.models import ChannelMember, Role, User
from sekretar.tickets.feature import Tickets
from sekretar.trackers.port import TrackerSite


class Directory(FakeServer):
    """Everybody in Mattermost."""

    async def user_by_name(self, username: str) -> User:
        if username not in ("anna", "boris", "chris"):
            raise PeerNotFound("mattermost")
        return User(id=user_id(username), username=username, email=f"{username}@example.com")

    async def user(self, wanted: str) -> User:
        if wanted == "me":
            return User(id=user_id("bot"), username="bot")
        return await self.user_by_name(wanted.rstrip("0"))

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        """Everybody is in every channel; the bot is not in the closed one."""
        if (channel_id, wanted) == ("closed", "me"):
            raise PeerNotFound("mattermost")
        return ChannelMember(channel_id=channel_id, user_id=wanted)

    async def roles(self, names: Sequence[str]) -> Sequence[Role]:
        return ()


@dataclass
class House:
    """Chris, who has connected to the first of the trackers."""

    office: Office
    tickets: Tickets
    site: PaperSite
    meetings: Meetings = field(default_factory=Meetings)

    async def slash(self, words: str, name: str = "chris") -> dict[str, Any]:
        answer = await self.office.slash(name, f"/task {words}")
        assert answer.status == 200
        return dict(answer.body or {})

    async def press(self, shown: dict[str, Any], label: str, name: str = "chris") -> dict[str, Any]:
        return await self._click(shown, label, name)

    async def choose(
        self, shown: dict[str, Any], label: str, value: str, name: str = "chris"
    ) -> dict[str, Any]:
        return await self._click(shown, label, name, selected=value)

    async def _click(self, shown: dict[str, Any], label: str, name: str, **more: Any) -> dict[str, Any]:
        answer = await self.office.click(name, button(shown, label), **more)
        assert answer.status == 200
        return dict(answer.body or {})

    async def fill(self, name: str = "chris", **answers: str) -> dict[str, Any]:
        dialog = self.office.server.dialogs[-1]
        filled = {each["name"]: each.get("default", "") for each in dialog["elements"]}
        return dict((await self.office.submit(name, dialog, filled | answers)).body or {})

    async def connect(self, name: str, key: str, tracker: str = "redmine") -> dict[str, Any]:
        await self.slash(f"connect {tracker}", name)
        return await self.fill(name, key=key)

    async def work(self) -> None:
        await self.tickets.creating.run()

    async def payloads(self, name: str) -> list[dict[str, Any]]:
        """What somebody was told directly."""
        rows = await self.office.rows()
        return [row.payload for row in rows if row.payload.get("user_id") == user_id(name)]

    async def posted(self) -> list[str]:
        return [row.payload["message"] for row in await self.office.rows() if row.kind == "mattermost.post"]


async def open_house(database: Database, clock: ManualClock, *more: PaperSite) -> House:
    """An office with the tracker *redmine*, and those that are given besides."""
    chat = Chat()
    office = open_office(database, clock, chat)
    site, server = PaperSite(), Directory()
    object.__setattr__(office.desk, "server", server)
    office.server = server
    sites = {each.name: cast(TrackerSite, each) for each in (site, *more)}
    meetings = Meetings()
    house = House(office, Tickets(office.desk, sites, InProcessJobs(clock), meetings), site, meetings)
    await house.connect("chris", "chris", site.name)
    return house
