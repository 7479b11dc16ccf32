"""Days and times, read and written as people do."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.kernel.dates import (
    format_date,
    format_day,
    format_days,
    format_duration,
    format_relative,
    format_span,
    format_time,
    is_counted,
    near_day,
    parse_date,
    parse_time,
)
from sekretar.kernel.errors import PersonError

MONDAY = date(2026, 3, 2)
MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-05", date(2026, 3, 5)),
        ("05.03.2026", date(2026, 3, 5)),
        ("5.3.26", date(2026, 3, 5)),
        ("5/3/2026", date(2026, 3, 5)),
        ("5.3", date(2026, 3, 5)),
        ("2.3", MONDAY),
        ("1.3", date(2027, 3, 1)),
        ("29.02", date(2028, 2, 29)),
        (" 5 . 03 ", date(2026, 3, 5)),
        ("5 марта", date(2026, 3, 5)),
        ("5 мая 2027 г.", date(2027, 5, 5)),
        ("5 Март", date(2026, 3, 5)),
        ("1st of April", date(2026, 4, 1)),
        ("Mar 5, 2027", date(2027, 3, 5)),
        ("today", MONDAY),
        ("СЕГОДНЯ", MONDAY),
        ("завтра", date(2026, 3, 3)),
        ("на завтра", date(2026, 3, 3)),
        ("послезавтра", date(2026, 3, 4)),
        ("day  after tomorrow", date(2026, 3, 4)),
        ("вчера", date(2026, 3, 1)),
        ("через 3 дня", date(2026, 3, 5)),
        ("in 10 days", date(2026, 3, 12)),
        ("friday", date(2026, 3, 6)),
        ("on Fri", date(2026, 3, 6)),
        ("в пятницу", date(2026, 3, 6)),
        ("пятницы", date(2026, 3, 6)),
        ("пятнице", date(2026, 3, 6)),
        ("через неделю", date(2026, 3, 9)),
        ("in two weeks", date(2026, 3, 16)),
        ("через два дня", date(2026, 3, 4)),
        ("in two days", date(2026, 3, 4)),
        ("через три недели", date(2026, 3, 23)),
        ("in 2 weeks", date(2026, 3, 16)),
        ("2 дня назад", date(2026, 2, 28)),
        ("three days ago", date(2026, 2, 27)),
        ("the day before yesterday", date(2026, 2, 28)),
        ("9-го мая", date(2026, 5, 9)),
        ("5-е марта 2027", date(2027, 3, 5)),
        ("the 5th of March", date(2026, 3, 5)),
        ("15-го", date(2026, 3, 15)),
        ("1 числа", date(2026, 4, 1)),
        ("31-го числа", date(2026, 3, 31)),
        ("on the 2nd", MONDAY),
        ("2026/03/05", date(2026, 3, 5)),
        ("2026.03.05", date(2026, 3, 5)),
        ("во вторник", date(2026, 3, 3)),
        ("пн", date(2026, 3, 9)),
        ("через месяц", date(2026, 4, 2)),
        ("через 2 месяца", date(2026, 5, 2)),
        ("через 11 месяцев", date(2027, 2, 2)),
        ("через полгода", date(2026, 9, 2)),
        ("через год", date(2027, 3, 2)),
        ("через два года", date(2028, 3, 2)),
        ("через 5 лет", date(2031, 3, 2)),
        ("in a month", date(2026, 4, 2)),
        ("in 2 months", date(2026, 5, 2)),
        ("in one month", date(2026, 4, 2)),
        ("in half a year", date(2026, 9, 2)),
        ("in a year", date(2027, 3, 2)),
        ("in two years", date(2028, 3, 2)),
        ("месяц назад", date(2026, 2, 2)),
        ("3 months ago", date(2025, 12, 2)),
        ("полгода назад", date(2025, 9, 2)),
        ("a year ago", date(2025, 3, 2)),
    ],
)
def test_days_that_are_read(text: str, day: date) -> None:
    assert parse_date(text, MONDAY) == day


@pytest.mark.parametrize(
    "text", ["", "soon", "5", "5.13.", "32", "5.3.2026 10:00", "²⁰²⁶-03-05", "5 foo", "13.13.13.13"]
)
def test_days_that_are_not(text: str) -> None:
    with pytest.raises(PersonError) as caught:
        parse_date(text, MONDAY)
    assert caught.value.key in {"kernel.form.date", "kernel.form.no_such_day"}


@pytest.mark.parametrize("text", ["31.02", "31.02.2026", "2026-13-01", "0.1.2026", "30 февраля", "32-го"])
def test_days_that_do_not_exist(text: str) -> None:
    with pytest.raises(PersonError, match="no_such_day"):
        parse_date(text, MONDAY)


@pytest.mark.parametrize(
    ("text", "today", "day"),
    [
        ("через месяц", date(2026, 1, 31), date(2026, 2, 28)),
        ("in a month", date(2028, 1, 30), date(2028, 2, 29)),
        ("через 2 месяца", date(2026, 8, 31), date(2026, 10, 31)),
        ("через 3 месяца", date(2026, 8, 31), date(2026, 11, 30)),
        ("через полгода", date(2026, 8, 31), date(2027, 2, 28)),
        ("in a year", date(2028, 2, 29), date(2029, 2, 28)),
        ("in 4 years", date(2028, 2, 29), date(2032, 2, 29)),
        ("a month ago", date(2026, 3, 31), date(2026, 2, 28)),
    ],
)
def test_a_month_later_the_last_day_stands_for_those_that_are_missing(
    text: str, today: date, day: date
) -> None:
    assert parse_date(text, today) == day


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)), st.integers(1, 120))
def test_months_are_counted_as_on_a_calendar(today: date, months: int) -> None:
    later = parse_date(f"in {months} months", today)
    assert (later.year * 12 + later.month) - (today.year * 12 + today.month) == months
    assert later.day == today.day or (later.day < today.day and (later + timedelta(days=1)).day == 1)
    assert parse_date(f"через {months} месяцев", today) == later
    if months % 12 == 0:
        assert parse_date(f"in {months // 12} years", today) == later


@pytest.mark.parametrize(
    "text", ["через 9999 лет", "9999 years ago", "через 9999 недель назад", "через день"]
)
def test_a_day_beyond_the_calendar_or_every_other_one_is_refused(text: str) -> None:
    with pytest.raises(PersonError):
        parse_date(text, MONDAY)


@pytest.mark.parametrize("text", ["tomorrow", "Через месяц", "in  2 weeks", "на завтра", "3 дня назад"])
def test_what_is_counted_from_today(text: str) -> None:
    assert is_counted(text)


@pytest.mark.parametrize("text", ["5.3", "2026-03-05", "friday", "15-го", "", "soon", "через"])
def test_what_is_not_counted_from_today(text: str) -> None:
    assert not is_counted(text)


@pytest.mark.parametrize("text", ["tomorrow", "5.3", "friday", "in 3 days", "in a month"])
def test_without_today_only_full_dates_are_known(text: str) -> None:
    with pytest.raises(PersonError, match=r"kernel\.form\.date"):
        parse_date(text)
    assert parse_date("5.3.2026") == date(2026, 3, 5)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y"]))
def test_what_we_write_in_digits_is_read(day: date, form: str) -> None:
    assert parse_date(day.strftime(form)) == day


@given(st.dates(date(1000, 1, 1), date(9000, 12, 31)), st.sampled_from(["en", "ru"]))
def test_what_we_write_in_words_is_read(day: date, language: str) -> None:
    assert parse_date(format_date(day, language)) == day


@given(st.text())
def test_any_text_is_a_day_or_an_error_for_the_person(text: str) -> None:
    with contextlib.suppress(PersonError):
        assert isinstance(parse_date(text, MONDAY), date)


def test_only_the_beginning_of_nonsense_is_quoted() -> None:
    with pytest.raises(PersonError) as caught:
        parse_date("x" * 1000, MONDAY)
    assert caught.value.params == {"given": "x" * 39 + "…"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15:00", time(15)), ("15.00", time(15)), ("15-00", time(15)), ("1500", time(15)), ("930", time(9, 30)),
        ("9", time(9)), ("09:05", time(9, 5)), ("9am", time(9)), ("9 AM", time(9)), ("12am", time(0)),
        ("12 pm", time(12)), ("9:30pm", time(21, 30)), ("в 9", time(9)), ("at 17:45", time(17, 45)),
        ("9 утра", time(9)), ("3 дня", time(15)), ("7 вечера", time(19)), ("12 ночи", time(0)), ("15ч", time(15)),
        ("15 ч 30", time(15, 30)), ("3 часа дня", time(15)), ("9 часов вечера", time(21)),
        ("2 ч ночи", time(2)), ("9 o'clock pm", time(21)), ("полдень", time(12)),
        ("midnight", time(0)), ("0:00", time(0)),
    ],
)  # fmt: skip
def test_times_that_are_read(text: str, moment: time) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    "text", ["", "noonish", "24:00", "2460", "25", "9:60", "13pm", "0am", "12345", "-9", "9:5", "٩"]
)
def test_times_that_are_not(text: str) -> None:
    with pytest.raises(PersonError, match=r"kernel\.form\.time"):
        parse_time(text)


@given(st.times())
def test_every_time_of_ours_is_read(moment: time) -> None:
    for form in ("%H:%M", "%H.%M", "%H%M"):
        assert parse_time(moment.strftime(form)) == moment.replace(second=0, microsecond=0)


def test_days_as_we_write_them() -> None:
    assert format_day(MONDAY, "en") == "Monday, 2 March"
    assert format_day(MONDAY, "ru") == "понедельник, 2 марта"
    assert format_day(MONDAY, "en", date(2026, 1, 1)) == "Monday, 2 March"
    assert format_day(MONDAY, "en", date(2025, 12, 31)) == "Monday, 2 March 2026"
    assert format_day(MONDAY, "ru", date(2025, 12, 31)) == "понедельник, 2 марта 2026 г."
    assert format_date(MONDAY, "en") == "2 March 2026"
    assert format_date(MONDAY, "ru", MONDAY) == "2 марта"
    assert near_day(MONDAY, MONDAY, "ru") == "сегодня"
    assert near_day(date(2026, 3, 3), MONDAY, "en") == "tomorrow"
    assert near_day(date(2026, 3, 4), MONDAY, "en") is None


def test_spans() -> None:
    assert format_time(NOON, MOSCOW, "ru") == "12:00"
    assert format_span(NOON, NOON + timedelta(minutes=90), MOSCOW, "en") == "12:00–13:30"
    assert format_span(NOON, NOON + timedelta(hours=12), MOSCOW, "en") == "12:00–00:00"
    assert format_span(NOON, NOON + timedelta(hours=13), MOSCOW, "en") == "12:00 – 3 March, 01:00"
    assert format_span(NOON, NOON + timedelta(hours=13), MOSCOW, "ru") == "12:00 – 3 марта, 01:00"
    assert format_span(NOON, NOON + timedelta(days=365), MOSCOW, "ru") == "12:00 – 2 марта 2027 г., 12:00"
    assert format_span(NOON, NOON, MOSCOW, "en") == "12:00"


def test_whole_days() -> None:
    assert format_days(MONDAY, MONDAY, "en") == "2 March"
    assert format_days(MONDAY, date(2026, 3, 4), "en") == "2–4 March"
    assert format_days(date(2026, 3, 30), date(2026, 4, 2), "ru") == "30 марта – 2 апреля"
    assert format_days(date(2026, 12, 30), date(2027, 1, 2), "en") == "30 December 2026 – 2 January"
    assert format_days(MONDAY, date(2026, 3, 4), "en", date(2025, 1, 1)) == "2–4 March 2026"


@pytest.mark.parametrize(
    ("minutes", "english", "russian"),
    [
        (0, "0 min", "0 мин"),
        (45, "45 min", "45 мин"),
        (60, "1 h", "1 ч"),
        (90, "1 h 30 min", "1 ч 30 мин"),
        (1470, "1 d 30 min", "1 д 30 мин"),
        (-5, "0 min", "0 мин"),
    ],
)
def test_durations(minutes: int, english: str, russian: str) -> None:
    assert format_duration(timedelta(minutes=minutes), "en") == english
    assert format_duration(timedelta(minutes=minutes), "ru") == russian


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [
        (0, "now", "сейчас"),
        (-29, "now", "сейчас"),
        (31, "in 1 minute", "через 1 минуту"),
        (600, "in 10 minutes", "через 10 минут"),
        (571, "in 10 minutes", "через 10 минут"),
        (22 * 60, "in 22 minutes", "через 22 минуты"),
        (3599, "in 1 hour", "через 1 час"),
        (59 * 60, "in 59 minutes", "через 59 минут"),
        (5400, "in 1 h 30 min", "через 1 ч 30 мин"),
        (7200, "in 2 hours", "через 2 часа"),
        (86400, "in 1 day", "через 1 день"),
        (3 * 86400 + 5, "in 3 days", "через 3 дня"),
        (-300, "5 minutes ago", "5 минут назад"),
        (-3660, "1 h 1 min ago", "1 ч 1 мин назад"),
    ],
)
def test_relative(seconds: int, english: str, russian: str) -> None:
    moment = NOON + timedelta(seconds=seconds)
    assert format_relative(moment, NOON, "en") == english
    assert format_relative(moment, NOON, "ru") == russian
