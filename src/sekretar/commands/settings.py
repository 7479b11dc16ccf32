"""`sekretar settings`: the table of all settings, made from the class that reads them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import SecretStr

from sekretar.commands.ending import say
from sekretar.config import Settings

#: Between these the READMEs hold the table.
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"


@dataclass(frozen=True)
class Setting:
    """A setting as the documentation shows it; `default` is empty where there is none."""

    name: str
    default: str
    description: str


def all_settings() -> Iterator[Setting]:
    """Every setting, in the order of the class."""
    prefix = Settings.model_config.get("env_prefix", "")
    for name, field in Settings.model_fields.items():
        yield Setting(f"{prefix}{name.upper()}", _written(field.default), field.description or "")


def markdown() -> str:
    """The table for the READMEs."""
    return table_of(all_settings())


def table_of(settings: Iterable[Setting]) -> str:
    """Settings as a table in Markdown."""
    head = ["| setting | default | meaning |", "|---|---|---|"]
    return "\n".join(head + [_row(setting) for setting in settings])


def settings(
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="As the table that the README holds.")
    ] = False,
) -> None:
    """List all settings with their defaults and what they mean."""
    if as_markdown:
        say(markdown())
        return
    for setting in all_settings():
        say(f"{setting.name}={setting.default}")
        say(textwrap.indent(textwrap.fill(setting.description, 96), "    "))


def _row(setting: Setting) -> str:
    cells = (f"`{setting.name}`", f"`{setting.default}`" if setting.default else "", setting.description)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _written(default: object) -> str:
    """A default as one would write it into the settings file."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, tuple):
        return " ".join(_written(item) for item in default)
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)
