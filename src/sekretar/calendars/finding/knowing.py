"""What is known of the time of those who are to come to a meeting: from what is stored, else from calendar servers.

One answer serves the preview of a meeting and the search for a time, so that both say the same of everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.booking.draft import Guest
from sekretar.calendars.finding import availability, slots
from sekretar.calendars.finding.free_busy_asking import FreeBusy
from sekretar.calendars.finding.slots import Worker
from sekretar.calendars.finding.standing import Busy, GuestTime, Source, standing, within
from sekretar.calendars.settings import preferences as wishes
from sekretar.calendars.settings.preferences import Preferences
from sekretar.calendars.sync.reading import horizon
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk

#: Titles that are shown of one guest.
_MOST_SEEN = 3


@dataclass(frozen=True)
class Diary:
    """What is known of one guest between the moments that were asked about."""

    name: str
    source: Source
    taken: tuple[Busy, ...] = ()
    #: None for somebody who is not here: their hours are not known.
    person: Person | None = None
    wanted: Preferences | None = None

    @property
    def worker(self) -> Worker:
        if self.person is None or self.wanted is None:
            return Worker(self.name, None, ZoneInfo("UTC"), taken=self.taken)
        return Worker(self.name, self.wanted.working_hours, self.person.zone, self.wanted.lunch, self.taken)

    def at(self, start: datetime, end: datetime) -> GuestTime:
        """How the guest stands at a time."""
        worker, taken = self.worker, within(self.taken, start, end)
        off = worker.week is not None and not slots.works(worker.week, worker.zone, start, end)
        return GuestTime(
            standing(taken, self.source),
            self.source,
            worker.zone if off else None,
            tuple(each for each in taken if each.title)[:_MOST_SEEN],
        )


@dataclass(frozen=True)
class Knowing:
    """Reads what is stored and asks about the others."""

    desk: Desk
    free_busy: FreeBusy

    async def of(
        self, asker: Person, guests: Sequence[Guest], begin: datetime, end: datetime, now: datetime
    ) -> list[Diary]:
        """The diaries of the guests, in their order."""
        async with self.desk.database.reading() as session:
            found = [await self._stored(session, each, begin, end, now) for each in guests]
        unknown = {
            guest.address.lower(): place
            for place, guest in enumerate(guests)
            if found[place].source is Source.NOBODY and guest.address
        }
        begin, end = begin.astimezone(UTC), end.astimezone(UTC)
        for address, busy in (await self.free_busy.of(asker.id, list(unknown), begin, end)).items():
            place = unknown[address]
            before = found[place]
            # What is stored may be more than what the server tells whoever asks.
            taken = (*before.taken, *busy)
            found[place] = Diary(before.name, Source.SERVER, taken, before.person, before.wanted)
        return found

    async def _stored(
        self, session: AsyncSession, guest: Guest, begin: datetime, end: datetime, now: datetime
    ) -> Diary:
        name = guest.name or guest.address
        person = await self.desk.people.by_id(session, guest.person_id) if guest.person_id else None
        if person is None or not person.active:
            return Diary(name, Source.NOBODY)
        wanted = await wishes.read(session, person.id)
        taken = await availability.busy(session, person, begin, end, titles=wanted.show_titles)
        certain = end <= horizon(now) and await availability.known(session, person.id)
        return Diary(name, Source.STORED if certain else Source.NOBODY, tuple(taken), person, wanted)
