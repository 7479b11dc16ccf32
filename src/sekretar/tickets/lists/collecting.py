"""Asks the trackers for a list, all at once: one that does not answer is named and hides nothing of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sekretar.kernel.errors import PeerDown, PersonError
from sekretar.kernel.people import Person
from sekretar.tickets.accounts.identities import Identities, Unlinked
from sekretar.tickets.asking import asking
from sekretar.tickets.lists.kinds import Kind, query_of
from sekretar.trackers.requests import Query
from sekretar.trackers.values import Page, Ticket

#: Seconds that the others wait for a tracker.
PATIENCE = 8.0


@dataclass(frozen=True)
class Wanted:
    """A list somebody asks for. `words` are what is searched for."""

    kind: Kind
    words: str = ""


@dataclass(frozen=True)
class Place:
    """A page of the list of one tracker: the cursor that the tracker gave, and how many tickets come before it."""

    tracker: str
    cursor: str | None = None
    before: int = 0


@dataclass(frozen=True)
class Part:
    """What one tracker has to say: a page, or why there is none. `link` is its own list, for browsers."""

    place: Place
    page: Page[Ticket] | None
    link: str | None = None
    trouble: PersonError | None = None


@dataclass(frozen=True)
class Collecting:
    """Collects lists, each tracker through the person's own eyes."""

    identities: Identities

    async def first(self, person: Person, wanted: Wanted, now: datetime) -> tuple[Part, ...]:
        """The first page of every tracker that knows the person.

        Raises:
            Unlinked: no tracker does.
        """
        known = {each.tracker for each in await self.identities.of(person.id)}
        trackers = [name for name in self.identities.sites if name in known]
        if not trackers:
            raise _way_in(list(self.identities.sites))
        places = [Place(tracker) for tracker in trackers]
        return tuple(await asyncio.gather(*(self.part(person, wanted, each, now) for each in places)))

    async def part(self, person: Person, wanted: Wanted, place: Place, now: datetime) -> Part:
        """One page of one tracker."""
        query = query_of(wanted.kind, wanted.words, now.astimezone(person.zone).date())
        try:
            page = await self._page(person, query, place, now)
        except PersonError as error:
            return Part(place, None, trouble=error)
        return Part(place, page, self.identities.site(place.tracker).addresses.filter(query))

    async def _page(self, person: Person, query: Query, place: Place, now: datetime) -> Page[Ticket]:
        async with asking(self.identities, person.id, place.tracker, now) as eyes:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await eyes.find(query, place.cursor)
            except TimeoutError as error:
                raise PeerDown(place.tracker, "no answer in time") from error


def _way_in(trackers: Sequence[str]) -> Unlinked:
    if len(trackers) == 1:
        return Unlinked("tickets.link.needed", tracker=trackers[0])
    return Unlinked("tickets.link.needed_any", known=", ".join(trackers))
