"""Meetings in one line; it is Wednesday, 4 March 2026, noon in Moscow."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.booking import PLACE_LIMIT, TITLE_LIMIT
from sekretar.calendars.booking_line import Line, draft_of_line, parse_line
from sekretar.kernel.errors import PersonError
from sekretar.mattermost.parsing import words

TODAY, MOSCOW = date(2026, 3, 4), ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=MOSCOW)
TOMORROW, FRIDAY = date(2026, 3, 5), date(2026, 3, 6)
BORIS = ("@boris",)


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
        ("Demo 9:30 x@example.com, @boris", Line("Demo", ("x@example.com,", "@boris"), None, time(9, 30))),
    ],
)
def test_a_line_is_read(typed: str, line: Line) -> None:
    assert parse_line(words(typed), TODAY) == line


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Demo tomorrow", "no_time"),
        ("Demo 15", "no_time"),
        ("tomorrow 15:00", "no_title"),
        ("@boris", "no_title"),
    ],
)
def test_title_and_time_have_to_be_said(typed: str, key: str) -> None:
    with pytest.raises(PersonError) as refused:
        parse_line(words(typed), TODAY)
    assert refused.value.key == f"calendars.booking.{key}"


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("Demo 15:00", datetime(2026, 3, 4, 12, tzinfo=UTC)),
        ("Demo 12:00", datetime(2026, 3, 5, 9, tzinfo=UTC)),
        ("Demo today 9:00", datetime(2026, 3, 4, 6, tzinfo=UTC)),
    ],
)
def test_without_a_day_the_hour_is_still_to_come(typed: str, start: datetime) -> None:
    draft = draft_of_line(parse_line(words(typed), TODAY), 7, MOSCOW, NOON)
    assert (draft.start, draft.minutes, draft.calendar_id) == (start, 60, 7)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_a_line_or_a_kind_refusal(typed: str) -> None:
    try:
        line = parse_line(words(typed), TODAY)
    except PersonError:
        return
    assert 0 < len(line.title) <= TITLE_LIMIT
    assert len(line.place) <= PLACE_LIMIT
    assert line.at is not None
