"""A database with one person, and a server that is not Mattermost but answers like it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest
from tests.integration.mattermost.surface_desk import Office, open_office
from tests.unit.mattermost.fakes import ANNA, FakeServer, serving

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.people import People, Person, Profile
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.mattermost.client import MattermostClient


@pytest.fixture
def vault() -> Vault:
    return Vault([generate_key()])


@pytest.fixture
async def fake_and_client(clock: ManualClock) -> AsyncIterator[tuple[FakeServer, MattermostClient]]:
    async with serving(clock) as both:
        yield both


@pytest.fixture
def fake(fake_and_client: tuple[FakeServer, MattermostClient]) -> FakeServer:
    return fake_and_client[0]


@pytest.fixture
def client(fake_and_client: tuple[FakeServer, MattermostClient]) -> MattermostClient:
    return fake_and_client[1]


@pytest.fixture
def people() -> People:
    return People("https://chat.example.org", "en", ZoneInfo("Europe/Moscow"))


@pytest.fixture
async def anna(database: Database, people: People, clock: ManualClock) -> Person:
    profile = Profile(ANNA, "anna", "Anna", "", "ru", None, True, "anna@example.com")
    async with database.transaction() as session:
        return await people.remember(session, profile, clock.now())


@pytest.fixture
def office(request: pytest.FixtureRequest, database: Database, clock: ManualClock) -> Office:
    """The surface with what the module's own `feature` hangs into the chat."""
    return open_office(database, clock, request.getfixturevalue("feature").chat)
