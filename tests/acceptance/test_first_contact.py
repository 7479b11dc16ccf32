"""Somebody meets Sekretar: the welcome, the menu, help, and commands as people really type them."""

from __future__ import annotations

import pytest
from tests.acceptance.acts import about, pressable, today
from tests.acceptance.office import Office

from sekretar.sandbox.human import Human

EVERYTHING = {
    "calendar": ("today", "connect", "accounts", "disconnect", "status"),
    "sekretar": ("settings", "language", "zone", "forms", "about"),
}
EVERYTHING_IN_RUSSIAN = {
    "calendar": ("сегодня", "подключить", "календари", "отключить", "статус"),
    "sekretar": ("настройки", "язык", "пояс", "формы", "версия", "меню"),
}


async def test_the_first_contact_is_a_welcome_that_leads_to_one_action(office: Office) -> None:
    anna = await office.hire("anna", first_name="Анна", last_name="Смирнова")
    home = await office.home(anna)
    await anna.say("привет", home)
    welcome = await anna.wait_for(lambda post: bool(post.buttons))
    assert "Здравствуйте, Анна" in welcome.text
    assert [button.label for button in welcome.buttons] == ["Подключить календарь"]
    mark = anna.mark()
    await anna.click(welcome, "Подключить календарь")
    where = await anna.wait_for(pressable("Другой"), since=mark)
    assert [one.label for one in where.buttons] == ["Яндекс", "Mail.ru", "Nextcloud", "iCloud", "Другой"]


async def test_opening_the_direct_channel_is_enough_to_be_welcomed_and_that_once(office: Office) -> None:
    boris = await office.hire("boris", locale="en", zone="Europe/Berlin", first_name="Boris")
    home = await office.home(boris)
    welcome = await boris.wait_for(about("Hello, Boris"))
    assert [button.label for button in welcome.buttons] == ["Connect a calendar"]
    mark = boris.mark()
    await boris.say("hello", home)
    menu = await boris.wait_for(pressable("Help"), since=mark)
    assert "what shall we do" in menu.text
    assert [post for post in await boris.posts(home) if "Hello, Boris" in post.text] == [
        post for post in await boris.posts(home) if post.id == welcome.id
    ]


async def test_any_message_to_the_bot_shows_the_menu(office: Office) -> None:
    anna = await welcomed(office)
    home = await office.home(anna)
    for text in ("что ты умеешь?", "🙂", "ghbdtn", "| x | `y` @all"):
        mark = anna.mark()
        await anna.say(text, home)
        menu = await anna.wait_for(pressable("Справка"), since=mark)
        labels = [button.label for button in menu.buttons]
        assert labels == ["Подключить календарь", "Настройки", "Справка"]


async def test_the_menu_comes_by_the_slash_command_too(office: Office) -> None:
    anna = await welcomed(office)
    square = await anna.channel("town-square")
    answer = await anna.slash("/sekretar", square)
    assert [button.label for button in answer.posts[0].buttons][-2:] == ["Настройки", "Справка"]
    mark = anna.mark()
    await anna.click(answer.posts[0], "Справка")
    await anna.wait_for(about("/sekretar настройки"), since=mark)
    assert not [post for post in await anna.posts(square) if not post.type]


@pytest.mark.parametrize(("language", "known"), [("en", EVERYTHING), ("ru", EVERYTHING_IN_RUSSIAN)])
async def test_help_is_complete(office: Office, language: str, known: dict[str, tuple[str, ...]]) -> None:
    reader = await welcomed(office, language)
    for trigger, names in known.items():
        for word in ("help", "помощь", ""):
            if word == "" and trigger == "sekretar":
                continue
            answer = await reader.slash(f"/{trigger} {word}")
            for name in names:
                assert f"`/{trigger} {name}" in answer.text, answer.text
    assert "/sekretar help" in (await reader.slash("/calendar help")).text


async def test_every_registered_command_answers_in_both_languages(office: Office) -> None:
    """A command whose words are missing in one language would answer with an incident number."""
    for language, known in (("en", EVERYTHING), ("ru", EVERYTHING_IN_RUSSIAN)):
        reader = await welcomed(office, language)
        for trigger, names in known.items():
            for name in names:
                answer = await reader.slash(f"/{trigger} {name}")
                assert answer.text, (trigger, name)
                assert "сломалось" not in answer.text
                assert "Something broke" not in answer.text


async def test_commands_that_come_later_say_so(office: Office) -> None:
    boris = await welcomed(office, "en")
    for trigger in ("task", "incident"):
        assert "not set up here yet" in (await boris.slash(f"/{trigger} list")).text


async def test_an_unknown_command_is_asked_back(office: Office) -> None:
    boris = await welcomed(office, "en")
    answer = await boris.slash("/calendar tody")
    assert "Did you mean" in answer.text
    assert "/calendar today" in answer.text
    anna = await welcomed(office)
    answer = await anna.slash("/calendar севодня")
    assert "/calendar сегодня" in answer.text
    answer = await anna.slash("/calendar qqqqqq")
    assert "/calendar подключить" in answer.text, "help follows what cannot be guessed"


@pytest.mark.parametrize(
    "typed",
    [
        "/calendar TODAY",
        "/calendar    today",
        "/calendar  today  please",
        "/calendar сегодня",
        "/calendar СЕГОДНЯ",
        "/calendar день",
        "/calendar \u00a0today\u200b",
    ],
)
async def test_commands_are_understood_as_people_type_them(office: Office, typed: str) -> None:
    anna = await welcomed(office)
    assert "Ни один календарь не подключён" in (await anna.slash(typed)).text


@pytest.mark.parametrize("said", ["calendar today", "Calendar  Сегодня", "/calendar today"])
async def test_in_direct_messages_the_slash_may_be_left_out(office: Office, said: str) -> None:
    anna = await welcomed(office)
    if said.startswith("/"):
        assert "не подключён" in await today(office, anna)
        return
    mark = anna.mark()
    await anna.say(said, await office.home(anna))
    await anna.wait_for(about("Ни один календарь не подключён"), since=mark)


async def test_language_and_zone_follow_the_profile_until_they_are_chosen(office: Office) -> None:
    anna = await welcomed(office)
    panel = (await anna.slash("/sekretar settings")).text
    assert "Europe/Moscow" in panel
    assert "Русский" in panel
    assert "Теперь" not in (await anna.slash("/sekretar language en")).text
    assert "Asia/Yekaterinburg" in (await anna.slash("/sekretar zone Екатеринбург")).text
    panel = (await anna.slash("/sekretar settings")).text
    assert "Asia/Yekaterinburg" in panel
    assert "English" in panel
    assert "Теперь язык берётся из вашего профиля" in (await anna.slash("/sekretar language auto")).text
    assert "Europe/Moscow" in (await anna.slash("/sekretar пояс авто")).text


async def test_what_was_said_to_others_is_none_of_sekretars_business(office: Office) -> None:
    anna = await welcomed(office)
    boris = await welcomed(office, "en")
    square = await anna.channel("town-square")
    await anna.say("calendar today", square)
    mark = boris.mark()
    await boris.say("calendar today", await office.home(boris))
    await boris.wait_for(about("No calendar is connected"), since=mark)
    spoken = [post for post in await anna.posts(square) if not post.type]
    assert [post.message for post in spoken if post.user_id == anna.user_id] == ["calendar today"]
    assert not [post for post in spoken if "подключ" in post.text]


async def welcomed(office: Office, locale: str = "ru") -> Human:
    """Somebody who has met Sekretar before."""
    human = await office.hire("anna" if locale == "ru" else "boris", locale=locale, first_name="Alex")
    home = await office.home(human)
    await human.wait_for(lambda post: post.channel_id == home and bool(post.buttons))
    return human
