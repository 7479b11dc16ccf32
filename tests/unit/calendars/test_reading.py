"""From text to rows: whatever comes, there is an answer, and equal occurrences have equal names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.calendars.ics_files import ICS

from sekretar.calendars.caldav import RemoteObject
from sekretar.calendars.sync.reading import AHEAD, LATEST, Reader, Reading, horizon, pack, read, seen, unpack

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
READER = Reader(ZoneInfo("Europe/Moscow"), {"anna@example.com"}, ())


def reading(text: str) -> Reading:
    return read(RemoteObject("a.ics", None, text), READER, NOW)


@given(st.text())
def test_garbage_is_unreadable_and_kept(text: str) -> None:
    found = reading(text)
    assert (found.rows, found.data, found.etag) == ((), text, "")
    assert unpack(pack(found.data)) == text


def test_every_known_habit_gives_rows_with_different_names() -> None:
    for path in sorted(ICS.glob("*.ics")):
        rows = reading(path.read_text("utf-8", "replace")).rows
        names = [(row["uid"], row["recurrence_id"]) for row in rows]
        assert len(set(names)) == len(names)
        assert all(row["uid"] and row["ends_at"] <= LATEST for row in rows)
        assert len(seen(rows)) == len(rows)


def test_the_horizon_is_a_whole_day() -> None:
    assert horizon(NOW) == horizon(NOW + timedelta(hours=14))
    assert horizon(NOW) <= NOW + AHEAD
