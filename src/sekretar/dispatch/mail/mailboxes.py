"""The mailboxes of all desks, each read by one process, in one thread, over one connection, for as long as it runs.

The connection waits in IDLE, which is begun anew every few minutes, and after every word of the server (and every
few minutes without one) the folders are looked at: the inbox first, then the sent letters. After something new the
first waits are short: letters come in bursts, and some servers never tell of one that came just before IDLE.

What is wrong with a mailbox is a value (`Standing`), told to whoever raises alarms; reading goes on trying, with
longer and longer pauses.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from sekretar.dispatch.mail.folders import named, sent_folder
from sekretar.dispatch.mail.imap import Imap, peer_name
from sekretar.dispatch.mail.imap_wire import Calling
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.mail.own_thread import OwnThread
from sekretar.dispatch.mail.reading import Reader, Remote, Suspects
from sekretar.dispatch.mail.trouble import MailboxTrouble, Standing, TroubleKind, kind_of, pause_after
from sekretar.dispatch.settings import DeskSettings, MailboxSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerError, PeerNotFound, PeerUnsupported
from sekretar.kernel.jobs import Jobs
from sekretar.kernel.leases import Leases

#: Hears how a mailbox is whenever trouble begins, becomes another one, or ends. Returns at once.
StandingListener = Callable[[Standing], None]

_log = structlog.get_logger(__name__)

#: Connections that end more often than this are no habit of the server but trouble.
_LAPSES_APART = timedelta(minutes=1)

#: Half of the first pause after IDLE that ended too soon; each is twice as long as the one before.
_FIRST_REST = timedelta(seconds=0.05)
#: More often than this nothing is doubled; by then it is longer than any setting.
_DOUBLINGS = 16


@dataclass(frozen=True)
class Pace:
    """How often a mailbox is looked at.

    Attributes:
        poll: Between two looks at a server that does not know IDLE.
        idle: How long the server may be silent; None is what the settings of the mailbox say.
        first_idle: How long it may be so after something new; then twice as long each time, up to `idle`.
        restless: IDLE that ended sooner, without anything being new, is followed by a pause.
        longest_rest: The longest such pause.
    """

    poll: timedelta = timedelta(seconds=20)
    idle: timedelta | None = None
    first_idle: timedelta = timedelta(seconds=1)
    restless: timedelta = timedelta(seconds=2)
    longest_rest: timedelta = timedelta(seconds=20)


class Mailboxes:
    """Every mailbox of every desk.

    Args:
        leases: None where this process has the database to itself.
        tls: Whose certificates are trusted.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        desks: Sequence[DeskSettings],
        tls: ssl.SSLContext,
        leases: Leases | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._leases = leases
        self._listeners: list[StandingListener] = []
        self._mailboxes = [
            _Mailbox(desk.name, mailbox, database, clock, tls, pace or Pace(), self._tell)
            for desk in desks
            for mailbox in desk.mailboxes
        ]

    def on_standing(self, listener: StandingListener) -> None:
        """Have the listener told when trouble with a mailbox begins, changes its kind, or ends."""
        self._listeners.append(listener)

    def standings(self) -> list[Standing]:
        """How every mailbox is, as far as this process knows."""
        return [mailbox.standing for mailbox in self._mailboxes]

    def add_duties(self, jobs: Jobs) -> None:
        """Hang the reading into the engine, one duty for each mailbox."""
        for mailbox in self._mailboxes:
            name = f"mailbox {mailbox.standing.mailbox}"
            jobs.duty(name, self._leases.held(name, mailbox.run) if self._leases else mailbox.run)

    def _tell(self, standing: Standing) -> None:
        for listener in self._listeners:
            listener(standing)


class _Mailbox:
    """One mailbox, read until cancelled."""

    def __init__(
        self,
        desk: str,
        settings: MailboxSettings,
        database: Database,
        clock: Clock,
        tls: ssl.SSLContext,
        pace: Pace,
        tell: StandingListener,
    ) -> None:
        self.standing = Standing(desk, settings.address.casefold())
        self._settings, self._database, self._clock = settings, database, clock
        self._tls, self._pace, self._tell = tls, pace, tell
        self._suspects = Suspects()
        self._idle = pace.idle or timedelta(minutes=settings.idle_minutes)
        self._lapsed_at: datetime | None = None
        #: The trouble that the listeners know of.
        self._told: TroubleKind | None = None

    async def run(self) -> None:
        """Read, and after every failure try again.

        Raises:
            PeerDown: the database is unreachable; that is not a matter of the mailbox.
        """
        while True:
            begun = self._clock.now()
            try:
                async with connected(self._settings, self._tls) as remote:
                    await self._serve(remote)
            except PeerError as error:
                if error.peer != peer_name(self._settings):
                    raise
                if not self._is_lapse(error, begun):
                    await self._clock.sleep_until(self._in_trouble(error).next_try_at)

    def _is_lapse(self, error: PeerError, begun: datetime) -> bool:
        """Whether the server has only ended a connection that served for a while, as they do: no trouble."""
        read_at, now = self.standing.read_at, self._clock.now()
        served = read_at is not None and read_at >= begun and self.standing.trouble is None
        seldom = self._lapsed_at is None or now - self._lapsed_at > _LAPSES_APART
        if not (served and seldom and kind_of(error) is TroubleKind.DOWN):
            return False
        self._lapsed_at = now
        _log.info("mailbox_connection_ended", mailbox=self.standing.mailbox, detail=error.detail)
        return True

    # --- reading

    async def _serve(self, remote: Remote) -> None:
        inbox, sent = await self._find_folders(remote)
        reader = Reader(
            self.standing.desk, self._settings, self._database, self._clock, remote, self._suspects
        )
        quiet = restless = 0
        while True:
            new = await reader.read(inbox, Direction.IN)
            if sent is not None and not await reader.is_unchanged(sent):
                # The inbox has to be open again for IDLE, and may have changed meanwhile.
                new += await reader.read(sent, Direction.OUT)
                new += await reader.read(inbox, Direction.IN)
            self._read()
            if new:
                quiet = restless = 0
            elif restless:
                rest = _FIRST_REST * 2 ** min(restless, _DOUBLINGS)
                await self._rest(min(rest, self._pace.longest_rest))
            longest = min(self._pace.first_idle * 2 ** min(quiet, _DOUBLINGS), self._idle)
            soon = min(self._pace.restless, longest / 2)
            restless = restless + 1 if await self._wait(remote, longest) < soon else 0
            quiet += 1

    async def _rest(self, span: timedelta) -> None:
        await self._clock.sleep_until(self._clock.now() + span)

    async def _find_folders(self, remote: Remote) -> tuple[str, str | None]:
        folders = await remote.ask(remote.imap.folders)
        inbox = named(folders, self._settings.inbox)
        if inbox is None:
            raise PeerNotFound(peer_name(self._settings), f"there is no folder {self._settings.inbox}")
        sent = sent_folder(folders, self._settings.sent)
        self.standing = replace(self.standing, sent=sent.name if sent else None, idles=remote.imap.idles)
        return inbox.name, sent.name if sent and sent != inbox else None

    async def _wait(self, remote: Remote, longest: timedelta) -> timedelta:
        """Until the server has something to say, or it is time to ask; returns how long that was."""
        begun = self._clock.now()
        if remote.imap.idles:
            try:
                await remote.ask(remote.imap.idle, longest.total_seconds())
            except PeerUnsupported:
                self.standing = replace(self.standing, idles=False)
        else:
            await self._rest(self._pace.poll)
        return self._clock.now() - begun

    # --- how it is

    def _read(self) -> None:
        self.standing = replace(self.standing, trouble=None, read_at=self._clock.now())
        if self._told is not None:
            _log.info("mailbox_recovered", mailbox=self.standing.mailbox, after=self._told.value)
            self._told = None
            self._tell(self.standing)

    def _in_trouble(self, error: PeerError) -> MailboxTrouble:
        now, kind, before = self._clock.now(), kind_of(error), self.standing.trouble
        times = before.times + 1 if before is not None and before.kind is kind else 1
        trouble = MailboxTrouble(
            kind=kind,
            detail=error.detail,
            since=before.since if before is not None else now,
            times=times,
            next_try_at=now + pause_after(kind, times),
        )
        self.standing = replace(self.standing, trouble=trouble)
        _log.warning(
            "mailbox_not_read",
            mailbox=self.standing.mailbox,
            kind=kind.value,
            times=times,
            error=error.detail,
        )
        if trouble.is_certain and kind is not self._told:
            self._told = kind
            self._tell(self.standing)
        return trouble


@contextlib.asynccontextmanager
async def connected(mailbox: MailboxSettings, tls: ssl.SSLContext) -> AsyncIterator[Remote]:
    """A connection in a thread of its own, signed in; both end with the block, however it is left.

    Raises:
        PeerError: of the mailbox, see `Imap.sign_in`.
    """
    calling = Calling()
    opened: list[Imap] = []

    def open_it() -> Imap:
        opened.append(Imap.sign_in(mailbox, calling, tls))
        return opened[0]

    def tidy() -> None:
        for imap in opened:
            imap.leave()
        calling.close()

    thread = OwnThread(f"mailbox {mailbox.address}", calling.off, tidy)
    try:
        yield Remote(thread, await thread.run(partial(open_it)))
    finally:
        await thread.end()
