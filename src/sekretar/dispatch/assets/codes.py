"""Many sorted codes in little memory, found exactly or by their beginning in a few microseconds.

A Python string costs 50 bytes before its first letter, a dict entry 100 more; a register has 160,000 codes of a dozen
letters. Joined in pages of 64 they cost what their letters do; a page is only taken apart when it is looked at.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

_PAGE = 64
_LAST = "\U0010ffff"


class SortedCodes:
    """Codes in the order of their code points, equal ones included; a position is an index into that order."""

    def __init__(self, codes: Iterable[str]) -> None:
        """The codes must come sorted, and none may hold a line break."""
        self._pages: list[str] = []
        self._heads: list[str] = []
        page: list[str] = []
        self._count = 0
        for code in codes:
            page.append(code)
            self._count += 1
            if len(page) == _PAGE:
                self._add(page)
                page = []
        self._add(page)

    def __len__(self) -> int:
        return self._count

    def equal(self, code: str) -> range:
        """The positions of this very code."""
        return range(self._position(code), self._position(code + "\0"))

    def beginning(self, prefix: str) -> range:
        """The positions of all codes that begin so."""
        return range(self._position(prefix), self._position(prefix + _LAST))

    def _add(self, page: list[str]) -> None:
        if page:
            self._heads.append(page[0])
            self._pages.append("\n".join(page))

    def _position(self, code: str) -> int:
        """Where the code stands or would stand."""
        if not self._pages:
            return 0
        number = max(bisect_left(self._heads, code) - 1, 0)
        return number * _PAGE + bisect_left(self._pages[number].split("\n"), code)
