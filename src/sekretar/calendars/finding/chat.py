"""`/calendar find @boris @vera 45m tomorrow`: common free times, each with a button that opens the form of a meeting.

Of others only *busy* and *free* is used, and nothing of it is shown but the times that are left.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sekretar.calendars.booking import drafts as booking_drafts
from sekretar.calendars.booking import people_search
from sekretar.calendars.booking import wording as booking_wording
from sekretar.calendars.booking.draft import Draft, Guest
from sekretar.calendars.booking.form import BOOK_FORM
from sekretar.calendars.booking.saving import places
from sekretar.calendars.finding import wording as finding_wording
from sekretar.calendars.finding.knowing import Knowing
from sekretar.calendars.finding.request import Wish, parse_wish
from sekretar.calendars.finding.slots import common_slots
from sekretar.calendars.finding.wording import Found
from sekretar.calendars.sync.reading import horizon
from sekretar.calendars.views.agenda import day_bounds
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import Chat, Click, ClickReply, CommandRequest, OpenForm, Reply, Subcommand
from sekretar.mattermost.desk import Desk

#: Whoever names more days is offered times in the first of them.
MOST_DAYS = timedelta(days=31)


@dataclass(frozen=True)
class FindingChat:
    """The command and its buttons."""

    desk: Desk
    knowing: Knowing

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
        chat.action(finding_wording.BOOK, self.book_clicked)

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
        asker = Guest("", t.plain("calendars.find.you"), person.username, person.id)
        diaries = await self.knowing.of(person, [asker, *guests.known], begin, end, now)
        workers = [each.worker for each in diaries]
        # Of fifty people's month there is more to compare than others should wait for.
        starts = await asyncio.to_thread(common_slots, workers, begin, end, wish.minutes)
        draft = Draft("", begin, wish.minutes, into[0].calendar.id, guests)
        async with self.desk.database.transaction() as session:
            number = await booking_drafts.add(session, person.id, draft, now)
        days = (begin, end - timedelta(microseconds=1))
        found = Found(tuple(starts), tuple(diaries), guests, wish.minutes, days)
        return Reply(finding_wording.slots(found, number, person.zone, t, now))

    async def book_clicked(self, click: Click) -> ClickReply:
        """Open the form, filled in with the time and the guests."""
        number, start = click.record.get("found"), click.record.get("start")
        if not isinstance(start, int):
            raise PersonError("calendars.booking.gone")
        async with self.desk.database.reading() as session:
            await booking_drafts.of_person(session, click.person.id, number)
        return ClickReply(form=OpenForm(BOOK_FORM, {"found": number, "start": start}))


def _bounds(wish: Wish, person: Person, now: datetime) -> tuple[datetime, datetime]:
    """From now, or the first day, to the end of the last; not farther than series are known."""
    begin = max(day_bounds(wish.first, person.zone)[0].astimezone(UTC), now)
    end = min(day_bounds(wish.last, person.zone)[1].astimezone(UTC), horizon(now), begin + MOST_DAYS)
    if begin >= end:
        raise PersonError("calendars.find.too_far")
    return begin, end
