"""`/calendar find @boris @vera 45m tomorrow`: common free times, each a button that leads to a preview.

Only *busy* and *free* of others is used, and nothing of it is shown but the times that are left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import availability, booking_drafts, booking_wording, finding_wording, people_search
from sekretar.calendars import preferences as wishes
from sekretar.calendars.agenda import day_bounds
from sekretar.calendars.booking import Draft, Guest, Guests, restored
from sekretar.calendars.booking_chat import BookingChat
from sekretar.calendars.booking_saving import places
from sekretar.calendars.finding import Wish, Worker, common_slots, parse_wish
from sekretar.calendars.reading import horizon
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import Chat, Click, ClickReply, CommandRequest, Reply, Subcommand
from sekretar.mattermost.desk import Desk


@dataclass(frozen=True)
class FindingChat:
    """The command and its buttons."""

    desk: Desk
    booking: BookingChat

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "calendar",
                "find",
                "calendars.help.find",
                self.find,
                "calendars.usage.find",
                aliases=("найти", "время"),
            )
        )
        chat.action(finding_wording.TAKE, self.taken)

    async def find(self, request: CommandRequest) -> Reply:
        """Offer the times."""
        person, t, now = request.person, request.t, request.now
        wish = parse_wish(request.args.words, now.astimezone(person.zone).date())
        async with self.desk.database.reading() as session:
            into = await places(session, person.id)
        if not into:
            return Reply(booking_wording.no_calendar(t))
        guests = await people_search.find(self.desk, people_search.named(" ".join(wish.names)), person)
        begin, end = _bounds(wish, person, now)
        async with self.desk.database.reading() as session:
            people = [person, *await self._people(session, guests)]
            starts = await self._starts(session, people, begin, end, wish.minutes)
            known = await availability.known(session, [each.id for each in people])
        draft = Draft(t.plain("calendars.find.title"), begin, wish.minutes, into[0].calendar.id, guests)
        async with self.desk.database.transaction() as session:
            number = await booking_drafts.add(session, person.id, draft, now)
        blind = _blind(guests, known)
        days = (begin, end - timedelta(microseconds=1))
        return Reply(
            finding_wording.slots(starts, wish.minutes, days, guests, blind, number, person.zone, t, now)
        )

    async def taken(self, click: Click) -> ClickReply:
        """Show the preview of the meeting at the chosen time."""
        start = click.record.get("start")
        if not isinstance(start, int):
            raise PersonError("calendars.booking.gone")
        async with self.desk.database.reading() as session:
            row = await booking_drafts.of_person(session, click.person.id, click.record.get("draft"))
        draft = replace(restored(row.payload), start=datetime.fromtimestamp(start, UTC))
        return ClickReply(ephemeral=await self.booking.propose(click.person, draft, click.t, click.now))

    async def _people(self, session: AsyncSession, guests: Guests) -> list[Person]:
        found = [
            await self.desk.people.by_id(session, each.person_id) for each in guests.known if each.person_id
        ]
        return [each for each in found if each is not None and each.active]

    async def _starts(
        self, session: AsyncSession, people: list[Person], begin: datetime, end: datetime, minutes: int
    ) -> list[datetime]:
        taken = await availability.busy(session, {each.id: each.zone for each in people}, begin, end)
        workers = [Worker((await wishes.read(session, each.id)).working_hours, each.zone) for each in people]
        busy = [each for one in taken.values() for each in one]
        return common_slots(workers, busy, begin, end, minutes)


def _bounds(wish: Wish, person: Person, now: datetime) -> tuple[datetime, datetime]:
    """From now, or the first day, to the end of the last; not farther than series are known."""
    begin = max(day_bounds(wish.first, person.zone)[0].astimezone(UTC), now)
    end = min(day_bounds(wish.last, person.zone)[1].astimezone(UTC), horizon(now))
    if begin >= end:
        raise PersonError("calendars.find.too_far")
    return begin, end


def _blind(guests: Guests, known: frozenset[int]) -> list[Guest]:
    return [each for each in guests.known if each.person_id not in known]
