"""What messages say of meetings; it is Wednesday, 4 March 2026, noon in Moscow."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.booking.draft import DESCRIPTION_LIMIT, TITLE_LIMIT
from sekretar.calendars.booking.line import Line
from sekretar.calendars.booking.message import beginning, draft_of, said_in

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=MOSCOW)
TOMORROW = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("text", "title", "line", "names"),
    [
        (
            "Давайте обсудим смету завтра в 15:00, @boris @vera?",
            "Давайте обсудим смету",
            Line("", (), TOMORROW, time(15)),
            ("@boris", "@vera"),
        ),
        ("Could we talk about the **release**?", "Could we talk about the release", Line(""), ()),
        (
            "> Смета\n\nПредлагаю завтра в 15:00 на полчаса. Позовите vera@example.com, @channel",
            "Смета",
            Line("", (), TOMORROW, time(15), 30),
            ("vera@example.com",),
        ),
        ("## [Ретро](https://wiki.example/1) по пятницам", "Ретро", None, ()),
        ("```\nmake 15:00\n```\nСборка упала :fire: https://ci.example/10:30", "Сборка упала", Line(""), ()),
        ("завтра 15:00", "завтра 15:00", Line("", (), TOMORROW, time(15)), ()),
        ("", "", Line(""), ()),
        (":+1:", "", Line(""), ()),
    ],
)
def test_a_message_is_understood(text: str, title: str, line: Line | None, names: tuple[str, ...]) -> None:
    said = said_in(text, NOON)
    assert said.title == title
    assert line is None or said.line == line
    assert said.names == names


@pytest.mark.parametrize(
    ("written", "text", "begins"),
    [
        (NOON, "завтра в 15:00", datetime(2026, 3, 5, 15, tzinfo=MOSCOW)),
        (NOON - timedelta(days=1), "завтра в 15:00", datetime(2026, 3, 4, 15, tzinfo=MOSCOW)),
        (NOON - timedelta(days=2), "завтра в 15:00", None),
        (NOON, "в пятницу", datetime(2026, 3, 6, 10, tzinfo=MOSCOW)),
        (NOON, "через час", NOON + timedelta(hours=1)),
        (NOON, "когда-нибудь", None),
        (NOON, "01.01.9998 в 15:00", None),
    ],
)
def test_when_counts_from_when_it_was_written(written: datetime, text: str, begins: datetime | None) -> None:
    assert beginning(said_in(text, written).line, written, MOSCOW, NOON) == begins


@given(st.text(alphabet=st.sampled_from("завтра в 15:00 @bo#*>`[]()\n:/-.|1"), max_size=400))
def test_whatever_is_written_makes_a_draft(text: str) -> None:
    said = said_in(text, NOON)
    draft = draft_of(said, text * 20, "https://chat.example/x", None, MOSCOW, NOON)
    assert len(draft.title) <= TITLE_LIMIT
    assert len(draft.description) <= DESCRIPTION_LIMIT
    assert draft.description.endswith("https://chat.example/x")
    assert all("@" in name for name in said.names)
