"""The menu and the welcome, in both languages; zones by what people call them."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.mattermost.surface_values import person, translator

from sekretar.kernel.people import Person
from sekretar.mattermost.chat import Chat, MenuEntry
from sekretar.mattermost.menu import MENU, Menu
from sekretar.mattermost.messages import Message
from sekretar.mattermost.zones import find_zone, similar_zones


def shown(message: Message) -> str:
    lines = [str(message.text)]
    for attachment in message.attachments:
        lines += [attachment.text, *(f"[{action.label}]" for action in attachment.actions)]
    return "\n".join(lines)


async def never(_person: Person) -> bool:
    return False


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.menu(MenuEntry("mattermost.home.settings", "settings", 90))
    chat.menu(MenuEntry("mattermost.home.help", "help", 10, never, primary=True))
    chat.menu(MenuEntry("mattermost.home.more", "connect", 20, primary=True))
    return chat


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_welcome_and_menu(chat: Chat, language: str, snapshot: SnapshotAssertion) -> None:
    menu, anna = Menu(chat), person(language, name="Anna *the* @all")
    t = translator(language)
    messages = [await menu.welcome(anna, t), await menu.message(anna, t)]
    assert "\n\n".join(shown(message) for message in messages) == snapshot


async def test_the_welcome_leads_to_the_first_thing_that_applies(chat: Chat) -> None:
    message = await Menu(chat).welcome(person(), translator("en"))
    assert [action.action for one in message.attachments for action in one.actions] == ["connect"]
    message = await Menu(Chat()).welcome(person(), translator("en"))
    assert [action.action for one in message.attachments for action in one.actions] == [MENU]


async def test_an_empty_menu_is_honest() -> None:
    message = await Menu(Chat()).message(person(), translator("en"))
    assert "nothing I can do here yet" in message.text
    assert message.attachments == ()


@pytest.mark.parametrize("page", [-1, 0, 1, 2, 7])
async def test_pages_of_the_menu_hold_everything_once(page: int) -> None:
    chat = Chat()
    for number in range(9):
        chat.menu(MenuEntry("mattermost.home.help", f"a{number}", number))
    menu, t = Menu(chat), translator("en")
    seen = []
    for turn in range(3):
        (attachment,) = (await menu.message(person(), t, page + turn)).attachments
        *entries, more = attachment.actions
        assert more.record["page"] == (page + turn + 1) % 3
        seen += [entry.action for entry in entries]
    assert sorted(seen) == [f"a{number}" for number in range(9)]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Москва", "Europe/Moscow"),
        ("moscow", "Europe/Moscow"),
        ("Санкт-Петербург", None),
        ("europe/london", "Europe/London"),
        ("Лондон", "Europe/London"),
        ("Etc/GMT+3", "Etc/GMT+3"),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_zones(name: str, zone: str | None) -> None:
    found = find_zone(name)
    assert (found.key if found else None) == zone


def test_misspelt_zones() -> None:
    assert "Europe/Moscow" in similar_zones("Моксва")
    assert similar_zones("xyzzyx") == []
