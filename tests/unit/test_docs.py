"""What the pages for people name exists, and what exists is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sekretar.config import Settings

ROOT = Path(__file__).parents[2]
PAGES = ("docs/calendar.md", "docs/calendar.ru.md")


def commands() -> set[str]:
    """The calendar's commands, each of which has a line in the help."""
    text = (ROOT / "src/sekretar/locale/en/calendars.po").read_text(encoding="utf-8")
    return set(re.findall(r'^msgid "calendars\.help\.(\w+)"$', text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_the_page_names_every_command_and_no_other(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert set(re.findall(r"/calendar ([a-z]+)", text)) == commands()


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_that_the_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`SEKRETAR_(\w+)`", text))
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}
