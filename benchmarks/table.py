"""One row of the result: what was measured, its floor, and whether the goal is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_HEAD = ("what", "floor", "ours", "ratio", "goal", "met")
_WIDTHS = (66, 12, 12, 9, 10, 4)


@dataclass(frozen=True)
class Row:
    """`value` and `floor` in the same unit. The goal is a most for the value, for its ratio to the floor, or none."""

    what: str
    value: float
    unit: str
    floor: float | None = None
    #: What the floor is; printed once below the rows that share it.
    floor_is: str = ""
    most: float | None = None
    most_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        """None where there is no goal."""
        if self.most_ratio is not None and self.ratio is not None:
            return self.ratio <= self.most_ratio
        return None if self.most is None else self.value <= self.most

    def line(self) -> str:
        met = self.met
        cells = (
            self.what,
            "" if self.floor is None else _amount(self.floor, self.unit),
            _amount(self.value, self.unit),
            "" if self.ratio is None else f"{self.ratio:.2f} ×",
            self._goal(),
            "" if met is None else "yes" if met else "NO",
        )
        return _aligned(cells)

    def _goal(self) -> str:
        if self.most_ratio is not None:
            return f"≤ {self.most_ratio:g} ×"
        return "" if self.most is None else f"≤ {self.most:g} {self.unit}"


def head() -> str:
    """The names of the columns."""
    return _aligned(_HEAD)


def show(rows: Iterable[Row]) -> None:
    """Print the rows as they come, and what their floors are."""
    floors: dict[str, None] = {}
    for row in rows:
        print(row.line(), flush=True)
        if row.floor_is:
            floors[row.floor_is] = None
    for floor in floors:
        print(f"    floor: {floor}", flush=True)


def percentile(values: list[float], share: float) -> float:
    """The value that the share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _amount(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def _aligned(cells: tuple[str, ...]) -> str:
    first, *others = zip(cells, _WIDTHS, strict=True)
    return " ".join([f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]).rstrip()
