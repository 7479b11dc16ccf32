"""The dispatch desk, put together for the composition root. Without a desk in the settings it offers nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from starlette.types import ASGIApp

from sekretar.dispatch import channels
from sekretar.dispatch.api.opening import open_api
from sekretar.dispatch.assets import Assets
from sekretar.dispatch.assets.registry import keeping
from sekretar.dispatch.assets.registry.importing import Importing
from sekretar.dispatch.assets.registry.keeping import RegistryKeeping
from sekretar.dispatch.assignment.assigning import LOOK_EVERY, Assigning
from sekretar.dispatch.assignment.handing_over import HandingOver
from sekretar.dispatch.assignment.team import TASK as ASSIGNMENT_TASK
from sekretar.dispatch.assignment.team import Team
from sekretar.dispatch.channels import DeskChannels
from sekretar.dispatch.chat import cards
from sekretar.dispatch.chat.cards import Cards
from sekretar.dispatch.chat.rights import Rights
from sekretar.dispatch.chat.views import Views
from sekretar.dispatch.chat.working import Working
from sekretar.dispatch.chat.writing import Writing
from sekretar.dispatch.commands import opening as commands
from sekretar.dispatch.commands.hands import Hands
from sekretar.dispatch.commands.opening import Tools
from sekretar.dispatch.hooks.sending import Hooks
from sekretar.dispatch.incidents import types, word_blocks
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.intake import intake
from sekretar.dispatch.intake.opening import open_intake
from sekretar.dispatch.letters.opening import open_letters
from sekretar.dispatch.mail.mailboxes import Mailboxes
from sekretar.dispatch.mirror.mirroring import TASK as MIRROR_TASK
from sekretar.dispatch.mirror.mirroring import open_mirror
from sekretar.dispatch.operations.opening import open_operations
from sekretar.dispatch.page import Pages
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.calendars import TASK as SLA_TASK
from sekretar.dispatch.sla.firing import Firing
from sekretar.dispatch.sla.keeping import Slas
from sekretar.dispatch.sla.notices import Notices
from sekretar.dispatch.telling import Telling
from sekretar.kernel.health import Health
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.jobs import Jobs
from sekretar.kernel.leases import Leases
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
    health: Health
    #: Where people reach Mattermost.
    chat_url: str = ""
    #: Where people reach Sekretar.
    public_url: str = ""


class Dispatch:
    """Everything about dispatching in one process."""

    def __init__(self, around: Surroundings, desks: Sequence[DeskSettings]) -> None:
        self._around = around
        #: What other programs ask; None without a desk.
        self.api: ASGIApp | None = None
        #: What people do in the browser; None without a desk.
        self.pages: Pages | None = None
        self._desks = {desk.name: desk for desk in desks}
        self.channels = DeskChannels(around.chat, self._desks)
        self.incidents = Incidents(around.chat.clock, self._desks)
        self.assets = Assets({desk.name: desk.registry.default_emails for desk in desks})
        self.registry = self._make_registry()
        self.telling = Telling(around.chat, self.channels, self._desks)
        self.team = Team(around.chat.people, self._desks)
        self.slas = Slas(Firing(self._desks, self.incidents, Notices(self.telling, self.team)))
        self.incidents.on_changed(self.slas.on_changed)
        self.mirror = open_mirror(
            around.chat.database,
            around.chat.clock,
            around.chat.catalogues,
            around.sites,
            self._desks,
            self.incidents,
            self.assets,
            self.slas,
        )
        views = Views(around.chat.people, self.incidents, self.assets, self.slas, self.mirror)
        self.cards = Cards(around.chat, self.channels, self.incidents, views, self._desks)
        self.incidents.on_changed(self.cards.changed)
        self.handing_over = HandingOver(around.chat, self._desks, self.team)
        self.assigning = Assigning(self.telling, self._desks, self.incidents, self.team, self.handing_over)
        self.incidents.on_changed(self.assigning.on_changed)
        if desks:
            self._open(desks, views)

    def _open(self, desks: Sequence[DeskSettings], views: Views) -> None:
        """Mail, programs and people: what only desks have."""
        around = self._around
        self.mailboxes = self._open_mailboxes(desks)
        self.letters = open_letters(
            around.chat, self._desks, self.incidents, self.assets, around.outbox, around.http.tls
        )
        self.intake = open_intake(
            around.chat, self._desks, self.incidents, self.assets, self.letters, self.mirror.incident_of
        )
        hooks = Hooks(self._desks, around.chat.clock, lambda: around.http.peers)
        hooks.register(around.outbox)
        self.incidents.on_changed(hooks.on_changed)
        self.api = open_api(around.chat, self._desks, self.incidents, self.assets, self.slas)
        self.operations = open_operations(
            self.telling, self.mailboxes, self.slas, around.outbox, lambda: around.http.peers
        )
        rights = Rights(around.chat, self.channels)
        working = Working(around.chat, self.incidents, self.assets, rights)
        working.register(around.chat.chat)
        writing = Writing(around.chat, self.incidents, self.letters.letters, rights)
        writing.register(around.chat.chat)
        hands = Hands(around.chat, self._desks, self.incidents, self.assets, rights, views)
        tools = Tools(working, writing, self.team, self.telling, self.handing_over, around.chat_url)
        commands.register(around.chat.chat, hands, tools)
        self.pages = Pages(
            around.chat,
            self._desks,
            self.incidents,
            self.assets,
            rights,
            around.public_url,
            around.chat_url,
        )
        self.pages.register(around.chat.chat)

    def _open_mailboxes(self, desks: Sequence[DeskSettings]) -> Mailboxes:
        chat = self._around.chat
        leases = None if chat.database.embedded else Leases(chat.database, chat.clock)
        return Mailboxes(chat.database, chat.clock, desks, self._around.http.tls, leases)

    async def close(self) -> None:
        """End connections that are kept open."""
        if self._desks:
            await self.letters.delivering.close()

    async def take_over(self) -> None:
        """Make ready what the jobs expect."""
        async with self._around.chat.database.transaction() as session:
            for desk in self._desks.values():
                await types.seed(session, desk)
        await self.mirror.take_over()

    def _make_registry(self) -> RegistryKeeping:
        database, clock = self._around.chat.database, self._around.chat.clock
        registries = {name: desk.registry for name, desk in self._desks.items()}
        importing = Importing(database, lambda: self._around.http.peers, clock, registries)
        return RegistryKeeping(database, clock, registries, importing, self.assets)

    def add_jobs(self) -> None:
        """Hang the jobs into the engine. The intervals only matter when a wake-up was lost."""
        if not self._desks:
            return
        jobs = self._around.jobs
        jobs.add(channels.TASK, self.channels.find, at_least_every=timedelta(hours=1))
        jobs.add(SLA_TASK, self.slas.run, at_least_every=timedelta(minutes=1))
        jobs.add(ASSIGNMENT_TASK, self.assigning.run, at_least_every=LOOK_EVERY)
        jobs.add(cards.TASK, self.cards.show_due, at_least_every=timedelta(minutes=1))
        jobs.add(MIRROR_TASK, self.mirror.run, at_least_every=timedelta(minutes=1))
        self.mailboxes.add_duties(jobs)
        self.letters.add_jobs(jobs)
        jobs.add(intake.TASK, self.intake.run, at_least_every=timedelta(minutes=1))
        jobs.add(keeping.TASK, self.registry.run, at_least_every=keeping.LOOK_EVERY)
        put_together = partial(word_blocks.put_together, self._around.chat.database)
        jobs.add(word_blocks.TASK, put_together, at_least_every=word_blocks.EVERY)
        self.operations.add_jobs(jobs, self._around.health)
