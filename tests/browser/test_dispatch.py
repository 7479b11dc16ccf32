"""The dispatch desk as a person sees it: the post of an incident, a letter before it leaves, the thread."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from tests import peers
from tests.browser.client import Client, shots_directory

from sekretar.sandbox import sample_desk
from sekretar.sandbox.demo import running
from sekretar.sandbox.options import DemoOptions
from sekretar.sandbox.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SOON = 20_000


@pytest_asyncio.fixture(loop_scope="session")
async def anna(browser: Browser | None, tmp_path: Path) -> AsyncIterator[Client]:
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    options = DemoOptions(port=0, calendar_port=0, listen_port=free_port(), folder=tmp_path / "demo")
    async with running(options) as demo:
        context = await browser.new_context(viewport={"width": 1100, "height": 900})
        client = Client(await context.new_page(), shots_directory(tmp_path))
        yield await client.open(demo.chat_url, who="anna", channel=sample_desk.CHANNEL)
        await context.close()
        assert client.complaints == []


async def test_an_incident_is_worked_on_by_its_buttons(anna: Client) -> None:
    card = anna.page.get_by_role("article").filter(has_text="NT-1 · ").filter(has_text=sample_desk.POLE)
    await expect(card.get_by_role("button", name="Взять")).to_be_visible(timeout=SOON)
    await anna.shoot("desk-new")
    await card.get_by_role("button", name="Взять").click()
    await expect(card).to_contain_text("В работе", timeout=SOON)
    await card.get_by_role("button", name="Уведомить заявителя…").click()
    await expect(anna.dialog).to_be_visible(timeout=SOON)
    await expect(anna.dialog.get_by_label("Текст")).to_have_value(re.compile("принята в работу"))
    await anna.shoot("desk-letter")
    await anna.dialog.get_by_role("button", name="Отправить").click()
    await expect(card).to_contain_text("Уведомили заявителя", timeout=SOON)
    await anna.shoot("desk-notified")


async def test_an_incident_is_entered_on_the_page(anna: Client) -> None:
    await anna.say("/incident page")
    async with anna.page.context.expect_page() as opened:
        await anna.page.get_by_role("link", name="Откройте свою страницу").click()
    page = await opened.value
    await page.get_by_label("Что случилось").fill("Гудит шкаф")
    await page.get_by_label("Опора или БС").fill(sample_desk.POLE)
    await page.get_by_role("button", name="Завести").click()
    await expect(page.get_by_role("status")).to_contain_text("заведён", timeout=SOON)
    await expect(page.get_by_role("status")).to_contain_text(sample_desk.POLE)
    await expect(anna.page.get_by_role("article").filter(has_text="Гудит шкаф").first).to_be_visible(
        timeout=SOON
    )
