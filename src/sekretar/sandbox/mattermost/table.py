"""Rows of one kind in memory, with the indexes that the server asks by and a list of what changed since last saved.

The sandbox is small and lives in one event loop, so its state is plain dictionaries; frozen rows make sure that
nothing changes without passing through `put`, where the change is noted for the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


class Table(Generic[Row]):
    """Rows of the dataclass `kind`, known by `key` and found by the attributes named in `by`."""

    def __init__(
        self, name: str, kind: type[Row], key: Callable[[Row], str], by: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self._kind = kind
        self._key = key
        self._rows: dict[str, Row] = {}
        self._index: dict[str, dict[object, dict[str, None]]] = {attribute: {} for attribute in by}
        #: Keys put or removed since the store saved last, in order of the first change.
        self.changed: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def get(self, key: str) -> Row | None:
        return self._rows.get(key)

    def where(self, attribute: str, value: object) -> list[Row]:
        """The rows whose attribute has the value, in the order in which they came."""
        return [self._rows[key] for key in self._index[attribute].get(value, {})]

    def first(self, attribute: str, value: object) -> Row | None:
        """The first such row."""
        return next(iter(self.where(attribute, value)), None)

    def put(self, row: Row) -> Row:
        """Insert the row, or replace the one with the same key."""
        key = self._key(row)
        before = self._rows.get(key)
        for attribute, index in self._index.items():
            value = getattr(row, attribute)
            if before is not None and getattr(before, attribute) != value:
                index[getattr(before, attribute)].pop(key, None)
            index.setdefault(value, {})[key] = None
        self._rows[key] = row
        self.changed[key] = None
        return row

    def remove(self, key: str) -> None:
        """Remove the row; nothing happens when there is none."""
        row = self._rows.pop(key, None)
        if row is None:
            return
        for attribute, index in self._index.items():
            index[getattr(row, attribute)].pop(key, None)
        self.changed[key] = None

    def document(self, key: str) -> dict[str, Any] | None:
        """The row as plain JSON values, for the store; None when it was removed."""
        row = self._rows.get(key)
        return None if row is None else asdict(row)  # type: ignore[call-overload]

    def restore(self, document: dict[str, Any]) -> None:
        """Put a row that the store kept; it does not count as a change."""
        row = self._kind(**document)
        self.put(row)
        self.changed.pop(self._key(row), None)
