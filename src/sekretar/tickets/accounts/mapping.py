"""An administrator says who people are in a tracker, and the tracker is asked at once whether it can be so.

Whoever is mapped is acted for by the service account: so it is the administrator's word alone, and it never replaces
a key that a person has given themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerError, PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.people import People, Person
from sekretar.mattermost.desk import Profiles
from sekretar.mattermost.models import User
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.lines import Pair, proposed
from sekretar.tickets.accounts.model import Origin
from sekretar.tickets.remarks import Remark
from sekretar.tickets.troubles import remark_on
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.values import Account, Can

#: The tracker is asked about so many people at once.
_AT_ONCE = 4


class UserDirectory(Protocol):
    """The part of Mattermost that knows everybody."""

    async def users(self, user_ids: Sequence[str]) -> Sequence[User]: ...

    async def user_by_name(self, username: str) -> User: ...


@dataclass(frozen=True)
class Result:
    """What became of one line; `done` says whether it holds now."""

    pair: Pair
    done: bool
    remark: Remark


@dataclass(frozen=True)
class Mapping:
    """Maps people, one by one."""

    database: Database
    clock: Clock
    people: People
    profiles: Profiles
    server: UserDirectory
    identities: Identities

    def site(self, tracker: str) -> TrackerSite:
        """The tracker, when people can be mapped there.

        Raises:
            PersonError: they cannot, or there is no such tracker.
        """
        site = self.identities.site(tracker)
        if Can.ACT_FOR_PEOPLE not in site.capabilities:
            raise PersonError(f"tickets.map.unable_{site.kind.value}", tracker=tracker)
        return site

    async def apply(self, tracker: str, pairs: Sequence[Pair]) -> list[Result]:
        """Map or unmap everybody of a list, in its order; one that fails keeps no other back.

        Raises:
            PersonError: nobody can be mapped in this tracker.
        """
        site, turn = self.site(tracker), asyncio.Semaphore(_AT_ONCE)

        async def one(pair: Pair) -> Result:
            async with turn:
                return await self._one(site, pair)

        return list(await asyncio.gather(*(one(pair) for pair in pairs)))

    async def proposals(self, tracker: str) -> tuple[Pair, ...]:
        """Who is probably who, of those that Sekretar knows and the tracker does not.

        Raises:
            PersonError: nobody can be mapped in this tracker.
            PeerError: the tracker or the chat does not answer.
        """
        site = self.site(tracker)
        async with self.database.reading() as session:
            everybody = await self.people.active(session)
        known = {each.person_id for each in await self.identities.in_tracker(tracker)}
        unknown = [person.user_id for person in everybody if person.id not in known]
        if not unknown:
            return ()
        members = await site.service().people("")
        return proposed(await self.server.users(unknown), members)

    async def _one(self, site: TrackerSite, pair: Pair) -> Result:
        try:
            person = await self._person(pair.username)
            if not pair.login:
                return Result(pair, True, await self._unmap(site, person))
            account = await site.person(pair.login).me()
            return Result(pair, True, await self._map(site, person, account))
        except PersonError as error:
            shown = {name: str(value) for name, value in error.params.items()}
            return Result(pair, False, Remark(error.key, shown))
        except PeerDown as error:
            return Result(pair, False, remark_on(error, error.peer))
        except PeerError:
            given = {"login": pair.login, "tracker": site.name}
            return Result(pair, False, Remark("tickets.map.no_such_login", given))

    async def _person(self, username: str) -> Person:
        try:
            user = await self.server.user_by_name(username)
        except (PeerNotFound, PeerInvalid):
            raise PersonError("tickets.map.no_such_user", name=username) from None
        if user.is_bot or not user.active:
            raise PersonError("tickets.map.no_such_user", name=username)
        return await self.profiles.person(user.id)

    async def _map(self, site: TrackerSite, person: Person, account: Account) -> Remark:
        async with self.database.transaction() as session:
            taken = await self.identities.map(session, person.id, site.name, account, self.clock.now())
        if not taken:
            raise PersonError("tickets.map.own_key", tracker=site.name)
        return Remark("tickets.map.mapped", {"name": account.member.name})

    async def _unmap(self, site: TrackerSite, person: Person) -> Remark:
        known = {each.tracker: each for each in await self.identities.of(person.id)}.get(site.name)
        if known is None:
            raise PersonError("tickets.map.not_mapped")
        if known.origin is Origin.OWN:
            raise PersonError("tickets.map.own_key", tracker=site.name)
        async with self.database.transaction() as session:
            await self.identities.unlink(session, person.id, site.name)
        return Remark("tickets.map.unmapped")
