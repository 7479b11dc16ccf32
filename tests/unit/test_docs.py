"""What the pages for people name exists, and what exists is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sekretar.commands.desk_settings import all_desk_settings, desk_markdown
from sekretar.commands.settings import BEGIN, END, Setting, all_settings
from sekretar.config import Settings
from sekretar.dispatch.settings import read_desks

ROOT = Path(__file__).parents[2]
PAGES = ("docs/calendar.md", "docs/calendar.ru.md")
#: The pages of each command, and the catalogue in which each of its subcommands has a line for the help.
COMMANDS = {
    "calendar": ("calendars", PAGES),
    "task": ("tickets", ("docs/tickets.md", "docs/tickets.ru.md")),
    "incident": ("dispatch", ("docs/dispatch.md", "docs/dispatch.ru.md")),
}


def subcommands(catalogue: str) -> set[str]:
    text = (ROOT / f"src/sekretar/locale/en/{catalogue}.po").read_text(encoding="utf-8")
    keys = re.findall(rf'^msgid "{catalogue}\.help\.(\w+)"$', text, re.MULTILINE)
    return {key.replace("_", "-") for key in keys}


@pytest.mark.parametrize(
    ("command", "catalogue", "page"),
    [(command, catalogue, page) for command, (catalogue, pages) in COMMANDS.items() for page in pages],
)
def test_the_page_names_every_command_and_no_other(command: str, catalogue: str, page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert set(re.findall(rf"/{command} ([a-z]+(?:-[a-z]+)*)", text)) == subcommands(catalogue)


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_that_the_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`SEKRETAR_(\w+)`", text))
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}


DESK_PAGES = ("docs/dispatch.md", "docs/dispatch.ru.md")
DESK_TABLE = ("<!-- desk settings -->", "<!-- /desk settings -->")


def test_every_setting_of_a_desk_says_what_it_means() -> None:
    found = list(all_desk_settings())
    assert [each.name for each in found if not each.description] == []
    assert {"name", "mailboxes.password", "sla.hours.week", "registry.poles.columns"} <= {
        each.name for each in found
    }


def between(page: str, begin: str, end: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8").partition(begin)[2].partition(end)[0].strip()


def test_the_page_holds_the_settings_of_a_desk() -> None:
    held = between("docs/dispatch.md", *DESK_TABLE)
    assert held == desk_markdown(), "commands.desk_settings.desk_markdown() makes the table"


@pytest.mark.parametrize(
    ("page", "marks", "all_of_them"),
    [
        ("README.ru.md", (BEGIN, END), all_settings),
        ("docs/dispatch.ru.md", DESK_TABLE, all_desk_settings),
    ],
)
def test_the_russian_page_holds_every_setting_in_russian(
    page: str, marks: tuple[str, str], all_of_them: Callable[[], Iterator[Setting]]
) -> None:
    """Only the meanings are written by hand."""
    rows = [line.strip("| ").split(" | ", 2) for line in between(page, *marks).splitlines()[2:]]
    defaults = {"required": "обязательна"}
    assert [(name.strip("`"), default.strip(" `")) for name, default, _ in rows] == [
        (each.name, defaults.get(each.default, each.default)) for each in all_of_them()
    ]
    assert [name for name, _, meaning in rows if not re.search("[а-яё]", meaning)] == []


@pytest.mark.parametrize("page", DESK_PAGES)
def test_the_example_of_the_page_is_a_desk(page: str, tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    example = tmp_path / "desks.toml"
    example.write_text(text.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    (desk,) = read_desks(example)
    assert desk.mirror is not None
    assert desk.mailboxes[0].smtp_host
