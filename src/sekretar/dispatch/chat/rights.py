"""Who works at a desk: whoever is in its channel."""

from __future__ import annotations

from dataclasses import dataclass

from sekretar.dispatch.channels import DeskChannels
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.rights import standing


@dataclass(frozen=True)
class Rights:
    """Asks Mattermost each time: rights are not remembered."""

    chat: Desk
    channels: DeskChannels

    async def desks(self, person: Person) -> list[DeskSettings]:
        """The desks that the person works at.

        Raises:
            PeerError: Mattermost cannot be asked.
        """
        return [desk for desk in self.channels.desks.values() if await self.is_member(person, desk.name)]

    async def require(self, person: Person, desk: str) -> None:
        """Make sure that the person works at this desk.

        Raises:
            PersonError: the person does not work at this desk.
            PeerError: Mattermost cannot be asked.
        """
        if not await self.is_member(person, desk):
            raise PersonError("dispatch.chat.not_yours", desk=desk)

    async def is_member(self, person: Person, desk: str) -> bool:
        """Whether the person is in the channel of the desk."""
        async with self.chat.database.reading() as session:
            channel_id = await self.channels.id_of(session, desk)
        if channel_id is None:
            return False
        try:
            await self.chat.server.channel_member(channel_id, person.user_id)
        except (PeerNotFound, PeerForbidden):
            return False
        return True

    async def looks_after(self, person: Person, desk: str) -> bool:
        """Whether the person is an administrator of the channel, its team or the server."""
        async with self.chat.database.reading() as session:
            channel_id = await self.channels.id_of(session, desk)
        if channel_id is None:
            return False
        channel = await self.chat.server.channel(channel_id)
        return (await standing(self.chat.server, channel, person.user_id)).admin
