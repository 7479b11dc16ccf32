"""Common free times: what was asked for."""

from __future__ import annotations

from datetime import date

import pytest

from sekretar.calendars.finding.request import Wish, parse_wish
from sekretar.kernel.errors import PersonError

TODAY = date(2026, 3, 4)  # a Wednesday


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("@boris", Wish(("@boris",), 60, TODAY, date(2026, 3, 11))),
        ("@boris @vera 45m tomorrow", Wish(("@boris", "@vera"), 45, date(2026, 3, 5), date(2026, 3, 5))),
        ("завтра 1 час 30 минут @boris", Wish(("@boris",), 90, date(2026, 3, 5), date(2026, 3, 5))),
        ("30 x@example.com 06.03", Wish(("x@example.com",), 30, date(2026, 3, 6), date(2026, 3, 6))),
        ("@boris 5 марта", Wish(("@boris",), 60, date(2026, 3, 5), date(2026, 3, 5))),
        ("@boris in 2 days", Wish(("@boris",), 60, date(2026, 3, 6), date(2026, 3, 6))),
        ("@boris 5 марта 30", Wish(("@boris",), 30, date(2026, 3, 5), date(2026, 3, 5))),
        ("@boris 30 5 марта", Wish(("@boris",), 30, date(2026, 3, 5), date(2026, 3, 5))),
        ("с @boris и @vera завтра", Wish(("@boris", "@vera"), 60, date(2026, 3, 5), date(2026, 3, 5))),
        ("полчаса с @boris на следующей неделе", Wish(("@boris",), 30, date(2026, 3, 9), date(2026, 3, 15))),
        ("45m with @boris tomorrow", Wish(("@boris",), 45, date(2026, 3, 5), date(2026, 3, 5))),
        ("@boris, 1h, next week", Wish(("@boris,",), 60, date(2026, 3, 9), date(2026, 3, 15))),
        ("@boris for an hour", Wish(("@boris",), 60, TODAY, date(2026, 3, 11))),
        ("@boris два часа завтра", Wish(("@boris",), 120, date(2026, 3, 5), date(2026, 3, 5))),
        ("@boris с понедельника по пятницу", Wish(("@boris",), 60, date(2026, 3, 9), date(2026, 3, 13))),
        ("@boris this week", Wish(("@boris",), 60, TODAY, date(2026, 3, 8))),
        ("@boris 1 ч следующая неделя", Wish(("@boris",), 60, date(2026, 3, 9), date(2026, 3, 15))),
    ],
)
def test_a_wish_is_read_in_any_order(words: str, expected: Wish) -> None:
    assert parse_wish(words.split(), TODAY) == expected


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("45m tomorrow", "calendars.find.nobody"),
        ("", "calendars.find.nobody"),
        ("@boris yesterday", "calendars.find.past"),
        ("@boris blue moon", "calendars.period.unread"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told(words: str, key: str) -> None:
    with pytest.raises(PersonError) as refused:
        parse_wish(words.split(), TODAY)
    assert refused.value.key == key
