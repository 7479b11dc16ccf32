"""The trackers that the suite runs against, and an office that hears of its tickets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.integration.tickets.houses import House, RedmineHouse, YandexHouse, redmine_house, yandex_house
from tests.integration.tickets.paper import PaperSite
from tests.integration.tickets.watch import Watch, open_watch
from tests.peers_redmine import Redmine

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.trackers.port import Tracker


@pytest.fixture
async def redmine_here(redmine: Redmine) -> AsyncIterator[RedmineHouse]:
    async with redmine_house(redmine) as house:
        yield house


@pytest.fixture
async def yandex_here() -> AsyncIterator[YandexHouse]:
    async with yandex_house() as house:
        yield house


@pytest.fixture(params=["redmine", "yandex"])
def house(request: pytest.FixtureRequest) -> House:
    """Runs the test once for each tracker."""
    found: House = request.getfixturevalue(f"{request.param}_here")
    return found


@pytest.fixture
def anna(house: House) -> Tracker:
    return house.site.owner(house.keys["anna"])


@pytest.fixture
def boris(house: House) -> Tracker:
    return house.site.owner(house.keys["boris"])


@pytest.fixture
async def watch(database: Database, clock: ManualClock) -> Watch:
    """Anna, Boris and Chris are connected to a tracker on paper."""
    watch = open_watch(database, clock, PaperSite())
    for name in ("anna", "boris", "chris"):
        await watch.office.slash(name, "/task connect redmine")
        await watch.fill(name, key=name)
    return watch
