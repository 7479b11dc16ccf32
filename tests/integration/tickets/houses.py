"""Houses with a tracker in them: the same people and projects, whatever the tracker is called.

Anna works everywhere. Boris works at the desk and has few rights there. Gleb can see the desk and cannot be an
assignee. The project *vault* is Anna's alone, *attic* is closed. A new tracker joins the suite by a
class like `RedmineHouse`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr
from tests.integration.tickets.between import Between, between
from tests.peers_redmine import Redmine

from sekretar.kernel.clock import Clock, SystemClock
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.sandbox.tracker import TrackerSandbox
from sekretar.trackers.port import Tracker, TrackerSite
from sekretar.trackers.redmine import RedmineSite
from sekretar.trackers.requests import Change
from sekretar.trackers.settings import RedmineSettings, YandexSettings
from sekretar.trackers.values import TicketRef
from sekretar.trackers.yandex import YandexSite


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
        """The ids of *desk*, *vault*, *strict*, and *attic* where the tracker closes projects."""
        ...

    @property
    def types(self) -> Mapping[str, str]:
        """The ids of *plain* and of *strict*, which has a required custom field in the project *strict*."""
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
    def proof(self) -> tuple[str, str]:
        """Method and end of the path of a request that proves a key before changes are read."""
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
    proof = ("GET", "/users/current.json")
    unknown_ticket = "99999"

    @property
    def keys(self) -> Mapping[str, str]:
        return {login: self.redmine.key(login) for login in self.redmine.seed["users"]} | {"wrong": "0" * 40}

    @property
    def projects(self) -> Mapping[str, str]:
        found = {name: str(number) for name, number in self.redmine.seed["projects"].items()}
        return {**found, "strict": found["desk"]}

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


@dataclass
class YandexHouse:
    """The same house with the Tracker sandbox in it. Gleb has no full access; Boris may only read and comment."""

    sandbox: TrackerSandbox
    site: YandexSite
    way: Between
    strict_field: tuple[str, str]
    creation = ("POST", "/issues/")
    proof = ("POST", "/issues/_search")
    unknown_ticket = "DESK-99999"

    @property
    def keys(self) -> Mapping[str, str]:
        return {name: f"token-{name}" for name in ("anna", "boris", "gleb")} | {"wrong": "y0_nobody"}

    @property
    def projects(self) -> Mapping[str, str]:
        return {"desk": "DESK", "vault": "VAULT", "strict": "STRICT"}

    @property
    def types(self) -> Mapping[str, str]:
        return {"plain": "bug", "strict": "task"}

    async def elsewhere(self, ref: TicketRef, subject: str) -> None:
        administrator = self.site.service()
        await administrator.change(ref, Change(subject=subject))


@contextlib.asynccontextmanager
async def yandex_house(clock: Clock | None = None, **more: Any) -> AsyncIterator[YandexHouse]:
    """`more` goes to the settings of the tracker; people there wait for no turn."""
    clock = clock or SystemClock()
    sandbox = TrackerSandbox(clock=clock)
    field = _people_and_queues(sandbox)
    await sandbox.start()
    http = HttpSessions(HttpSettings(trust_env=False))
    async with between(sandbox.url) as way:
        given: dict[str, Any] = {"org_id": "1", "key": "token-service", **more}
        settings = YandexSettings(kind="yandex", name="main", url=str(way.url).rstrip("/"), **given)
        site = YandexSite(settings, http.peers, clock, searches=1000, others=1000)
        try:
            yield YandexHouse(sandbox, site, way, (field, "North"))
        finally:
            await http.close()
            await sandbox.stop()


def _people_and_queues(sandbox: TrackerSandbox) -> str:
    """Returns the id of the required field."""
    service = sandbox.add_user("service", "Sekretar Service")
    anna = sandbox.add_user("anna", "Anna Petrova")
    boris = sandbox.add_user("boris", "Boris Ivanov")
    sandbox.add_user("gleb", "Gleb Guest", licensed=False)
    sandbox.add_queue("DESK", "Help desk", anna, write={anna.uid, service.uid})
    sandbox.add_queue("VAULT", "Vault", anna, read={anna.uid, service.uid})
    strict = sandbox.add_queue("STRICT", "Strict", anna, write={anna.uid, boris.uid})
    return sandbox.add_field(strict, "district", "District", required=True, values=("North", "South")).id
