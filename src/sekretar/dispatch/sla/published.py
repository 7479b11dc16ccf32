"""The published production calendar of a year, as rules for single dates.

It is the one source that knows shortened days too. The file is that of xmlcalendar.ru, one a year: for each month a
list of its days that are free, with `*` behind one that is worked an hour less and `+` behind one that is free in
exchange for another. A Saturday or Sunday that is not in the list is worked.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from datetime import date
from typing import Any

from sekretar.dispatch.sla.hours import DayKind, DayRule

_DAY = re.compile(r"(\d{1,2})([*+]?)", re.ASCII)
_SATURDAY = 5


def read_year(text: str) -> dict[date, DayRule]:
    """What the calendar rules, date by date; days that are as any week has them are left out.

    Raises:
        ValueError: it is not such a file, or not a whole year.
    """
    try:
        published = json.loads(text)
        year = int(published["year"])
        months = {int(each["month"]): _days(each["days"]) for each in published["months"]}
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError("it is not a production calendar as xmlcalendar.ru publishes it") from error
    if set(months) != set(range(1, 13)):
        raise ValueError("months are missing in it")
    return {
        day: DayRule(kind)
        for month, listed in months.items()
        for number in range(1, monthrange(year, month)[1] + 1)
        if (kind := _ruled(day := date(year, month, number), listed.get(number)))
    }


def _days(listed: Any) -> dict[int, str]:
    """The sign behind each day that is listed."""
    found = {}
    for each in str(listed).split(","):
        day = _DAY.fullmatch(each.strip())
        if day is None:
            raise ValueError(f"{each.strip()!r} in it is no day")
        found[int(day[1])] = day[2]
    return found


def _ruled(day: date, sign: str | None) -> DayKind | None:
    weekend = day.weekday() >= _SATURDAY
    if sign is None:
        return DayKind.WORKING if weekend else None
    if sign == "*":
        return DayKind.SHORTENED
    return None if weekend else DayKind.OFF
