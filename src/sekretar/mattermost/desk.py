"""What the chat surface works with, gathered once so that its parts need not be handed a dozen things
each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerNotFound, PersonError
from sekretar.kernel.forms import Form
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.people import People, Person
from sekretar.kernel.secrets import Vault
from sekretar.kernel.signing import Signer
from sekretar.mattermost import outgoing
from sekretar.mattermost.chat import Chat, FormRequest, Record
from sekretar.mattermost.messages import Message, Rendered, Renderer
from sekretar.mattermost.models import (
    Channel,
    ChannelMember,
    FileInfo,
    Post,
    PostList,
    Role,
    Status,
    TeamMember,
    User,
)


class Profiles(Protocol):
    """Who somebody is; people are remembered at first contact."""

    async def person(self, user_id: str) -> Person:
        """The person behind a user id.

        Raises:
            PeerNotFound: there is no such user.
            PeerError: Mattermost had to be asked and did not answer.
        """
        ...

    async def refresh(self, user_id: str) -> Person:
        """The same, asked anew; a user who is gone counts as deactivated."""
        ...


class ChatServer(Protocol):
    """The part of the Mattermost client that the surface uses directly, because a person is waiting."""

    async def open_dialog(self, trigger_id: str, url: str, dialog: Mapping[str, Any]) -> None: ...

    async def post(self, post_id: str) -> Post: ...

    async def patch_post(self, post_id: str, *, message: str | None = None) -> Post: ...

    async def thread(self, post_id: str) -> PostList: ...

    async def file_info(self, file_id: str) -> FileInfo: ...

    async def file_content(self, file_id: str) -> bytes: ...

    async def users(self, user_ids: Sequence[str]) -> Sequence[User]: ...

    async def user(self, user_id: str) -> User: ...

    async def user_by_name(self, username: str) -> User: ...

    async def user_by_email(self, email: str) -> User: ...

    async def statuses(self, user_ids: Sequence[str]) -> Sequence[Status]: ...

    async def channel(self, channel_id: str) -> Channel: ...

    async def channel_by_name(self, team: str, name: str) -> Channel: ...

    async def channel_members(self, channel_id: str, page: int = 0) -> Sequence[ChannelMember]: ...

    async def channel_member(self, channel_id: str, user_id: str) -> ChannelMember: ...

    async def team_member(self, team_id: str, user_id: str) -> TeamMember: ...

    async def roles(self, names: Sequence[str]) -> Sequence[Role]: ...


@dataclass(frozen=True)
class Desk:
    """The surroundings of the surface. `callback_url` is where Mattermost reaches us, without a path."""

    database: Database
    clock: Clock
    signer: Signer
    vault: Vault
    catalogues: Catalogues
    chat: Chat
    renderer: Renderer
    people: People
    profiles: Profiles
    server: ChatServer
    callback_url: str
    default_language: str = "en"

    def now(self) -> datetime:
        return self.clock.now()

    def translator(self, person: Person | None) -> Translator:
        """The person's language, or the installation's while we do not know who it is."""
        return self.catalogues.translator(person.language if person else self.default_language)

    def render(self, message: Message, person: Person | None, *, ephemeral: bool = False) -> Rendered:
        return self.renderer.render(message, person, self.now(), ephemeral=ephemeral)

    async def tell(
        self,
        session: AsyncSession,
        key: str,
        person: Person,
        message: Message,
        *,
        reply_to: str = "",
        expires_at: datetime | None = None,
    ) -> bool:
        """Write a message to a person, inside the transaction that gives rise to it; what for see `outgoing`.

        Returns False when something with this key was said already.
        """
        rendered = self.render(message, person)
        said = outgoing.Direct(key, person, rendered, reply_to, expires_at=expires_at)
        return await outgoing.direct(session, said, self.now())

    async def post(
        self,
        session: AsyncSession,
        key: str,
        channel_id: str,
        message: Message,
        *,
        reply_to: str = "",
        root_id: str = "",
        expires_at: datetime | None = None,
    ) -> bool:
        """The same into a channel."""
        rendered = self.render(message, None)
        said = outgoing.Post(key, channel_id, rendered, reply_to, root_id, expires_at=expires_at)
        return await outgoing.post(session, said, self.now())

    async def known(self, user_id: str) -> Person:
        """Whoever did something just now.

        Raises:
            PersonError: there is no such user, or not any more.
            PeerError: Mattermost had to be asked and did not answer.
        """
        try:
            person = await self.profiles.person(user_id)
            if not person.active:
                # Perhaps reactivated, and we have not heard of it.
                person = await self.profiles.refresh(user_id)
        except PeerNotFound:
            raise PersonError("mattermost.unknown_person") from None
        if not person.active:
            raise PersonError("mattermost.unknown_person")
        return person


async def build_form(desk: Desk, form_id: str, record: Record, person: Person) -> Form:
    """The form as it is now for this person.

    Raises:
        PersonError: no feature has this form any more, or the feature's own reason.
    """
    handler = desk.chat.find_form(form_id)
    if handler is None:
        raise PersonError("mattermost.form.gone")
    return await handler.build(FormRequest(person, desk.translator(person), record, desk.now()))
