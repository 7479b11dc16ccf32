"""An office whose people hear of their tickets, with a tracker on paper."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.mattermost.surface_desk import FakeServer, Office, open_office, user_id
from tests.integration.tickets.paper import MEMBERS, SITE, PaperSite

from sekretar.calendars.digest import digesting
from sekretar.calendars.settings import preferences
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerForbidden
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.morning import Hour, Morning
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.models import Channel, ChannelMember, Role, TeamMember, User
from sekretar.tickets.feature import Tickets
from sekretar.tickets.watching.model import TicketCursor
from sekretar.tickets.watching.settings import WatchSettings
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.requests import Draft

MINUTE = timedelta(minutes=1)


def texts(payload: dict[str, Any]) -> list[str]:
    return [each.get("text", "") for each in payload.get("props", {}).get("attachments", ())]


class Server(FakeServer):
    """Everybody is in the channel; Chris looks after it."""

    member = True

    async def channel(self, channel_id: str) -> Channel:
        return Channel(id=channel_id, type="O", team_id="team", display_name="Town Square")

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        if wanted == "me" and not self.member:
            raise PeerForbidden("mattermost")
        roles = "channel_user channel_admin" if wanted == user_id("chris") else "channel_user"
        return ChannelMember(channel_id=channel_id, user_id=wanted, roles=roles)

    async def team_member(self, team_id: str, wanted: str) -> TeamMember:
        return TeamMember(team_id=team_id, user_id=wanted, roles="team_user")

    async def user(self, wanted: str) -> User:
        return User(id=wanted, username=wanted.rstrip("0"), roles="system_user")

    async def roles(self, names: Any) -> list[Role]:
        return [Role(id=name, name=name, permissions=("create_post",)) for name in names]


@dataclass
class Watch:
    """An office whose three people are connected to a tracker on paper."""

    office: Office
    server: Server
    tickets: Tickets
    site: PaperSite
    clock: ManualClock
    morning: Morning

    async def ticket(self, by: str, to: str | None, subject: str = "Mast") -> str:
        """Made in the tracker itself; nothing is announced of it yet."""
        given = MEMBERS[to].id if to else None
        draft = Draft(SITE.id, subject, "1", assignee=given)
        return (await self.site.owner(by).create(draft, f"{subject}{len(self.site.tickets)}")).ticket.ref.key

    async def look(self, after: timedelta = 2 * MINUTE) -> None:
        """Let time pass, and the job run."""
        self.clock.advance(after)
        await self.tickets.polling.poll(self.site.name)

    async def told(self, name: str) -> list[str]:
        """What somebody was told of tickets, in order."""
        rows = [row for row in await self.office.rows() if row.key.startswith("tickets:news:")]
        return [row.payload["message"] for row in rows if row.payload.get("user_id") == user_id(name)]

    async def posted(self) -> list[str]:
        rows = [row for row in await self.office.rows() if row.kind == "mattermost.post"]
        return [row.payload["message"] for row in rows]

    async def fill(self, name: str, **answers: Any) -> dict[str, Any]:
        dialog = self.server.dialogs[-1]
        filled = {each["name"]: each.get("default", "") for each in dialog["elements"]}
        return dict((await self.office.submit(name, dialog, filled | answers)).body or {})

    async def cursors(self) -> list[TicketCursor]:
        async with self.office.desk.database.reading() as session:
            return list(await session.scalars(select(TicketCursor).order_by(TicketCursor.eyes)))


async def hour_of(session: AsyncSession, person_id: int) -> Hour | None:
    schedule = (await preferences.read(session, person_id)).schedule
    return Hour(schedule.at, schedule.days) if schedule else None


def open_watch(database: Database, clock: ManualClock, site: PaperSite) -> Watch:
    """An office with this tracker, to which nobody is connected yet."""
    chat, server, morning = Chat(), Server(), Morning()
    morning.keep(hour_of, digesting.pending)
    office = open_office(database, clock, chat)
    office = replace(office, server=server)
    object.__setattr__(office.desk, "server", server)
    settings = WatchSettings(MINUTE, {site.name: "s3cret"})
    tickets = Tickets(
        office.desk,
        {site.name: cast(TrackerSite, site)},
        InProcessJobs(clock),
        Meetings(),
        watch=settings,
        morning=morning,
    )
    return Watch(office, server, tickets, site, clock, morning)
