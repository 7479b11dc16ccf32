"""What setting up has done, for the administrator to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True)
class Line:
    """Something that is as it should be, `changed` when it was not before. `place` is the name of a team, or
    empty for the server.
    """

    place: str
    text: str
    changed: bool


@dataclass(frozen=True)
class Problem:
    """Something that is not as it should be, and the sentence that mends it."""

    place: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Report:
    """What was done.

    Attributes:
        bot: The username of the bot.
        lines: What was found or made, in order.
        problems: What keeps a part of Sekretar from working.
        advice: What may be wanted besides, and what could not be checked.
        settings: What has to be put into the settings, by the names of their fields.
    """

    bot: str
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    advice: tuple[Problem, ...]
    settings: Mapping[str, str | SecretStr]

    @property
    def changed(self) -> bool:
        """Whether anything was not as it should be before."""
        return any(line.changed for line in self.lines)

    @property
    def variables(self) -> dict[str, str]:
        """The settings as lines of the environment. Secrets are readable here: for the administrator only."""
        return {
            f"SEKRETAR_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.settings.items()
        }
