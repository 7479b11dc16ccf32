"""What a person wants to hear of their tickets. What is stored is what they have switched off, so that a kind that a
later release knows is told until somebody minds."""

from __future__ import annotations

from typing import Any

from sekretar.kernel.people import Preference
from sekretar.tickets.watching.rules import Kind


class _Off:
    def encode(self, value: frozenset[str]) -> Any:
        return sorted(value)

    def decode(self, stored: Any) -> frozenset[str]:
        if not isinstance(stored, list):
            raise ValueError("not kinds")  # noqa: TRY004 - what a codec refuses with
        return frozenset(str(each) for each in stored)


#: The kinds of `Kind` that the person does not want, and `TOGETHER` if not that.
OFF: Preference[frozenset[str]] = Preference("tickets.off", frozenset(), _Off())

#: Due and overdue tickets come as one list in the message of the day, not each by itself.
TOGETHER = "together"

#: Everything that can be switched, as the form asks it.
SWITCHES = (*(kind.value for kind in Kind), TOGETHER)
