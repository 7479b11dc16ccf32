"""Houses with a tracker in them: the same people and projects, whatever the tracker is called.

Anna works everywhere. Boris works at the desk and has few rights there. Gleb can see the desk and cannot be an
assignee. The project *vault* is Anna's alone, *attic* is closed. A new tracker joins the suite by a
class like `RedmineHouse`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr
from tests.integration.tickets.between import Between, between
from tests.peers_redmine import Redmine

from sekretar.kernel.clock import SystemClock
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.tickets.trackers.port import Tracker, TrackerSite
from sekretar.tickets.trackers.redmine import RedmineSite
from sekretar.tickets.trackers.settings import RedmineSettings
from sekretar.tickets.trackers.values import TicketRef


class House(Protocol):
    """What the suite needs to know of a house with a tracker."""

    @property
    def site(self) -> TrackerSite: ...
    @property
    def way(self) -> Between: ...

    @property
    def keys(self) -> Mapping[str, str]:
        """The own key of each person, and under *wrong* one that nobody has."""
        ...

    @property
    def projects(self) -> Mapping[str, str]:
        """The ids of *desk*, *vault*, *attic*."""
        ...

    @property
    def types(self) -> Mapping[str, str]:
        """The ids of *plain* and of *strict*, which has a required custom field."""
        ...

    @property
    def strict_field(self) -> tuple[str, str]:
        """The id of that field, and one of its values."""
        ...

    @property
    def creation(self) -> tuple[str, str]:
        """Method and end of the path of the request that makes a ticket."""
        ...

    @property
    def who_am_i(self) -> str:
        """The end of the path of the request that proves a key."""
        ...

    @property
    def unknown_ticket(self) -> str:
        """A well-formed key that no ticket has."""
        ...

    async def elsewhere(self, ref: TicketRef, subject: str) -> None:
        """The administrator changes a subject in the tracker itself."""
        ...


@dataclass
class RedmineHouse:
    """The house of `tests/data/redmine/seed.rb`."""

    redmine: Redmine
    site: RedmineSite
    way: Between
    creation = ("POST", "/issues.json")
    who_am_i = "/users/current.json"
    unknown_ticket = "99999"

    @property
    def keys(self) -> Mapping[str, str]:
        return {login: self.redmine.key(login) for login in self.redmine.seed["users"]} | {"wrong": "0" * 40}

    @property
    def projects(self) -> Mapping[str, str]:
        return {name: str(number) for name, number in self.redmine.seed["projects"].items()}

    @property
    def types(self) -> Mapping[str, str]:
        found = self.redmine.seed["trackers"]
        return {"plain": str(found["bug"]), "strict": str(found["support"])}

    @property
    def strict_field(self) -> tuple[str, str]:
        return str(self.redmine.seed["fields"]["district"]), "North"

    async def elsewhere(self, ref: TicketRef, subject: str) -> None:
        self.redmine.call("PUT", f"/issues/{ref.key}.json", {"issue": {"subject": subject}})

    def as_login(self, login: str) -> Tracker:
        return self.site.owner(self.keys[login])


@contextlib.asynccontextmanager
async def redmine_house(redmine: Redmine, key: str | None = None) -> AsyncIterator[RedmineHouse]:
    """With `key` as the key of the service account, the administrator's unless another is named."""
    http = HttpSessions(HttpSettings(trust_env=False))
    async with between(redmine.url) as way:
        settings = RedmineSettings(
            kind="redmine",
            name="main",
            url=str(way.url),
            public_url="https://redmine.example.test/redmine",
            key=SecretStr(redmine.key("admin") if key is None else key),
        )
        try:
            yield RedmineHouse(redmine, RedmineSite(settings, http.peers, SystemClock()), way)
        finally:
            await http.close()
