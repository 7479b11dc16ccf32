"""One row of the result: what was measured, its floor, and the goal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`value` and `floor` in the same unit; `goal` says what the row should show."""

    what: str
    value: float
    unit: str
    goal: str
    floor: float | None = None
    floor_is: str = ""

    def line(self) -> str:
        ratio = f"{self.value / self.floor:8.2f} ×" if self.floor else " " * 10
        floor = f"{self.floor:10.3f} {self.unit} ({self.floor_is})" if self.floor is not None else "–"
        return f"{self.what:<58} {self.value:10.3f} {self.unit:<8} {ratio}  floor {floor}; goal {self.goal}"


def show(rows: Iterable[Row]) -> None:
    """Print the rows as they come."""
    for row in rows:
        print(row.line(), flush=True)


def percentile(values: list[float], share: float) -> float:
    """The value that the share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
