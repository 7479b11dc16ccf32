"""The ticket feature, put together for the composition root. Without a tracker in the settings it offers nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from sekretar.kernel.jobs import Jobs
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.morning import Morning
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.administering import MappingChat
from sekretar.tickets.accounts.chat import LinkingChat
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.mapping import Mapping as PeopleMapping
from sekretar.tickets.acting.chat import ActingChat
from sekretar.tickets.batches import creating
from sekretar.tickets.batches.chat import BatchesChat
from sekretar.tickets.batches.creating import Creating
from sekretar.tickets.batches.preparing import Preparing
from sekretar.tickets.batches.proposing import Proposing
from sekretar.tickets.defaulting.chat import DefaultsChat
from sekretar.tickets.forms import making
from sekretar.tickets.forms.beginning import Beginning
from sekretar.tickets.forms.chat import FormsChat
from sekretar.tickets.forms.making import Making
from sekretar.tickets.forms.offers import Offering
from sekretar.tickets.forms.source import MessageSource
from sekretar.tickets.lists.chat import ListsChat
from sekretar.tickets.minutes import standing
from sekretar.tickets.minutes.feature import Minutes
from sekretar.tickets.minutes.telling import MinutesTelling
from sekretar.tickets.references.chat import ReferencesChat
from sekretar.tickets.references.settings import NOTHING_SAID, ReferenceSettings
from sekretar.tickets.watching.channels import ChannelTelling
from sekretar.tickets.watching.channels_chat import ChannelsChat
from sekretar.tickets.watching.hooks import TrackerHooks
from sekretar.tickets.watching.listing import Listing
from sekretar.tickets.watching.looking import Looking
from sekretar.tickets.watching.model import MORNINGS
from sekretar.tickets.watching.polling import Polling, Rhythm, task_of
from sekretar.tickets.watching.reminding import Reminding
from sekretar.tickets.watching.settings import NOTHING_SAID as WATCH_AS_USUAL
from sekretar.tickets.watching.settings import WatchSettings
from sekretar.tickets.watching.settings_chat import SettingsChat
from sekretar.tickets.watching.telling import Telling
from sekretar.tickets.watching.told import InTheMaking
from sekretar.trackers.port import TrackerSite


class Tickets:
    """Everything about tickets in one process."""

    def __init__(
        self,
        desk: Desk,
        sites: Mapping[str, TrackerSite],
        jobs: Jobs,
        meetings: Meetings,
        references: ReferenceSettings = NOTHING_SAID,
        chat_url: str = "",
        ticket_emoji: str = "",
        watch: WatchSettings = WATCH_AS_USUAL,
        morning: Morning | None = None,
    ) -> None:
        """`chat_url` is the address of Mattermost as people reach it; the emoji (empty: none) makes a ticket of the
        message it is put under.
        """
        self._desk, self._jobs = desk, jobs
        self._identities = Identities(desk.database, desk.vault, sites)
        in_the_making = InTheMaking()
        self.creating = Creating(
            desk, self._identities, MinutesTelling(desk, self._identities), in_the_making
        )
        self.minutes = Minutes(desk, self._identities, meetings)
        source = MessageSource(desk, chat_url)
        self.making = Making(desk, self._identities, source, in_the_making)
        self.references = ReferencesChat.of(desk, self._identities, references)
        telling = Telling(desk, self._identities, in_the_making)
        channels = ChannelTelling(desk, self._identities, telling)
        self.polling = Polling(desk, self._identities, telling, channels, Rhythm(watch.every))
        morning = morning or Morning()
        looking = Looking(desk, self._identities, telling)
        self.reminding = Reminding(desk, morning, looking)
        self.hooks = TrackerHooks(watch.hook_secrets, self.polling.hint, desk.clock)
        if not sites:
            return
        morning.contribute(Listing(desk, morning, looking).part)
        LinkingChat(desk.database, self._identities).register(desk.chat)
        SettingsChat(desk.database).register(desk.chat)
        ChannelsChat(desk, self._identities).register(desk.chat)
        mapping = PeopleMapping(
            desk.database, desk.clock, desk.people, desk.profiles, desk.server, self._identities
        )
        MappingChat(desk, self._identities, mapping).register(desk.chat)
        proposing = Proposing(desk, Preparing(desk, self._identities))
        DefaultsChat(desk, self._identities).register(desk.chat)
        ListsChat(self._identities).register(desk.chat)
        ActingChat(desk, self._identities).register(desk.chat)
        lists = BatchesChat(desk, self._identities, proposing, self.creating)
        lists.register(desk.chat)
        self.minutes.register(lists)
        beginning = Beginning(desk, self._identities, source)
        FormsChat(desk, self._identities, beginning, self.making, proposing).register(desk.chat)
        Offering(desk, self._identities, beginning, ticket_emoji).register(desk.chat)
        self.references.register()

    def add_jobs(self) -> None:
        """Hang the jobs into the engine. The intervals only matter when a wake-up was lost."""
        self._jobs.add(creating.TASK, self.creating.run, at_least_every=timedelta(minutes=1))
        self._jobs.add(making.TASK, self.making.run, at_least_every=timedelta(minutes=1))
        self.references.add_jobs(self._jobs)
        if self._identities.sites:
            self._jobs.add(MORNINGS, self.reminding.give_due, at_least_every=timedelta(minutes=5))
        for tracker in self._identities.sites:
            look = partial(self.polling.poll, tracker)
            self._jobs.add(task_of(tracker), look, at_least_every=timedelta(minutes=1))
        self._jobs.add(standing.TASK, self.minutes.run, at_least_every=timedelta(minutes=5))
