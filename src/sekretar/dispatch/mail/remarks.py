"""What was odd about a letter, gathered while it is read."""

from __future__ import annotations

from typing import Final

from sekretar.dispatch.mail.letter import Oddity, Remark

#: A remark quotes at most this much of the letter.
_DETAIL: Final = 200


class Remarks:
    """Each oddity is remarked once, with the detail that was found first."""

    def __init__(self) -> None:
        self._details: dict[Oddity, str] = {}

    def add(self, oddity: Oddity, detail: str = "") -> None:
        self._details.setdefault(oddity, detail[:_DETAIL])

    def all(self) -> tuple[Remark, ...]:
        return tuple(Remark(oddity, detail) for oddity, detail in self._details.items())
