"""A Yandex Tracker that the administrator named: one organisation, seen by the tokens of its people.

Nobody can act for others there: everybody brings a token of their own, and the service account only reads what it may
see itself. Tokens of the cloud (IAM) are known by their form.
"""

from __future__ import annotations

import re

import aiohttp

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerRefused, PeerUnsupported
from sekretar.trackers.port import TrackerKind
from sekretar.trackers.settings import YandexSettings
from sekretar.trackers.values import Can, Examination
from sekretar.trackers.yandex import examination
from sekretar.trackers.yandex.addresses import Addresses
from sekretar.trackers.yandex.directory import Directory
from sekretar.trackers.yandex.pace import OTHERS, SEARCHES, Pace
from sekretar.trackers.yandex.tracker import YandexTracker
from sekretar.trackers.yandex.wire import Wire

_TOKEN = re.compile(r"[!-~]{1,4000}")
_IAM = "t1."

#: Tokens whose pace is remembered; the one that was unused for longest is forgotten.
_MOST_PACES = 1_000

_CAPABILITIES = frozenset({Can.NATIVE_UNIQUE, Can.START_DATE, Can.PUSH})


class YandexSite:
    """One organisation. `session` goes to servers that the administrator named; the limits are requests a second."""

    kind = TrackerKind.YANDEX
    capabilities = _CAPABILITIES

    def __init__(
        self,
        settings: YandexSettings,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        searches: int = SEARCHES,
        others: int = OTHERS,
    ) -> None:
        self.name = settings.name
        self.clock = clock
        self.addresses = Addresses(settings.name, settings.public_url, settings.oauth_client)
        self.directory = Directory(clock)
        self._session, self._url = session, settings.url
        self._token = settings.key.get_secret_value()
        self._organisation = settings.organisation
        self._limits = (searches, others)
        self._paces: dict[str, Pace] = {}

    def service(self) -> YandexTracker:
        if not self._token:
            raise PeerUnsupported(self.name, "no service account is configured")
        return self.owner(self._token)

    def owner(self, key: str) -> YandexTracker:
        if not _TOKEN.fullmatch(key):
            raise PeerRefused(self.name, "this is not a token")
        return YandexTracker(self, self._wire(key))

    def person(self, login: str) -> YandexTracker:
        raise PeerUnsupported(self.name, "Yandex Tracker lets nobody act for others")

    async def examine(self) -> Examination:
        return await examination.examine(self.service() if self._token else None, self.name)

    def _wire(self, token: str) -> Wire:
        scheme = "Bearer" if token.startswith(_IAM) else "OAuth"
        headers = {"Authorization": f"{scheme} {token}", **self._organisation, "Accept": "application/json"}
        return Wire(self._session, self._url, self.name, headers, self._pace(token))

    def _pace(self, token: str) -> Pace:
        pace = self._paces.pop(token, None) or Pace(self.clock, self.name, *self._limits)
        self._paces[token] = pace
        if len(self._paces) > _MOST_PACES:
            del self._paces[next(iter(self._paces))]
        return pace
