"""The calendar feature, put together for the composition root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts import leaving, own_addresses
from sekretar.calendars.accounts.addresses_chat import AddressesChat
from sekretar.calendars.accounts.chat import CalendarChat
from sekretar.calendars.accounts.connecting import SYNC, wake_accounts
from sekretar.calendars.accounts.leaving import Leaving
from sekretar.calendars.accounts.looking_after_chat import AccountsChat
from sekretar.calendars.accounts.standing_chat import StatusChat
from sekretar.calendars.answers.answering import Answering
from sekretar.calendars.answers.chat import AnsweringChat
from sekretar.calendars.booking.chat import BookingChat
from sekretar.calendars.booking.offers import Offering
from sekretar.calendars.booking.saving import Saving
from sekretar.calendars.booking.source import MessageSource
from sekretar.calendars.changing.carrying import Carrying
from sekretar.calendars.changing.changing import Changing
from sekretar.calendars.changing.chat import ChangingChat
from sekretar.calendars.channels import subscriptions as channels
from sekretar.calendars.channels import watch as channels_watch
from sekretar.calendars.channels.chat import ChannelChat
from sekretar.calendars.channels.giving import ChannelTelling
from sekretar.calendars.channels.watch import ChannelWatch
from sekretar.calendars.digest import digesting
from sekretar.calendars.digest import schedule as digest
from sekretar.calendars.digest.digesting import Digesting
from sekretar.calendars.ending import telling as ending
from sekretar.calendars.ending.book import Book
from sekretar.calendars.ending.telling import Ending
from sekretar.calendars.finding.chat import FindingChat
from sekretar.calendars.finding.free_busy_asking import FreeBusy
from sekretar.calendars.finding.knowing import Knowing
from sekretar.calendars.presence import status
from sekretar.calendars.presence.quiet import QuietKeeper
from sekretar.calendars.presence.status import StatusKeeper
from sekretar.calendars.reminders import rules as reminders
from sekretar.calendars.reminders.reminding import Reminding
from sekretar.calendars.reminders.snoozing import Snoozing
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.chat import SettingsChat
from sekretar.calendars.sync import refreshing, rolling
from sekretar.calendars.sync.recognising import Recognising
from sekretar.calendars.sync.refreshing import Refreshing
from sekretar.calendars.sync.rolling import Rolling
from sekretar.calendars.sync.syncing import Rhythm, Syncing
from sekretar.calendars.sync.taking_over import take_over
from sekretar.calendars.views.viewing import Viewing
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.jobs import Jobs
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.morning import Hour, Morning
from sekretar.kernel.people import Person
from sekretar.mattermost.acting import Acting
from sekretar.mattermost.consent import Consents
from sekretar.mattermost.desk import Desk


@dataclass(frozen=True)
class CalendarSettings:
    """How often accounts are looked at, and which conference hosts are the company's own."""

    sync_every: timedelta
    own_hosts: Sequence[str] = ()
    #: The address of Mattermost as people reach it.
    chat_url: str = ""
    #: Put under a message, it offers to make a meeting of it.
    booking_emoji: str = ""


class Calendars:
    """Everything about calendars in one process."""

    def __init__(
        self,
        desk: Desk,
        http: HttpSessions,
        acting: Acting,
        consents: Consents,
        jobs: Jobs,
        settings: CalendarSettings,
        meetings: Meetings,
        morning: Morning,
    ) -> None:
        self._jobs = jobs
        self._meetings = meetings
        meetings.book = Book()
        self._desk, self._settings = desk, settings
        self._syncing = Syncing(
            desk, desk.vault, http, Rhythm(settings.sync_every), jobs.wake, settings.own_hosts
        )
        self._reminding = Reminding(desk, meetings)
        self._ending = Ending(desk, meetings)
        self._rolling = Rolling(desk, settings.own_hosts)
        self._recognising = Recognising(desk, settings.own_hosts)
        morning.keep(self.morning_of, digesting.pending)
        self._digesting = Digesting(desk, morning)
        self._refreshing = Refreshing(desk)
        self._channels = ChannelTelling(desk)
        self._channel_watch = ChannelWatch(desk)
        self._keeper = StatusKeeper(desk, acting)
        self._quiet = QuietKeeper(desk, acting)
        self._leaving = Leaving(desk, self._keeper, self._quiet, consents, meetings)
        self._status_chat = StatusChat(desk, acting, consents)
        Viewing(desk.database).register(desk.chat)
        CalendarChat(desk.database, desk.vault, http, self._leaving).register(desk.chat)
        AccountsChat(desk.database).register(desk.chat)
        AddressesChat(desk).register(desk.chat)
        self._status_chat.register(desk.chat)
        SettingsChat(desk.database).register(desk.chat)
        ChannelChat(desk, self._channel_watch).register(desk.chat)
        Snoozing(desk.database).register(desk.chat)
        knowing = Knowing(desk, FreeBusy(desk, http))
        source = MessageSource(desk, settings.chat_url)
        BookingChat(desk, Saving(desk, http, settings.own_hosts), knowing, source).register(desk.chat)
        Offering(desk, source, settings.booking_emoji).register(desk.chat)
        FindingChat(desk, knowing).register(desk.chat)
        carrying = Carrying(desk, http, settings.own_hosts)
        AnsweringChat(Answering(carrying)).register(desk.chat)
        ChangingChat(Changing(carrying)).register(desk.chat)

    async def take_over(self) -> None:
        """Continue what an earlier process on this database left in the middle."""
        await take_over(self._desk.database, self._settings.sync_every, self._desk.now())

    def add_jobs(self) -> None:
        """Hang the jobs into the engine. The intervals only matter when a wake-up was lost."""
        self._jobs.add(SYNC, self._syncing.run, at_least_every=timedelta(seconds=30))
        self._jobs.add(reminders.TASK, self._reminding.give_due, at_least_every=timedelta(minutes=1))
        self._jobs.add(reminders.AHEAD, self._reminding.work_ahead, at_least_every=timedelta(seconds=15))
        if self._meetings.awaited:
            self._jobs.add(ending.TASK, self._ending.tell_due, at_least_every=timedelta(minutes=1))
        self._jobs.add(digest.TASK, self._digesting.give_due, at_least_every=timedelta(minutes=5))
        self._jobs.add(status.TASK, self._keep_statuses, at_least_every=timedelta(minutes=1))
        self._jobs.add(channels.TASK, self._channels.give_due, at_least_every=timedelta(minutes=1))
        self._jobs.add(channels_watch.TASK, self._channel_watch.watch, at_least_every=timedelta(minutes=1))
        self._jobs.add(refreshing.TASK, self._refreshing.tell_due, at_least_every=timedelta(minutes=1))
        self._jobs.add(leaving.TASK, self._leaving.tidy, at_least_every=timedelta(hours=1))
        self._jobs.add(own_addresses.TASK, self._recognising.run, at_least_every=timedelta(minutes=1))
        self._jobs.add(rolling.TASK, self._rolling.run, at_least_every=timedelta(hours=6))

    async def _keep_statuses(self) -> datetime | None:
        moments = [await self._keeper.run(), await self._quiet.run()]
        return min((each for each in moments if each), default=None)

    async def consented(self, person: Person) -> None:
        """Somebody has just allowed Sekretar to act for them."""
        await self._status_chat.consented(person)

    async def morning_of(self, session: AsyncSession, person_id: int) -> Hour | None:
        """When a person wants to hear of their day; None for those who want no digest."""
        schedule = (await preferences.read(session, person_id)).schedule
        return Hour(schedule.at, schedule.days) if schedule else None

    async def person_returned(self, session: AsyncSession, person: Person) -> None:
        """Somebody who had been deactivated is back."""
        await wake_accounts(session, person.id, self._desk.now())

    async def channel_entered(self, channel_id: str) -> None:
        """The bot was added to a channel: what was paused there may go on."""
        await self._channel_watch.look_again(channel_id)

    async def close(self) -> None:
        """End what runs beside the jobs."""
        await self._syncing.close()
