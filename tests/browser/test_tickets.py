"""Tickets as a person sees them: the form of one, the table of several, and a reference in a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from tests import peers
from tests.browser.client import Client, shots_directory

from sekretar.sandbox import sample_tickets
from sekretar.sandbox.demo import BOT, running
from sekretar.sandbox.options import DemoOptions
from sekretar.sandbox.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SOON = 20_000


@pytest_asyncio.fixture(loop_scope="session")
async def anna(browser: Browser | None, tmp_path: Path) -> AsyncIterator[Client]:
    """Somebody whose tracker is connected."""
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    options = DemoOptions(port=0, calendar_port=0, listen_port=free_port(), folder=tmp_path / "demo")
    async with running(options) as demo:
        context = await browser.new_context(viewport={"width": 1100, "height": 860})
        client = Client(await context.new_page(), shots_directory(tmp_path))
        await client.open(demo.chat_url, who="anna", channel=f"@{BOT}")
        await connect(client)
        yield client
        await context.close()
        assert client.complaints == []


async def connect(client: Client) -> None:
    await client.say("/task connect")
    await expect(client.dialog).to_be_visible(timeout=SOON)
    await client.dialog.get_by_label("OAuth-токен").fill(sample_tickets.TOKENS["anna"])
    await client.shoot("ticket-connect")
    await submit(client, "Подключить")
    await expect(client.post("Готово: в tracker вы Анна Смирнова")).to_be_visible(timeout=SOON)


async def submit(client: Client, label: str) -> None:
    """Send the open dialog; another one may follow it."""
    await client.dialog.get_by_role("button", name=label, exact=True).click()


async def test_one_task_several_tasks_and_a_task_spoken_of(anna: Client) -> None:
    await anna.say("/task new")
    which = anna.post("В каком проекте?")
    offered = which.locator("option", has_text="Офис")
    await which.locator("select").select_option(await offered.get_attribute("value"))
    await expect(anna.dialog).to_contain_text("Проект Офис", timeout=SOON)
    await anna.dialog.get_by_label("Тема").fill("Полить цветы")
    await anna.shoot("ticket-form")
    await submit(anna, "Создать")
    await expect(anna.dialog).to_be_hidden(timeout=SOON)
    await expect(anna.post("Полить цветы").get_by_role("link", name="OFFICE-3")).to_be_visible(timeout=SOON)
    await anna.shoot("ticket-made")

    await anna.say("/task list")
    await expect(anna.dialog).to_be_visible(timeout=SOON)
    lines = "Заказать | пропуска @boris до пятницы #office\nСменить баннер @anna !blocker #site"
    await anna.dialog.get_by_label("Задачи").fill(lines)
    await anna.shoot("tickets-form")
    await submit(anna, "Показать")
    preview = anna.post("Вот как я понял")
    cells = preview.get_by_role("row", name="пропуска").get_by_role("cell")
    await expect(cells).to_have_count(6, timeout=SOON)
    await expect(cells.nth(1)).to_have_text("Заказать | пропуска")
    await expect(cells.nth(2)).to_have_text("Boris Lane")
    await anna.shoot("tickets-preview")
    await preview.get_by_role("button", name="Завести все 2").click()
    made = anna.post("Завёл 2 задачи")
    await expect(made.get_by_role("link", name="SITE-2")).to_be_visible(timeout=SOON)
    await anna.shoot("tickets-made")

    await anna.enter("Town Square")
    await anna.say("что с OFFICE-3?")
    await anna.post("что с OFFICE-3?").get_by_role("button", name="1 ответ").click(timeout=SOON)
    reply = anna.thread.locator(".post").last
    await expect(reply.get_by_role("link", name="OFFICE-3")).to_be_visible(timeout=SOON)
    await reply.get_by_role("button", name="Показать").click()
    await expect(anna.post("Полить цветы · Открыт")).to_be_visible(timeout=SOON)
    await anna.shoot("ticket-reference")
