"""The ticket feature, put together for the composition root. Without a tracker in the settings it offers nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sekretar.kernel.jobs import Jobs
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.chat import LinkingChat
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.acting.chat import ActingChat
from sekretar.tickets.batches import creating
from sekretar.tickets.batches.chat import BatchesChat
from sekretar.tickets.batches.creating import Creating
from sekretar.tickets.batches.preparing import Preparing
from sekretar.tickets.defaulting.chat import DefaultsChat
from sekretar.tickets.lists.chat import ListsChat
from sekretar.tickets.references.chat import ReferencesChat
from sekretar.tickets.references.settings import NOTHING_SAID, ReferenceSettings
from sekretar.tickets.trackers.port import TrackerSite


class Tickets:
    """Everything about tickets in one process."""

    def __init__(
        self,
        desk: Desk,
        sites: Mapping[str, TrackerSite],
        jobs: Jobs,
        references: ReferenceSettings = NOTHING_SAID,
    ) -> None:
        self._desk, self._jobs = desk, jobs
        self._identities = Identities(desk.database, desk.vault, sites)
        self.creating = Creating(desk, self._identities)
        self.references = ReferencesChat.of(desk, self._identities, references)
        if not sites:
            return
        LinkingChat(desk.database, self._identities).register(desk.chat)
        preparing = Preparing(desk, self._identities)
        DefaultsChat(desk, self._identities).register(desk.chat)
        ListsChat(self._identities).register(desk.chat)
        ActingChat(desk, self._identities).register(desk.chat)
        BatchesChat(desk, self._identities, preparing, self.creating).register(desk.chat)
        self.references.register()

    def add_jobs(self) -> None:
        """Hang the jobs into the engine. The intervals only matter when a wake-up was lost."""
        self._jobs.add(creating.TASK, self.creating.run, at_least_every=timedelta(minutes=1))
        self.references.add_jobs(self._jobs)
