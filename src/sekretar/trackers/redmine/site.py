"""A Redmine that the administrator named, and who may be seen through whose eyes.

Redmine takes a wrong key for *anonymous* and ignores the Switch-User header of somebody who is no administrator; both
answer 200. So before anything is asked with credentials, Redmine is asked who they make us, and asked again after a
minute: a key can be withdrawn while a public list still answers it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import aiohttp

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerRefused, PeerUnsupported
from sekretar.trackers.errors import NotATracker, UnknownPerson
from sekretar.trackers.exchange import shaped
from sekretar.trackers.port import TrackerKind
from sekretar.trackers.redmine import examination, reading
from sekretar.trackers.redmine.addresses import Addresses
from sekretar.trackers.redmine.directory import Directory
from sekretar.trackers.redmine.tracker import RedmineTracker
from sekretar.trackers.redmine.wire import Credentials, Wire
from sekretar.trackers.settings import RedmineSettings
from sekretar.trackers.values import Account, Can, Examination

#: How long an answer to *who am I* is believed.
BELIEVED = timedelta(minutes=1)

#: What Redmine allows in a login; it also keeps line breaks out of the header.
_LOGIN = re.compile(r"[A-Za-z0-9_\-@.]{1,60}")
_KEY = re.compile(r"[!-~]{1,200}")

_CAPABILITIES = frozenset(
    {
        Can.START_DATE,
        Can.DONE_RATIO,
        Can.TIME_ACTIVITIES,
        Can.PRIVATE_TICKETS,
        Can.INITIAL_STATUS,
        Can.GROUP_ASSIGNEES,
    }
)


class RedmineSite:
    """One Redmine from 4.2 on. `session` goes to servers that the administrator named."""

    kind = TrackerKind.REDMINE

    def __init__(self, settings: RedmineSettings, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.name = settings.name
        self.addresses = Addresses(settings.name, settings.url, settings.public_url or settings.url)
        self._session, self._clock = session, clock
        self._key = settings.key.get_secret_value()
        self.directory = Directory(clock, self.wire(Credentials(self._key)) if self._key else None)
        self._believed: dict[Credentials, tuple[datetime, Account]] = {}

    @property
    def capabilities(self) -> frozenset[Can]:
        return _CAPABILITIES | ({Can.ACT_FOR_PEOPLE} if self._key else set())

    @property
    def clock(self) -> Clock:
        return self._clock

    def service(self) -> RedmineTracker:
        return RedmineTracker(self, Credentials(self._service_key()))

    def owner(self, key: str) -> RedmineTracker:
        if not _KEY.fullmatch(key):
            raise PeerRefused(self.name, "this is not a key")
        return RedmineTracker(self, Credentials(key))

    def person(self, login: str) -> RedmineTracker:
        if not _LOGIN.fullmatch(login):
            raise UnknownPerson(self.name, "this is not a login")
        return RedmineTracker(self, Credentials(self._service_key(), login))

    async def examine(self) -> Examination:
        return await examination.examine(self.service() if self._key else None, self.name)

    def wire(self, credentials: Credentials) -> Wire:
        return Wire(self._session, self.addresses.url, self.name, credentials)

    async def identify(self, credentials: Credentials, *, anew: bool = False) -> Account:
        """Who these credentials make us; asked anew, or believed for a while.

        Raises `PeerRefused`, `UnknownPerson`, `PeerForbidden` when the service account cannot act for people,
        `PeerUnsupported` when the REST API is switched off.
        """
        until, account = self._believed.get(credentials, (None, None))
        if account is None or until is None or anew or self._clock.now() >= until:
            self._believed.pop(credentials, None)
            account = await self._ask_who(credentials)
            now = self._clock.now()
            self._believed = {key: known for key, known in self._believed.items() if known[0] > now}
            self._believed[credentials] = (now + BELIEVED, account)
        return account

    async def _ask_who(self, credentials: Credentials) -> Account:
        wire = self.wire(credentials)
        try:
            answer = await wire.get("/users/current.json")
        except UnknownPerson:
            raise
        except PeerForbidden as error:
            raise PeerUnsupported(self.name, "the REST API is switched off") from error
        except PeerInvalid as error:
            raise NotATracker(self.name, error.detail) from error
        with shaped(self.name):
            account = reading.account(answer["user"])
        login = credentials.login
        if login and (account.member.login or "").lower() != login.lower():
            raise PeerForbidden(
                self.name, f"the service account cannot act for {login}: it is no administrator"
            )
        return account

    def _service_key(self) -> str:
        if not self._key:
            raise PeerUnsupported(self.name, "no service account is configured")
        return self._key
