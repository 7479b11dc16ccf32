"""Meetings in one line; it is Wednesday, 4 March 2026, noon in Moscow."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.booking.draft import PLACE_LIMIT, TITLE_LIMIT
from sekretar.calendars.booking.line import Line, draft_of_line, parse_line
from sekretar.calendars.editing import Repeat
from sekretar.kernel.errors import PersonError
from sekretar.mattermost.parsing import words

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=MOSCOW)
TODAY, TOMORROW, FRIDAY = date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 6)
BORIS = ("@boris",)
SPOKEN = {
    Repeat.DAILY: "every day",
    Repeat.WEEKDAYS: "по будням",
    Repeat.WEEKLY: "каждую неделю",
    Repeat.FORTNIGHTLY: "every two weeks",
    Repeat.MONTHLY: "раз в месяц",
}
CALENDARS = ("Work", "Общий календарь")


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("Demo tomorrow 15:00 45m @boris room 3", Line("Demo", BORIS, TOMORROW, time(15), 45, "room 3")),
        (
            "Демо релиза 2.5 завтра в 15:00 1 ч @boris @vera Переговорная 3",
            Line("Демо релиза 2.5", ("@boris", "@vera"), TOMORROW, time(15), 60, "Переговорная 3"),
        ),
        ("Сверка 12.03 15:00-15:45", Line("Сверка", (), date(2026, 3, 12), time(15), 45)),
        ("завтра 15:00 Демо", Line("Демо", (), TOMORROW, time(15))),
        ('"Обед в пятницу" пт 13:00 30 мин', Line("Обед в пятницу", (), FRIDAY, time(13), 30)),
        ("План на пятницу завтра 12:00", Line("План на пятницу", (), TOMORROW, time(12))),
        ("Sync at 3 pm friday 1h 30m", Line("Sync", (), FRIDAY, time(15), 90)),
        ("Планёрка в понедельник в 10", Line("Планёрка", (), date(2026, 3, 9), time(10))),
        ('"" Demo 15:00', Line("Demo", (), None, time(15))),
        ("@boris Demo 15:00", Line("Demo", BORIS, None, time(15))),
        ("Demo в пятницу с 10 до 11:30", Line("Demo", (), FRIDAY, time(10), 90)),
        ("Demo tomorrow from 3 pm to 4 pm", Line("Demo", (), TOMORROW, time(15), 60)),
        ("Demo tomorrow 15:00 - 16:30 room 3", Line("Demo", (), TOMORROW, time(15), 90, "room 3")),
        ("Demo tomorrow 15:00–16", Line("Demo", (), TOMORROW, time(15), 60)),
        ("Demo tomorrow 23:00-01:00", Line("Demo", (), TOMORROW, time(23), 120)),
        ("Demo tomorrow 15:00 16:30", Line("Demo", (), TOMORROW, time(15), 90)),
        ("Demo tomorrow 15:00 1:30", Line("Demo", (), TOMORROW, time(15), 90)),
        ("Demo 2026-03-12 15:00", Line("Demo", (), date(2026, 3, 12), time(15))),
        ("Комнаты 10-11 завтра 15:00", Line("Комнаты 10-11", (), TOMORROW, time(15))),
        ("Demo today 9am for an hour", Line("Demo", (), TODAY, time(9), 60)),
        ("Демо завтра в 15:00 на полтора часа", Line("Демо", (), TOMORROW, time(15), 90)),
        ("Демо завтра 15:00 на два часа", Line("Демо", (), TOMORROW, time(15), 120)),
        ("Час вопросов завтра 15:00 1,5 часа", Line("Час вопросов", (), TOMORROW, time(15), 90)),
        ("Два часа тишины завтра 15:00", Line("Два часа тишины", (), TOMORROW, time(15))),
        ("45m Demo tomorrow 15:00", Line("Demo", (), TOMORROW, time(15), 45)),
        ("Демо через неделю 15:00", Line("Демо", (), date(2026, 3, 11), time(15))),
        ("Демо релиза 2.5 через 2 дня в 15", Line("Демо релиза 2.5", (), FRIDAY, time(15))),
        ("Python 3.11 meetup friday 18:00", Line("Python 3.11 meetup", (), FRIDAY, time(18))),
        ("Demo, tomorrow, 15:00, 45m", Line("Demo,", (), TOMORROW, time(15), 45)),
        ("Fix #42 tomorrow 15:00", Line("Fix #42", (), TOMORROW, time(15))),
        (
            "Demo tomorrow 15:00 #work room 3",
            Line("Demo", (), TOMORROW, time(15), None, "room 3", calendar="Work"),
        ),
        ("Демо 15:00 #общий календарь", Line("Демо", (), None, time(15), calendar="Общий календарь")),
        ('Демо 15:00 "#Общий календарь"', Line("Демо", (), None, time(15), calendar="Общий календарь")),
        ("Демо через два дня в 15", Line("Демо", (), FRIDAY, time(15))),
        ("Demo in two days 15:00", Line("Demo", (), FRIDAY, time(15))),
        ("Демо через 2 недели в 15:00", Line("Демо", (), date(2026, 3, 18), time(15))),
        ("Демо через месяц в 15:00", Line("Демо", (), date(2026, 4, 4), time(15))),
        ("Демо через 2 месяца в 15", Line("Демо", (), date(2026, 5, 4), time(15))),
        ("Demo in a month 15:00", Line("Demo", (), date(2026, 4, 4), time(15))),
        ("Demo in half a year at 3 pm", Line("Demo", (), date(2026, 9, 4), time(15))),
        ("Итоги за год через год 15:00", Line("Итоги за год", (), date(2027, 3, 4), time(15))),
        ("Демо 9-го марта в 15", Line("Демо", (), date(2026, 3, 9), time(15))),
        ("Демо завтра в 3 часа дня на час", Line("Демо", (), TOMORROW, time(15), 60)),
        ("Демо завтра в 9:30 вечера", Line("Демо", (), TOMORROW, time(21, 30))),
        ("Demo tomorrow 3pm-4pm", Line("Demo", (), TOMORROW, time(15), 60)),
        ("Демо завтра 15.00-15.45", Line("Демо", (), TOMORROW, time(15), 45)),
        ("Демо завтра 15.30", Line("Демо", (), TOMORROW, time(15, 30))),
        ("Релиз 2.50 завтра 15:00", Line("Релиз 2.50", (), TOMORROW, time(15))),
        ("Demo tomorrow noon 30m", Line("Demo", (), TOMORROW, time(12), 30)),
        ("Полдень завтра 15:00", Line("Полдень", (), TOMORROW, time(15))),
        ("Демо завтра в 15:00 до 17:00", Line("Демо", (), TOMORROW, time(15), 120)),
        ("Demo tomorrow 15:00 till 5 pm room 3", Line("Demo", (), TOMORROW, time(15), 120, "room 3")),
        ("Демо с @boris и @vera завтра в 15", Line("Демо", ("@boris", "@vera"), TOMORROW, time(15))),
        ("Demo tomorrow 15:00 with @boris", Line("Demo", BORIS, TOMORROW, time(15))),
        ("Созвон в четверг 12 марта в 15:00", Line("Созвон", (), date(2026, 3, 12), time(15))),
        ("Созвон 12.03 чт 15:00", Line("Созвон", (), date(2026, 3, 12), time(15))),
        ("Созвон 12.03 (чт) 15:00", Line("Созвон", (), date(2026, 3, 12), time(15))),
        ("План на пятницу 12.03 15:00", Line("План на пятницу", (), date(2026, 3, 12), time(15))),
        ("Demo 15:00 15:00", Line("Demo", (), None, time(15), None, "15:00")),
        ("Demo 9:30 x@example.com, @boris", Line("Demo", ("x@example.com,", "@boris"), None, time(9, 30))),
    ],
)
def test_a_line_is_read(typed: str, line: Line) -> None:
    assert parse_line(words(typed), NOON, CALENDARS) == line


@pytest.mark.parametrize(
    ("typed", "repeat", "day"),
    [
        ("Sync every week fri 10:00", Repeat.WEEKLY, FRIDAY),
        ("Sync каждую неделю в пятницу 10:00", Repeat.WEEKLY, FRIDAY),
        ("Sync каждую пятницу в 10", Repeat.WEEKLY, FRIDAY),
        ("Sync по пятницам в 10:00", Repeat.WEEKLY, FRIDAY),
        ("Sync on Fridays at 10", Repeat.WEEKLY, FRIDAY),
        ("Sync every friday 10:00", Repeat.WEEKLY, FRIDAY),
        ("Sync по будням 10:00", Repeat.WEEKDAYS, None),
        ("Sync tomorrow 10:00 every two weeks", Repeat.FORTNIGHTLY, TOMORROW),
        ("Sync завтра 10:00 раз в две недели", Repeat.FORTNIGHTLY, TOMORROW),
        ("Sync завтра 10:00 ежемесячно", Repeat.MONTHLY, TOMORROW),
        ("Sync 10:00 daily", Repeat.DAILY, None),
        ("Sync tomorrow 10:00 every tomorrow", None, TOMORROW),
    ],
)
def test_how_often_is_read(typed: str, repeat: Repeat | None, day: date | None) -> None:
    line = parse_line(words(typed), NOON)
    assert (line.title, line.at, line.repeat, line.day) == ("Sync", time(10), repeat, day)
    assert draft_of_line(line, 7, MOSCOW, NOON).repeat is repeat


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("Daily 10:00 по будням", datetime(2026, 3, 9, 7, tzinfo=UTC)),
        ("Daily tomorrow 10:00 every weekday", datetime(2026, 3, 9, 7, tzinfo=UTC)),
        ("Daily 15:00 по будням", datetime(2026, 3, 6, 12, tzinfo=UTC)),
        ("Daily завтра 10:00 ежедневно", datetime(2026, 3, 7, 7, tzinfo=UTC)),
    ],
)
def test_what_is_on_workdays_does_not_begin_on_a_saturday(typed: str, start: datetime) -> None:
    friday = NOON + timedelta(days=2)
    assert draft_of_line(parse_line(words(typed), friday), 7, MOSCOW, friday).start == start


def test_weekly_in_front_is_a_title() -> None:
    line = parse_line(words("Weekly sync tomorrow 10:00"), NOON)
    assert (line.title, line.repeat) == ("Weekly sync", None)


@pytest.mark.parametrize(
    ("typed", "start", "minutes"),
    [
        ("Demo in 2 hours for 30m", datetime(2026, 3, 4, 11, tzinfo=UTC), 30),
        ("Демо через два часа на полчаса", datetime(2026, 3, 4, 11, tzinfo=UTC), 30),
        ("Демо через полчаса", datetime(2026, 3, 4, 9, 30, tzinfo=UTC), 60),
        ("Demo in an hour", datetime(2026, 3, 4, 10, tzinfo=UTC), 60),
        ("Demo next full hour 15m", datetime(2026, 3, 4, 10, tzinfo=UTC), 15),
        ("Демо в следующий час", datetime(2026, 3, 4, 10, tzinfo=UTC), 60),
    ],
)
def test_a_time_is_counted_from_now(typed: str, start: datetime, minutes: int) -> None:
    local = NOON.replace(minute=0, second=40)
    line = parse_line(words(typed), local)
    draft = draft_of_line(line, 7, MOSCOW, local)
    assert (draft.start, draft.minutes, draft.title, draft.place) == (start, minutes, line.title, "")


def test_two_hours_are_two_hours_when_the_clock_changes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    local = datetime(2026, 3, 29, 0, 30, tzinfo=UTC).astimezone(berlin)
    line = parse_line(["Demo", "in", "2", "hours"], local)
    assert draft_of_line(line, 7, berlin, local).start == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)


def test_the_next_hour_is_the_one_of_the_own_clock() -> None:
    local = datetime(2026, 3, 4, 9, 10, tzinfo=UTC).astimezone(ZoneInfo("Asia/Kolkata"))
    line = parse_line(["Demo", "next", "hour"], local)
    assert line.start == datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


_WORD = st.sampled_from(["Демо", "релиза", "Sync", "2.5", "v3", "план"])
_PARTS = st.permutations(["day", "time", "length", "guest", "repeat"])


@given(
    title=st.lists(_WORD, min_size=1, max_size=3),
    order=_PARTS,
    day=st.dates(date(2026, 3, 5), date(2027, 12, 31)),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    minutes=st.integers(1, 1440),
    repeat=st.sampled_from(sorted(SPOKEN)),
)
def test_any_order_means_the_same(
    title: list[str], order: list[str], day: date, at: time, minutes: int, repeat: Repeat
) -> None:
    parts = {
        "day": f"{day:%d.%m.%Y}",
        "time": f"{at:%H:%M}",
        "length": f"{minutes}m",
        "guest": "@boris",
        "repeat": SPOKEN[repeat],
    }
    typed = " ".join([*title, *(parts[each] for each in order), "переговорная 3"])
    line = parse_line(words(typed), NOON)
    assert line == Line(" ".join(title), BORIS, day, at, minutes, "переговорная 3", repeat=repeat)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Demo tomorrow", "no_time"),
        ("Demo 15", "bare_number"),
        ("tomorrow 15:00", "no_title"),
        ("@boris", "no_title"),
    ],
)
def test_title_and_time_have_to_be_said(typed: str, key: str) -> None:
    with pytest.raises(PersonError) as refused:
        parse_line(words(typed), NOON, CALENDARS)
    assert refused.value.key == f"calendars.booking.{key}"


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("Demo tomorow 15:00", "tomorow"),
        ("Демо завтро в 15:00 @boris", "завтро"),
        ("Демо в понеделник 15:00", "понеделник"),
        ("Demo tomorrow 25:00", "25:00"),
        ("Demo 31.02 15:00", "31.02"),
        ("Demo 2026-13-01 15:00", "2026-13-01"),
        ("Demo 30.02.2026 15:00 room 3", "30.02.2026"),
        ("Demo tomorrow 15:00 48h", "48h"),
        ("Демо завтра в 15 0м", "0м"),
    ],
)
def test_a_word_that_only_looks_like_a_day_or_a_time_is_asked_about(typed: str, word: str) -> None:
    with pytest.raises(PersonError) as refused:
        parse_line(words(typed), NOON, CALENDARS)
    assert (refused.value.key, refused.value.params) == (
        "calendars.booking.not_understood",
        {"word": word},
    )


@pytest.mark.parametrize(
    "title",
    ["Завтрак", "Субботник", "Беседа среди своих", "Release 2.5", "Воскресник", '"Sync tomorow 25:00"',
     "План на 12.03", "Monday.com"],
)  # fmt: skip
def test_titles_are_left_alone(title: str) -> None:
    assert parse_line(words(f"{title} завтра 15:00"), NOON, CALENDARS).title == title.strip('"')
    if "12.03" not in title:
        assert parse_line(words(f"{title} 15:00"), NOON, CALENDARS).title == title.strip('"')


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("Demo 15:00", datetime(2026, 3, 4, 12, tzinfo=UTC)),
        ("Demo 12:00", datetime(2026, 3, 5, 9, tzinfo=UTC)),
        ("Demo today 9:00", datetime(2026, 3, 4, 6, tzinfo=UTC)),
    ],
)
def test_without_a_day_the_hour_is_still_to_come(typed: str, start: datetime) -> None:
    draft = draft_of_line(parse_line(words(typed), NOON, CALENDARS), 7, MOSCOW, NOON)
    assert (draft.start, draft.minutes, draft.calendar_id) == (start, 60, 7)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_a_line_or_a_kind_refusal(typed: str) -> None:
    try:
        line = parse_line(words(typed), NOON, CALENDARS)
    except PersonError:
        return
    assert 0 < len(line.title) <= TITLE_LIMIT
    assert len(line.place) <= PLACE_LIMIT
    assert (line.at is None) != (line.start is None)
