"""Days as people name them; a calendar is looked at on Wednesday, 4 March 2026."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.views.periods import (
    EARLIEST,
    LATEST,
    MOST_DAYS,
    Kind,
    Period,
    day_of,
    month_of,
    restored,
    span_of,
    week_of,
)
from sekretar.calendars.views.reading import parse_period, understood
from sekretar.kernel.errors import PersonError

TODAY = date(2026, 3, 4)
DAYS = st.dates(EARLIEST, LATEST)
#: Away from the ends, where weeks and months are cut off.
USUAL_DAYS = st.dates(date(1971, 1, 1), date(2198, 12, 31))


def said(text: str) -> str:
    period = parse_period(text, TODAY)
    return f"{period.kind} {period.first} {period.last}"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", "2026-03-04"),
        ("Сегодня", "2026-03-04"),
        ("завтра.", "2026-03-05"),
        ("the day after tomorrow", "2026-03-06"),
        ("day after tomorrow", "2026-03-06"),
        ("вчера", "2026-03-03"),
        ("через 3 дня", "2026-03-07"),
        ("12.03.2026", "2026-03-12"),
        ("2026-03-12", "2026-03-12"),
        ("12.03", "2026-03-12"),
        ("на 12.03", "2026-03-12"),
        ("day 12.03", "2026-03-12"),
        ("дата 12.03", "2026-03-12"),
        ("12/03", "2026-03-12"),
        ("12 March, 2026", "2026-03-12"),
        ("12 марта", "2026-03-12"),
        ("пятница", "2026-03-06"),
        ("в эту пятницу", "2026-03-06"),
        ("next friday", "2026-03-06"),
        ("в среду", "2026-03-11"),
        ("last wednesday", "2026-02-25"),
        ("в прошлую пятницу", "2026-02-27"),
        ("через два дня", "2026-03-06"),
        ("in two days", "2026-03-06"),
        ("два дня назад", "2026-03-02"),
        ("the day before yesterday", "2026-03-02"),
        ("2026/03/12", "2026-03-12"),
        ("9-го марта", "2026-03-09"),
        ("чт 12.03", "2026-03-12"),
        ("четверг, 12 марта", "2026-03-12"),
        ("Thu, 12 Mar 2026", "2026-03-12"),
        ("12.03.2026 (чт)", "2026-03-12"),
        ("через месяц", "2026-04-04"),
        ("in 2 months", "2026-05-04"),
        ("через полгода", "2026-09-04"),
        ("in a year", "2027-03-04"),
        ("год назад", "2025-03-04"),
    ],
)
def test_a_day(text: str, day: str) -> None:
    assert said(text) == f"day {day} {day}"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1 марта", "2026-03-01"), ("28.02", "2026-02-28"), ("20.12", "2025-12-20"), ("20.08", "2026-08-20"),
        ("15-го", "2026-03-15"), ("15 числа", "2026-03-15"), ("the 1st", "2026-03-01"), ("25-го", "2026-02-25"),
        ("31-го", "2026-03-31"), ("on the 28th", "2026-02-28"),
    ],
)  # fmt: skip
def test_without_a_year_the_nearest_day_is_meant(text: str, day: str) -> None:
    assert said(text) == f"day {day} {day}"


@pytest.mark.parametrize(
    ("text", "monday"),
    [
        ("week", "2026-03-02"),
        ("Неделя", "2026-03-02"),
        ("this week", "2026-03-02"),
        ("на этой неделе", "2026-03-02"),
        ("next week", "2026-03-09"),
        ("week next", "2026-03-09"),
        ("следующая неделя", "2026-03-09"),
        ("на прошлой неделе", "2026-02-23"),
        ("неделю назад", "2026-02-23"),
        ("a week ago", "2026-02-23"),
        ("week 12", "2026-03-16"),
        ("неделя 52", "2025-12-22"),
        ("week 12.03", "2026-03-09"),
        ("неделя с 12.03", "2026-03-09"),
    ],
)
def test_a_week_is_monday_to_sunday(text: str, monday: str) -> None:
    first = date.fromisoformat(monday)
    assert parse_period(text, TODAY) == Period(Kind.WEEK, first, first + timedelta(days=6))


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("month", "2026-03"),
        ("следующий месяц", "2026-04"),
        ("last month", "2026-02"),
        ("месяц назад", "2026-02"),
        ("в этом месяце", "2026-03"),
        ("march", "2026-03"),
        ("в мае", "2026-05"),
        ("декабрь", "2025-12"),
        ("март 2027", "2027-03"),
        ("за март", "2026-03"),
        ("в марте", "2026-03"),
        ("in March", "2026-03"),
        ("for march", "2026-03"),
        ("за март 2025 г.", "2025-03"),
        ("мар", "2026-03"),
        ("month 12.05", "2026-05"),
    ],
)
def test_a_month_is_the_calendar_month(text: str, month: str) -> None:
    assert parse_period(text, TODAY) == month_of(date.fromisoformat(f"{month}-01"))
    assert said(text).startswith(f"month {month}-01")


@pytest.mark.parametrize(
    "text",
    [
        "12.03 15.03",
        "15.03 12.03",
        "12.03-15.03",
        "12.03 – 15.03",
        "12.03..15.03",
        "12-15.03",
        "12-15 march",
        "march 12-15",
        "с 12 по 15 марта",
        "с 12 марта по 15 марта",
        "с 15 по 12 марта",
        "from 12.03 to 15.03.2026",
        "between 12 march and 15 march",
        "2026-03-12 2026-03-15",
        "2026-03-12-2026-03-15",
        "2026-03-15 - 2026-03-12",
    ],
)
def test_a_range_in_any_order(text: str) -> None:
    assert said(text) == "span 2026-03-12 2026-03-15"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("с 28 февраля по 3 марта", "2026-02-28", "2026-03-03"),
        ("28–3 марта", "2026-02-28", "2026-03-03"),
        ("29 марта - 3", "2026-03-29", "2026-04-03"),
        ("20.12 - 10.01", "2025-12-20", "2026-01-10"),
        ("20.12 - 10.01.2027", "2026-12-20", "2027-01-10"),
        ("01.08-10.09", "2026-08-01", "2026-09-10"),
        ("today - friday", "2026-03-04", "2026-03-06"),
        ("с завтра по 10.03", "2026-03-05", "2026-03-10"),
        ("пн-пт", "2026-03-09", "2026-03-13"),
        ("с понедельника по пятницу", "2026-03-09", "2026-03-13"),
        ("с завтра до четверга", "2026-03-05", "2026-03-05"),
        ("завтра и послезавтра", "2026-03-05", "2026-03-06"),
        ("сб, вс", "2026-03-07", "2026-03-08"),
        ("через два дня - через неделю", "2026-03-06", "2026-03-11"),
        ("с 5-го по 9-е марта", "2026-03-05", "2026-03-09"),
        ("weekend", "2026-03-07", "2026-03-08"),
        ("на выходных", "2026-03-07", "2026-03-08"),
        ("next weekend", "2026-03-14", "2026-03-15"),
        ("прошлые выходные", "2026-02-28", "2026-03-01"),
    ],
)
def test_a_range_across_months_and_in_words(text: str, first: str, last: str) -> None:
    period = parse_period(text, TODAY)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("с марта по апрель", "2026-03-01", "2026-04-30"),
        ("март-апрель", "2026-03-01", "2026-04-30"),
        ("март – апрель", "2026-03-01", "2026-04-30"),
        ("мар-апр", "2026-03-01", "2026-04-30"),
        ("март и апрель", "2026-03-01", "2026-04-30"),
        ("март апрель", "2026-03-01", "2026-04-30"),
        ("за март-апрель", "2026-03-01", "2026-04-30"),
        ("в марте и апреле", "2026-03-01", "2026-04-30"),
        ("from March to April", "2026-03-01", "2026-04-30"),
        ("March to April", "2026-03-01", "2026-04-30"),
        ("between March and April", "2026-03-01", "2026-04-30"),
        ("in March and April", "2026-03-01", "2026-04-30"),
        ("с апреля по март", "2026-03-01", "2026-04-30"),
        ("с декабря по январь", "2025-12-01", "2026-01-31"),
        ("с июля до августа", "2026-07-01", "2026-08-31"),
        ("с сентября по октябрь", "2025-09-01", "2025-10-31"),
        ("с января по февраль", "2026-01-01", "2026-02-28"),
        ("с января по февраль 2028", "2028-01-01", "2028-02-29"),
        ("с декабря по январь 2027 г.", "2026-12-01", "2027-01-31"),
        ("декабрь 2026 - январь", "2026-12-01", "2027-01-31"),
        ("с декабря 2026 г. по январь 2027 года", "2026-12-01", "2027-01-31"),
        ("с 15 марта по апрель", "2026-03-15", "2026-04-30"),
        ("с марта по 15 апреля", "2026-03-01", "2026-04-15"),
        ("с марта по 10 марта", "2026-03-01", "2026-03-10"),
        ("с завтра по апрель", "2026-03-05", "2026-04-30"),
        ("апрель - 15 марта", "2026-03-15", "2026-04-30"),
    ],
)
def test_a_range_by_names_of_months_holds_them_whole(text: str, first: str, last: str) -> None:
    assert said(text) == f"span {first} {last}"


def test_a_range_of_one_month_is_that_month() -> None:
    assert said("с марта по март") == "month 2026-03-01 2026-03-31"


_NAMES = (
    ("January", "Январь"), ("February", "Февраль"), ("March", "Март"), ("April", "Апрель"), ("May", "Май"),
    ("June", "Июнь"), ("July", "Июль"), ("August", "Август"), ("September", "Сентябрь"),
    ("October", "Октябрь"), ("November", "Ноябрь"), ("December", "Декабрь"),
)  # fmt: skip


@given(USUAL_DAYS, st.integers(0, 11))
def test_a_month_and_the_next_one_in_any_spelling(today: date, number: int) -> None:
    one, other = _NAMES[number], _NAMES[(number + 1) % 12]
    period = parse_period(f"from {one[0]} to {other[0]}", today)
    begin = parse_period(one[0], today)
    assert begin.later is not None
    assert (period.first, period.last) == (begin.first, begin.later.last)
    for text in (f"{one[0]}-{other[0]}", f"{one[1]} - {other[1]}", f"за {one[1]}-{other[1]}".lower()):
        assert parse_period(text, today) == period


@pytest.mark.parametrize("day", [date(2026, 3, 7), date(2026, 3, 8)])
def test_at_the_weekend_this_one_is_meant(day: date) -> None:
    assert parse_period("выходные", day) == span_of(date(2026, 3, 7), date(2026, 3, 8))


def test_a_day_of_the_week_beside_another_day_is_a_range() -> None:
    assert said("пятница 12.03") == "span 2026-03-06 2026-03-12"


def test_a_range_of_one_day_is_a_day() -> None:
    assert parse_period("12.03-12.03", TODAY) == day_of(date(2026, 3, 12))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("30.02", "kernel.form.no_such_day"),
        ("с 30 по 31 февраля", "kernel.form.no_such_day"),
        ("1 января - 31 декабря", "calendars.period.too_long"),
        ("01.03.2026 01.03.2027", "calendars.period.too_long"),
        ("с января по декабрь", "calendars.period.too_long"),
        ("с марта по май", "calendars.period.too_long"),
        ("с марта по апрель 2300", "calendars.period.too_far"),
        ("31.12.9999", "calendars.period.too_far"),
        ("01.01.0001", "calendars.period.too_far"),
        ("01.01.0001 31.12.9999", "calendars.period.too_far"),
        ("month 01.01.0001", "calendars.period.too_far"),
        ("week 31.12.9999", "calendars.period.too_far"),
        ("март 9999", "calendars.period.too_far"),
    ],
)
def test_days_that_cannot_be_shown_are_understood_and_refused(text: str, key: str) -> None:
    with pytest.raises(PersonError) as refused:
        parse_period(text, TODAY)
    assert refused.value.key == key
    assert understood(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "tody",
        "севодня",
        "connect",
        "week blah",
        "week 54",
        "5",
        "12 13",
        "с 10 по 15",
        "1.1.1",
        "x" * 500,
        "- - -",
        "год",
        "с 5 по март",
        "март - 5",
        "марток-апрель",
    ],
)
def test_what_is_no_date_is_left_to_others(text: str) -> None:
    assert not understood(text)
    with pytest.raises(PersonError) as refused:
        parse_period(text, TODAY)
    assert refused.value.key == "calendars.period.unread"


@given(st.text(alphabet="0123456789.-–/ сопдmartweknx", max_size=40), DAYS)
def test_any_text_is_read_or_refused_for_a_person(text: str, today: date) -> None:
    with contextlib.suppress(PersonError):
        period = parse_period(text, today)
        assert EARLIEST <= period.first <= period.last <= LATEST
        assert period.days <= MOST_DAYS


@given(DAYS, st.integers(-2 * MOST_DAYS, 2 * MOST_DAYS))
def test_both_orders_of_a_range_are_the_same(one: date, apart: int) -> None:
    other = min(max(one + timedelta(days=apart), EARLIEST), LATEST)
    there, back = f"{one} {other}", f"{other:%d.%m.%Y}–{one:%d.%m.%Y}"
    if abs(one - other).days < MOST_DAYS:
        assert parse_period(there, TODAY) == parse_period(back, TODAY) == span_of(one, other)
        return
    for text in (there, back):
        with pytest.raises(PersonError) as refused:
            parse_period(text, TODAY)
        assert (refused.value.key, refused.value.params) == (
            "calendars.period.too_long",
            {"count": MOST_DAYS},
        )


@given(USUAL_DAYS, st.sampled_from([day_of, week_of, month_of]))
def test_there_and_back_again(day: date, around: type[Period]) -> None:
    period = around(day)
    assert period.first <= day <= period.last
    assert period.later is not None
    assert period.earlier is not None
    assert (period.later.first - period.last).days == (period.first - period.earlier.last).days == 1
    assert period.later.earlier == period.earlier.later == period


def test_nothing_lies_beyond_the_ends() -> None:
    assert day_of(EARLIEST).earlier is None
    assert day_of(LATEST).later is None
    assert month_of(LATEST).later is None
    assert week_of(EARLIEST + timedelta(days=7)).earlier is None


@given(USUAL_DAYS, st.sampled_from([day_of, week_of, month_of]))
def test_a_period_survives_a_button(day: date, around: type[Period]) -> None:
    period = around(day)
    assert restored(period.kind.value, period.first.isoformat(), period.last.isoformat()) == period


@pytest.mark.parametrize(
    "record",
    [
        (None, None, None),
        ("day", "2026-03-04", "x"),
        ("year", "2026-03-04", "2026-03-04"),
        ("span", "2026-03-04", "2026-03-03"),
        ("span", "2026-01-01", "2026-12-31"),
        ("day", "9999-12-31", "9999-12-31"),
    ],
)
def test_a_broken_record_is_no_period(record: tuple[object, object, object]) -> None:
    assert restored(*record) is None
