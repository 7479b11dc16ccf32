"""The ticket feature, put together for the composition root. Without a tracker in the settings it offers nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sekretar.kernel.jobs import Jobs
from sekretar.mattermost.desk import Desk
from sekretar.tickets.identities import Identities
from sekretar.tickets.linking_chat import LinkingChat
from sekretar.tickets.trackers.port import TrackerSite


class Tickets:
    """Everything about tickets in one process."""

    def __init__(self, desk: Desk, sites: Sequence[TrackerSite], jobs: Jobs) -> None:
        self._desk, self._jobs = desk, jobs
        self._identities = Identities(desk.database, desk.vault, {site.name: site for site in sites})
        if not sites:
            return
        LinkingChat(desk.database, self._identities).register(desk.chat)

    def add_jobs(self) -> None:
        """Hang the jobs into the engine. The intervals only matter when a wake-up was lost."""
