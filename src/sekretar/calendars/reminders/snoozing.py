"""Putting a reminder off: for some minutes, or until the meeting starts.

A reminder that was put off is one more row of the same table, given by the same job and with the same care. Pressing
twice, or on two posts about one meeting, makes no second row for the same minute.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import wording
from sekretar.calendars.answers import wording as answer_wording
from sekretar.calendars.answers.attending import awaits_answer, part_of
from sekretar.calendars.model import CalendarAccount, Reminder
from sekretar.calendars.reminders.rules import TASK, Timeliness, timeliness
from sekretar.calendars.views.agenda import Details, Meeting, details_of
from sekretar.kernel.database import Database, insert_into, wake_after_commit
from sekretar.kernel.dates import format_time
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import Chat, Click, ClickReply, Record, Stale
from sekretar.mattermost.messages import Attachment, Button, Message

SNOOZE = "calendars.snooze"
AT_START = "calendars.snooze.start"

PAUSE = timedelta(minutes=5)
#: A reminder at the start is offered while the start is further away than this.
_SOON = timedelta(minutes=1)


def buttons(meeting: Meeting, t: Translator, now: datetime) -> tuple[Button, ...]:
    """What still makes sense before the meeting starts."""
    ahead = meeting.start - now
    record: Record = {"occurrence": meeting.occurrence_id, "start": meeting.start.isoformat()}
    later = Button(t.plain("calendars.snooze.later"), SNOOZE, record)
    at_start = Button(t.plain("calendars.snooze.at_start"), AT_START, record)
    # Whole days begin at midnight.
    has_start = not meeting.all_day and ahead > _SOON
    return (*((later,) if ahead > PAUSE else ()), *((at_start,) if has_start else ()))


@dataclass(frozen=True)
class Snoozing:
    """Answers those buttons."""

    database: Database

    def register(self, chat: Chat) -> None:
        """Hang them into the chat."""
        chat.action(SNOOZE, self.later)
        chat.action(AT_START, self.at_start)

    async def later(self, click: Click) -> ClickReply:
        return await self._put_off(click, click.now + PAUSE)

    async def at_start(self, click: Click) -> ClickReply:
        return await self._put_off(click, None)

    async def _put_off(self, click: Click, due_at: datetime | None) -> ClickReply:
        """`due_at` is None for the start of the meeting."""
        async with self.database.transaction() as session:
            found = await _found(session, click)
            meeting = found.meeting
            if due_at is None and meeting.start <= click.now:
                raise PersonError("calendars.snooze.begun")
            due_at = await put_off(session, meeting, due_at or meeting.start, click.now)
            asks = found.writable and awaits_answer(
                meeting, part_of(found, await _addresses(session, meeting))
            )
        return ClickReply(update=_settled(meeting, click, due_at, asks=asks))


async def put_off(session: AsyncSession, meeting: Meeting, due_at: datetime, now: datetime) -> datetime:
    """Remind of the meeting again at that moment; returns when it will be.

    One that is due in the same minute anyway is enough. The minute of one that was given is taken, so the next later
    one names the row.
    """
    minutes = math.ceil((meeting.start - due_at) / timedelta(minutes=1))
    query = select(Reminder).where(Reminder.occurrence_id == meeting.occurrence_id)
    known = {each.minutes: each for each in await session.scalars(query)}
    while minutes in known and known[minutes].given_at is not None:
        minutes -= 1
    values = {"occurrence_id": meeting.occurrence_id, "minutes": minutes, "due_at": due_at, "snoozed": True}
    statement = insert_into(session, Reminder).values(**values)
    row = await session.scalars(
        statement.on_conflict_do_update(
            index_elements=[Reminder.occurrence_id, Reminder.minutes], set_={"snoozed": True}
        ).returning(Reminder.due_at)
    )
    wake_after_commit(session, TASK)
    return row.one()


async def _addresses(session: AsyncSession, meeting: Meeting) -> list[str]:
    account = await session.get(CalendarAccount, meeting.account_id)
    return account.addresses if account is not None else []


async def _found(session: AsyncSession, click: Click) -> Details:
    """The meeting of the button, if it still is what the button was made for."""
    number = click.record.get("occurrence")
    person = click.person
    found = await details_of(session, person.id, person.zone, number) if isinstance(number, int) else None
    if found is None or found.meeting.cancelled:
        raise Stale("calendars.snooze.changed")
    meeting = found.meeting
    if meeting.start.isoformat() != click.record.get("start"):
        raise Stale("calendars.snooze.changed")
    if timeliness(meeting.start, meeting.end, click.now) is Timeliness.OVER:
        raise Stale("calendars.snooze.over")
    return found


def _settled(meeting: Meeting, click: Click, due_at: datetime, *, asks: bool) -> Message:
    """The reminder without its buttons, and with what was arranged; an invitation can still be answered."""
    person, t = click.person, click.t
    stands = timeliness(meeting.start, meeting.end, click.now)
    message = wording.reminder(meeting, person, t, click.now, stands)
    time = format_time(due_at, person.zone, t.language)
    note = Attachment(text=t("calendars.snooze.done", time=Markdown(f"**{time}**")))
    message = Message(message.text, (*message.attachments, note))
    return answer_wording.with_question(message, meeting, t) if asks else message
