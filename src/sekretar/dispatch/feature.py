"""The dispatch desk, put together for the composition root. Without a desk in the settings it offers nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sekretar.dispatch import channels
from sekretar.dispatch.channels import DeskChannels
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.jobs import Jobs
from sekretar.kernel.outbox import Outbox
from sekretar.mattermost.desk import Desk
from sekretar.trackers.port import TrackerSite


@dataclass(frozen=True)
class Surroundings:
    """What the rest of the house gives to the dispatch desk."""

    chat: Desk
    http: HttpSessions
    jobs: Jobs
    outbox: Outbox
    sites: Mapping[str, TrackerSite]


class Dispatch:
    """Everything about dispatching in one process."""

    def __init__(self, around: Surroundings, desks: Sequence[DeskSettings]) -> None:
        self._around = around
        self._desks = {desk.name: desk for desk in desks}
        self.channels = DeskChannels(around.chat, self._desks)
        self.incidents = Incidents(around.chat.clock, self._desks)

    def add_jobs(self) -> None:
        """Hang the jobs into the engine. The intervals only matter when a wake-up was lost."""
        if not self._desks:
            return
        jobs = self._around.jobs
        jobs.add(channels.TASK, self.channels.find, at_least_every=timedelta(hours=1))
