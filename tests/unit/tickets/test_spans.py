"""How long work is meant to take."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sekretar.kernel.errors import PersonError
from sekretar.tickets.spans import parse_span


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2", 2), ("1,5", 1.5), ("2h 30m", 2.5), ("1:30", 1.5), ("90 мин", 1.5), ("1,5 ч", 1.5), ("3d", 24),
        ("1 день 2 часа", 10), ("1w 2d", 56), ("2 недели", 80), ("0,5 д", 4), ("  45m ", 0.75),
    ],
)  # fmt: skip
def test_lengths_as_people_write_them(text: str, hours: float) -> None:
    assert parse_span(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "0", "soon", "2x", "3d soon", "-1h", "1e9", "99999h", "d"])
def test_anything_else_is_asked_again(text: str) -> None:
    with pytest.raises(PersonError, match=r"tickets\.span\.unreadable"):
        parse_span(text)
