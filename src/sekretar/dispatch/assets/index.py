"""The codes of a register in memory: what a word of a letter is, without asking the database.

Keys and numbers only: what a card shows is read from the database once it is known which asset is meant. With 60,000
poles and 100,000 stations that is a few megabytes, and no word costs more than some microseconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from sekretar.dispatch.assets.codes import SortedCodes
from sekretar.dispatch.assets.values import Place


class AssetIndex:
    """The poles and stations that a register has now."""

    def __init__(self, poles: Iterable[tuple[str, int]], stations: Iterable[tuple[str, int, int]]) -> None:
        """Takes (key, id) of poles and (key, id, id of the pole) of stations, in any order."""
        self._pole_keys, (self._poles,) = _sorted(poles, 1)
        self._station_keys, (self._stations, self._station_poles) = _sorted(stations, 2)

    def poles(self, key: str) -> frozenset[Place]:
        """The poles of this code."""
        return frozenset(self._pole(at) for at in self._pole_keys.equal(key))

    def stations(self, key: str) -> frozenset[Place]:
        """The stations of this name, on all their poles."""
        return frozenset(self._station(at) for at in self._station_keys.equal(key))

    def poles_beginning(self, prefix: str) -> Places:
        """The poles whose code begins so."""
        return Places(self._pole_keys.beginning(prefix), self._poles)

    def stations_beginning(self, prefix: str) -> Places:
        """The stations whose name begins so."""
        return Places(self._station_keys.beginning(prefix), self._station_poles, self._stations)

    def _pole(self, at: int) -> Place:
        return Place(self._poles[at])

    def _station(self, at: int) -> Place:
        return Place(self._station_poles[at], self._stations[at])


class Places:
    """Neighbours in the index: possibly very many, so that they are counted before they are looked at."""

    def __init__(self, span: range, poles: array[int], stations: array[int] | None = None) -> None:
        self._span, self._poles, self._stations = span, poles, stations

    def __len__(self) -> int:
        return len(self._span)

    def first(self, most: int) -> list[Place]:
        """The first of them, in the order of their codes."""
        if self._stations is None:
            return [Place(self._poles[at]) for at in self._span[:most]]
        return [Place(self._poles[at], self._stations[at]) for at in self._span[:most]]

    def has_pole(self, pole_id: int) -> bool:
        """Whether one of them stands on this pole, or is it."""
        return any(self._poles[at] == pole_id for at in self._span)

    def on(self, pole_id: int) -> list[Place]:
        """Those on this pole, or the pole itself."""
        return [place for place in self.first(len(self)) if place.pole_id == pole_id]


def _sorted(
    rows: Iterable[tuple[str, *tuple[int, ...]]], numbers: int
) -> tuple[SortedCodes, list[array[int]]]:
    """The keys apart from what they stand for, both in the order of the keys."""
    ordered = sorted(rows)
    columns = [array("q", (int(row[place]) for row in ordered)) for place in range(1, numbers + 1)]
    return SortedCodes(row[0] for row in ordered), columns


#: Of a desk without a register.
EMPTY = AssetIndex((), ())
