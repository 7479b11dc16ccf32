"""Tables for a terminal: columns as wide as they need, the last one as wide as it likes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows under their head, in aligned columns."""
    lines = [list(head), *[[cell.replace("\n", " ") for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one unit: 5s, 12m, 3h, 4d."""
    seconds = max(int((now - since).total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
