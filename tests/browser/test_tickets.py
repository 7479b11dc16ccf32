"""Tickets as a person sees them: the form of one, the table of several, and a reference in a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
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


#: Opens the page of somebody of the demo in a window of its own.
OpenAs = Callable[[str], Awaitable[Client]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_as(browser: Browser | None, tmp_path: Path) -> AsyncIterator[OpenAs]:
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    options = DemoOptions(port=0, calendar_port=0, listen_port=free_port(), folder=tmp_path / "demo")
    async with running(options) as demo:
        clients = []

        async def open_as(name: str) -> Client:
            context = await browser.new_context(viewport={"width": 1100, "height": 860})
            client = Client(await context.new_page(), shots_directory(tmp_path))
            clients.append(client)
            return await client.open(demo.chat_url, who=name, channel=f"@{BOT}")

        yield open_as
        for client in clients:
            await client.page.context.close()
            assert client.complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def anna(open_as: OpenAs) -> Client:
    """Somebody whose tracker is connected."""
    client = await open_as("anna")
    await connect(client, "anna", "OAuth-токен", "Подключить")
    await expect(client.post("Готово: в tracker вы Анна Смирнова")).to_be_visible(timeout=SOON)
    return client


async def connect(client: Client, name: str, label: str, button: str) -> None:
    await client.say("/task connect")
    await expect(client.dialog).to_be_visible(timeout=SOON)
    await client.dialog.get_by_label(label).fill(sample_tickets.TOKENS[name])
    await client.shoot(f"ticket-connect-{name}")
    await submit(client, button)


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


async def test_lists_and_one_task_with_what_can_be_done(anna: Client, open_as: OpenAs) -> None:
    boris = await open_as("boris")
    await connect(boris, "boris", "OAuth token", "Connect")
    await expect(boris.post("you are Boris Lane")).to_be_visible(timeout=SOON)
    await boris.say("/task overdue")
    late = boris.post("Overdue tasks of yours")
    await expect(late.get_by_role("link", name="OFFICE-2")).to_be_visible(timeout=SOON)
    await boris.shoot("tickets-overdue-en")
    await boris.say("/task show OFFICE-2")
    await expect(boris.post("OFFICE-2 Заказать воду").get_by_role("button", name="Log time")).to_be_visible(
        timeout=SOON
    )
    await boris.shoot("ticket-card-en")

    await anna.say("/task mine")
    mine = anna.post("Ваши задачи")
    await expect(mine.get_by_role("link", name="OFFICE-1")).to_be_visible(timeout=SOON)
    await anna.shoot("tickets-mine")
    await mine.locator("select").select_option(label="OFFICE-1 Продлить пропуска")
    card = anna.post("OFFICE-1 Продлить пропуска")
    await expect(card.get_by_role("button", name="Комментарий")).to_be_visible(timeout=SOON)
    await card.get_by_role("button", name="Комментарий").click()
    await expect(anna.dialog).to_be_visible(timeout=SOON)
    await anna.dialog.get_by_label("Комментарий").fill("Бланки | у *охраны*")
    await submit(anna, "Записать")
    await expect(anna.post("Бланки | у *охраны*")).to_be_visible(timeout=SOON)
    await anna.shoot("ticket-card")
    steps = anna.post("OFFICE-1 Продлить пропуска").locator("select").last
    await steps.select_option(index=1)
    await expect(anna.post("Статус:")).to_be_visible(timeout=SOON)
    await anna.shoot("ticket-moved")
