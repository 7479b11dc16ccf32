"""Reading what people type, and the help they get for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from tests.unit.mattermost.surface_values import NOW, person, translator

from sekretar.mattermost.chat import Chat, CommandRequest, Otherwise, Reply, Subcommand
from sekretar.mattermost.commands import Commands
from sekretar.mattermost.parsing import Arguments, fold, nearest, split_first, swap_layout, words


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", []),
        ("  a \t b\u00a0c ", ["a", "b", "c"]),
        ("«один два» три", ["один два", "три"]),
        ('"one two" “three four” „five six“', ["one two", "three four", "five six"]),
        ('say "hello', ["say", '"hello']),
        ('5" pipe', ['5"', "pipe"]),
        ("O'Neil", ["O'Neil"]),
        ("—all –v ‑x −1 -y a—b — -", ["--all", "-v", "-x", "-1", "-y", "a—b", "--", "-"]),
        ("to\u200bday", ["today"]),
        ('"" x', ["", "x"]),
    ],
)
def test_words(typed: str, read: list[str]) -> None:
    assert words(typed) == read


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    head, args = split_first(text)
    assert len(args.words) <= len(args.rest.split(" "))
    assert " " not in head
    assert (head == "") == (split_first(text.strip())[0] == "")


def test_words_that_differ_in_nothing_that_matters_are_the_same() -> None:
    assert fold(" ВСЁ\u200b ") == fold("все")


@pytest.mark.parametrize(("typed", "meant"), [("ещвфн", "today"), ("ntcn", "тест"), ("ьфш", "mai")])
def test_the_other_keyboard_layout(typed: str, meant: str) -> None:
    assert swap_layout(typed) == meant


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("todya", ["today"]),
        ("ещвфн", ["today"]),
        ("ещвфт", ["today"]),
        ("сегодя", ["сегодня"]),
        ("ctujlyz", ["сегодня"]),
        ("conect", ["connect", "disconnect"]),
        ("dis", ["disconnect"]),
        ("xyzzy", []),
    ],
)
def test_near_misses(typed: str, offered: list[str]) -> None:
    assert nearest(typed, ["today", "сегодня", "connect", "disconnect", ""]) == offered


async def answer(_request: CommandRequest) -> Reply:
    return Reply()


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def commands(chat: Chat) -> Commands:
    for name, usage, aliases, admin in (
        ("today", "", ("сегодня",), False),
        ("zone", "mattermost.own.zone_usage", ("пояс",), False),
        ("purge", "", (), True),
    ):
        chat.command(
            Subcommand(
                "calendar",
                name,
                "mattermost.own.zone_help",
                answer,
                usage_key=usage,
                aliases=aliases,
                admin=admin,
            )
        )
    chat.command(Subcommand("sekretar", "about", "mattermost.own.about_help", answer, aliases=("сегодня2",)))
    return Commands(chat, {"calendar": "cal", "task": "task", "sekretar": "sekretar"})


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("admin", [False, True])
def test_help(commands: Commands, language: str, admin: bool, snapshot: SnapshotAssertion) -> None:
    assert commands.help.of("calendar", translator(language), admin=admin) == snapshot


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("cal today", ("calendar", "today")),
        ("/Cal", ("calendar", "")),
        ("cal help", ("calendar", "help")),
        ("/cal nonsense", ("calendar", "nonsense")),
        ("cal nonsense", None),
        ("cal zone Europe/Moscow", ("calendar", "zone Europe/Moscow")),
        ("Сегодня", ("calendar", "Сегодня")),
        ("today tomorrow", None),
        ("справка", ("sekretar", "справка")),
        ("", None),
    ],
)
def test_commands_said_without_a_slash(
    commands: Commands, text: str, meaning: tuple[str, str] | None
) -> None:
    assert commands.said(text) == meaning


def test_a_trigger_is_known_by_the_word_people_type(commands: Commands) -> None:
    assert [commands.trigger_of(word) for word in ("/cal", "CAL", "calendar", "")] == [
        "calendar",
        "calendar",
        None,
        None,
    ]


def asked(text: str) -> CommandRequest:
    return CommandRequest(
        person(), translator("en"), "calendar", Arguments(), text, "c", "t", "", "trigger", "", NOW
    )


async def test_words_that_name_no_subcommand_may_still_mean_something(commands: Commands, chat: Chat) -> None:
    heard: list[str] = []

    async def listen(request: CommandRequest) -> Reply:
        heard.append(request.text)
        return Reply()

    chat.otherwise(Otherwise("calendar", lambda text: text.startswith("12."), listen))
    await commands.run(asked("12.03  15.03"))
    assert heard == ["12.03  15.03"]
    asked_back = await commands.run(asked("tody 12.03"))
    assert asked_back.message is not None
    assert "today" in asked_back.message.text
    assert heard == ["12.03  15.03"]
    assert commands.said("cal 12.03") == ("calendar", "12.03")
    assert commands.said("cal 13.03") is None
    assert commands.said("12.03") is None


def test_only_one_takes_the_other_words(chat: Chat) -> None:
    chat.otherwise(Otherwise("calendar", lambda text: True, answer))
    with pytest.raises(ValueError, match="twice"):
        chat.otherwise(Otherwise("calendar", lambda text: True, answer))
