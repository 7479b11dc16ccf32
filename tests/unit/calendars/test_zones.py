"""Whatever a calendar calls its zone, it is a zone of the database afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import icalendar
import pytest
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from sekretar.calendars.ics.contentlines import unfold
from sekretar.calendars.ics.zones import EARLIEST, LATEST, named, resolve, to_utc

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("tzid", "key"),
    [
        ("Europe/Moscow", "Europe/Moscow"),
        ("europe/moscow", "Europe/Moscow"),
        ('"Europe/Moscow"', "Europe/Moscow"),
        ("/Europe/Moscow", "Europe/Moscow"),
        ("America/New York", "America/New_York"),
        ("Russian Standard Time", "Europe/Moscow"),
        ("russian standard time", "Europe/Moscow"),
        ("/mozilla.org/20050126_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("GMT", "UTC"),
        ("Z", "UTC"),
    ],
)
def test_names_are_understood(tzid: str, key: str) -> None:
    zone = named(tzid)
    assert zone is not None
    assert zone.key == key


@pytest.mark.parametrize(
    "tzid", ["", "Office", "../../etc/passwd", "Europe", "\x00", "x" * 10_000, "Europe/" * 1000]
)
def test_other_names_mean_nothing_by_themselves(tzid: str) -> None:
    assert named(tzid) is None


def definition(key: str) -> str:
    """A VTIMEZONE that does not give the zone away."""
    text = unfold(icalendar.Timezone.from_tzinfo(ZoneInfo(key)).to_ical())
    return "\n".join(line for line in text.splitlines() if not line.startswith(("X-LIC", "TZID")))


def test_every_windows_name_is_known() -> None:
    assert [name for name in WINDOWS_TO_OLSON if named(name) is None] == []


@pytest.mark.parametrize(
    "key", ["Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney"]
)
def test_a_definition_under_another_name_is_recognised(key: str) -> None:
    found = resolve("Our zone", definition(key), ZoneInfo("Asia/Tokyo"), 2026)
    for month in range(1, 13):
        noon = datetime(2026, month, 15, 12)  # noqa: DTZ001
        assert found.utcoffset(noon) == ZoneInfo(key).utcoffset(noon)


def test_the_default_is_preferred_where_it_fits() -> None:
    assert (
        resolve("Our zone", definition("Europe/Berlin"), ZoneInfo("Europe/Oslo"), 2026).key == "Europe/Oslo"
    )


@pytest.mark.parametrize(
    ("tzid", "key"),
    [
        ("(UTC+03:00) Moscow", "Etc/GMT-3"),
        ("GMT-0500", "Etc/GMT+5"),
        ("UTC+0", "UTC"),
        ("UTC+5:30", "Europe/Moscow"),
        ("?", "Europe/Moscow"),
    ],
)
def test_the_offset_in_a_name_is_the_last_resort_before_the_default(tzid: str, key: str) -> None:
    assert resolve(tzid, "", MOSCOW, 2026).key == key


@pytest.mark.parametrize(
    "nothing",
    ["", "BEGIN:STANDARD\nEND:STANDARD", "BEGIN:STANDARD\nDTSTART:x\nTZOFFSETTO:y\nEND:STANDARD"],
)
def test_a_definition_that_says_nothing_is_none(nothing: str) -> None:
    assert resolve("Our zone", nothing, MOSCOW, 2026) is MOSCOW


def test_a_skipped_time_counts_from_before_and_a_repeated_one_is_the_first() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert to_utc(datetime(2026, 3, 29, 2, 30), berlin) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # noqa: DTZ001
    assert to_utc(datetime(2026, 10, 25, 2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # noqa: DTZ001


@pytest.mark.parametrize("key", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_the_ends_of_the_calendar_stay_within_it(key: str) -> None:
    assert to_utc(datetime.min, ZoneInfo(key)) == EARLIEST  # noqa: DTZ901
    assert to_utc(datetime.max, ZoneInfo(key)) == LATEST  # noqa: DTZ901
