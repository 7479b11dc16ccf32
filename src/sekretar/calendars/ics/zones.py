"""From whatever a calendar calls its time zone to a zone of the IANA database.

Programs write Windows names, vendor paths, offsets with city names, or a name of their own with a VTIMEZONE
beside it. Everything behind this module knows IANA zones only: a zone is resolved once, at the border, and
can be stored by its name. A definition that came with the event is compared with the known zones and never
registered under its name, because the next calendar may mean something else by the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from sekretar.calendars.ics.recurrence import BadRule, Work, parse_rule, starts

_UTC = ZoneInfo("UTC")
_IANA_INSIDE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+)+")
_OFFSET_INSIDE = re.compile(r"(?:UTC|GMT)\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?")
_ONSET = re.compile(r"(\d{8})T(\d{6})Z?")

#: A definition is compared within these years, where the known zones have their rules.
_YEARS = range(1975, 2036)
_MOST_OBSERVANCES = 200


def resolve(tzid: str, definition: str, default: ZoneInfo, year: int) -> ZoneInfo:
    """The zone meant by a TZID.

    Args:
        tzid: as the calendar writes it.
        definition: the text of its VTIMEZONE, or nothing.
        default: taken when nothing else can be made out, and preferred among zones that fit the definition.
        year: around which the zone is used; a definition may fit different zones in different years.
    """
    found = named(tzid)
    if found is None and definition:
        found = _fitting(definition, default.key, min(max(year, _YEARS.start), _YEARS.stop - 1))
    return found or _by_offset(tzid) or default


@lru_cache(maxsize=1024)
def named(tzid: str) -> ZoneInfo | None:
    """The zone a name means by itself, or None."""
    name = tzid.strip().strip('"').strip()
    if name.upper() in ("Z", "UTC", "GMT", "ETC/UTC", "COORDINATED UNIVERSAL TIME"):
        return _UTC
    for candidate in _spellings(name.strip("/")):
        key = _known().get(candidate.casefold())
        if key is not None:
            return ZoneInfo(key)
    return None


def _spellings(name: str) -> Iterator[str]:
    yield name
    yield name.replace(" ", "_")
    if name.casefold() in _windows():
        yield _windows()[name.casefold()]
    # /freeassociation.sourceforge.net/Tzfile/Europe/Moscow, /example.org/20240101_1/Europe/Moscow
    for match in _IANA_INSIDE.finditer(name[:255]):
        parts = match.group().split("/")
        for start in range(len(parts) - 1):
            yield "/".join(parts[start:])


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    return {key.casefold(): key for key in available_timezones()}


@cache
def _windows() -> dict[str, str]:
    """Windows names, in lower case because programs differ, and the zones that they mean."""
    # All of a large library for one table: loaded with the first name that is not IANA's own.
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    return {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}


def _by_offset(tzid: str) -> ZoneInfo | None:
    """A zone without clock changes from a name like `(UTC+03:00) Moscow`; the last thing to believe."""
    match = _OFFSET_INSIDE.search(tzid)
    if match is None:
        return None
    sign, hours, minutes = match.group(1), int(match.group(2)), int(match.group(3) or 0)
    if minutes or hours > 12:
        return None
    # The signs of Etc zones are reversed.
    return ZoneInfo(f"Etc/GMT{'-' if sign == '+' else '+'}{hours}" if hours else "UTC")


@lru_cache(maxsize=512)
def _fitting(definition: str, preferred: str, year: int) -> ZoneInfo | None:
    """The known zone that keeps the same time as a VTIMEZONE around the year."""
    located = re.search(r"^X-LIC-LOCATION:(.+)$", definition, re.MULTILINE)
    if located is not None and (found := named(located.group(1).strip())):
        return found
    observances = list(_observances(definition))
    if not observances:
        return None
    days = [(y, month, day) for y in (year, year + 1) for month in range(1, 13) for day in (5, 20)]
    noons = [datetime(*day, 12) for day in days]  # noqa: DTZ001
    wanted = [_offset_at(observances, noon) for noon in noons]
    for key in _candidates(preferred):
        zone = ZoneInfo(key)
        if all(zone.utcoffset(noon) == offset for noon, offset in zip(noons, wanted, strict=True)):
            return zone
    return None


def _candidates(preferred: str) -> Iterable[str]:
    known = set(_known().values())
    usual = dict.fromkeys((preferred, *_windows().values()))
    return (*(key for key in usual if key in known), *sorted(known - usual.keys()))


class _Observance:
    """One STANDARD or DAYLIGHT part of a VTIMEZONE."""

    def __init__(self, lines: dict[str, str]) -> None:
        self.onset = _local(lines["DTSTART"])
        self.offset_from = _timedelta(lines["TZOFFSETFROM"])
        self.offset_to = _timedelta(lines["TZOFFSETTO"])
        rule = lines.get("RRULE")
        self.rule = parse_rule(rule, lambda text: _local(text) + self.offset_from) if rule else None
        self.dates = [_local(text) for text in lines.get("RDATE", "").split(",")[:100] if _ONSET.match(text)]

    def last_onset(self, moment: datetime) -> datetime | None:
        """The last time it began until the moment."""
        onsets = [each for each in (self.onset, *self.dates) if each <= moment]
        if self.rule is not None:
            # A year and some days hold at least one onset of any rule that still applies.
            since = moment - timedelta(days=400)
            onsets += starts(self.rule, self.onset, since, moment + timedelta(seconds=1), Work(2000))
        return max(onsets, default=None)


def _observances(definition: str) -> Iterator[_Observance]:
    lines: dict[str, str] = {}
    seen = 0
    for line in definition.splitlines():
        head, _, value = line.partition(":")
        name = head.partition(";")[0].strip().upper()
        if name == "BEGIN":
            lines = {}
        elif name == "END" and value.strip().upper() in ("STANDARD", "DAYLIGHT"):
            seen += 1
            try:
                yield _Observance(lines)
            except (KeyError, ValueError, BadRule, OverflowError):
                continue
            if seen >= _MOST_OBSERVANCES:
                return
        else:
            lines[name] = f"{lines[name]},{value}" if name == "RDATE" and name in lines else value.strip()


def _offset_at(observances: list[_Observance], moment: datetime) -> timedelta:
    begun = [(onset, each) for each in observances if (onset := each.last_onset(moment)) is not None]
    if not begun:
        return min(observances, key=lambda each: each.onset).offset_from
    return max(begun, key=lambda pair: pair[0])[1].offset_to


def _local(text: str) -> datetime:
    match = _ONSET.match(text.strip())
    if match is None:
        return datetime.strptime(text.strip()[:8], "%Y%m%d")  # noqa: DTZ007
    return datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S")  # noqa: DTZ007


def _timedelta(text: str) -> timedelta:
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not an offset: {text[:20]!r}")
    sign, hours, minutes, seconds = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    return offset if sign == "+" else -offset


#: Where the clamped times of impossible years end.
EARLIEST = datetime(1, 1, 3, tzinfo=UTC)
LATEST = datetime(9999, 12, 29, tzinfo=UTC)


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a wall clock time.

    A time that the clock skips counts with the offset before the gap, one that happens twice means the first
    (RFC 5545 §3.3.5). At the ends of the calendar the moment is moved to where every zone can express it.
    """
    try:
        moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:
        return EARLIEST if local.year < 5000 else LATEST
    return min(max(moment, EARLIEST), LATEST)
