"""The calendar feature, put together for the composition root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import (
    channels,
    channels_watch,
    digest,
    leaving,
    refreshing,
    reminders,
    rolling,
    status,
)
from sekretar.calendars.accounts_chat import AccountsChat
from sekretar.calendars.answering import Answering
from sekretar.calendars.answering_chat import AnsweringChat
from sekretar.calendars.booking_chat import BookingChat
from sekretar.calendars.booking_offers import Offering
from sekretar.calendars.booking_saving import Saving
from sekretar.calendars.booking_source import MessageSource
from sekretar.calendars.carrying import Carrying
from sekretar.calendars.changing import Changing
from sekretar.calendars.changing_chat import ChangingChat
from sekretar.calendars.channels_chat import ChannelChat
from sekretar.calendars.channels_job import ChannelTelling
from sekretar.calendars.channels_watch import ChannelWatch
from sekretar.calendars.chat import CalendarChat
from sekretar.calendars.connecting import SYNC, wake_accounts
from sekretar.calendars.digesting import Digesting
from sekretar.calendars.finding_chat import FindingChat
from sekretar.calendars.free_busy_asking import FreeBusy
from sekretar.calendars.knowing import Knowing
from sekretar.calendars.leaving import Leaving
from sekretar.calendars.quiet import QuietKeeper
from sekretar.calendars.refreshing import Refreshing
from sekretar.calendars.reminding import Reminding
from sekretar.calendars.rolling import Rolling
from sekretar.calendars.settings_chat import SettingsChat
from sekretar.calendars.snoozing import Snoozing
from sekretar.calendars.status import StatusKeeper
from sekretar.calendars.status_chat import StatusChat
from sekretar.calendars.syncing import Rhythm, Syncing
from sekretar.calendars.taking_over import take_over
from sekretar.calendars.viewing import Viewing
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.jobs import Jobs
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
    ) -> None:
        self._jobs = jobs
        self._desk, self._settings = desk, settings
        self._syncing = Syncing(
            desk, desk.vault, http, Rhythm(settings.sync_every), jobs.wake, settings.own_hosts
        )
        self._reminding = Reminding(desk)
        self._rolling = Rolling(desk, settings.own_hosts)
        self._digesting = Digesting(desk)
        self._refreshing = Refreshing(desk)
        self._channels = ChannelTelling(desk)
        self._channel_watch = ChannelWatch(desk)
        self._keeper = StatusKeeper(desk, acting)
        self._quiet = QuietKeeper(desk, acting)
        self._leaving = Leaving(desk, self._keeper, self._quiet, consents)
        self._status_chat = StatusChat(desk, acting, consents)
        Viewing(desk.database).register(desk.chat)
        CalendarChat(desk.database, desk.vault, http, self._leaving).register(desk.chat)
        AccountsChat(desk.database).register(desk.chat)
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
        self._jobs.add(digest.TASK, self._digesting.give_due, at_least_every=timedelta(minutes=5))
        self._jobs.add(status.TASK, self._keep_statuses, at_least_every=timedelta(minutes=1))
        self._jobs.add(channels.TASK, self._channels.give_due, at_least_every=timedelta(minutes=1))
        self._jobs.add(channels_watch.TASK, self._channel_watch.watch, at_least_every=timedelta(minutes=1))
        self._jobs.add(refreshing.TASK, self._refreshing.tell_due, at_least_every=timedelta(minutes=1))
        self._jobs.add(leaving.TASK, self._leaving.tidy, at_least_every=timedelta(hours=1))
        self._jobs.add(rolling.TASK, self._rolling.run, at_least_every=timedelta(hours=6))

    async def _keep_statuses(self) -> datetime | None:
        moments = [await self._keeper.run(), await self._quiet.run()]
        return min((each for each in moments if each), default=None)

    async def consented(self, person: Person) -> None:
        """Somebody has just allowed Sekretar to act for them."""
        await self._status_chat.consented(person)

    async def person_returned(self, session: AsyncSession, person: Person) -> None:
        """Somebody who had been deactivated is back."""
        await wake_accounts(session, person.id, self._desk.now())

    async def channel_entered(self, channel_id: str) -> None:
        """The bot was added to a channel: what was paused there may go on."""
        await self._channel_watch.look_again(channel_id)

    async def close(self) -> None:
        """End what runs beside the jobs."""
        await self._syncing.close()
