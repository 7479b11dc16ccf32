"""Where a desk speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.integration.mattermost.surface_desk import FakeServer, open_office

from sekretar.dispatch.channels import LOOK_EVERY, LOOK_WHILE_MISSING, DeskChannels, Purpose
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerNotFound
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.models import Channel, ChannelMember, User

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Server(FakeServer):
    """Knows these channels by name; the bot is in all of them."""

    channels: dict[str, str] = field(default_factory=dict)

    async def channel_by_name(self, team: str, name: str) -> Channel:
        if name not in self.channels:
            raise PeerNotFound("mattermost")
        return Channel(id=self.channels[name], name=name)

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        return ChannelMember(channel_id=channel_id, user_id=wanted)

    async def user(self, wanted: str) -> User:
        return User(id=wanted, username="sekretar")

    async def roles(self, names: object) -> list[object]:
        return []


def towers(**more: str) -> DeskSettings:
    return DeskSettings(name="towers", channel="ops/desk", **more)


async def test_a_channel_is_looked_for_until_it_is_there(database: Database) -> None:
    server = Server()
    office = open_office(database, ManualClock(NOW), Chat(), server=server)
    channels = DeskChannels(office.desk, {"towers": towers()})
    assert await channels.find() == NOW + LOOK_WHILE_MISSING
    async with database.reading() as session:
        assert await channels.id_of(session, "towers") is None
    server.channels["desk"] = "id1"
    assert await channels.find() == NOW + LOOK_EVERY
    async with database.reading() as session:
        assert await channels.id_of(session, "towers") == "id1"
        # Alarms go where the incidents are, as long as nothing else is said.
        assert await channels.id_of(session, "towers", Purpose.OPERATIONS) == "id1"
        found = await channels.desk_of(session, "id1")
        assert found is not None
        assert found.name == "towers"
        assert await channels.desk_of(session, "id2") is None


async def test_another_name_in_the_settings_is_another_channel(database: Database) -> None:
    server = Server(channels={"desk": "id1", "alarms": "id2"})
    office = open_office(database, ManualClock(NOW), Chat(), server=server)
    await DeskChannels(office.desk, {"towers": towers()}).find()
    moved = DeskChannels(office.desk, {"towers": towers(operations_channel="ops/alarms")})
    async with database.reading() as session:
        assert await moved.id_of(session, "towers", Purpose.OPERATIONS) is None
    await moved.find()
    async with database.reading() as session:
        assert await moved.id_of(session, "towers", Purpose.OPERATIONS) == "id2"
        assert await moved.id_of(session, "towers") == "id1"
