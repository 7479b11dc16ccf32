"""A sandbox per test, on a clock that stands until it is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.integration.sandbox.office import Integration, Office

from sekretar.kernel.clock import ManualClock
from sekretar.sandbox.mattermost import MattermostSandbox


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def integration() -> AsyncIterator[Integration]:
    integration = Integration()
    await integration.start()
    yield integration
    await integration.stop()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[MattermostSandbox]:
    sandbox = MattermostSandbox(clock=clock)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
def office(sandbox: MattermostSandbox, session: aiohttp.ClientSession, integration: Integration) -> Office:
    return Office(sandbox, session, integration)
