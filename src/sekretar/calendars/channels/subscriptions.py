"""Channels that show a calendar: what is stored of it, and which reminders are due there.

A channel is told what the owner of the calendar lets it know, in the language and the zone that were chosen when it
was subscribed. Everything hangs on the calendar: whoever disconnects it leaves nothing behind. The reminders are rows
of their own, because a channel wants others than the owner does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ForeignKey, Index, Row, Text, UniqueConstraint, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.calendars.digest import schedule as digest
from sekretar.calendars.digest.schedule import Schedule
from sekretar.calendars.keys import account_prefix
from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject, StoredOccurrence, portions
from sekretar.calendars.reminders.rules import DEFAULT_MINUTES, Due, plan, plan_again
from sekretar.calendars.settings.preferences import DIGEST_AT, EVERY_DAY, WORKDAYS
from sekretar.calendars.sync.reading import unpack
from sekretar.calendars.views.agenda import Meeting
from sekretar.kernel import outbox
from sekretar.kernel.database import Base, BigId, Json, UtcDateTime, wake_after_commit
from sekretar.kernel.people import Person, zone_of
from sekretar.mattermost import sent

#: The job that gives digests and reminders in channels.
TASK = "calendars.channels"

#: RFC 5545 §3.8.1.3. A folded line begins with a space, so no description can say this.
_PRIVATE = re.compile(r"^CLASS(?:;[^:\r\n]*)?:\s*(?:PRIVATE|CONFIDENTIAL)\s*$", re.IGNORECASE | re.MULTILINE)

_UTC = ZoneInfo("UTC")


class ChannelSubscription(Base):
    """One calendar in one channel."""

    __tablename__ = "channel_subscriptions"
    __table_args__ = (
        UniqueConstraint("channel_id", "calendar_id"),
        Index(None, "calendar_id"),
        # Buttons and keys name it by number: see `model`.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    calendar_id: Mapped[int] = mapped_column(BigId, ForeignKey("calendars.id", ondelete="CASCADE"))
    #: Whose calendar it is.
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    channel_id: Mapped[str] = mapped_column(Text)
    #: The language and the zone of what is said there.
    language: Mapped[str] = mapped_column(Text)
    zone: Mapped[str] = mapped_column(Text)
    #: HH:MM in that zone; empty for no digest.
    digest_at: Mapped[str] = mapped_column(Text)
    every_day: Mapped[bool]
    #: Also on days without meetings.
    digest_always: Mapped[bool]
    #: Minutes before the start.
    reminders: Mapped[list[int]] = mapped_column(Json)
    changes: Mapped[bool]
    #: The channel sees what the meetings are; otherwise only when the owner is busy.
    titles: Mapped[bool]
    next_digest_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: The last day that is settled: its digest was given, or is not wanted any more.
    digest_day: Mapped[date | None]
    #: Why nothing can be said there, as a word of `rights.Obstacle`; empty when it can.
    paused: Mapped[str] = mapped_column(Text, default="")
    #: When Mattermost was last asked whether something can be said there.
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def wishes(self) -> Wishes:
        """What the channel wants to hear."""
        return Wishes(
            zone=zone_of(self.zone) or _UTC,
            digest_at=time.fromisoformat(self.digest_at) if self.digest_at else None,
            every_day=self.every_day,
            digest_always=self.digest_always,
            reminders=tuple(self.reminders),
            changes=self.changes,
            titles=self.titles,
        )


class ChannelReminder(Base):
    """A reminder that is due in a channel; it stays as the mark that it was given."""

    __tablename__ = "channel_reminders"
    __table_args__ = (
        UniqueConstraint("subscription_id", "occurrence_id", "minutes"),
        Index(None, "occurrence_id"),
        Index(None, "given_at", "due_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("channel_subscriptions.id", ondelete="CASCADE")
    )
    occurrence_id: Mapped[int] = mapped_column(BigId, ForeignKey("occurrences.id", ondelete="CASCADE"))
    minutes: Mapped[int]
    #: The start it was planned for: a meeting that was moved is planned anew.
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Wishes:
    """What a channel wants to hear of a calendar."""

    zone: ZoneInfo
    digest_at: time | None = DIGEST_AT
    every_day: bool = False
    digest_always: bool = False
    reminders: tuple[int, ...] = DEFAULT_MINUTES
    changes: bool = True
    titles: bool = True

    @property
    def schedule(self) -> Schedule | None:
        """When the digest comes; None when it never does."""
        if self.digest_at is None:
            return None
        return Schedule(self.digest_at, EVERY_DAY if self.every_day else WORKDAYS)


@dataclass(frozen=True)
class Shown:
    """A meeting as a channel may see it; `veiled`: only that the owner is busy then."""

    meeting: Meeting
    veiled: bool

    @property
    def matters(self) -> bool:
        """Whether it is anything to the channel: what does not take the owner's time is no *busy*."""
        return self.meeting.expected and not (self.veiled and self.meeting.transparent)


SubscriptionRow = Row[ChannelSubscription, Calendar, CalendarAccount]


def prefix(account_id: int, subscription_id: int) -> str:
    """What every key of a subscription begins with; disconnecting the account forgets them as well."""
    return f"{account_prefix(account_id)}channel:{subscription_id}:"


def key(account_id: int, subscription_id: int, personal: str) -> str:
    """The key under which a channel is told what the owner is told under the personal one."""
    return prefix(account_id, subscription_id) + personal.removeprefix(account_prefix(account_id))


def is_private(data: str) -> bool:
    """Whether the text of a calendar object says that it is nobody else's business."""
    return _PRIVATE.search(data) is not None


# --- subscriptions ----------------------------------------------------------------------------------------


async def find(session: AsyncSession, *conditions: ColumnElement[bool]) -> Sequence[SubscriptionRow]:
    """The subscriptions that fulfil the conditions, with their calendars and accounts, oldest first."""
    query = (
        select(ChannelSubscription, Calendar, CalendarAccount)
        .join(Calendar, Calendar.id == ChannelSubscription.calendar_id)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .where(*conditions)
        .order_by(ChannelSubscription.id)
    )
    return (await session.execute(query)).all()


async def one(session: AsyncSession, subscription_id: object) -> SubscriptionRow | None:
    """One subscription; the id may be anything that a click brought along."""
    if not isinstance(subscription_id, int):
        return None
    found = await find(session, ChannelSubscription.id == subscription_id)
    return found[0] if found else None


async def offered(session: AsyncSession, person_id: int, channel_id: str) -> Sequence[Row[Calendar, str]]:
    """The person's own calendars that the channel does not show yet, each with the login of its account."""
    shown = select(ChannelSubscription.calendar_id).where(ChannelSubscription.channel_id == channel_id)
    query = (
        select(Calendar, CalendarAccount.login)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .where(CalendarAccount.person_id == person_id, Calendar.chosen.is_(True), Calendar.id.not_in(shown))
    )
    return (await session.execute(query.order_by(Calendar.id))).all()


async def subscribe(
    session: AsyncSession, calendar: Calendar, owner: Person, channel_id: str, wishes: Wishes, now: datetime
) -> ChannelSubscription:
    """Show a calendar of the owner in a channel, which must not show it yet."""
    subscription = ChannelSubscription(
        calendar_id=calendar.id,
        person_id=owner.id,
        channel_id=channel_id,
        language=owner.language,
        looked_at=now,
        created_at=now,
    )
    _wish(subscription, wishes, now)
    session.add(subscription)
    await session.flush()
    await replan(session, subscription, now)
    return subscription


async def change(
    session: AsyncSession, subscription: ChannelSubscription, wishes: Wishes, now: datetime
) -> None:
    """Let the channel hear something else from now on."""
    _wish(subscription, wishes, now)
    await session.flush()
    await replan(session, subscription, now)


async def unsubscribe(session: AsyncSession, subscription: ChannelSubscription, account_id: int) -> None:
    """Show the calendar no longer, and do not say what was still to be said of it."""
    await session.execute(delete(ChannelSubscription).where(ChannelSubscription.id == subscription.id))
    await outbox.forget(session, prefix(account_id, subscription.id))
    await sent.forget(session, prefix(account_id, subscription.id))


def _wish(subscription: ChannelSubscription, wishes: Wishes, now: datetime) -> None:
    same_digest = subscription.zone is not None and subscription.wishes.schedule == wishes.schedule
    same_digest = same_digest and subscription.zone == wishes.zone.key
    subscription.zone = wishes.zone.key
    subscription.digest_at = f"{wishes.digest_at:%H:%M}" if wishes.digest_at is not None else ""
    subscription.every_day = wishes.every_day
    subscription.digest_always = wishes.digest_always
    subscription.reminders = list(wishes.reminders)
    subscription.changes = wishes.changes
    subscription.titles = wishes.titles
    if not same_digest:
        begin_digests(subscription, now)


def begin_digests(subscription: ChannelSubscription, now: datetime) -> None:
    """Let digests begin with the next hour that comes: nothing is caught up."""
    schedule, zone = subscription.wishes.schedule, subscription.wishes.zone
    if schedule is None:
        subscription.next_digest_at = None
        return
    today = now.astimezone(zone).date()
    over = digest.moment(schedule, today, zone) <= now
    settled = today if over else today - timedelta(days=1)
    if subscription.digest_day is None or settled > subscription.digest_day:
        subscription.digest_day = settled
    subscription.next_digest_at = digest.next_due(schedule, zone, now, subscription.digest_day)


# --- reminders --------------------------------------------------------------------------------------------


async def follow(session: AsyncSession, calendar_id: int, hrefs: Collection[str], now: datetime) -> None:
    """Plan the reminders of the channels for these objects of a calendar, which were just stored.

    What was given for the same start is not given again; what was planned for another start is void.
    """
    query = select(ChannelSubscription).where(ChannelSubscription.calendar_id == calendar_id)
    subscriptions = (await session.scalars(query)).all()
    if not subscriptions:
        return
    for some in portions(sorted(set(hrefs))):
        occurrences = (
            await session.scalars(
                select(StoredOccurrence)
                .join(CalendarObject, CalendarObject.id == StoredOccurrence.object_id)
                .where(CalendarObject.calendar_id == calendar_id, CalendarObject.href.in_(some))
            )
        ).all()
        for subscription in subscriptions:
            await _plan(session, subscription, occurrences, now)
    wake_after_commit(session, TASK)


async def replan(session: AsyncSession, subscription: ChannelSubscription, now: datetime) -> None:
    """Plan all reminders of a subscription anew, because what it wants has changed."""
    query = select(StoredOccurrence).where(
        StoredOccurrence.calendar_id == subscription.calendar_id, StoredOccurrence.starts_at > now
    )
    await _plan(session, subscription, (await session.scalars(query)).all(), now)
    wake_after_commit(session, TASK)


async def _plan(
    session: AsyncSession,
    subscription: ChannelSubscription,
    occurrences: Sequence[StoredOccurrence],
    now: datetime,
) -> None:
    known: defaultdict[int, list[ChannelReminder]] = defaultdict(list)
    for some in portions([each.id for each in occurrences]):
        query = select(ChannelReminder).where(
            ChannelReminder.subscription_id == subscription.id, ChannelReminder.occurrence_id.in_(some)
        )
        for reminder in await session.scalars(query):
            known[reminder.occurrence_id].append(reminder)
    for occurrence in occurrences:
        await _plan_one(session, subscription, occurrence, known[occurrence.id], now)


async def _plan_one(
    session: AsyncSession,
    subscription: ChannelSubscription,
    occurrence: StoredOccurrence,
    known: Sequence[ChannelReminder],
    now: datetime,
) -> None:
    wanted = {due.minutes: due for due in _dues(subscription, occurrence, known, now)}
    void = []
    for reminder in known:
        kept = reminder.starts_at == occurrence.starts_at and not occurrence.all_day
        if kept and (reminder.given_at is not None or wanted.pop(reminder.minutes, None) is not None):
            continue
        void.append(reminder.id)
    if void:
        await session.execute(delete(ChannelReminder).where(ChannelReminder.id.in_(void)))
    session.add_all(
        ChannelReminder(
            subscription_id=subscription.id,
            occurrence_id=occurrence.id,
            minutes=due.minutes,
            starts_at=occurrence.starts_at,
            due_at=due.at,
        )
        for due in wanted.values()
    )


def _dues(
    subscription: ChannelSubscription,
    occurrence: StoredOccurrence,
    known: Sequence[ChannelReminder],
    now: datetime,
) -> list[Due]:
    if occurrence.all_day:
        return []
    start, minutes = occurrence.starts_at, subscription.reminders
    given = [each.minutes for each in known if each.starts_at == start and each.given_at is not None]
    return plan_again(start, minutes, now, given) if given else plan(start, minutes, now)


# --- what a channel may see -------------------------------------------------------------------------------


async def shown(session: AsyncSession, titles: bool, meetings: Sequence[Meeting]) -> list[Shown]:
    """The meetings as a channel may see them: private ones never tell more than that the owner is busy."""
    private = await private_among(session, [each.occurrence_id for each in meetings]) if titles else set()
    return [Shown(each, not titles or each.occurrence_id in private) for each in meetings]


async def private_among(session: AsyncSession, occurrence_ids: Sequence[int]) -> set[int]:
    """Those of the occurrences whose objects say that they are nobody else's business."""
    found: set[int] = set()
    for some in portions(occurrence_ids):
        query = (
            select(StoredOccurrence.id, CalendarObject.data)
            .join(CalendarObject, CalendarObject.id == StoredOccurrence.object_id)
            .where(StoredOccurrence.id.in_(some))
        )
        rows = (await session.execute(query)).all()
        found |= {occurrence_id for occurrence_id, data in rows if is_private(unpack(data))}
    return found


def veil(meeting: Meeting, busy: str) -> Meeting:
    """The meeting without anything but its time."""
    return replace(meeting, title=busy, place="", description="", join_url="", join_service="", attendees=0)
