"""The job that gives reminders: finds the due ones, says them, marks them given, all in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, Row, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from sekretar.calendars import wording
from sekretar.calendars.answers import wording as answer_wording
from sekretar.calendars.answers.attending import awaits_answer, part_in
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.keys import reminder_key
from sekretar.calendars.model import Calendar, CalendarAccount, Reminder, StoredOccurrence, portions
from sekretar.calendars.reminders import snoozing
from sekretar.calendars.reminders.rules import (
    SHORTEST,
    TASK,
    Due,
    Offsets,
    Timeliness,
    plan,
    plan_again,
    timeliness,
)
from sekretar.calendars.settings import preferences
from sekretar.calendars.views.agenda import DECLINED, Meeting, meeting_of
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.meetings import Meetings, Upcoming
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost import outgoing
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Message, Rendered
from sekretar.mattermost.outgoing import Direct

#: How many are given in one transaction: many people have a meeting on the full hour.
BATCH = 500

_log = structlog.get_logger(__name__)

_Row = Row[Reminder, StoredOccurrence, str, int, bool, bool]


@dataclass(frozen=True)
class Reminding:
    """Gives the reminders that are due."""

    desk: Desk
    meetings: Meetings = field(default_factory=Meetings)

    async def give_due(self) -> datetime | None:
        """Give all that are due by now; returns when the next one is."""
        while await self._give_batch() == BATCH:
            pass
        async with self.desk.database.reading() as session:
            return await session.scalar(select(func.min(Reminder.due_at)).where(Reminder.given_at.is_(None)))

    async def _give_batch(self) -> int:
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            due = await _due(session, now)
            people = await self.desk.people.by_ids(session, {row[1].person_id for row in due})
            beside = await self._beside(due, people)
            messages = [
                message
                for row in due
                if (person := people.get(row[1].person_id))
                and (message := await self._message(session, row, person, beside, now))
            ]
            await outgoing.direct_all(session, messages, now)
            await _mark_given(session, [row[0].id for row in due], now)
        return len(due)

    async def _beside(
        self, due: Sequence[_Row], people: Mapping[int, Person]
    ) -> Mapping[tuple[int, str], Markdown]:
        """What other features have to say before these meetings; their failures keep nobody's reminder.

        They read beside the transaction: a failure of theirs within it would be one of the whole.
        """
        upcoming = [
            Upcoming(person, row[1].uid, row[1].starts_at)
            for row in due
            if row[5] and (person := people.get(row[1].person_id))
        ]
        if not upcoming:
            return {}
        try:
            async with self.desk.database.reading() as session:
                return await self.meetings.said_before(session, upcoming)
        except Exception:
            _log.exception("nothing said beside reminders")
            return {}

    async def _message(
        self,
        session: AsyncSession,
        row: _Row,
        person: Person,
        beside: Mapping[tuple[int, str], Markdown],
        now: datetime,
    ) -> Direct | None:
        """What is to be said; None when nobody needs it any more."""
        due, stored, calendar, account_id, has_copy, _follows_up = row
        meeting = meeting_of(stored, calendar, account_id, person.zone)
        stands = timeliness(meeting.start, meeting.end, now)
        if has_copy or stands is Timeliness.OVER or not meeting.expected or not person.active:
            return None
        asks = stored.answer == PartStat.NEEDS_ACTION.value and await _asks(session, stored, account_id)
        said = beside.get((person.id, stored.uid), Markdown(""))
        rendered = self._rendered(meeting, person, now, stands, said, asks=asks)
        if rendered is None:
            return None
        return Direct(
            reminder_key(account_id, stored.uid, stored.starts_at, due.minutes),
            person,
            rendered,
            expires_at=max(meeting.end, meeting.start + SHORTEST),
        )

    def _rendered(
        self,
        meeting: Meeting,
        person: Person,
        now: datetime,
        stands: Timeliness,
        beside: Markdown,
        *,
        asks: bool,
    ) -> Rendered | None:
        """The message; one that cannot be made must not keep everybody else's reminders."""
        try:
            t = self.desk.translator(person)
            buttons = snoozing.buttons(meeting, t, now)
            message = wording.reminder(meeting, person, t, now, stands, buttons)
            if beside:
                message = _with(message, beside)
            if asks:
                message = answer_wording.with_question(message, meeting, t)
            return self.desk.render(message, person)
        except Exception:
            _log.exception("reminder not given", person=person.id, occurrence=meeting.occurrence_id)
            return None


def _with(message: Message, beside: Markdown) -> Message:
    return replace(message, attachments=(*message.attachments, Attachment(text=beside)))


async def _asks(session: AsyncSession, stored: StoredOccurrence, account_id: int) -> bool:
    """Whether the person has not answered to whoever invited them."""
    account = await session.get(CalendarAccount, account_id)
    calendar = await session.get(Calendar, stored.calendar_id)
    if calendar is None or not calendar.writable:
        return False
    return account is not None and awaits_answer(stored, part_in(stored, account.addresses))


def _earlier_copy() -> ColumnElement[bool]:
    """Whether the same meeting stands in another calendar of the person too, and is reminded of from there."""
    reminder, copy = aliased(Reminder), aliased(StoredOccurrence)
    return (
        select(reminder.id)
        .join(copy, copy.id == reminder.occurrence_id)
        .where(
            copy.person_id == StoredOccurrence.person_id,
            copy.starts_at == StoredOccurrence.starts_at,
            copy.uid == StoredOccurrence.uid,
            copy.id < StoredOccurrence.id,
            copy.cancelled.is_(False),
            copy.answer != DECLINED,
            reminder.minutes == Reminder.minutes,
        )
        .correlate(StoredOccurrence, Reminder)
        .exists()
    )


async def _due(session: AsyncSession, now: datetime) -> Sequence[_Row]:
    query = (
        select(
            Reminder,
            StoredOccurrence,
            Calendar.name,
            Calendar.account_id,
            _earlier_copy().label("has_copy"),
            Calendar.follows_up,
        )
        .join(StoredOccurrence, StoredOccurrence.id == Reminder.occurrence_id)
        .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
        .where(Reminder.given_at.is_(None), Reminder.due_at <= now)
        .order_by(Reminder.due_at, Reminder.id)
        .limit(BATCH)
    )
    if session.get_bind().dialect.name == "postgresql":
        query = query.with_for_update(of=Reminder, skip_locked=True)
    return (await session.execute(query)).all()


async def _mark_given(session: AsyncSession, reminders: list[int], now: datetime) -> None:
    if reminders:
        await session.execute(update(Reminder).where(Reminder.id.in_(reminders)).values(given_at=now))


async def plan_reminders(
    session: AsyncSession,
    occurrences: Sequence[StoredOccurrence],
    offsets: Offsets,
    now: datetime,
) -> None:
    """Plan the reminders of occurrences that are new, moved or put back; earlier plans for them are void.

    Whether the person still goes is looked at when the reminder is due: answers change.
    """
    wanted = [
        _row(each, due)
        for each in occurrences
        if not each.all_day
        for due in plan(each.starts_at, offsets.of(each.alarms), now)
    ]
    for some in portions([each.id for each in occurrences]):
        void = delete(Reminder).where(Reminder.occurrence_id.in_(some))
        await session.execute(void, execution_options={"synchronize_session": False})
    session.add_all(wanted)
    if wanted:
        wake_after_commit(session, TASK)


async def offsets_of(session: AsyncSession, person_id: int, calendar_id: int) -> Offsets:
    """When a person wants to be reminded of the meetings of one of their calendars."""
    wanted = await session.scalar(select(Calendar.reminds).where(Calendar.id == calendar_id))
    return (await preferences.read(session, person_id)).offsets if wanted else Offsets(())


async def replan_calendar(session: AsyncSession, person_id: int, calendar_id: int, now: datetime) -> None:
    """Plan the reminders of one calendar anew after the person's wishes for it have changed."""
    query = _to_come(person_id, now).where(StoredOccurrence.calendar_id == calendar_id)
    offsets = await offsets_of(session, person_id, calendar_id)
    await plan_reminders_again(session, (await session.scalars(query)).all(), offsets, now)


async def replan_reminders(session: AsyncSession, person_id: int, offsets: Offsets, now: datetime) -> None:
    """Plan all of a person's reminders anew by other wishes, in the calendars that remind at all.

    What was given stays given, and what was put off stays put off.
    """
    reminding = Calendar.id == StoredOccurrence.calendar_id, Calendar.reminds.is_(True)
    query = _to_come(person_id, now).where(*reminding)
    await plan_reminders_again(session, (await session.scalars(query)).all(), offsets, now)


def _to_come(person_id: int, now: datetime) -> Select[StoredOccurrence]:
    return select(StoredOccurrence).where(
        StoredOccurrence.person_id == person_id,
        StoredOccurrence.starts_at > now,
        StoredOccurrence.all_day.is_(False),
    )


async def plan_reminders_again(
    session: AsyncSession, occurrences: Sequence[StoredOccurrence], offsets: Offsets, now: datetime
) -> None:
    """The same for some occurrences, whose alarms may have changed."""
    kept: dict[int, list[int]] = {}
    for some in portions([each.id for each in occurrences]):
        of_these = Reminder.occurrence_id.in_(some)
        open_ones = (Reminder.given_at.is_(None), Reminder.snoozed.is_(False))
        await session.execute(delete(Reminder).where(of_these, *open_ones))
        for reminder in await session.scalars(select(Reminder).where(of_these)):
            kept.setdefault(reminder.occurrence_id, []).append(reminder.minutes)
    session.add_all(
        _row(each, due)
        for each in occurrences
        if not each.all_day
        for due in plan_again(each.starts_at, offsets.of(each.alarms), now, kept.get(each.id, ()))
    )
    wake_after_commit(session, TASK)


def _row(occurrence: StoredOccurrence, due: Due) -> Reminder:
    return Reminder(occurrence_id=occurrence.id, minutes=due.minutes, due_at=due.at)
