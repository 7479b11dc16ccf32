"""A calendar is connected: by dialog and by conversation, with every way in which it may go wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from tests.acceptance.acts import (
    about,
    account,
    ask_to_connect,
    connect,
    in_minutes,
    plain,
    pressable,
    today,
)
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.office import Office
from tests.acceptance.waiting import until

from sekretar.sandbox.human import Human
from sekretar.sandbox.ports import free_port
from sekretar.sandbox.seen import SeenPost

#: What each provider tells people who have no app password yet, and whether it asks for an address.
PRESETS = [
    ("yandex", "https://id.yandex.ru/security/app-passwords", False),
    ("mailru", "https://account.mail.ru/user/2-step-auth/passwords/", False),
    ("icloud", "https://account.apple.com/account/manage", False),
    ("nextcloud", "Настройки → Безопасность", True),
    ("other", "CalDAV", True),
]


@pytest.mark.parametrize(("provider", "hint", "asks_address"), PRESETS)
async def test_each_provider_tells_where_its_app_password_is_made(
    office: Office, provider: str, hint: str, asks_address: bool
) -> None:
    anna = await office.hire()
    dialog = await ask_to_connect(office, anna, provider)
    assert hint in dialog.introduction
    names = [field.name for field in dialog.fields]
    assert names == ["address", "login", "password"] if asks_address else ["login", "password"]
    assert dialog.field("password").subtype == "password"
    assert dialog.title == "Подключить календарь"


@pytest.mark.parametrize("word", ["яндекс", "Yandex.ru", "ЯНДЕКС", "mail.ru", "apple", "другой"])
async def test_providers_are_known_by_what_people_call_them(office: Office, word: str) -> None:
    anna = await office.hire()
    assert (await ask_to_connect(office, anna, word)).field("login")


async def test_an_unknown_provider_is_said_to_be_one(office: Office) -> None:
    anna = await office.hire()
    answer = await anna.slash("/calendar connect gooogle", await office.home(anna))
    assert "я не знаю" in answer.text


async def test_every_button_of_the_choice_opens_its_dialog(office: Office) -> None:
    boris = await office.hire("boris", locale="en")
    choice = (await boris.slash("/calendar connect", await office.home(boris))).posts[0]
    for label, expected in (("Yandex", 2), ("Mail.ru", 2), ("Nextcloud", 3), ("iCloud", 2), ("Other", 3)):
        await boris.click(choice, label)
        assert len((await boris.dialog()).fields) == expected


async def test_a_wrong_password_is_said_at_its_field_and_the_dialog_stays(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    dialog = await ask_to_connect(office, anna)
    errors = await anna.submit_dialog(dialog, account(diary) | {"password": "wrong"})
    assert list(errors) == ["password"]
    assert "не принимает этот логин и пароль" in errors["password"]
    errors = await anna.submit_dialog(dialog, account(diary) | {"login": "nobody"})
    assert list(errors) == ["password"]
    mark = anna.mark()
    assert await anna.submit_dialog(dialog, account(diary)) == {}
    await anna.wait_for(about("Подключено", diary.login), since=mark)


@pytest_asyncio.fixture(loop_scope="session")
async def pages() -> AsyncIterator[str]:
    """A web server that knows nothing of calendars: a page for every path, a login page below /login."""

    async def page(request: web.Request) -> web.Response:
        if request.path.startswith("/away"):
            raise web.HTTPFound("/login/")
        if request.path.startswith("/refusing") and request.method == "PROPFIND":
            raise web.HTTPMethodNotAllowed("PROPFIND", ["GET", "POST"])
        form = (
            "<form><input name=login><input type=password></form>" if "login" in request.path else "Welcome"
        )
        return web.Response(text=f"<!DOCTYPE html><html><body>{form}</body></html>", content_type="text/html")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize("path", ["", "/login/", "/away/", "/refusing/"])
async def test_a_server_that_is_no_calendar_server_is_told_apart(
    office: Office, pages: str, path: str
) -> None:
    anna = await office.hire()
    dialog = await ask_to_connect(office, anna)
    answers = {"address": pages + path, "login": "anna", "password": "secret"}
    errors = await anna.submit_dialog(dialog, answers)
    assert list(errors) == ["address"]
    assert "не сервер CalDAV" in errors["address"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:{free}", "не отвечает"),
        ("no-such-host.invalid", "Сервера с таким именем нет"),
        ("https://", "не похоже на адрес"),
        ("two words", "не похоже на адрес"),
        ("https://u:p@127.0.0.1/", "не похоже на адрес"),
    ],
)
async def test_a_server_that_is_not_there_is_said_at_its_address(
    office: Office, address: str, words: str
) -> None:
    anna = await office.hire()
    dialog = await ask_to_connect(office, anna)
    answers = {"address": address.format(free=free_port()), "login": "anna", "password": "secret"}
    errors = await anna.submit_dialog(dialog, answers)
    assert list(errors) == ["address"]
    assert words in errors["address"]


async def test_addresses_inside_the_network_need_the_administrators_word(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office(allowed_addresses=())
    anna = await office.hire()
    diary = await calendars.open()
    dialog = await ask_to_connect(office, anna)
    hosts = (diary.url.partition("//")[2], "localhost", "10.1.2.3", "169.254.169.254", "[::1]")
    for address in (f"https://{host}/" for host in hosts):
        errors = await anna.submit_dialog(dialog, account(diary) | {"address": address})
        assert list(errors) == ["address"], address
        assert "во внутреннюю сеть" in errors["address"]


async def test_empty_fields_are_asked_for(office: Office) -> None:
    boris = await office.hire("boris", locale="en")
    dialog = await ask_to_connect(office, boris)
    errors = await boris.submit_dialog(dialog, {"login": "  "})
    assert set(errors) == {"address", "login", "password"}
    assert errors["password"] == "Please fill this in."


async def test_connecting_shows_the_day_and_keeps_the_password_secret(
    own_office: MakeOffice, calendars: CalendarServer, tmp_path: Path, log: Callable[[], str]
) -> None:
    office = await own_office()
    anna = await office.hire()
    diary = await calendars.open(events=[meeting("Планёрка", in_minutes(-5), 60)])
    mark = anna.mark()
    ready = await connect(office, anna, diary)
    assert "Планёрка" in ready.text
    assert "Напоминаю за 10 мин до встречи" in ready.text
    await anna.wait_for(about(f"Подключено: **{diary.login}**, 1 календарь. Читаю его."), since=mark)
    wrong = await ask_to_connect(office, anna)
    await anna.submit_dialog(wrong, account(diary) | {"password": diary.password + "x"})
    await office.stop()
    assert diary.password.encode() not in bytes_of(tmp_path)
    with sqlite3.connect(tmp_path / "sekretar.sqlite3") as database:
        stored = database.execute("SELECT login, password FROM calendar_accounts").fetchall()
    assert [login for login, _ in stored] == [diary.login]
    assert stored[0][1] != diary.password
    assert log()
    assert diary.password not in log()
    assert diary.password not in "\n".join(post.text for post in anna.seen())


def bytes_of(folder: Path) -> bytes:
    """The database as it lies on the disk, with what belongs to it."""
    return b"".join(file.read_bytes() for file in folder.glob("sekretar.sqlite3*"))


async def test_only_the_chosen_calendars_are_shown(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open(("work", "Работа"), ("home", "Личное"))
    await diary.put(meeting("Совещание", in_minutes(-5), 60), "work")
    await diary.put(meeting("Зубной", in_minutes(-4), 60), "home")
    mark = anna.mark()
    ready = await connect(office, anna, diary)
    assert "Совещание" in ready.text
    assert "Зубной" in ready.text
    done = await anna.wait_for(pressable("Выбрать календари"), since=mark)
    await anna.click(done, "Выбрать календари")
    dialog = await anna.dialog()
    switches = {field.label: field for field in dialog.fields}
    assert set(switches) == {"Работа", "Личное"}
    assert {field.default for field in dialog.fields} == {"true"}
    nothing = {field.name: False for field in dialog.fields}
    assert "хотя бы один" in (await anna.submit_dialog(dialog, nothing))[""]
    mark = anna.mark()
    assert await anna.submit_dialog(dialog, {switches["Личное"].name: False}) == {}
    await anna.wait_for(about("показываю 1 календарь"), since=mark)
    shown = await today(office, anna)
    assert "Совещание" in shown
    assert "Зубной" not in shown
    listed = (await anna.slash("/calendar accounts")).posts[0]
    assert "~~Личное~~ · не показывается" in plain(listed.text)
    await anna.click(listed, "Выбрать календари")
    again = await anna.dialog()
    assert again.field(switches["Личное"].name).default != "true"
    assert await anna.submit_dialog(again, {switches["Личное"].name: True}) == {}

    async def both() -> bool:
        return "Зубной" in await today(office, anna)

    await until(both, what="the calendar that was chosen again")
    assert not [post for post in anna.seen() if "Новая встреча" in post.text], "choosing is no news"


async def test_connecting_the_same_account_again_is_no_second_account(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    mark = anna.mark()
    assert await anna.submit_dialog(await ask_to_connect(office, anna), account(diary)) == {}
    await anna.wait_for(about(diary.login, "новый пароль"), since=mark)
    listed = (await anna.slash("/calendar accounts")).text
    assert listed.count(diary.login) == 1


async def test_a_calendar_made_on_the_server_later_is_shown_too(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    await diary.make_calendar("later", "Новый проект")
    await diary.put(meeting("Запуск", in_minutes(-3), 45), "later")

    async def shown() -> bool:
        return "Запуск" in await today(office, anna)

    await until(shown, what="the meeting of the new calendar")


# Step by step


async def test_a_calendar_is_connected_step_by_step(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    home = await office.home(anna)
    diary = await calendars.open(events=[meeting("Планёрка", in_minutes(-5), 60)])
    first = await begin_steps(office, anna)
    assert "(1 из 3)" in first.text
    login = await answer(anna, diary.url, "(2 из 3)", home)
    secret = await answer(anna, diary.login, "(3 из 3)", home)
    assert "кнопка откроет для него отдельное окно" in secret.text
    mark = anna.mark()
    await anna.click(secret, "Ввести")
    window = await anna.dialog()
    assert [field.subtype for field in window.fields] == ["password"]
    assert await anna.submit_dialog(window, {window.fields[0].name: diary.password}) == {}
    await anna.wait_for(about("Планёрка", "готов"), since=mark)
    said = {post.id: post for post in await anna.posts(home)}
    assert "Адрес сервера: **" in said[first.id].text
    assert not said[first.id].buttons
    assert f"**{diary.login}**" in said[login.id].text
    assert "получено, хранится в зашифрованном виде" in said[secret.id].text
    assert diary.password not in "\n".join(post.text for post in said.values())


async def test_step_by_step_one_may_go_back_and_cancel(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    home = await office.home(anna)
    await begin_steps(office, anna)
    second = await answer(anna, "http://mistyped.example.com", "(2 из 3)", home)
    assert {"Назад", "Отменить"} <= {button.label for button in second.buttons}
    mark = anna.mark()
    await anna.click(second, "Назад")
    first = await anna.wait_for(about("(1 из 3)"), since=mark)
    assert "Оставить: http://mistyped.example.com" in [button.label for button in first.buttons]
    mark = anna.mark()
    await anna.click(first, "Отменить")
    await anna.wait_for(about("отменено. Ничего не изменилось"), since=mark)
    assert not any(post.control("Отменить") for post in await anna.posts(home)), "dead buttons are left"
    mark = anna.mark()
    await anna.say("anna", home)
    await anna.wait_for(pressable("Справка"), since=mark)
    assert "не подключён" in await today(office, anna)


async def test_a_secret_typed_into_the_chat_is_not_taken(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    home = await office.home(anna)
    diary = await calendars.open()
    await begin_steps(office, anna)
    await answer(anna, diary.url, "(2 из 3)", home)
    await answer(anna, diary.login, "(3 из 3)", home)
    mark = anna.mark()
    await anna.say(diary.password, home)
    told = await anna.wait_for(about("секретам не место в сообщениях"), since=mark)
    assert told.control("Ввести")
    assert "не подключён" in await today(office, anna)


async def test_step_by_step_a_wrong_password_is_asked_for_again(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    home = await office.home(anna)
    diary = await calendars.open()
    await begin_steps(office, anna)
    await answer(anna, diary.url, "(2 из 3)", home)
    secret = await answer(anna, diary.login, "(3 из 3)", home)
    for password, expected in (("wrong", "не принимает этот логин и пароль"), (diary.password, "Подключено")):
        mark = anna.mark()
        await anna.click(secret, "Ввести")
        window = await anna.dialog()
        assert await anna.submit_dialog(window, {window.fields[0].name: password}) == {}
        secret = await anna.wait_for(about(expected), since=mark)
    assert diary.login in secret.text


async def begin_steps(office: Office, anna: Human) -> SeenPost:
    """Choose to be asked step by step, and be asked the first question of connecting."""
    home = await office.home(anna)
    assert "по одному вопросу" in (await anna.slash("/sekretar forms steps", home)).text
    mark = anna.mark()
    told = await anna.slash("/calendar connect other", home)
    assert "Спрошу вас в личных сообщениях" in told.text
    return await anna.wait_for(about("Адрес сервера", "из 3)"), since=mark)


async def answer(anna: Human, text: str, leads_to: str, home: str) -> SeenPost:
    """Answer a question in words; returns the next one."""
    mark = anna.mark()
    await anna.say(text, home)
    return await anna.wait_for(about(leads_to), since=mark)
