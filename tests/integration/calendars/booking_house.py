"""Anna, who makes meetings, on a real calendar server; Boris and Chris, whom she invites."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import update
from tests.integration.calendars.diary import Diary, open_diary
from tests.integration.mattermost.surface_desk import FakeServer, Office, button, open_office, user_id
from tests.peers_caldav import PEOPLE, CalDavServer

from sekretar.calendars.booking.chat import BookingChat
from sekretar.calendars.booking.offers import Offering
from sekretar.calendars.booking.saving import Saving
from sekretar.calendars.booking.source import MessageSource
from sekretar.calendars.caldav import CalDavClient, Credentials
from sekretar.calendars.finding.chat import FindingChat
from sekretar.calendars.finding.free_busy_asking import FreeBusy
from sekretar.calendars.finding.knowing import Knowing
from sekretar.calendars.model import Calendar, CalendarAccount
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerNotFound
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.mattermost.callbacks import Answer
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import ChannelMember, PostList, User


@dataclass
class Directory(FakeServer):
    """Everybody in Mattermost; Vera keeps her address to herself."""

    #: Who is in which channel.
    members: dict[str, set[str]] = field(default_factory=dict)

    async def channel_member(self, channel_id: str, user_id_: str) -> ChannelMember:
        if user_id_ not in {user_id(name) for name in self.members.get(channel_id, ())}:
            raise PeerNotFound("mattermost")
        return ChannelMember(channel_id=channel_id, user_id=user_id_)

    async def thread(self, post_id: str) -> PostList:
        found = {each.id: each for each in self.posts.values() if each.thread_id == post_id}
        return PostList(order=tuple(found), posts=found)

    async def users(self, user_ids: Sequence[str]) -> Sequence[User]:
        return [await self.user_by_name(each.rstrip("0")) for each in user_ids]

    async def user_by_name(self, username: str) -> User:
        if username not in ("anna", "boris", "chris", "vera"):
            raise PeerNotFound("mattermost")
        email = "" if username == "vera" else f"{username}@example.com"
        return User(id=user_id(username), username=username, first_name=username.title(), email=email)


@dataclass
class House:
    """The office with its calendars, and the calendar of Anna as any other program sees it."""

    office: Office
    desk: Desk
    anna: Diary
    boris: Diary
    http: HttpSessions
    server: CalDavServer
    client: CalDavClient
    calendar: str

    async def slash(self, words: str, name: str = "anna") -> dict[str, Any]:
        return body(await self.office.slash(name, f"/calendar {words}"))

    async def fill(self, **answers: str | bool) -> dict[str, Any]:
        """Fill in the last dialog, leaving the rest as it is; returns the answer to it."""
        dialog = self.office.server.dialogs[-1]
        filled = {each["name"]: each.get("default", "") for each in dialog["elements"]}
        return body(await self.office.submit("anna", dialog, filled | answers))

    async def press(self, shown: dict[str, Any], label: str, name: str = "anna") -> dict[str, Any]:
        return body(await self.office.click(name, button(shown, label)))

    async def booked(self) -> list[str]:
        """The objects of the calendar on the server."""
        listing = await self.client.list_etags(self.calendar)
        return [(await self.client.get(href)).data for href in sorted(listing.etags)]


def body(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200
    return dict(answer.body or {})


def read(shown: dict[str, Any]) -> str:
    """All that is to be read in an answer, an update or a message."""
    shown = shown.get("update", shown)
    attachments = shown.get("attachments") or shown.get("props", {}).get("attachments", [])
    words = [shown.get("text") or shown.get("message") or shown.get("ephemeral_text") or ""]
    lines = [*words, *(f"{each.get('title', '')}\n{each.get('text', '')}" for each in attachments)]
    return "\n".join(lines).replace("\u2060", "")


@contextlib.asynccontextmanager
async def open_house(
    database: Database, clock: ManualClock, server: CalDavServer, calendar: str
) -> AsyncIterator[House]:
    http = HttpSessions(
        HttpSettings(allowed_networks=("127.0.0.1", "localhost"), trust_env=False, ca_file=server.ca_file)
    )
    chat = Chat()
    office = open_office(database, clock, chat)
    desk = replace(office.desk, server=Directory())
    knowing = Knowing(desk, FreeBusy(desk, http))
    source = MessageSource(desk, "https://chat.example")
    BookingChat(desk, Saving(desk, http), knowing, source).register(chat)
    Offering(desk, source, "calendar").register(chat)
    FindingChat(desk, knowing).register(chat)
    anna = await open_diary(database, clock, desk=office.desk, calendars=("work",))
    boris = await open_diary(database, clock, "boris", desk=office.desk)
    async with database.transaction() as session:
        account = update(CalendarAccount).where(CalendarAccount.id == anna.account_id)
        password = desk.vault.encrypt(PEOPLE["anna"])
        await session.execute(
            account.values(home_url=server.home_url("anna"), login="anna", password=password)
        )
        work = update(Calendar).where(Calendar.id == anna.calendars["work"])
        await session.execute(work.values(href=calendar, name="Работа"))
    try:
        async with server.session() as session:
            client = CalDavClient(session, server.home_url("anna"), Credentials("anna", PEOPLE["anna"]))
            yield House(office, desk, anna, boris, http, server, client, calendar)
    finally:
        await http.close()
