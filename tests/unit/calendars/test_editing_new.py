"""New meetings: readable by us and by icalendar, and with zones that are right on the day the clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from tests.unit.calendars.editing_texts import BERLIN, NOW

from sekretar.calendars.editing import Days, Invitee, NewEvent, Repeat, Timed, new_event
from sekretar.calendars.editing.zonetext import vtimezone
from sekretar.calendars.ics.events import PartStat, Role
from sekretar.calendars.ics.occurrences import occurrences
from sekretar.calendars.ics.reading import parse_object
from sekretar.calendars.ics.zones import resolve

TIME = Timed(datetime(2026, 3, 5, 14, 0, tzinfo=BERLIN), datetime(2026, 3, 5, 14, 45, tzinfo=BERLIN))
ANNA, BORIS = Invitee("anna@example.com", "Anna"), Invitee("boris@example.com", "Борис", Role.OPTIONAL)

_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=200)
_ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca",
          "America/Santiago", "Europe/Moscow", "Africa/Cairo", "Asia/Kathmandu", "Europe/Dublin"]  # fmt: skip


def test_a_single_meeting_is_written_in_utc() -> None:
    data = new_event(NewEvent("Demo", TIME, BERLIN), "uid-1", NOW)
    assert "DTSTART:20260305T130000Z\r\nDTEND:20260305T134500Z" in data
    assert "VTIMEZONE" not in data
    assert "ORGANIZER" not in data
    assert "SEQUENCE:0" in data


def test_everything_that_was_said_is_read_back() -> None:
    draft = NewEvent(
        "Демо, релиз; 2.5",
        TIME,
        BERLIN,
        description="One\nTwo",
        place="Room 3\\4",
        organizer=ANNA,
        attendees=(BORIS, ANNA, BORIS),
        reminders=(timedelta(minutes=10), timedelta(hours=2), timedelta(days=1), timedelta()),
        transparent=True,
        telemost=True,
    )
    data = new_event(draft, "uid-1", NOW)
    (event,) = parse_object(data, BERLIN).events
    assert (event.uid, event.title, event.location) == ("uid-1", draft.title, draft.place)
    assert event.description == draft.description
    assert event.organizer is not None
    assert event.organizer.name == "Anna"
    (boris,) = event.attendees
    assert (boris.address, boris.name) == ("boris@example.com", "Борис")
    assert (boris.partstat, boris.rsvp, boris.role) == (PartStat.NEEDS_ACTION, True, Role.OPTIONAL)
    assert event.alarms == (-timedelta(days=1), -timedelta(hours=2), -timedelta(minutes=10), timedelta())
    assert event.transparent
    assert "X-TELEMOST-REQUIRED:TRUE" in data


def test_days_end_with_the_last_of_them() -> None:
    data = new_event(NewEvent("Trip", Days(date(2026, 3, 5), date(2026, 3, 6)), BERLIN), "u", NOW)
    assert "DTSTART;VALUE=DATE:20260305\r\nDTEND;VALUE=DATE:20260307" in data


@pytest.mark.parametrize(
    ("repeat", "days"),
    [
        (Repeat.DAILY, ["05", "06", "07", "08"]),
        (Repeat.WEEKDAYS, ["05", "06", "09", "10"]),
        (Repeat.WEEKLY, ["05", "12", "19", "26"]),
        (Repeat.FORTNIGHTLY, ["05", "19", "02", "16"]),
        (Repeat.MONTHLY, ["05", "05", "05", "05"]),
    ],
)
def test_a_repeated_meeting_stays_at_its_time_of_day(repeat: Repeat, days: list[str]) -> None:
    data = new_event(NewEvent("Sync", TIME, BERLIN, repeat=repeat), "u", NOW)
    window = NOW, datetime(2026, 8, 1, tzinfo=UTC)
    found = occurrences(parse_object(data, ZoneInfo("UTC")), window, ZoneInfo("UTC"))
    local = [each.start.astimezone(BERLIN) for each in found]
    assert [f"{each:%d}" for each in local[:4]] == days
    assert {f"{each:%H:%M}" for each in local} == {"14:00"}
    assert "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin" in data


def test_the_last_day_of_a_repetition_is_included() -> None:
    draft = NewEvent("Sync", TIME, BERLIN, repeat=Repeat.WEEKLY, repeat_until=date(2026, 3, 19))
    found = occurrences(
        parse_object(new_event(draft, "u", NOW), BERLIN), (NOW, datetime(2027, 1, 1, tzinfo=UTC)), BERLIN
    )
    assert [f"{each.start:%m-%d}" for each in found] == ["03-05", "03-12", "03-19"]


def test_an_invitation_needs_somebody_who_invites() -> None:
    with pytest.raises(ValueError):
        new_event(NewEvent("Demo", TIME, BERLIN, attendees=(BORIS,)), "u", NOW)


def test_a_meeting_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError):
        Timed(TIME.end, TIME.start)
    with pytest.raises(ValueError):
        Days(date(2026, 3, 6), date(2026, 3, 5))
    with pytest.raises(ValueError):
        Timed(TIME.start, datetime(2026, 3, 5, 20, 0))  # noqa: DTZ001


@settings(max_examples=150, deadline=None)
@given(title=_TEXT, place=_TEXT, description=_TEXT, name=_TEXT, repeat=st.sampled_from([None, *Repeat]))
def test_any_text_survives_and_icalendar_reads_the_same(
    title: str, place: str, description: str, name: str, repeat: Repeat | None
) -> None:
    draft = NewEvent(
        title, TIME, BERLIN, description, place, ANNA, (Invitee("b@example.com", name),), repeat=repeat
    )
    data = new_event(draft, "u", NOW)
    assert all(len(line.encode()) <= 75 for line in data.split("\r\n"))
    assert "\n" not in data.replace("\r\n", "")
    theirs = Calendar.from_ical(data).events[0]
    assert (str(theirs["SUMMARY"]), str(theirs["LOCATION"])) == (title, place)
    assert str(theirs["DESCRIPTION"]) == description
    assert theirs.start == TIME.start
    (ours,) = parse_object(data, BERLIN).events
    assert ours.title == " ".join(title.split())


@pytest.mark.parametrize("key", _ZONES)
def test_a_zone_is_described_as_it_keeps_time(key: str) -> None:
    """The definition alone, without its name, is read back by another program as the same clock."""
    lines = [line.replace(f"TZID:{key}", "TZID:Custom") for line in vtimezone(ZoneInfo(key), 2026)]
    found = resolve("Custom", "\n".join(lines), ZoneInfo("UTC"), 2026)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    while moment.year < 2028:
        assert moment.astimezone(found).utcoffset() == moment.astimezone(ZoneInfo(key)).utcoffset()
        moment += timedelta(hours=12)


@pytest.mark.parametrize("key", _ZONES)
def test_icalendar_tells_the_same_time_by_a_definition(key: str) -> None:
    text = "\r\n".join(["BEGIN:VCALENDAR", *vtimezone(ZoneInfo(key), 2026), "END:VCALENDAR", ""])
    theirs = Calendar.from_ical(text.replace(f"TZID:{key}", f"TZID:Test-{key}")).timezones[0].to_tz()
    # At noon: what a clock shows within a gap is a matter of taste.
    moment = datetime(2026, 1, 1, 12)  # noqa: DTZ001
    while moment.year < 2036:
        assert theirs.utcoffset(moment) == ZoneInfo(key).utcoffset(moment), moment
        moment += timedelta(days=1)


def test_a_regular_zone_needs_two_rules_and_no_dates() -> None:
    lines = vtimezone(BERLIN, 2026)
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" in lines
    assert "DTSTART:20250330T020000" in lines
    assert not any(line.startswith("RDATE") for line in lines)
