"""The composition root: the only place that knows all parts, and the order in which they begin and end.

Sekretar starts whether or not Mattermost is there: the database and the web part come first, and everything that
needs Mattermost begins once it has told us who we are. Until then `/readyz` says what is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import make_url

from sekretar import __version__
from sekretar.calendars import Calendars, CalendarSettings
from sekretar.calendars.channels.watch import TASK as CHANNEL_WATCH
from sekretar.config import Settings
from sekretar.kernel import secrets, signing
from sekretar.kernel.backups import keeping
from sekretar.kernel.backups.keeping import BackupKeeping, BackupPlan
from sekretar.kernel.clock import Clock, SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError, PeerError, PeerRefused
from sekretar.kernel.health import Health, Metrics
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.jobs import InProcessJobs, Task
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.morning import Morning
from sekretar.kernel.outbox import TASK as OUTBOX
from sekretar.kernel.outbox import Outbox
from sekretar.kernel.people import People, Person
from sekretar.kernel.secrets import Vault
from sekretar.kernel.sole_process import SoleProcess
from sekretar.mattermost import sent
from sekretar.mattermost.acting import Acting
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.consent import CONSENT_PATH, Consents, OAuthApp
from sekretar.mattermost.delivery import ChatDelivery
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.events import DirectAdded, MemberAdded, Posted, PostEdited, Reacted, UserUpdated
from sekretar.mattermost.listener import Listener
from sekretar.mattermost.messages import Renderer
from sekretar.mattermost.models import User
from sekretar.mattermost.profiles import Profiles
from sekretar.mattermost.surface import Surface, assemble
from sekretar.mattermost.websocket import Connection, StreamState
from sekretar.web.app import Services, create_app
from sekretar.web.server import listening_socket, serve

if TYPE_CHECKING:
    from sekretar.dispatch.feature import Dispatch
    from sekretar.dispatch.settings import DeskSettings
    from sekretar.tickets.feature import Tickets
    from sekretar.trackers.port import TrackerSite

_log = structlog.get_logger(__name__)

#: How often the database is looked after.
GUARD_EVERY = timedelta(seconds=10)

#: How long to wait before asking Mattermost again who we are, while it does not answer.
INTRODUCE_AGAIN = timedelta(seconds=2)


@dataclass(frozen=True)
class Foundation:
    """What every command of the command line may need: settings, keys and an opened database."""

    settings: Settings
    clock: Clock
    vault: Vault
    database: Database
    http: HttpSessions
    metrics: Metrics


@contextlib.asynccontextmanager
async def foundation(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Foundation]:
    """Open the database, bring its schema up to date, and make sure that the keys fit it.

    Raises:
        ConfigurationError: something is missing or does not fit; nothing was changed.
        PeerDown: the database does not answer.
    """
    vault = Vault(settings.encryption_keys())
    database = Database.open(prepared(settings.database_url))
    metrics = Metrics()
    http = HttpSessions(http_settings(settings), metrics)
    try:
        await database.migrate()
        await secrets.verify(database, vault)
        yield Foundation(settings, clock or SystemClock(), vault, database, http, metrics)
    finally:
        await http.close()
        await database.close()


def prepared(database_url: str) -> str:
    """The same URL; the folder of a SQLite file is made, because `var/` does not come with the source."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return database_url


def http_settings(settings: Settings) -> HttpSettings:
    return HttpSettings(
        ca_file=settings.ca_file, allowed_networks=settings.allowed_addresses, trust_env=settings.use_proxy
    )


def mattermost_client(settings: Settings, http: HttpSessions, clock: Clock) -> MattermostClient:
    """The client of the bot.

    Raises:
        ConfigurationError: address or token is missing.
    """
    if not settings.mattermost_url:
        raise ConfigurationError(
            "The address of Mattermost is not set.",
            "Set SEKRETAR_MATTERMOST_URL, or try `sekretar demo` first.",
        )
    token = settings.mattermost_token.get_secret_value()
    if not token:
        raise ConfigurationError(
            "The token of the bot is not set.",
            "Run `sekretar setup`; it makes the bot and prints SEKRETAR_MATTERMOST_TOKEN.",
        )
    return MattermostClient(http.peers, settings.mattermost_url, token, clock=clock)


class Sekretar:
    """One running Sekretar."""

    def __init__(self, base: Foundation) -> None:
        settings, database, clock = base.settings, base.database, base.clock
        self._base = base
        self._settings = settings
        self.health = Health(clock)
        self.metrics = base.metrics
        self.jobs = InProcessJobs(clock)
        self.metrics.watch_jobs(self.jobs.status)
        self.outbox = Outbox(database, clock, metrics=base.metrics)
        self._client = mattermost_client(settings, base.http, clock)
        self._desk = self._make_desk()
        self._consents = Consents(
            self._client,
            database,
            self._desk.people,
            base.vault,
            clock,
            oauth_app(settings),
            public_url=settings.mattermost_public_url,
        )
        self._surface = self._make_surface()
        meetings, morning = Meetings(), Morning()
        self._calendars = Calendars(
            self._desk,
            base.http,
            Acting(self._client, self._consents, clock),
            self._consents,
            self.jobs,
            CalendarSettings(
                timedelta(seconds=settings.sync_seconds),
                settings.meeting_hosts,
                settings.mattermost_public_url or settings.mattermost_url,
                settings.meeting_emoji,
            ),
            meetings,
            morning,
        )
        self._profiles.on_return(self._calendars.person_returned)
        self.outbox.wake_at_death(CHANNEL_WATCH)
        # A third of the memory and of the start is what tickets and dispatch and their libraries are made of: each is
        # loaded, here and nowhere else, only in an installation whose settings name trackers or desks.
        sites = self._open_trackers() if settings.trackers else {}
        desks = settings.desks()
        self._tickets = self._open_tickets(sites, meetings, morning) if sites else None
        self._dispatch = self._open_dispatch(sites, desks) if desks else None
        if self._tickets and self._dispatch:
            self._tickets.hooks.also.append(self._dispatch.mirror.hint)
        for component in ("database", "mattermost", "stream"):
            self.health.expect(component)

    def _make_desk(self) -> Desk:
        settings, base = self._settings, self._base
        people = People(settings.mattermost_url, settings.default_language, ZoneInfo(settings.default_zone))
        self._profiles = Profiles(self._client, base.database, people, base.clock)
        signer = signing.Signer(base.vault.derive("mattermost callbacks"))
        return Desk(
            database=base.database,
            clock=base.clock,
            signer=signer,
            vault=base.vault,
            catalogues=Catalogues.load(),
            chat=Chat(),
            renderer=Renderer(signer, settings.callbacks),
            people=people,
            profiles=self._profiles,
            server=self._client,
            callback_url=settings.callbacks,
            default_language=settings.default_language,
        )

    def _open_trackers(self) -> Mapping[str, TrackerSite]:
        from sekretar.trackers.opening import open_trackers

        return open_trackers(self._settings.trackers, self._base.http, self._base.clock)

    def _open_tickets(
        self, sites: Mapping[str, TrackerSite], meetings: Meetings, morning: Morning
    ) -> Tickets:
        from sekretar.tickets.feature import Tickets
        from sekretar.tickets.references.settings import ReferenceSettings
        from sekretar.tickets.watching.settings import WatchSettings

        settings = self._settings
        return Tickets(
            self._desk,
            sites,
            self.jobs,
            meetings,
            ReferenceSettings(
                written={each.name: each.reference for each in settings.trackers},
                trust_channels=settings.tickets_trust_channels,
                edit_posts=settings.tickets_edit_posts,
            ),
            chat_url=settings.mattermost_public_url or settings.mattermost_url,
            ticket_emoji=settings.ticket_emoji,
            watch=WatchSettings(
                every=timedelta(seconds=settings.tickets_seconds),
                hook_secrets={each.name: each.hook_secret.get_secret_value() for each in settings.trackers},
            ),
            morning=morning,
        )

    def _open_dispatch(self, sites: Mapping[str, TrackerSite], desks: Sequence[DeskSettings]) -> Dispatch:
        from sekretar.dispatch.feature import Dispatch, Surroundings

        settings = self._settings
        around = Surroundings(
            self._desk,
            self._base.http,
            self.jobs,
            self.outbox,
            sites,
            self.health,
            chat_url=settings.mattermost_public_url or settings.mattermost_url,
            public_url=settings.public_url,
        )
        return Dispatch(around, desks)

    def _make_surface(self) -> Surface:
        return assemble(
            self._desk,
            self._settings.triggers,
            version=__version__,
            tokens=[token.get_secret_value() for token in self._settings.command_tokens],
            is_admin=self._is_admin,
            registry=self.metrics.registry,
        )

    async def _is_admin(self, person: Person) -> bool:
        return "system_admin" in (await self._client.user(person.user_id)).role_names

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            ConfigurationError: another process holds the database, or the port is taken.
        """
        bound = listening_socket(self._settings.listen_host, self._settings.listen_port)
        async with SoleProcess(self._base.database) as sole:
            await self.outbox.take_over()
            await self._calendars.take_over()
            if self._dispatch:
                await self._dispatch.take_over()
            self._base.database.on_commit(self.jobs.wake)
            self.jobs.add(
                "database", self._watch("database", sole.check), at_least_every=timedelta(seconds=10)
            )
            self.jobs.add("numbers", self._count, at_least_every=timedelta(seconds=15))
            self.jobs.add(
                "conversations", self._surface.conversations.tidy, at_least_every=timedelta(minutes=5)
            )
            self.jobs.add("housekeeping", self._keep_house, at_least_every=timedelta(hours=1))
            self._keep_backups()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._guard(sole))
                    tasks.create_task(self._serve(bound))
                    tasks.create_task(self.jobs.run())
                    tasks.create_task(self._begin_with_mattermost())
            except* ConfigurationError as group:
                raise group.exceptions[0] from None
            finally:
                await self._calendars.close()
                if self._dispatch:
                    await self._dispatch.close()
                await self._surface.deadline.drain()

    def _keep_backups(self) -> None:
        settings, base = self._settings, self._base
        if settings.backup_dir is None:
            return
        plan = BackupPlan(settings.backup_dir, timedelta(hours=settings.backup_hours), settings.backup_keep)
        backups = BackupKeeping(base.database, base.clock, self.health, plan)
        self.jobs.add(keeping.TASK, backups.run, at_least_every=timedelta(hours=1))

    async def _serve(self, bound: socket.socket) -> None:
        services = Services(
            callbacks=self._surface.callbacks,
            consents=self._consents,
            consented=self._calendars.consented,
            hooks=self._tickets.hooks if self._tickets else None,
            catalogues=self._desk.catalogues,
            health=self.health,
            metrics=self.metrics,
            default_language=self._settings.default_language,
            metrics_token=self._settings.metrics_token.get_secret_value(),
            api=self._dispatch.api if self._dispatch else None,
            pages=self._dispatch.pages if self._dispatch else None,
        )
        await serve(create_app(services), bound)

    async def _begin_with_mattermost(self) -> None:
        """Learn who we are, then begin to listen and to speak."""
        me = await self._introduce()
        delivery = ChatDelivery(self._client, self._base.database, self._base.clock, me.id)
        delivery.register(self.outbox)
        listener = Listener(
            self._client, self._base.database, self._base.clock, me.id, report=self._report_stream
        )
        listener.on(Posted, self._surface.home.on_posted)
        listener.on(PostEdited, self._surface.home.on_edited)
        listener.on(Reacted, self._surface.home.on_reacted)
        listener.on(DirectAdded, self._surface.home.on_direct_added)
        listener.on(UserUpdated, self._profiles.on_user_updated)

        async def entered(event: MemberAdded) -> None:
            if event.user_id == me.id:
                await self._calendars.channel_entered(event.channel_id)

        listener.on(MemberAdded, entered)
        self.jobs.add(OUTBOX, self.outbox.deliver_due, at_least_every=timedelta(seconds=30))
        self.jobs.duty("mattermost stream", listener.run)
        self.jobs.add(
            "mattermost", self._watch("mattermost", self._client.me), at_least_every=timedelta(minutes=1)
        )
        self._calendars.add_jobs()
        if self._tickets:
            self._tickets.add_jobs()
        if self._dispatch:
            self._dispatch.add_jobs()

    async def _introduce(self) -> User:
        while True:
            try:
                me = await self._client.me()
            except PeerError as error:
                self.health.report("mattermost", ready=False, detail=describe(error))
                _log.warning("mattermost does not answer yet", reason=describe(error))
                await self._base.clock.sleep_until(self._base.clock.now() + INTRODUCE_AGAIN)
                continue
            self.health.report("mattermost", ready=True, detail=f"we are @{me.username}")
            _log.info("mattermost answers", bot=me.username, version=str(self._client.server_version))
            return me

    def _report_stream(self, state: StreamState) -> None:
        self.health.report("stream", state.connection is Connection.CONNECTED, state.detail)
        if state.connection is Connection.REFUSED:
            self.health.report("mattermost", ready=False, detail="the token of the bot is not accepted")

    async def _guard(self, sole: SoleProcess) -> None:
        """Look after the database; ends, and everything with it, when another process has taken it over."""
        while True:
            try:
                await sole.check()
            except PeerError as error:
                self.health.report("database", ready=False, detail=describe(error))
            else:
                self.health.report("database", ready=True)
            await self._base.clock.sleep_until(self._base.clock.now() + GUARD_EVERY)

    def _watch(self, component: str, look: Callable[[], Awaitable[object]]) -> Task:
        """A task that reports whether a component can still be reached."""

        async def report() -> None:
            try:
                await look()
            except PeerError as error:
                self.health.report(component, ready=False, detail=describe(error))
            else:
                self.health.report(component, ready=True)

        return report

    async def _count(self) -> None:
        """Numbers that have to be asked of the database."""
        self.metrics.set_outbox_rows(
            {state.value: rows for state, rows in (await self.outbox.counts()).items()}
        )

    async def _keep_house(self) -> None:
        """Forget what is no longer needed."""
        await self.outbox.prune()
        async with self._base.database.transaction() as session:
            await sent.prune(session, self._base.clock.now())


def oauth_app(settings: Settings) -> OAuthApp | None:
    """The OAuth 2 application of Sekretar in Mattermost, when there is one."""
    if not settings.oauth_client_id:
        return None
    secret = settings.oauth_client_secret.get_secret_value()
    return OAuthApp(settings.oauth_client_id, secret, settings.public_url + CONSENT_PATH)


def describe(error: PeerError) -> str:
    """An error for the administrator, in a sentence."""
    if isinstance(error, PeerRefused):
        return f"{error.peer}: the token is not accepted"
    return str(error)
