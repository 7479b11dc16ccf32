"""A published production calendar as rules for single dates."""

from __future__ import annotations

import json
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from sekretar.dispatch.sla.hours import DayKind, WorkingHours
from sekretar.dispatch.sla.published import read_year
from sekretar.dispatch.spans import Opening

MONTHS = {
    1: "1,2,3,4,5,6,7,8,11,12,18,19,25,26",
    2: "1,2,8,9,15,16,22,23",
    3: "1,2,7*,8,9,15,16,22,23,29,30",
    4: "5,6,12,13,19,20,26,27,30*",
    5: "1,2+,3,4,8+,9,10,11,17,18,24,25,31",
    6: "1,7,8,11*,12,13+,14,15,21,22,28,29",
    7: "5,6,12,13,19,20,26,27",
    8: "2,3,9,10,16,17,23,24,30,31",
    9: "6,7,13,14,20,21,27,28",
    10: "4,5,11,12,18,19,25,26",
    11: "1*,2,3+,4,8,9,15,16,22,23,29,30",
    12: "6,7,13,14,20,21,27,28,31+",
}


def published(months: dict[int, str]) -> str:
    return json.dumps({"year": 2025, "months": [{"month": n, "days": days} for n, days in months.items()]})


def test_the_year_2025_is_that_of_the_library_and_has_shortened_days_beside() -> None:
    office = (Opening.parse("09:00-18:00"),)
    week = (office,) * 5 + ((),) * 2
    moscow = ZoneInfo("Europe/Moscow")
    ruled = read_year(published(MONTHS))
    by_file, by_library = WorkingHours(moscow, week, "", ruled), WorkingHours(moscow, week, "RU")
    shortened = {day for day, rule in ruled.items() if rule.kind is DayKind.SHORTENED}
    assert shortened == {date(2025, 3, 7), date(2025, 4, 30), date(2025, 6, 11), date(2025, 11, 1)}
    for number in range(365):
        day = date(2025, 1, 1) + timedelta(days=number)
        hours = by_library.openings(day)
        assert by_file.openings(day) == ((Opening.parse("09:00-17:00"),) if day in shortened else hours)


def test_a_weekend_that_is_not_listed_is_worked() -> None:
    ruled = read_year(published({**MONTHS, 12: "6,7,13,14,20,21,28,31+"}))
    assert ruled[date(2025, 12, 27)].kind is DayKind.WORKING
    assert ruled[date(2025, 12, 31)].kind is DayKind.OFF


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", published({1: "1"}), published({**MONTHS, 3: "1;2"}), published({**MONTHS, 3: ""})],
)
def test_what_is_no_calendar_of_a_year_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it"):
        read_year(text)
