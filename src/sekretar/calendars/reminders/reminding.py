"""The job that gives reminders: finds the due ones, says them, marks them given, all in one transaction.

Many people have a meeting on the full hour. What they all must hear at the same second is put into words a little
ahead, and at its moment only confirmed, for those of whom nothing has changed since: see `due`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import wording
from sekretar.calendars.answers import wording as answer_wording
from sekretar.calendars.answers.attending import awaits_answer, part_in
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.ics.zones import to_utc
from sekretar.calendars.keys import reminder_key
from sekretar.calendars.model import Calendar, CalendarAccount, Reminder, StoredOccurrence, portions
from sekretar.calendars.reminders import snoozing
from sekretar.calendars.reminders.due import (
    DueRow,
    Stamp,
    coming,
    rows_of,
    stamps_due,
    stamps_free,
    stamps_of,
)
from sekretar.calendars.reminders.rules import (
    SHORTEST,
    TASK,
    Due,
    Offsets,
    Timeliness,
    plan,
    plan_whole_days,
    still_wanted,
    timeliness,
)
from sekretar.calendars.settings import preferences
from sekretar.calendars.views.agenda import Meeting, meeting_of
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.meetings import Meetings, Upcoming
from sekretar.kernel.outbox import confirm, withdraw
from sekretar.kernel.people import Person, zone_of
from sekretar.kernel.text import Markdown
from sekretar.mattermost import outgoing
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Message, Rendered
from sekretar.mattermost.outgoing import Direct

#: How many are given in the first transaction, and at most in one: many people have a meeting on the full hour. The
#: first of them are on their way while the others are looked at.
FIRST_BATCH, BATCH = 100, 800
#: How long before its moment a reminder may be put into words.
LEAD = timedelta(seconds=45)
#: Fewer than this are given as quickly without.
WORTHWHILE = 100
#: How many are put into words in one go; others wait for their turn meanwhile.
PORTION = 50
#: How long before its moment it may be decided that what was put into words is said. What changes in these seconds is
#: not looked at any more, as it is not while a message is on its way.
HEAD = timedelta(seconds=4)
#: How late words for the moment itself are still right: minutes are rounded.
FRESH = timedelta(seconds=25)

_TWO_DAYS = timedelta(days=2)
_UTC = ZoneInfo("UTC")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Prepared:
    """A reminder that was put into words ahead.

    Attributes:
        stamp: What the words depend on.
        key: Of the message that waits in the outbox to be confirmed.
        upcoming: What other features were asked about; None where they were not.
        beside: What they said.
    """

    stamp: Stamp
    key: str
    upcoming: Upcoming | None
    beside: Markdown


@dataclass(frozen=True)
class Reminding:
    """Gives the reminders that are due."""

    desk: Desk
    meetings: Meetings = field(default_factory=Meetings)
    #: By the number of the reminder. What is lost with the process is worded again.
    prepared: dict[int, Prepared] = field(default_factory=dict)

    async def give_due(self) -> datetime | None:
        """Give all that are due by now; returns when the next one is."""
        most = FIRST_BATCH
        while await self._give_batch(most) == most:
            most = min(2 * most, BATCH)
        async with self.desk.database.reading() as session:
            return await session.scalar(select(func.min(Reminder.due_at)).where(Reminder.given_at.is_(None)))

    async def work_ahead(self) -> datetime | None:
        """Do ahead what many will wait for at the same second; returns when there is more to do."""
        await self.prepare_ahead()
        await self.decide_ahead()
        later = self.desk.now() + HEAD
        return min(
            (at - HEAD for each in self.prepared.values() if (at := each.stamp.due_at) > later), default=None
        )

    async def prepare_ahead(self) -> None:
        """Put into words what will soon be due for many at once."""
        now = self.desk.now()
        await self._forget(
            [number for number, each in self.prepared.items() if each.stamp.due_at + FRESH < now]
        )
        async with self.desk.database.reading() as session:
            ahead = await coming(session, now, now + LEAD)
        if len(ahead) < WORTHWHILE:
            return
        for some in portions([number for number in ahead if number not in self.prepared], PORTION):
            await self._prepare(some, now)

    async def decide_ahead(self) -> None:
        """Have said at its moment what was put into words and still holds shortly before: then nobody need look."""
        now = self.desk.now()
        near = [number for number, each in self.prepared.items() if now < each.stamp.due_at <= now + HEAD]
        for some in portions(near, BATCH):
            async with self.desk.database.transaction() as session:
                decided = await self._confirm(session, await stamps_free(session, some), now)
                await _mark_given(session, [each.reminder_id for each in decided], now)
            for each in decided:
                self.prepared.pop(each.reminder_id, None)

    async def _give_batch(self, most: int) -> int:
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            due = await stamps_due(session, now, most)
            held = await self._confirm(session, due, now)
            await self._say(session, [each.reminder_id for each in due if each not in held], now)
            await _mark_given(session, [each.reminder_id for each in due], now)
        for each in due:
            self.prepared.pop(each.reminder_id, None)
        return len(due)

    async def _confirm(self, session: AsyncSession, due: Sequence[Stamp], now: datetime) -> set[Stamp]:
        """Confirm what was put into words ahead and still holds; returns which that is."""
        still = [
            known
            for each in due
            if (known := self.prepared.get(each.reminder_id))
            and known.stamp == each
            and now <= each.due_at + FRESH
        ]
        beside = await self._beside([each.upcoming for each in still if each.upcoming])
        keys = {
            each.key: each.stamp
            for each in still
            if each.upcoming is None or beside.get(each.upcoming.key, Markdown("")) == each.beside
        }
        confirmed = await confirm(session, keys, now) if keys else set()
        return {keys[key] for key in confirmed}

    async def _say(self, session: AsyncSession, reminders: Sequence[int], now: datetime) -> None:
        """Put reminders into words and say them. What was prepared of them does not hold any more."""
        if not reminders:
            return
        rows = await rows_of(session, reminders)
        people = await self.desk.people.by_ids(session, {row[1].person_id for row in rows})
        beside = await self._beside([*_upcoming(rows, people).values()])
        messages = [
            message
            for row in rows
            if (person := people.get(row[1].person_id))
            and (message := await self._message(session, row, person, beside, now))
        ]
        void = {known.key for each in reminders if (known := self.prepared.get(each))}
        await withdraw(session, void | {message.key for message in messages})
        await outgoing.direct_all(session, messages, now)

    async def _prepare(self, reminders: Sequence[int], now: datetime) -> None:
        async with self.desk.database.reading() as session:
            # The stamps first: what changes between the two makes them differ later.
            stamps = {each.reminder_id: each for each in await stamps_of(session, reminders)}
            rows = [row for row in await rows_of(session, reminders) if row[0].id in stamps]
            people = await self.desk.people.by_ids(session, {row[1].person_id for row in rows})
            upcoming = _upcoming(rows, people)
            beside = await self._beside([*upcoming.values()])
            messages: dict[int, Direct] = {}
            for row in rows:
                if person := people.get(row[1].person_id):
                    message = await self._message(session, row, person, beside, row[0].due_at)
                    if message:
                        messages[row[0].id] = replace(message, not_before=row[0].due_at)
        async with self.desk.database.transaction() as session:
            new = await outgoing.prepare_all(session, messages.values(), now)
        for number, message in messages.items():
            if message.key in new:
                asked = upcoming.get(number)
                said = beside.get(asked.key, Markdown("")) if asked else Markdown("")
                self.prepared[number] = Prepared(stamps[number], message.key, asked, said)

    async def _forget(self, reminders: Collection[int]) -> None:
        """What was prepared for reminders that are gone since."""
        if reminders:
            keys = [self.prepared.pop(number).key for number in reminders]
            async with self.desk.database.transaction() as session:
                for some in portions(keys):
                    await withdraw(session, some)

    async def _beside(self, upcoming: Sequence[Upcoming]) -> Mapping[tuple[int, str], Markdown]:
        """What other features have to say before these meetings; their failures keep nobody's reminder.

        They read beside the transaction: a failure of theirs within it would be one of the whole.
        """
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
        row: DueRow,
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


def _upcoming(rows: Sequence[DueRow], people: Mapping[int, Person]) -> dict[int, Upcoming]:
    """What other features are asked about, by the number of the reminder."""
    return {
        row[0].id: Upcoming(person, row[1].uid, row[1].starts_at)
        for row in rows
        if row[5] and (person := people.get(row[1].person_id))
    }


async def _mark_given(session: AsyncSession, reminders: list[int], now: datetime) -> None:
    if reminders:
        given = update(Reminder).where(Reminder.id.in_(reminders)).values(given_at=now)
        await session.execute(given, execution_options={"synchronize_session": False})


async def plan_reminders(
    session: AsyncSession,
    occurrences: Sequence[StoredOccurrence],
    offsets: Offsets,
    now: datetime,
) -> None:
    """Plan the reminders of occurrences that are new, moved or put back; earlier plans for them are void.

    Whether the person still goes is looked at when the reminder is due: answers change.
    """
    midnights = await _midnights(session, occurrences, offsets)
    wanted = [
        _row(each, due)
        for each in occurrences
        for due in _planned(each, offsets, midnights.get(each.id), now)
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
        # Whole days may have begun already, and are stored by the clock of nobody.
        or_(
            StoredOccurrence.starts_at > now,
            and_(StoredOccurrence.all_day.is_(True), StoredOccurrence.starts_at > now - _TWO_DAYS),
        ),
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
    midnights = await _midnights(session, occurrences, offsets)
    session.add_all(
        _row(each, due)
        for each in occurrences
        for due in still_wanted(
            _planned(each, offsets, midnights.get(each.id), now), now, kept.get(each.id, ())
        )
    )
    wake_after_commit(session, TASK)


def _planned(
    occurrence: StoredOccurrence, offsets: Offsets, midnight: datetime | None, now: datetime
) -> list[Due]:
    """`midnight`: where the person is, for whole days that have alarms of their own."""
    if not occurrence.all_day:
        return plan(occurrence.starts_at, offsets.of(occurrence.alarms), now)
    return plan_whole_days(midnight, offsets.of_whole_days(occurrence.alarms), now) if midnight else []


async def _midnights(
    session: AsyncSession, occurrences: Sequence[StoredOccurrence], offsets: Offsets
) -> dict[int, datetime]:
    """When the whole days among these begin that are to be reminded of, by the number of the occurrence."""
    days = [each for each in occurrences if each.all_day and offsets.of_whole_days(each.alarms)]
    if not days:
        return {}
    query = select(Calendar.id, CalendarAccount.zone).join(
        CalendarAccount, CalendarAccount.id == Calendar.account_id
    )
    rows = await session.execute(query.where(Calendar.id.in_({each.calendar_id for each in days})))
    zones = {calendar_id: zone_of(name) or _UTC for calendar_id, name in rows}
    return {each.id: to_utc(each.starts_at.replace(tzinfo=None), zones[each.calendar_id]) for each in days}


def _row(occurrence: StoredOccurrence, due: Due) -> Reminder:
    return Reminder(occurrence_id=occurrence.id, minutes=due.minutes, due_at=due.at)
