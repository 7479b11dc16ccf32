"""The job that gives digests and reminders in channels: what is due, once, in the transaction that notes it.

What falls due while a channel is paused is not caught up: a channel is no letter box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from sekretar.calendars.channels import subscriptions as channels
from sekretar.calendars.channels import wording as channels_wording
from sekretar.calendars.channels.subscriptions import (
    ChannelReminder,
    ChannelSubscription,
    Shown,
    SubscriptionRow,
)
from sekretar.calendars.channels.wording import Listed
from sekretar.calendars.digest import schedule as digest
from sekretar.calendars.digest.schedule import Schedule
from sekretar.calendars.keys import reminder_key
from sekretar.calendars.model import Calendar, CalendarAccount, StoredOccurrence, Trouble
from sekretar.calendars.reminders.rules import SHORTEST, Timeliness, timeliness
from sekretar.calendars.views import agenda as day_agenda
from sekretar.calendars.views.agenda import DECLINED, meeting_of
from sekretar.mattermost.desk import Desk

BATCH = 100

#: A calendar that is not read yet has no digest yet.
_UNREAD = timedelta(minutes=5)
#: A calendar that was read longer ago than this may have changed.
_STALE = timedelta(hours=1)

_log = structlog.get_logger(__name__)

_Due = Row[ChannelReminder, StoredOccurrence, ChannelSubscription, Calendar, CalendarAccount, bool]


@dataclass(frozen=True)
class ChannelTelling:
    """Says what is due in channels."""

    desk: Desk

    async def give_due(self) -> datetime | None:
        """Give the reminders and digests that are due by now; returns when the next one is."""
        while await self._remind() == BATCH:
            pass
        while await self._digest() == BATCH:
            pass
        moments = (
            select(func.min(ChannelReminder.due_at)).where(ChannelReminder.given_at.is_(None)),
            select(func.min(ChannelSubscription.next_digest_at)),
        )
        async with self.desk.database.reading() as session:
            found = [await session.scalar(each) for each in moments]
        return min((each for each in found if each is not None), default=None)

    async def _remind(self) -> int:
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            due = await _due_reminders(session, now)
            for row in due:
                await self._settle_reminder(session, row, now)
        return len(due)

    async def _settle_reminder(self, session: AsyncSession, row: _Due, now: datetime) -> None:
        reminder, stored, subscription, calendar, account, has_copy = row
        meeting = meeting_of(stored, calendar.name, account.id, subscription.wishes.zone)
        if not meeting.expected or reminder.starts_at != stored.starts_at:
            # It is planned anew when the meeting takes place after all.
            await session.execute(delete(ChannelReminder).where(ChannelReminder.id == reminder.id))
            return
        reminder.given_at = now
        stands = timeliness(meeting.start, meeting.end, now)
        moved_away = stored.calendar_id != subscription.calendar_id
        if has_copy or moved_away or subscription.paused or stands is Timeliness.OVER:
            return
        (shown,) = await channels.shown(session, subscription.titles, [meeting])
        known = await self._known(session, subscription, calendar)
        if known is None or not shown.matters:
            return
        t = self.desk.catalogues.translator(subscription.language)
        key = reminder_key(account.id, stored.uid, stored.starts_at, reminder.minutes)
        try:
            message = channels_wording.reminder(shown, known, t, now, stands)
        except Exception:
            _log.exception("reminder not given", subscription=subscription.id, occurrence=stored.id)
            return
        key = channels.key(account.id, subscription.id, key)
        expires_at = max(meeting.end, meeting.start + SHORTEST)
        await self.desk.post(session, key, subscription.channel_id, message, expires_at=expires_at)

    async def _digest(self) -> int:
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            due = (
                select(ChannelSubscription)
                .where(ChannelSubscription.next_digest_at <= now)
                .order_by(ChannelSubscription.next_digest_at, ChannelSubscription.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            ids = [each.id for each in await session.scalars(due)]
            for row in await channels.find(session, ChannelSubscription.id.in_(ids)):
                await self._settle_digest(session, row, now)
        return len(ids)

    async def _settle_digest(self, session: AsyncSession, row: SubscriptionRow, now: datetime) -> None:
        subscription, calendar, account = row
        wishes = subscription.wishes
        schedule = wishes.schedule
        if schedule is None:
            subscription.next_digest_at = None
            return
        day = due_day(schedule, subscription, now)
        if day is not None:
            if calendar.loaded_at is None and calendar.chosen and not subscription.paused:
                subscription.next_digest_at = now + _UNREAD
                return
            subscription.digest_day = day
            if calendar.chosen and not subscription.paused:
                await self._give_digest(session, subscription, calendar, account, schedule, day, now)
        subscription.next_digest_at = digest.next_due(schedule, wishes.zone, now, subscription.digest_day)

    async def _give_digest(
        self,
        session: AsyncSession,
        subscription: ChannelSubscription,
        calendar: Calendar,
        account: CalendarAccount,
        schedule: Schedule,
        day: date,
        now: datetime,
    ) -> None:
        known = await self._known(session, subscription, calendar)
        if known is None:
            return
        zone = subscription.wishes.zone
        begin, end = day_agenda.day_bounds(day, zone)
        found = await day_agenda.meetings_of_calendar(
            session, subscription.person_id, calendar.id, zone, begin, end
        )
        meetings = [
            each for each in await channels.shown(session, subscription.titles, found) if each.matters
        ]
        if not worth_saying(meetings, subscription, schedule, day, now):
            return
        t = self.desk.catalogues.translator(subscription.language)
        try:
            message = channels_wording.digest(meetings, day, known, t, now, _stale_since(account, now))
        except Exception:
            _log.exception("digest not given", subscription=subscription.id)
            return
        key = f"{channels.prefix(account.id, subscription.id)}digest:{day.isoformat()}"
        await self.desk.post(session, key, subscription.channel_id, message, expires_at=end)

    async def _known(
        self, session: AsyncSession, subscription: ChannelSubscription, calendar: Calendar
    ) -> Listed | None:
        """The subscription with its owner; None when the owner is away, and so nobody reads the calendar."""
        owner = await self.desk.people.by_id(session, subscription.person_id)
        if owner is None or not owner.active:
            return None
        return Listed(subscription, calendar, owner, present=True, changeable=False)


def due_day(schedule: Schedule, subscription: ChannelSubscription, now: datetime) -> date | None:
    """The day whose digest is to be given now, which is today or none: a channel catches up all day long."""
    zone, settled = subscription.wishes.zone, subscription.digest_day
    today = now.astimezone(zone).date()
    if today.weekday() not in schedule.days or (settled is not None and today <= settled):
        return None
    return today if digest.moment(schedule, today, zone) <= now else None


def worth_saying(
    meetings: Sequence[Shown],
    subscription: ChannelSubscription,
    schedule: Schedule,
    day: date,
    now: datetime,
) -> bool:
    """Whether there is something to say; late in the day, whether something of it is still ahead."""
    wishes = subscription.wishes
    if now >= digest.latest(schedule, day, wishes.zone):
        return any(each.meeting.end > now for each in meetings)
    return wishes.digest_always or bool(meetings)


def _stale_since(account: CalendarAccount, now: datetime) -> datetime | None:
    if account.synced_at is None:
        return None
    old = now - account.synced_at > _STALE or account.trouble == Trouble.PASSWORD
    return account.synced_at if old else None


def _earlier_copy() -> ColumnElement[bool]:
    """Whether the channel is reminded of the same meeting from another calendar."""
    reminder, copy, other = aliased(ChannelReminder), aliased(StoredOccurrence), aliased(ChannelSubscription)
    return (
        select(reminder.id)
        .join(copy, copy.id == reminder.occurrence_id)
        .join(other, other.id == reminder.subscription_id)
        .where(
            other.channel_id == ChannelSubscription.channel_id,
            other.id < ChannelSubscription.id,
            copy.uid == StoredOccurrence.uid,
            copy.starts_at == StoredOccurrence.starts_at,
            copy.calendar_id == other.calendar_id,
            copy.cancelled.is_(False),
            copy.answer != DECLINED,
            reminder.minutes == ChannelReminder.minutes,
            reminder.starts_at == ChannelReminder.starts_at,
        )
        .correlate(ChannelReminder, StoredOccurrence, ChannelSubscription)
        .exists()
    )


async def _due_reminders(session: AsyncSession, now: datetime) -> Sequence[_Due]:
    query = (
        select(
            ChannelReminder,
            StoredOccurrence,
            ChannelSubscription,
            Calendar,
            CalendarAccount,
            _earlier_copy().label("has_copy"),
        )
        .join(StoredOccurrence, StoredOccurrence.id == ChannelReminder.occurrence_id)
        .join(ChannelSubscription, ChannelSubscription.id == ChannelReminder.subscription_id)
        .join(Calendar, Calendar.id == ChannelSubscription.calendar_id)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .where(ChannelReminder.given_at.is_(None), ChannelReminder.due_at <= now)
        .order_by(ChannelReminder.due_at, ChannelReminder.id)
        .limit(BATCH)
        .with_for_update(of=ChannelReminder, skip_locked=True)
    )
    return (await session.execute(query)).all()
