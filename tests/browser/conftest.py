"""One Chromium for the whole run; a fresh sandbox, office and set of windows for each test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from tests import peers
from tests.acceptance.office import ShiftedClock
from tests.browser.client import Client, shots_directory
from tests.browser.clocks import on_tuesday
from tests.browser.office import Office

from sekretar.kernel.clock import SystemClock
from sekretar.sandbox.demo import BOT, Demo, running
from sekretar.sandbox.mattermost.server import MattermostSandbox
from sekretar.sandbox.mattermost.state import User
from sekretar.sandbox.options import DemoOptions
from sekretar.sandbox.ports import free_port

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class House:
    """A sandbox with its people, and the office that lives in it."""

    def __init__(self, sandbox: MattermostSandbox, office: Office) -> None:
        self.sandbox = sandbox
        self.office = office

    @property
    def base(self) -> str:
        return self.sandbox.url

    async def session(self, username: str) -> str:
        """The token of a login of this person."""
        return self.sandbox.add_session(self._user(username))

    async def speak(self, username: str, locale: str) -> None:
        await self.office.admin("PUT", f"/users/{self._user(username).id}/patch", {"locale": locale})

    async def set_custom_status(self, username: str, emoji: str, text: str) -> None:
        """A custom status of this person, for the next hour."""
        until = SystemClock().now() + timedelta(hours=1)
        body = {"emoji": emoji, "text": text, "duration": "date_and_time", "expires_at": until.isoformat()}
        await self.office.request(await self.session(username), "PUT", "/users/me/status/custom", body)

    def _user(self, username: str) -> User:
        user = self.sandbox.world.users.first("username", username)
        assert user
        return user


class OpenPage(Protocol):
    """Opens the page in a window of its own; `who` and `channel` go into the address."""

    async def __call__(self, *, width: int = ..., height: int = ..., **asked: str) -> Client: ...


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser | None]:
    executable = shutil.which("chromium")
    if executable is None:
        yield None
        return
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def house() -> AsyncIterator[House]:
    sandbox = MattermostSandbox(clock=SystemClock())
    # English for the texts that the tests expect; the demo's own people keep what is set here.
    sandbox.add_user("anna", first_name="Anna", last_name="Smirnova", time_zone="Europe/Moscow")
    sandbox.add_user("vera", first_name="Vera", last_name="Orlova", time_zone="Asia/Yekaterinburg")
    sandbox.seed_demo()
    await sandbox.start()
    admin = sandbox.world.users.first("username", "admin")
    assert admin
    office = Office(sandbox.url, sandbox.add_session(admin))
    try:
        await office.start()
        yield House(sandbox, office)
    finally:
        await office.stop()
        await sandbox.stop()


@pytest.fixture
def noon() -> ShiftedClock:
    """The clock of the demo and of whoever looks at it."""
    return on_tuesday(time(12))


@pytest_asyncio.fixture(loop_scope="session")
async def demo(tmp_path: Path, noon: ShiftedClock) -> AsyncIterator[Demo]:
    """The whole product, as `make demo` starts it."""
    options = DemoOptions(port=0, calendar_port=0, listen_port=free_port(), folder=tmp_path / "demo")
    async with running(options, noon) as demo:
        yield demo


@pytest_asyncio.fixture(loop_scope="session")
async def newcomer(
    demo: Demo, noon: ShiftedClock, browser: Browser | None, tmp_path: Path
) -> AsyncIterator[Client]:
    """Anna's window with the bot, in the demo."""
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    context = await browser.new_context(viewport={"width": 1100, "height": 760}, device_scale_factor=2)
    page = await context.new_page()
    await page.clock.set_system_time(noon.now())
    client = Client(page, shots_directory(tmp_path))
    yield await client.open(demo.chat_url, who="anna", channel=f"@{BOT}")
    await context.close()
    assert client.complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(house: House, browser: Browser | None, tmp_path: Path) -> AsyncIterator[OpenPage]:
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    contexts = []
    clients: list[Client] = []

    async def open_page(*, width: int = 1280, height: int = 800, **asked: str) -> Client:
        context = await browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        client = Client(await context.new_page(), shots_directory(tmp_path))
        clients.append(client)
        return await client.open(house.base, **asked)

    yield open_page
    for context in contexts:
        await context.close()
    complaints = [line for client in clients for line in client.complaints]
    assert complaints == []
