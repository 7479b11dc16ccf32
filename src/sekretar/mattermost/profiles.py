"""Keeping what we remember of people in step with Mattermost.

A person becomes known the first time they do something; afterwards the stream tells of changes. Whatever the
stream has missed is noticed the next time the profile is fetched.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerNotFound
from sekretar.kernel.people import People, Person
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.events import UserUpdated
from sekretar.mattermost.models import User


class Profiles:
    """Who is who."""

    def __init__(self, client: MattermostClient, database: Database, people: People, clock: Clock) -> None:
        self._client = client
        self._database = database
        self._people = people
        self._clock = clock
        self._returned: list[Callable[[AsyncSession, Person], Awaitable[None]]] = []

    def on_return(self, handler: Callable[[AsyncSession, Person], Awaitable[None]]) -> None:
        """Have the handler called when somebody known is active again, in the transaction that notes it."""
        self._returned.append(handler)

    async def person(self, user_id: str) -> Person:
        """The person behind a user id, fetched when not known yet.

        Raises:
            PeerNotFound: Mattermost has no such user.
            PeerError: Mattermost did not answer, and the person is not known yet.
        """
        async with self._database.reading() as session:
            known = await self._people.by_user_id(session, user_id)
        return known or await self.refresh(user_id)

    async def refresh(self, user_id: str) -> Person:
        """Fetch the profile anew. A user that is no longer there counts as deactivated.

        Raises:
            PeerNotFound: Mattermost has no such user, and never had one as far as we know.
            PeerError: Mattermost did not answer.
        """
        try:
            user = await self._client.user(user_id)
        except PeerNotFound:
            async with self._database.transaction() as session:
                await self._people.deactivate(session, user_id, self._clock.now())
                gone = await self._people.by_user_id(session, user_id)
            if gone is None:
                raise
            return gone
        return await self._remember(user)

    async def on_user_updated(self, event: UserUpdated) -> None:
        """A profile was changed: fetch it, if it is that of somebody we know.

        The event itself is not trusted for it: depending on who may see what, it comes with fields blanked
        out.
        """
        async with self._database.reading() as session:
            known = await self._people.by_user_id(session, event.user.id)
        if known is not None:
            await self.refresh(event.user.id)

    async def _remember(self, user: User) -> Person:
        async with self._database.transaction() as session:
            return await self._note(session, user, self._clock.now())

    async def _note(self, session: AsyncSession, user: User, now: datetime) -> Person:
        before = await self._people.by_user_id(session, user.id)
        person = await self._people.remember(session, user.profile(), now)
        if before is not None and not before.active and person.active:
            for handler in self._returned:
                await handler(session, person)
        return person
