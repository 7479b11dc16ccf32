"""Taking down what was done while it is being done."""

from __future__ import annotations

from pydantic import SecretStr

from sekretar.mattermost.setup.report import Line, Problem, Report


class Writing:
    """A report that is being written. A `place` is the name of a team, or empty for the server."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._problems: list[Problem] = []
        self._advice: list[Problem] = []
        self._settings: dict[str, str | SecretStr] = {}

    def done(self, place: str, text: str) -> None:
        """Something was made or mended."""
        self._lines.append(Line(place, text, changed=True))

    def kept(self, place: str, text: str) -> None:
        """Something was as it should be."""
        self._lines.append(Line(place, text, changed=False))

    def problem(self, place: str, what: str, remedy: str) -> None:
        """Something keeps a part of Sekretar from working."""
        self._problems.append(Problem(place, what, remedy))

    def advise(self, what: str, remedy: str) -> None:
        """Something may be wanted besides."""
        self._advice.append(Problem("", what, remedy))

    def set(self, name: str, value: str | SecretStr) -> None:
        """A setting has to be added, by the name of its field."""
        self._settings[name] = value

    def report(self, bot: str) -> Report:
        return Report(
            bot, tuple(self._lines), tuple(self._problems), tuple(self._advice), dict(self._settings)
        )
