"""One whole day of a person, as it is seen: from the first word in the morning to leaving in the evening."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect
from tests import peers
from tests.browser.day import SOON, Day, a_day, invitation

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RUSSIAN = ("/calendar connect other", "Адрес сервера", "Логин", "Пароль приложения", "Подключить")
BERLIN = ZoneInfo("Europe/Berlin")
ENGLISH = ("/calendar connect other", "Server address", "Login", "App password", "Connect")


async def test_the_day_of_anna(browser: Browser | None, tmp_path: Path) -> None:
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    async with a_day(browser, tmp_path, "anna", time(8, 40)) as day:
        await colleague_connects(day)
        await morning(day)
        await digest_and_first_meeting(day)
        await an_invitation_comes_and_moves(day)
        await own_meetings(day)
        await a_common_time(day)
        await settings(day)
        await evening(day)


async def colleague_connects(day: Day) -> None:
    """Boris has his calendar connected already; the page comes back to anna."""
    await day.client.become("boris")
    await day.client.enter("sekretar")
    await day.connect(ENGLISH, "boris")
    await day.reads("is ready")
    await day.client.become("anna")
    await day.client.enter("sekretar")


async def morning(day: Day) -> None:
    client = day.client
    await client.say("привет")
    await day.press(await day.reads("Секретарь"), "Подключить календарь")
    await day.look("01-where")
    await day.connect(RUSSIAN, "anna")
    shown = await day.reads("готов")
    await expect(shown).to_contain_text("Утренняя планёрка")
    await expect(shown).to_contain_text("пересекается")
    await day.look("02-connected")
    await consent(day)


async def consent(day: Day) -> None:
    """Let Sekretar show the status, on the server's own page of consent."""
    await day.press(await day.reads("Показывать коллегам"), "Да, показывать")
    told = await day.reads("менять статус можете только вы")
    await expect(day.post("Утренняя планёрка")).to_be_visible()
    await day.look("03-consent")
    async with day.client.page.context.expect_page() as opened:
        await told.get_by_role("link", name="дать согласие").click()
    page = await opened.value
    await expect(page.locator("body")).to_contain_text("You are anna")
    await page.get_by_role("button", name="Allow").click()
    await expect(page.locator("body")).to_contain_text("статус")
    await page.close()
    await day.reads("На встречах ваш статус")


async def digest_and_first_meeting(day: Day) -> None:
    client = day.client
    await day.becomes(8, 45)
    reminder = await day.reads("⏰", "Утренняя планёрка")
    await expect(reminder).to_contain_text("Через 7 минут")
    join = reminder.get_by_role("link", name="Подключиться: Телемост")
    await expect(join).to_have_attribute("href", "https://telemost.yandex.ru/j/12345678901234")
    await day.look("04-reminder")
    await day.press(reminder, "Напомнить в начале")
    await expect(reminder).to_contain_text("Напомню ещё раз в 08:52")
    await day.becomes(8, 52)
    await day.reads("⏰ Начинается", "Утренняя планёрка")
    await expect(client.page.locator(".my-status")).to_contain_text("На встрече", timeout=SOON)
    await day.look("05-in-a-meeting")
    await day.becomes(9, 0)
    digest = await day.reads("☀️", "Сегодня")
    await expect(digest).to_contain_text("Демо релиза 2.5")
    await day.look("06-digest")
    await day.becomes(9, 7)
    await expect(client.page.locator(".my-status")).not_to_contain_text("На встрече", timeout=SOON)


async def an_invitation_comes_and_moves(day: Day) -> None:
    event = invitation("Смета", day.at(15), 60, organizer="Boris Lane", guest="anna", place="Переговорная 1")
    await day.put("anna", event)
    news = await day.reads("🆕", "Смета")
    await expect(news).to_contain_text("15:00–16:00")
    await expect(news).to_contain_text("Вас приглашает Boris Lane. Придёте?")
    await day.look("07-invitation")
    await day.press(news, "Приду")
    await expect(day.post("Смета")).to_contain_text("Вы придёте", timeout=SOON)
    assert (
        "PARTSTAT=ACCEPTED" in (await day.stored("anna", event.uid)).partition("RSVP")[0].rpartition("\n")[2]
    )
    await day.look("08-accepted")
    await day.put("anna", replace(event, start=day.at(16)))
    told = day.client.page.locator("#posts .post", has=day.client.page.locator(".replies")).last
    await told.locator(".replies").click()
    thread = day.client.thread
    await expect(thread).to_contain_text("Перенесена: Смета", timeout=SOON)
    await expect(thread).to_contain_text("16:00–17:00")
    await day.look("09-moved")
    await thread.get_by_role("button", name="Закрыть").click()


async def own_meetings(day: Day) -> None:
    client = day.client
    await client.say("calendar сегодня")
    shown = await day.reads("встреч", "Смета", "16:00–17:00")
    await day.look("10-today")
    await day.choose(shown, "Договор с подрядчиком")
    details = await day.reads("Договор с подрядчиком", "Календарь:")
    await day.look("11-details")
    await day.press(details, "Перенести")
    await expect(client.dialog).to_be_visible(timeout=SOON)
    await day.look("12-move")
    await client.dialog.get_by_label("Время начала").fill("17:30")
    await day.submit("Сохранить")
    await day.reads("Перенесена: Договор с подрядчиком", "17:30–18:30")
    await day.look("13-moved-own")
    dialog = await day.ask("/calendar new")
    await day.look("14-new")
    for label, answer in (("Название", "Бюджет отдела"), ("Дата", "завтра"), ("Время начала", "15:00"),
                          ("Длительность", "45"), ("Участники", "@boris"), ("Место", "Переговорная 2")):  # fmt: skip
        await dialog.get_by_label(label, exact=False).first.fill(answer)
    await day.submit("Дальше")
    preview = await day.reads("Проверьте встречу", "Бюджет отдела")
    await expect(preview).to_contain_text("15:00–15:45")
    await day.look("15-preview")
    await day.press(preview, "Создать")
    await day.reads("Встреча создана", "Бюджет отдела")
    await day.look("16-made")


async def a_common_time(day: Day) -> None:
    await day.client.say("/calendar find @boris 45м завтра")
    found = await day.reads("Общее свободное время")
    await day.look("17-find")
    await expect(found).to_contain_text("Boris Lane")
    await found.get_by_role("button").filter(has_text=re.compile(r"\d\d:\d\d")).first.click()
    await expect(day.client.dialog).to_be_visible(timeout=SOON)
    await day.client.dialog.get_by_label("Название").fill("Один на один")
    await day.submit("Дальше")
    preview = await day.reads("Проверьте встречу", "Один на один")
    await expect(preview).to_contain_text("Boris Lane: время свободно")
    await day.look("18-find-preview")
    await day.press(preview, "Отмена")
    await day.reads("не создана")


async def settings(day: Day) -> None:
    dialog = await day.ask("/calendar settings")
    await day.look("19-settings")
    await dialog.get_by_label("За сколько напоминать").fill("15, 5")
    await day.submit("Сохранить")
    await day.reads("Сохранено", "за 15 мин и 5 мин до встречи")
    await day.look("20-saved")


async def evening(day: Day) -> None:
    await day.becomes(18, 40)
    await day.client.say("/calendar tomorrow")
    shown = await day.reads("Завтра, ", "Бюджет отдела")
    await expect(shown).to_contain_text("15:00–15:45")
    await day.look("21-tomorrow")
    await day.client.say("/calendar profile")
    await day.reads("Ваши настройки")
    await day.look("22-profile")
    await day.client.say("/calendar accounts")
    await day.reads("Ваши календари")
    await day.look("23-accounts")
    await day.client.say("/calendar disconnect")
    await day.press(await day.reads("Отключить anna?"), "Отключить и удалить")
    await day.reads("Всё, что было о ней известно, удалено")
    await day.look("24-disconnected")
    await day.client.say("/calendar today")
    await day.reads("Ни один календарь не подключён")


async def test_the_morning_of_boris(browser: Browser | None, tmp_path: Path) -> None:
    """The same in English, and where it is two hours earlier."""
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    async with a_day(browser, tmp_path, "boris", time(10, 40)) as day:
        await day.connect(ENGLISH, "boris")
        shown = await day.reads("is ready", "Release 2.5 demo")
        await expect(shown.locator(".attachment")).to_contain_text(
            f"{day.at(11, 40).astimezone(BERLIN):%H:%M}–"
        )
        await day.look("31-english-day")
        budget = invitation("Budget", day.at(17), 60, organizer="Anna Smirnova", guest="boris")
        await day.put("boris", budget)
        news = await day.reads("🆕 New meeting: Budget")
        await expect(news).to_contain_text("Anna Smirnova invites you. Are you coming?")
        await day.press(news, "Maybe")
        await expect(day.post("Budget")).to_contain_text("You may come.", timeout=SOON)
        assert "PARTSTAT=TENTATIVE" in await day.stored("boris", budget.uid)
        await day.becomes(11, 30)
        reminder = await day.reads("⏰ In 10 minutes: Release 2.5 demo", "Join")
        await expect(reminder.get_by_role("link", name="Join")).to_be_visible()
        await day.look("32-english-reminder")
