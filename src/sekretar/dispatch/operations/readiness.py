"""Mailboxes among the components of `/readyz`: shown, but a mailbox that is away keeps nobody from the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sekretar.dispatch.mail.trouble import Standing
from sekretar.kernel.health import Health

#: The name of the job.
TASK: Final = "dispatch readiness"


class Readiness:
    """Reports how the mailboxes are."""

    def __init__(self, health: Health, standings: Callable[[], Sequence[Standing]]) -> None:
        self._health = health
        self._standings = standings
        for each in standings():
            health.expect(_name(each), required=False)

    async def report(self) -> None:
        """Report all of them; a mailbox that nobody has read yet is starting."""
        for each in self._standings():
            if each.trouble is not None:
                self._health.report(_name(each), ready=False, detail=each.trouble.detail)
            elif each.read_at is not None:
                self._health.report(_name(each), ready=True)


def _name(standing: Standing) -> str:
    return f"mailbox {standing.mailbox}"
