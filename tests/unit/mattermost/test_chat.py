"""The registry refuses what would be ambiguous."""

from __future__ import annotations

import pytest

from sekretar.kernel.forms import Form
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    MenuEntry,
    Reply,
    Subcommand,
)


async def reply(_request: CommandRequest) -> Reply:
    return Reply()


async def click(_click: Click) -> ClickReply:
    return ClickReply()


async def build(_request: FormRequest) -> Form:
    return Form("f", "Form")


async def submit(_submit: FormSubmit) -> FormOutcome:
    return FormOutcome()


def subcommand(name: str, *aliases: str, trigger: str = "calendar") -> Subcommand:
    return Subcommand(trigger, name, "kernel.form.bool", reply, aliases=aliases)


@pytest.mark.parametrize(
    "taken", [("today",), ("Today",), ("x", "подключен"), ("x", "подключён"), ("x", "X")]
)
def test_a_word_means_one_thing_in_a_trigger(taken: tuple[str, ...]) -> None:
    chat = Chat()
    chat.command(subcommand("today", "подключён"))
    with pytest.raises(ValueError, match="twice"):
        chat.command(subcommand(*taken))
    chat.command(subcommand("today", trigger="task"))
    assert chat.triggers == ("calendar", "task")


def test_actions_forms_and_menu_entries_are_registered_once() -> None:
    chat = Chat()
    handler, entry = FormHandler(build, submit), MenuEntry("mattermost.home.help", "a", 1)
    chat.action("a", click, once=True)
    chat.form("f", handler)
    chat.menu(entry)
    with pytest.raises(ValueError, match="twice"):
        chat.action("a", click)
    with pytest.raises(ValueError, match="twice"):
        chat.form("f", handler)
    with pytest.raises(ValueError, match="twice"):
        chat.menu(entry)
    action = chat.find_action("a")
    assert action is not None
    assert action.once
    assert chat.find_form("f") is handler
    assert (chat.find_action("b"), chat.find_form("g")) == (None, None)


def test_the_menu_is_in_order() -> None:
    chat = Chat()
    for order in (30, 10, 20):
        chat.menu(MenuEntry("mattermost.home.help", f"a{order}", order))
    assert [entry.order for entry in chat.menu_entries] == [10, 20, 30]
