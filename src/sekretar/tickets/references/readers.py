"""Who reads a channel, and what all of them may see.

A reply is read by everybody in the channel, so a subject stands in it only when each of them could read it in the
tracker as well. When that is not known (somebody is not linked, there are too many to ask for), it does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sekretar.kernel.errors import PeerForbidden, PeerNotFound
from sekretar.mattermost.client import PAGE
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Unlinked
from sekretar.tickets.references.resolving import Resolving, by_tracker
from sekretar.trackers.values import TicketRef

#: In a larger channel nothing is opened; nor where more people than this would have to be asked for.
MOST_MEMBERS = 5 * PAGE
MOST_ASKED = 30
#: How long it is believed who is in a channel, and what somebody sees.
MEMBERS_BELIEVED = timedelta(minutes=3)
SIGHT_BELIEVED = timedelta(minutes=1)
#: People asked for at the same time.
_AT_ONCE = 5

#: A person and a ticket.
_Sight = tuple[int, TicketRef]


@dataclass(frozen=True)
class Readers:
    """Finds out what may be said aloud."""

    desk: Desk
    resolving: Resolving
    trust_channels: bool
    _members: dict[str, tuple[datetime, Sequence[str]]] = field(default_factory=dict)
    _sights: dict[_Sight, tuple[datetime, bool]] = field(default_factory=dict)

    async def all_see(self, channel_id: str, refs: Sequence[TicketRef]) -> frozenset[TicketRef]:
        """Those of the tickets that every reader of the channel may see.

        Raises:
            PeerDown: Mattermost or a tracker did not answer.
        """
        members = await self._people_in(channel_id)
        if not members:
            return frozenset()
        seen: set[TicketRef] = set()
        for tracker, theirs in by_tracker(refs).items():
            seen |= await self._all_see(members, tracker, theirs)
        return frozenset(seen)

    async def _all_see(
        self, members: Sequence[str], tracker: str, refs: Sequence[TicketRef]
    ) -> set[TicketRef]:
        async with self.desk.database.reading() as session:
            linked = await self.resolving.identities.among(session, tracker, members)
        strangers = len(linked) < len(members)
        if not linked or len(linked) > MOST_ASKED or (strangers and not self.trust_channels):
            return set()
        turn = asyncio.Semaphore(_AT_ONCE)

        async def ask(person_id: int) -> set[TicketRef]:
            async with turn:
                return await self._sees(person_id, tracker, refs)

        return set(refs).intersection(*await asyncio.gather(*map(ask, linked.values())))

    async def _sees(self, person_id: int, tracker: str, refs: Sequence[TicketRef]) -> set[TicketRef]:
        now = self.desk.now()
        for sight in [each for each, (until, _) in self._sights.items() if until <= now]:
            del self._sights[sight]
        unknown = [ref for ref in refs if (person_id, ref) not in self._sights]
        if unknown:
            try:
                shown: Mapping[TicketRef, object] = await self.resolving.seen_by(
                    person_id, tracker, unknown, now
                )
            except Unlinked:
                # Their key was withdrawn just now: from here on they are nobody the tracker knows.
                return set(refs) if self.trust_channels else set()
            for ref in unknown:
                self._sights[person_id, ref] = (now + SIGHT_BELIEVED, ref in shown)
        return {ref for ref in refs if self._sights.get((person_id, ref), (now, False))[1]}

    async def _people_in(self, channel_id: str) -> Sequence[str]:
        """The ids of the people in a channel; nobody when they are too many or not told."""
        now = self.desk.now()
        for channel in [each for each, (until, _) in self._members.items() if until <= now]:
            del self._members[channel]
        if channel_id not in self._members:
            self._members[channel_id] = (now + MEMBERS_BELIEVED, await self._ask_members(channel_id))
        return self._members[channel_id][1]

    async def _ask_members(self, channel_id: str) -> Sequence[str]:
        ids: list[str] = []
        while True:
            try:
                page = await self.desk.server.channel_members(channel_id, len(ids) // PAGE)
            except (PeerForbidden, PeerNotFound):
                return ()
            ids += [member.user_id for member in page]
            if len(ids) > MOST_MEMBERS:
                return ()
            if len(page) < PAGE:
                break
        users = await self.desk.server.users(ids)
        return tuple(user.id for user in users if user.active and not user.is_bot)
