"""A list on its way from bytes to values, some rows at a time, so that it may be read beside everything else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import IO

from sekretar.dispatch.assets.registry.columns import Columns
from sekretar.dispatch.assets.registry.reading import Unreadable, read_rows
from sekretar.dispatch.assets.registry.report import Remarks
from sekretar.dispatch.assets.registry.rows import Gathered, gather
from sekretar.dispatch.settings import FeedSettings

_AT_A_TIME = 1_000


@dataclass(frozen=True)
class Listed:
    """A list that was read to its end.

    Attributes:
        rows: So many were read.
        absent: Our name → theirs of the columns that none of them has.
    """

    gathered: Gathered
    remarks: Remarks
    rows: int
    absent: Mapping[str, str]

    @property
    def good_rows(self) -> int:
        """Rows that gave something."""
        return self.rows - self.remarks.rejected


class Listing:
    """Reads a list. Errors of `read_rows` pass through."""

    def __init__(
        self, source: IO[bytes], settings: FeedSettings, columns: Columns, pole_keys: frozenset[str]
    ) -> None:
        self.rows = 0
        self._source, self._size = source, source.seek(0, os.SEEK_END) or source.tell()
        self._columns = columns
        self._remarks = Remarks()
        self._gathered = gather(columns.feed, self._remarks, pole_keys)
        self._pending: Iterator[Mapping[str, object]] = read_rows(source, settings.format)
        #: Theirs, of any row: JSON may leave out what is empty.
        self._seen: set[str] = set()

    @property
    def share(self) -> float:
        """How much of it was read, from 0 to 1."""
        return min(self._source.tell() / max(self._size, 1), 1.0)

    def go_on(self) -> bool:
        """Read some more rows; False at the end."""
        before = self.rows
        for row in islice(self._pending, _AT_A_TIME):
            self.rows += 1
            self._seen.update(row)
            self._gathered.add(self.rows, self._columns.values(row))
        return self.rows > before

    def listed(self) -> Listed:
        """What was read.

        Raises:
            Unreadable: a column that it must have is in none of its rows.
        """
        if self.rows and (missing := self._columns.missing(self._seen)):
            raise Unreadable(
                "dispatch.registry.no_column", columns=", ".join(f"«{name}»" for name in missing)
            )
        return Listed(self._gathered, self._remarks, self.rows, self._columns.absent(self._seen))
