"""Finding a time zone by what people call it: its IANA name, or the city in English or Russian."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location

from sekretar.kernel.people import zone_of
from sekretar.mattermost.parsing import fold

_MOST = 3


def find_zone(name: str) -> ZoneInfo | None:
    """The zone of that name or city; None when there is none."""
    found = _names().get(_key(name))
    return zone_of(found) if found else None


def similar_zones(name: str) -> list[str]:
    """IANA names that may have been meant."""
    names = _names()
    close = difflib.get_close_matches(_key(name), names, n=2 * _MOST, cutoff=0.7)
    return list(dict.fromkeys(names[each] for each in close))[:_MOST]


@cache
def _names() -> Mapping[str, str]:
    """Every folded name with its zone. What an older name and a city share belongs to the city."""
    known = available_timezones()
    cities = {zone for zones in get_global("territory_zones").values() for zone in zones if zone in known}
    names: dict[str, str] = {}
    for language in ("en", "ru"):
        locale = Locale.parse(language)
        for zone in sorted(cities):
            names.setdefault(_key(get_timezone_location(zone, locale, return_city=True)), zone)
    return (
        {_key(zone.rpartition("/")[2]): zone for zone in sorted(cities)}
        | names
        | {_key(zone): zone for zone in known}
    )


def _key(name: str) -> str:
    return fold(name).replace(" ", "_").replace("-", "_") if "/" not in name else fold(name).replace(" ", "_")
