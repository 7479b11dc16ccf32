"""A desk at work on a real database: the whole feature, with Mattermost reduced to its channel and outbox.

Anna and Boris are in the channel of the desk, Chris is not. Jobs run when a test calls them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.integration.mattermost.surface_desk import FakeServer, Office, open_office, user_id

from sekretar.dispatch.feature import Dispatch, Surroundings
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import (
    SYSTEM,
    Applicant,
    Incident,
    IncidentChange,
    NewIncident,
    Origin,
)
from sekretar.dispatch.settings import DeskSettings, MailboxSettings
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerNotFound
from sekretar.kernel.health import Health
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.outbox import Outbox
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.models import Channel, ChannelMember, Role, Status, User

#: Wednesday, noon in Moscow.
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
CHANNEL = "deskchannel"

MAILBOX = MailboxSettings(
    address="desk@towers.example",
    password="x",  # type: ignore[arg-type]
    imap_host="mail.towers.example",
    smtp_host="mail.towers.example",
)
#: A desk with a mailbox.
MAILED = DeskSettings(name="towers", prefix="NT", channel="work/desk", mailboxes=(MAILBOX,))


@dataclass
class DeskServer(FakeServer):
    """Mattermost with one channel."""

    members: set[str] = field(default_factory=lambda: {"anna", "boris"})
    #: Who looks after it.
    admins: set[str] = field(default_factory=set)
    #: Who is not there, and how.
    presences: dict[str, str] = field(default_factory=dict)

    async def statuses(self, user_ids: Sequence[str]) -> Sequence[Status]:
        return [
            Status(user_id=each, status=self.presences.get(each.rstrip("0"), "online")) for each in user_ids
        ]

    async def channel_by_name(self, team: str, name: str) -> Channel:
        return Channel(id=CHANNEL, type="P", name=name, team_id="team")

    async def channel(self, channel_id: str) -> Channel:
        return Channel(id=channel_id, type="P", name="desk", team_id="team")

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        if wanted != "me" and wanted.rstrip("0") not in self.members:
            raise PeerNotFound("mattermost")
        admin = wanted.rstrip("0") in self.admins
        return ChannelMember(channel_id=channel_id, user_id=wanted, scheme_admin=admin)

    async def team_member(self, team_id: str, wanted: str) -> Any:
        raise PeerNotFound("mattermost")

    async def user(self, wanted: str) -> User:
        return User(id=wanted, username=wanted.rstrip("0"))

    async def roles(self, names: Sequence[str]) -> Sequence[Role]:
        return ()


@dataclass
class House:
    """The desk and everybody's hands on it."""

    office: Office
    dispatch: Dispatch
    clock: ManualClock
    desk: DeskSettings
    outbox: Outbox

    @property
    def database(self) -> Database:
        return self.office.desk.database

    @property
    def incidents(self) -> Incidents:
        return self.dispatch.incidents

    async def open(self, summary: str = "Нет питания на KI0075", **fields: Any) -> Incident:
        """An incident, as a letter makes it."""
        known: dict[str, Any] = {
            "origin": Origin.LETTER,
            "applicant": Applicant("Иван Петров", "ivan@operator.example"),
            **fields,
        }
        new = NewIncident(self.desk.name, self.clock.now(), summary, **known)
        async with self.database.transaction() as session:
            return await self.incidents.open(session, new, SYSTEM)

    async def change(self, incident_id: int, **fields: Any) -> Incident:
        """A change by Sekretar itself."""
        async with self.database.transaction() as session:
            return await self.incidents.change(session, incident_id, IncidentChange(**fields), SYSTEM)

    async def now(self, incident_id: int) -> Incident:
        async with self.database.reading() as session:
            return await self.incidents.get(session, incident_id)

    async def person_id(self, name: str) -> int:
        return (await self.office.profiles.person(user_id(name))).id

    async def posts(self) -> list[dict[str, Any]]:
        """What was posted into the channel and edited there, in order."""
        kinds = ("mattermost.post", "mattermost.edit")
        return [row.payload for row in await self.office.rows() if row.kind in kinds]

    async def card(self) -> dict[str, Any]:
        """What the last card, posted or edited, shows."""
        await self.dispatch.cards.show_due()
        return [
            each for each in await self.posts() if each["props"]["attachments"] and not each.get("reply_to")
        ][-1]


@asynccontextmanager
async def open_house(
    database: Database, desk: DeskSettings | None = None, **surroundings: Any
) -> AsyncIterator[House]:
    """A desk that has found its channel. `surroundings` replace parts of `Surroundings`."""
    desk = desk or DeskSettings(name="towers", prefix="NT", channel="work/desk")
    clock = ManualClock(NOW)
    office = open_office(database, clock, Chat(), server=DeskServer())
    http = HttpSessions(HttpSettings())
    try:
        given: dict[str, Any] = {
            "chat": office.desk,
            "http": http,
            "jobs": InProcessJobs(clock),
            "outbox": Outbox(database, clock),
            "sites": {},
            "health": Health(clock),
            "public_url": "https://sekretar.example",
            **surroundings,
        }
        around = Surroundings(**given)
        dispatch = Dispatch(around, [desk])
        await dispatch.take_over()
        await dispatch.channels.find()
        yield House(office, dispatch, clock, desk, around.outbox)
    finally:
        await http.close()
