"""What everybody does first in the demo."""

from __future__ import annotations

from playwright.async_api import expect
from tests.browser.client import Client

from sekretar.sandbox.demo import Demo

#: Calendars are looked at every other second in the demo; the machine may be busy.
SOON = 20_000


async def connect(client: Client, demo: Demo) -> None:
    """From the first word to a connected calendar, by buttons."""
    await client.say("привет")
    welcome = client.post("Секретарь")
    await welcome.get_by_role("button", name="Подключить календарь").click()
    await client.posts.get_by_role("button", name="Другой").last.click()
    await expect(client.dialog).to_be_visible()
    await client.dialog.get_by_label("Адрес сервера").fill(demo.calendar_url)
    await client.dialog.get_by_label("Логин").fill("anna")
    await client.dialog.get_by_label("Пароль приложения").fill("anna")
