"""How the assignments stand: looked up before anybody is reminded of the next meeting, never while somebody waits.

A tracker is asked through the eyes of whoever wrote the minutes. One that does not answer changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerError, PeerRefused, PersonError
from sekretar.kernel.meetings import Meetings, Upcoming
from sekretar.kernel.people import Plain, Preference
from sekretar.kernel.text import Markdown
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.minutes import store, wording
from sekretar.tickets.minutes.model import AssignmentPerson, TicketAssignment, TicketMeeting, TicketMinutes
from sekretar.tickets.minutes.store import Assigned
from sekretar.trackers.values import Ticket

TASK = "tickets.minutes"

#: Reminders that are given within this time find the state of their assignments fresh.
AHEAD = timedelta(minutes=20)
#: What was looked up so lately is fresh.
FRESH = timedelta(minutes=10)
#: In one question to a tracker.
AT_ONCE = 100
#: For so long after a meeting its closed assignments may be opened again.
REOPENED = timedelta(days=60)

#: Whether the person is offered to write down assignments, and reminded of them.
WANTED: Preference[bool] = Preference("tickets.minutes", True, Plain(bool))

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Standing:
    """Keeps the state of assignments, and says before a meeting which are open."""

    desk: Desk
    identities: Identities
    meetings: Meetings

    # --- looking up

    async def look(self) -> None:
        """Look up what will be told in the next reminders. For the jobs engine."""
        now = self.desk.now()
        async with self.desk.database.reading() as session:
            concerned = await self._soon_told(session, now)
        groups: dict[tuple[int, str], list[Assigned]] = {}
        for each in concerned:
            groups.setdefault((each.minutes_by, each.ref.tracker), []).append(each)
        for (person_id, tracker), theirs in groups.items():
            for begin in range(0, len(theirs), AT_ONCE):
                await self._look_up(person_id, tracker, theirs[begin : begin + AT_ONCE])

    async def _soon_told(self, session: AsyncSession, now: datetime) -> list[Assigned]:
        if self.meetings.book is None:
            return []
        may_be_open = or_(TicketAssignment.closed.is_(False), TicketMeeting.starts_at > now - REOPENED)
        of_meetings = (
            select(TicketAssignment.id)
            .join(TicketMinutes, TicketMinutes.id == TicketAssignment.minutes_id)
            .join(TicketMeeting, TicketMeeting.id == TicketMinutes.meeting_id)
            .where(may_be_open)
        )
        written = of_meetings.with_only_columns(TicketMeeting.person_id)
        given = select(AssignmentPerson.person_id).where(AssignmentPerson.assignment_id.in_(of_meetings))
        people = set(await session.scalars(written.distinct())) | set(await session.scalars(given.distinct()))
        uids = {uid for _, uid in await self.meetings.book.reminded(session, people, now + AHEAD)}
        if not uids:
            return []
        stale = TicketAssignment.checked_at <= now - FRESH
        found = await store.assignments(session, may_be_open, stale, TicketMeeting.uid.in_(sorted(uids)))
        return [store.as_read(row, meeting, by_author=True) for row, meeting in found]

    async def look_for(self, person_id: int, known: Sequence[Assigned]) -> None:
        """Look up the assignments that this person has written down themselves; above all the open ones."""
        mine = sorted((each for each in known if each.minutes_by == person_id), key=lambda each: each.closed)
        for tracker in dict.fromkeys(each.ref.tracker for each in mine):
            theirs = [each for each in mine if each.ref.tracker == tracker]
            await self._look_up(person_id, tracker, theirs[:AT_ONCE])

    async def _look_up(self, person_id: int, tracker: str, wanted: Sequence[Assigned]) -> None:
        try:
            eyes = await self.identities.eyes(person_id, tracker)
            found = await eyes.show_many([each.ref for each in wanted])
        except PersonError:
            return
        except PeerError as error:
            if isinstance(error, PeerRefused):
                await self.identities.refused(person_id, tracker, self.desk.now())
            _log.info("assignments not looked up", tracker=tracker, reason=str(error))
            return
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            for each in wanted:
                row = await session.get(TicketAssignment, each.id)
                if row is not None:
                    row.checked_at = now
                    _take_over(row, found.get(each.ref))

    # --- telling

    async def before(
        self, session: AsyncSession, upcoming: Sequence[Upcoming]
    ) -> Mapping[tuple[int, str], Markdown]:
        """What belongs into the reminders of these meetings."""
        uids = {each.uid for each in upcoming}
        is_open = TicketAssignment.closed.is_(False)
        found = await store.assignments(session, is_open, TicketMeeting.uid.in_(sorted(uids)))
        if not found:
            return {}
        people = await store.people_of(session, [row.id for row, _ in found])
        told: dict[tuple[int, str], Markdown] = {}
        for each in upcoming:
            theirs = [
                store.as_read(row, meeting, by_author=meeting.person_id == each.person.id)
                for row, meeting in found
                if meeting.uid == each.uid
                and meeting.starts_at < each.start
                and each.person.id in {meeting.person_id, *people.get(row.id, ())}
            ]
            if theirs and await WANTED.read(session, each.person.id):
                told[each.key] = wording.still_open(theirs, each.person, self.desk.translator(each.person))
        return told


def _take_over(row: TicketAssignment, ticket: Ticket | None) -> None:
    """What the tracker says now; a ticket that it does not show any more is not concluded from."""
    if ticket is None:
        return
    row.closed = ticket.status.closed
    who = ticket.assignee.name if ticket.assignee else ""
    row.current = [ticket.subject, who, ticket.due.isoformat() if ticket.due else None]
