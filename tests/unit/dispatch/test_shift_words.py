"""Shifts, lengths and days off as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sekretar.dispatch.assignment.model import ShiftExceptionRow
from sekretar.dispatch.assignment.shifts import Schedule, Shift
from sekretar.dispatch.assignment.team import Member, Role
from sekretar.dispatch.commands.hours import rule_in
from sekretar.dispatch.commands.kinds import name_and_minutes
from sekretar.dispatch.commands.people import presence
from sekretar.dispatch.commands.shift_words import (
    coming_days,
    hours_in,
    pattern_in,
    shift_on,
    span_of,
    weekdays_in,
    worked_on,
)
from sekretar.dispatch.commands.shifts import difference, week
from sekretar.dispatch.sla.hours import DayKind, DayRule
from sekretar.dispatch.spans import Opening, Span
from sekretar.dispatch.telling import Reader
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.people import Person

#: A Wednesday.
TODAY = date(2026, 3, 4)
MOSCOW = ZoneInfo("Europe/Moscow")
DAY, NIGHT = Opening(time(9), time(18)), Opening(time(20), time(8))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("9-18", DAY),
        ("09:00-18:00", DAY),
        ("20–8", NIGHT),
        ("12.03-20.03", None),
        ("mon-fri", None),
        ("2/2", None),
    ],
)
def test_hours(text: str, hours: Opening | None) -> None:
    assert hours_in(text) == hours


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri", range(5)), ("Пн-Пт", range(5)), ("будни", range(5)), ("пт-вт", (0, 1, 4, 5, 6)),
     ("пн,ср,сб-вс", (0, 2, 5, 6)), ("daily", range(7)), ("sun", (6,))],
)  # fmt: skip
def test_days_of_the_week(text: str, days: tuple[int, ...]) -> None:
    assert weekdays_in(text) == tuple(days)


def test_a_pattern_of_the_week_begins_with_the_next_such_days() -> None:
    assert pattern_in(("вт-ср", "9-18"), TODAY, None) == (
        Shift(date(2026, 3, 10), 7, DAY),
        Shift(TODAY, 7, DAY),
    )


def test_two_days_on_and_two_off() -> None:
    first, second = pattern_in(("2/2", "20-8"), TODAY, date(2026, 4, 1))
    assert (first, second) == (
        Shift(TODAY, 4, NIGHT, date(2026, 4, 1)),
        Shift(date(2026, 3, 5), 4, NIGHT, date(2026, 4, 1)),
    )


@pytest.mark.parametrize(
    "text", ["", "пн-пт", "9-18", "пн-пт вт 9-18", "каждый 9-18", "пн-пт 25-26", "0/2 9-18"]
)
def test_a_pattern_that_cannot_be_read(text: str) -> None:
    with pytest.raises(PersonError):
        pattern_in(text.split(), TODAY, None)


def test_days_to_come() -> None:
    assert coming_days("12.03-20.03", TODAY) == (date(2026, 3, 12), date(2026, 3, 20))
    assert coming_days("28.12-03.01", TODAY) == (date(2026, 12, 28), date(2027, 1, 3))
    assert coming_days("завтра", TODAY) == (date(2026, 3, 5), date(2026, 3, 5))


@pytest.mark.parametrize("text", ["14.12-12.12", "20.03-12.03", "2026-03-20..2026-03-12"])
def test_days_that_were_turned_round_are_no_year(text: str) -> None:
    with pytest.raises(PersonError):
        coming_days(text, TODAY)


def test_a_year_away_is_written_with_its_year() -> None:
    assert coming_days("12.03.2026-11.03.2027", TODAY) == (date(2026, 3, 12), date(2027, 3, 11))
    assert coming_days("12.03-11.03.27", TODAY) == (date(2026, 3, 12), date(2027, 3, 11))


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    schedule = Schedule(MOSCOW, (Shift(TODAY, 2, NIGHT),))
    begun = Span(datetime(2026, 3, 4, 17, tzinfo=UTC), datetime(2026, 3, 5, 5, tzinfo=UTC))
    assert shift_on(schedule, TODAY) == begun
    whole = Span(datetime(2026, 3, 4, 21, tzinfo=UTC), datetime(2026, 3, 5, 21, tzinfo=UTC))
    assert shift_on(schedule, date(2026, 3, 5)) == whole


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Авария ВОЛС 4ч", ("Авария ВОЛС", 240)),
        ("Доступ 48 часов", ("Доступ", 2880)),
        ("90", ("", 90)),
        ("Новое название", ("Новое название", None)),
    ],
)
def test_a_name_and_a_time(text: str, meant: tuple[str, int | None]) -> None:
    assert name_and_minutes(text.split()) == meant


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("выходной", DayRule(DayKind.OFF)),
        ("short", DayRule(DayKind.SHORTENED)),
        ("9-18", DayRule(DayKind.OWN, (DAY,))),
        ("-", None),
    ],
)
def test_the_rule_for_a_day(text: str, rule: DayRule | None) -> None:
    assert rule_in(text.split()) == rule


def test_a_rule_that_cannot_be_read() -> None:
    with pytest.raises(PersonError):
        rule_in(("может", "быть"))


def test_whoever_works_around_the_clock_is_seen_on_each_day() -> None:
    schedule = Schedule(MOSCOW, pattern_in(("daily", "0-24"), TODAY, None))
    night = Schedule(MOSCOW, pattern_in(("daily", "20-8"), TODAY, None))
    for days in range(7):
        whole = span_of(TODAY + timedelta(days), TODAY + timedelta(days), None, MOSCOW)
        assert worked_on(schedule, whole) == [whole]
        assert [each.length for each in worked_on(night, whole)] == [timedelta(hours=12)]


# --- how it is said


BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
T = Catalogues.load().translator("ru")


def member(number: int, name: str, zone: ZoneInfo, *shifts: Shift) -> Member:
    return Member(
        Person(number, "chat", f"u{number}", name, name, "ru", zone, True),
        Role.DISPATCHER,
        Schedule(zone, shifts),
    )


ANNA = member(1, "Анна", MOSCOW, Shift(TODAY - timedelta(days=9), 1, Opening(time(0), time(0))))
BORIS = member(2, "Борис", BERLIN)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 3, 12), date(2026, 3, 14), "12–14 марта"),
        (date(2026, 3, 12), date(2026, 3, 12), "12 марта"),
        (date(2026, 12, 28), date(2027, 1, 3), "28 декабря – 3 января 2027 г."),
    ],
)
def test_a_leave_has_the_days_of_whoever_is_away(first: date, last: date, said: str) -> None:
    span = span_of(first, last, None, BERLIN)
    row = ShiftExceptionRow(id=7, person_id=2, kind="leave", begins_at=span.begin, ends_at=span.end, note="")
    assert difference(row, [ANNA, BORIS], MOSCOW, NOW, T) == f"* Борис отсутствует: {said} · № 7"


def test_who_works_around_the_clock_works_until_no_hour() -> None:
    first = week([ANNA, BORIS], MOSCOW, NOW, T)[0]
    assert first.endswith(": Анна круглосуточно")
    assert presence(ANNA, Reader(T, MOSCOW, NOW)) == "круглосуточно"
