"""Looking around in one's calendar, in a browser: a week, the one after it, and one meeting."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.client import Client
from tests.browser.first_steps import SOON, connect

from sekretar.sandbox.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_week_is_looked_through_and_a_meeting_opened(newcomer: Client, demo: Demo) -> None:
    await connect(newcomer, demo)
    await newcomer.dialog.get_by_role("button", name="Подключить").click()
    await expect(newcomer.post("Утренняя планёрка")).to_be_visible(timeout=SOON)

    await newcomer.say("calendar следующая неделя")
    week = newcomer.post("Неделя ")
    await expect(week).to_contain_text("Утренняя планёрка", timeout=SOON)
    await expect(week).to_contain_text("Понедельник")
    await newcomer.shoot("week")

    await week.get_by_role("button", name="»").click()
    await expect(newcomer.post("Неделя ")).to_contain_text("Утренняя планёрка", timeout=SOON)

    await newcomer.say("calendar сегодня завтра")
    days = newcomer.post("Демо релиза 2.5")
    await expect(days.get_by_label("Открыть встречу…")).to_be_visible(timeout=SOON)
    offered = days.get_by_label("Открыть встречу…").locator("option", has_text="Демо релиза 2.5")
    await days.get_by_label("Открыть встречу…").select_option(await offered.get_attribute("value"))
    meeting = newcomer.post("Организатор")
    await expect(meeting).to_contain_text("да (1): Boris Lane", timeout=SOON)
    await expect(meeting).to_contain_text("Переговорная 3")
    await newcomer.shoot("meeting")
