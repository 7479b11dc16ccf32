"""Taking questions back that are answered elsewhere, or that nobody asks any more.

An invitation is asked about below its news and its reminders. Once the person has answered it in another program, or
below another post, or the meeting is off, these posts say so instead of asking on. What a click has made of its own
post is what it says here, so it does not matter which of the two comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import wording
from sekretar.calendars.answers import wording as answer_wording
from sekretar.calendars.answers.attending import ANSWERS
from sekretar.calendars.answers.wording import At
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.keys import meeting_key, reminder_key
from sekretar.calendars.model import Calendar, Reminder, StoredOccurrence, portions
from sekretar.calendars.reminders import snoozing
from sekretar.calendars.reminders.rules import timeliness
from sekretar.calendars.views.agenda import Meeting, meeting_of
from sekretar.kernel.people import Person
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Message


@dataclass(frozen=True)
class Settling:
    """Edits what was said to a person of the meetings of one calendar."""

    desk: Desk
    person: Person
    calendar: Calendar
    now: datetime
    #: What the person has answered to a meeting that is not there any more; None when somebody else took it away.
    vanished: PartStat | None = None

    def asked(self, rows: Sequence[StoredOccurrence]) -> list[Meeting]:
        """Those that wait for an answer, as they are now."""
        return [self._meeting(each) for each in rows if _waits(each) and each.ends_at > self.now]

    async def follow(self, session: AsyncSession, asked: Sequence[Meeting]) -> None:
        """Some of these may have been answered or called off."""
        present = await self._present(session, asked)
        settled = [
            (before, present.get(before.occurrence_id))
            for before in asked
            if before.occurrence_id not in present or not _waits(present[before.occurrence_id])
        ]
        if not settled:
            return
        if len(settled) == len(asked):
            before, after = settled[0]
            message = self._news(before, after, series=len(asked) > 1)
            await self._settle(session, meeting_key(before.account_id, before.uid), message)
        for before, after in settled:
            if after is not None:
                await self._reminders(session, before, after)

    async def _present(self, session: AsyncSession, asked: Sequence[Meeting]) -> dict[int, StoredOccurrence]:
        found: dict[int, StoredOccurrence] = {}
        for some in portions([each.occurrence_id for each in asked]):
            query = select(StoredOccurrence).where(StoredOccurrence.id.in_(some))
            found |= {each.id: each for each in await session.scalars(query)}
        return found

    def _news(self, before: Meeting, after: StoredOccurrence | None, *, series: bool) -> Message:
        person, t = self.person, self.desk.translator(self.person)
        meeting = self._meeting(after) if after is not None else before
        below: list[Attachment] = []
        if after is None and self.vanished is not None:
            meeting = replace(before, answer=self.vanished.value)
            below.append(answer_wording.answered(meeting, At.NEWS, t, series=series, gone=True))
        elif after is not None and not after.cancelled and after.answer in ANSWERS:
            below.append(answer_wording.answered(meeting, At.NEWS, t, series=series))
        return answer_wording.summary(meeting, person.zone, t, self.now, *below)

    async def _reminders(self, session: AsyncSession, before: Meeting, after: StoredOccurrence) -> None:
        query = select(Reminder).where(Reminder.occurrence_id == after.id, Reminder.given_at.is_not(None))
        t, meeting = self.desk.translator(self.person), self._meeting(after)
        stands = timeliness(meeting.start, meeting.end, self.now)
        buttons = snoozing.buttons(meeting, t, self.now) if meeting.expected else ()
        said = wording.reminder(meeting, self.person, t, self.now, stands, buttons)
        if not meeting.cancelled:
            said = Message(said.text, (*said.attachments, answer_wording.note(meeting, At.REMINDER, t)))
        for each in await session.scalars(query):
            key = reminder_key(meeting.account_id, meeting.uid, before.start, each.minutes)
            await self._settle(session, key, said)

    async def _settle(self, session: AsyncSession, message_key: str, message: Message) -> None:
        if not await sent.lane_of(session, message_key):
            return
        await outgoing.edit(
            session,
            key=f"{message_key}:settled:{self.now:%Y%m%dT%H%M%S%f}",
            message_key=message_key,
            rendered=self.desk.render(message, self.person),
            now=self.now,
        )

    def _meeting(self, stored: StoredOccurrence) -> Meeting:
        return meeting_of(stored, self.calendar.name, self.calendar.account_id, self.person.zone)


def _waits(stored: StoredOccurrence) -> bool:
    return stored.answer == PartStat.NEEDS_ACTION.value and not stored.cancelled
