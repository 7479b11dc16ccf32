"""What people read when they look at their meetings; it is Wednesday, 4 March 2026, noon in Moscow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from sekretar.calendars.model import AccountState
from sekretar.calendars.views import wording as views_wording
from sekretar.calendars.views.agenda import (
    MOST_MEETINGS,
    AccountHealth,
    Agenda,
    Attendance,
    Details,
    Meeting,
    overlaps,
)
from sekretar.calendars.views.periods import Period, day_of, month_of, span_of, week_of
from sekretar.calendars.views.reading import parse_period
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.text import POST_LIMIT
from sekretar.mattermost.messages import MOST_ACTIONS, Button, Message, Select, flatten

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 4)
FOREIGN = "| **bold** [x](http://evil) @all `code` #tag\n# heading"

PLAIN = Meeting(
    occurrence_id=0,
    account_id=1,
    calendar_id=1,
    calendar="Работа",
    uid="uid",
    recurrence_id="",
    start=NOW,
    end=NOW,
    all_day=False,
    title="Планёрка",
    place="",
    description="",
    join_url="",
    join_service="",
    answer="",
    cancelled=False,
    transparent=False,
    attendees=0,
)


def meeting(number: int, hour: float, hours: float = 1, day: date = TODAY, **changes: object) -> Meeting:
    """A meeting at an hour of Moscow."""
    start = datetime.combine(day, time(), MOSCOW) + timedelta(hours=hour)
    made = replace(PLAIN, occurrence_id=number, uid=f"uid{number}", start=start.astimezone(UTC))
    made = replace(made, end=made.start + timedelta(hours=hours))
    return replace(made, **changes)  # type: ignore[arg-type]


def all_day(number: int, first: date, days: int, **changes: object) -> Meeting:
    start = datetime.combine(first, time(), MOSCOW)
    end = datetime.combine(first + timedelta(days=days), time(), MOSCOW)
    return meeting(number, 0, all_day=True, **{"start": start, "end": end, **changes})


HEALTHY = AccountHealth(1, "anna", "yandex", AccountState.ACTIVE, "", NOW)

DAY = (
    all_day(1, date(2026, 3, 3), 4, title="Отпуск Бориса"),
    meeting(2, 10, title="Утренняя планёрка", place="Переговорная 3"),
    meeting(
        3,
        11.75,
        1.5,
        title="Демо релиза 2.5",
        join_url="https://telemost.yandex.ru/j/1",
        join_service="Telemost",
    ),
    meeting(4, 13, title="Собеседование", answer="NEEDS-ACTION"),
    meeting(5, 15, title="Лекция", answer="DECLINED", join_url="https://telemost.yandex.ru/j/2"),
    meeting(6, 23, 3, title=FOREIGN, place=FOREIGN),
)


def found(period: Period, *meetings: Meeting, accounts: tuple[AccountHealth, ...] = (HEALTHY,)) -> Agenda:
    return Agenda(period.first, period.last, MOSCOW, meetings, accounts)


def many(count: int, day: date = TODAY) -> tuple[Meeting, ...]:
    return tuple(meeting(number, 8 + number / 10, 0.1, day) for number in range(count))


@pytest.fixture(params=["ru", "en"])
def t(request: pytest.FixtureRequest) -> Translator:
    return Catalogues.load().translator(request.param)


def view(period: Period, t: Translator, *meetings: Meeting, page: int = 0) -> Message:
    return views_wording.view(found(period, *meetings), period, t, NOW, page)


def seen(message: Message) -> str:
    """The message as it reads, with everything that can be pressed."""
    controls = [action for attachment in message.attachments for action in attachment.actions]
    lines = [flatten(message)]
    for control in controls:
        lines.append(f"[{control.label}] {dict(control.record)}")
        if isinstance(control, Select):
            lines += [f"    {choice.value}: {choice.label}" for choice in control.choices]
    return "\n".join(lines)


def labels(message: Message) -> list[str]:
    return [action.label for attachment in message.attachments for action in attachment.actions]


# --- views


def test_a_day(t: Translator, snapshot: SnapshotAssertion) -> None:
    assert seen(view(day_of(TODAY), t, *DAY)) == snapshot


def test_a_week_is_divided_into_days_and_leaves_empty_ones_out(
    t: Translator, snapshot: SnapshotAssertion
) -> None:
    friday = meeting(7, 12, day=date(2026, 3, 6), title="Итоги недели")
    assert seen(view(week_of(TODAY), t, *DAY, friday)) == snapshot


@pytest.mark.parametrize(
    "words", ["yesterday", "tomorrow", "12.03", "next week", "april", "1-5 march", "12.12.2026"]
)
def test_empty_days_say_so(words: str, t: Translator, snapshot: SnapshotAssertion) -> None:
    assert seen(view(parse_period(words, TODAY), t)) == snapshot


def test_a_month_is_named(t: Translator, snapshot: SnapshotAssertion) -> None:
    assert seen(view(month_of(TODAY), t, meeting(1, 10))) == snapshot


def test_an_account_that_is_behind_is_mentioned(t: Translator, snapshot: SnapshotAssertion) -> None:
    stale = replace(HEALTHY, trouble="down", synced_at=NOW - timedelta(hours=3))
    fresh = replace(HEALTHY, login="anna@home", synced_at=None)
    shown = views_wording.view(found(day_of(TODAY), accounts=(stale, fresh)), day_of(TODAY), t, NOW)
    assert seen(shown) == snapshot


def test_long_lists_are_paged(t: Translator) -> None:
    meetings = many(45)
    period = day_of(TODAY)
    pages = [view(period, t, *meetings, page=page) for page in range(3)]
    counts = [page.attachments[0].text.count("Планёрка") for page in pages]
    assert counts == [20, 20, 5]
    back, on = t.plain("calendars.view.previous"), t.plain("calendars.view.next")
    turning = [[label for label in labels(page) if label in (back, on)] for page in pages]
    assert turning == [[on], [back, on], [back]]
    assert len(labels(pages[1])) == MOST_ACTIONS
    assert t.plain("calendars.view.page", page=2, pages=3) in pages[1].attachments[0].footer
    assert view(period, t, *meetings, page=99) == pages[2]
    assert view(period, t, *meetings, page=-1) == pages[0]


def test_every_page_can_be_reached_by_its_buttons(t: Translator) -> None:
    meetings = many(45)
    page, visited = 0, []
    while True:
        shown = view(day_of(TODAY), t, *meetings, page=page)
        visited += [choice.value for choice in _select(shown).choices]
        onward = [b for b in _buttons(shown) if b.label == t.plain("calendars.view.next")]
        if not onward:
            break
        page = int(str(onward[0].record["page"]))
    assert visited == [views_wording.choice_of(each) for each in meetings]


def test_a_meeting_of_several_days_stands_under_each_and_can_be_opened_once(t: Translator) -> None:
    shown = view(week_of(TODAY), t, DAY[0], meeting(6, 23, 3))
    assert shown.attachments[0].text.count("##### ") == 4
    assert shown.attachments[0].text.count("Отпуск") == 4
    assert len(_select(shown).choices) == 2


def test_under_a_later_day_it_is_said_when_it_began(t: Translator) -> None:
    """`10:00 – 6 March, 12:00` on 5 March would begin today."""
    long = meeting(1, 10, 50)
    lines = view(week_of(TODAY), t, long).attachments[0].text.split("\n")
    assert [each.partition("**")[2].partition("**")[0] for each in lines if each.startswith("**")] == [
        clock[t.language] for clock in LONG
    ]
    tomorrow = view(day_of(TODAY + timedelta(days=1)), t, long).attachments[0].text
    assert LONG[1][t.language] in tomorrow


LONG = (
    {"en": "10:00 – 6 March, 12:00", "ru": "10:00 – 6 марта, 12:00"},
    {"en": "4 March, 10:00 – 6 March, 12:00", "ru": "4 марта, 10:00 – 6 марта, 12:00"},
    {"en": "4 March, 10:00 – 6 March, 12:00", "ru": "4 марта, 10:00 – 6 марта, 12:00"},
)


def test_midnight_at_the_end_is_not_the_next_day(t: Translator) -> None:
    shown = view(week_of(TODAY), t, meeting(1, 22, 2))
    assert shown.attachments[0].text.count("##### ") == 1


def test_days_that_are_not_known_well_say_so(t: Translator) -> None:
    far = view(month_of(date(2026, 9, 1)), t)
    old = view(month_of(date(2025, 9, 1)), t)
    near = view(month_of(TODAY), t)
    assert t("calendars.view.beyond", day=_day(date(2026, 7, 2), t)) in far.text
    assert t("calendars.view.before", day=_day(date(2026, 1, 28), t)) in old.text
    assert "\n" not in near.text


def test_a_calendar_of_absurd_size_is_cut_and_says_so(t: Translator) -> None:
    shown = view(day_of(TODAY), t, *many(MOST_MEETINGS))
    assert t("calendars.view.cut", count=MOST_MEETINGS) in shown.text
    assert len(shown.attachments[0].text) < POST_LIMIT


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_overlaps_are_found_as_by_comparing_all_pairs(times: list[tuple[int, int]]) -> None:
    meetings = [meeting(number, start, length) for number, (start, length) in enumerate(times)]
    pairs = combinations(sorted(meetings, key=lambda each: each.start), 2)
    crossing = [(a, b) for a, b in pairs if b.start < a.end]
    assert overlaps(meetings) == {each.occurrence_id for pair in crossing for each in pair}


def test_what_takes_no_time_overlaps_nothing() -> None:
    free = meeting(2, 10, transparent=True)
    declined = meeting(3, 10, answer="DECLINED")
    whole_day = all_day(4, TODAY, 1)
    assert overlaps([meeting(1, 10), free, declined, whole_day]) == frozenset()


# --- now


@pytest.mark.parametrize(
    "hour",
    [
        pytest.param(9, id="before everything"),
        pytest.param(12, id="in the middle"),
        pytest.param(20, id="before the last"),
        pytest.param(23.9, id="in the last"),
    ],
)
def test_now(hour: float, t: Translator, snapshot: SnapshotAssertion) -> None:
    now = datetime.combine(TODAY, time(), MOSCOW) + timedelta(hours=hour)
    tomorrow = meeting(7, 9.5, day=date(2026, 3, 5), title="Завтрашняя")
    period = span_of(TODAY, date(2026, 3, 5))
    assert seen(views_wording.now_view(found(period, *DAY, tomorrow), t, now)) == snapshot


def test_now_with_nothing_ahead(t: Translator, snapshot: SnapshotAssertion) -> None:
    assert seen(views_wording.now_view(found(span_of(TODAY, date(2026, 3, 5))), t, NOW)) == snapshot


# --- details

INVITED = (
    Attendance("Вера", "vera@example.com", "DECLINED"),
    Attendance("", "boris@example.com", "ACCEPTED"),
    Attendance("Анна", "anna@example.com", "NEEDS-ACTION"),
    Attendance("[Глеб](http://evil)", "gleb@example.com", "TENTATIVE"),
    Attendance("Алла", "alla@example.com", "X-UNKNOWN"),
    Attendance("Дима", "dima@example.com", "DELEGATED"),
)


def details(t: Translator, meeting: Meeting, *attendees: Attendance, repeats: bool = False) -> Message:
    organizer = Attendance("Борис @all", "boris@example.com") if attendees else None
    return views_wording.details(Details(meeting, organizer, attendees, repeats), MOSCOW, t, NOW)


def test_details(t: Translator, snapshot: SnapshotAssertion) -> None:
    full = replace(
        DAY[2],
        answer="TENTATIVE",
        place="Переговорная 3",
        description="Повестка:\n1. Показ\n# Итоги @all",
        calendar="A|B",
    )
    assert seen(details(t, full, *INVITED, repeats=True)) == snapshot


def test_details_of_a_bare_note(t: Translator, snapshot: SnapshotAssertion) -> None:
    assert seen(details(t, meeting(1, 10, title="  "))) == snapshot


def test_details_of_several_days(t: Translator, snapshot: SnapshotAssertion) -> None:
    assert seen(details(t, all_day(1, TODAY, 3))) == snapshot


def test_details_of_a_cancelled_meeting_offer_no_link(t: Translator) -> None:
    text = seen(details(t, replace(DAY[2], cancelled=True)))
    assert t("calendars.details.cancelled") in text
    assert "telemost" not in text


def test_a_crowd_and_a_novel_are_cut(t: Translator) -> None:
    crowd = [Attendance("n" * 500, f"{number}@x", "ACCEPTED") for number in range(299)]
    message = details(
        t, meeting(1, 10, title="t" * 5000, description="слово " * 50_000, place="p" * 9000), *crowd
    )
    text = seen(message)
    assert t.plural("calendars.details.more", 269) in text
    assert t.plural("calendars.details.attendees", 299) in text
    assert len(text) < POST_LIMIT / 2


def test_of_more_attendees_than_are_kept_no_number_is_claimed(t: Translator) -> None:
    crowd = [Attendance("", f"{number}@x", "ACCEPTED") for number in range(300)]
    assert t("calendars.details.crowd", count=300) in seen(details(t, meeting(1, 10), *crowd))


def _select(message: Message) -> Select:
    return next(a for attachment in message.attachments for a in attachment.actions if isinstance(a, Select))


def _buttons(message: Message) -> list[Button]:
    return [a for attachment in message.attachments for a in attachment.actions if isinstance(a, Button)]


def _day(day: date, t: Translator) -> str:
    return {"ru": f"{day.day} {'июля' if day.month == 7 else 'января'} 2026 г.",
            "en": f"{day.day} {'July' if day.month == 7 else 'January'} 2026"}[t.language]  # fmt: skip
