"""The whole product as a newcomer sees it: `make demo`, a browser, and no knowledge of anything.

The pictures of the README are taken here (`make screenshots`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import aiohttp
import pytest
from playwright.async_api import expect
from tests.acceptance.office import ShiftedClock
from tests.browser.client import Client
from tests.browser.first_steps import SOON, connect

from sekretar.sandbox import samples
from sekretar.sandbox.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_newcomer_connects_a_calendar_and_sees_the_day(newcomer: Client, demo: Demo) -> None:
    await connect(newcomer, demo)
    await newcomer.shoot("connect")
    await newcomer.dialog.get_by_role("button", name="Подключить").click()
    await expect(newcomer.dialog).to_be_hidden(timeout=SOON)
    day = newcomer.post("Утренняя планёрка")
    await expect(day).to_be_visible(timeout=SOON)
    await expect(day).to_contain_text("Демо релиза 2.5")
    await expect(day.get_by_role("link", name="Подключиться: Телемост")).to_have_attribute(
        "href", "https://telemost.yandex.ru/j/12345678901234"
    )
    await newcomer.shoot("day")


async def test_a_wrong_password_is_said_at_its_field_and_nothing_typed_is_lost(
    newcomer: Client, demo: Demo
) -> None:
    await connect(newcomer, demo)
    await newcomer.dialog.get_by_label("Пароль приложения").fill("falsch")
    await newcomer.dialog.get_by_role("button", name="Подключить").click()
    await expect(newcomer.dialog).to_contain_text("не принимает этот логин и пароль", timeout=SOON)
    await expect(newcomer.dialog.get_by_label("Адрес сервера")).to_have_value(demo.calendar_url)
    await newcomer.shoot("wrong-password")


async def test_a_meeting_at_the_last_minute_is_told_and_reminded_of(
    newcomer: Client, demo: Demo, noon: ShiftedClock
) -> None:
    await connect(newcomer, demo)
    await newcomer.dialog.get_by_role("button", name="Подключить").click()
    await expect(newcomer.post("Утренняя планёрка")).to_be_visible(timeout=SOON)
    await meet(demo, "Собеседование", noon.now(), timedelta(minutes=5))
    await expect(newcomer.post("Новая встреча")).to_be_visible(timeout=SOON)
    reminder = newcomer.post("⏰")
    await expect(reminder).to_contain_text("Собеседование", timeout=SOON)
    await expect(reminder.get_by_role("link", name="Подключиться")).to_be_visible()
    await newcomer.shoot("reminder")


async def test_boris_is_spoken_to_in_english(newcomer: Client) -> None:
    await newcomer.become("boris")
    await newcomer.enter("sekretar")
    await newcomer.say("/calendar today")
    await expect(newcomer.post("No calendar is connected")).to_be_visible(timeout=SOON)
    await newcomer.say("/calendar help")
    await expect(newcomer.post("connect a calendar")).to_be_visible(timeout=SOON)
    await newcomer.shoot("english")


async def meet(demo: Demo, title: str, now: datetime, ahead: timedelta) -> None:
    """Somebody invites anna, in a calendar program of their own."""
    meeting = samples.SampleEvent(
        "browser@sandbox",
        title,
        now + ahead,
        timedelta(minutes=30),
        place="Переговорная 2",
        more=("CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://meet.jit.si/interview",),
    )
    async with aiohttp.ClientSession() as session:
        await samples.put_event(session, demo.calendar_url, "anna", "work", meeting, now)
