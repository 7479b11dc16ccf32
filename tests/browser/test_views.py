"""Looking around in one's calendar, in a browser: a week, the one after it, and one meeting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from tests import peers
from tests.browser.client import Client, shots_directory
from tests.browser.test_product import SOON, connect

from sekretar.sandbox.demo import BOT, Demo, running
from sekretar.sandbox.options import DemoOptions
from sekretar.sandbox.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    options = DemoOptions(port=0, calendar_port=0, listen_port=free_port(), folder=tmp_path / "demo")
    async with running(options) as demo:
        yield demo


@pytest_asyncio.fixture(loop_scope="session")
async def client(demo: Demo, browser: Browser | None, tmp_path: Path) -> AsyncIterator[Client]:
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    context = await browser.new_context(viewport={"width": 1100, "height": 900}, device_scale_factor=2)
    client = Client(await context.new_page(), shots_directory(tmp_path))
    yield await client.open(demo.chat_url, who="anna", channel=f"@{BOT}")
    await context.close()
    assert client.complaints == []


async def test_a_week_is_looked_through_and_a_meeting_opened(client: Client, demo: Demo) -> None:
    await connect(client, demo)
    await client.dialog.get_by_role("button", name="Подключить").click()
    await expect(client.post("Утренняя планёрка")).to_be_visible(timeout=SOON)

    await client.say("calendar следующая неделя")
    week = client.post("Неделя ")
    await expect(week).to_contain_text("Утренняя планёрка", timeout=SOON)
    await expect(week).to_contain_text("Понедельник")
    await client.shoot("week")

    await week.get_by_role("button", name="»").click()
    await expect(client.post("Неделя ")).to_contain_text("Утренняя планёрка", timeout=SOON)

    await client.say("calendar сегодня завтра")
    days = client.post("Демо релиза 2.5")
    await expect(days.get_by_label("Открыть встречу…")).to_be_visible(timeout=SOON)
    offered = days.get_by_label("Открыть встречу…").locator("option", has_text="Демо релиза 2.5")
    await days.get_by_label("Открыть встречу…").select_option(await offered.get_attribute("value"))
    meeting = client.post("Организатор")
    await expect(meeting).to_contain_text("да (1): Boris Lane", timeout=SOON)
    await expect(meeting).to_contain_text("Переговорная 3")
    await client.shoot("meeting")
