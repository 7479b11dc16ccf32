"""Drafts of meetings: lengths as people write them, the form, and drafts that are stored and come back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sekretar.calendars.booking.draft import Draft, Guest, Guests, event_of, parse_length, restored, stored
from sekretar.calendars.booking.form import Target, answers_of, at_field, form_of, next_hour
from sekretar.calendars.booking.people_search import named
from sekretar.calendars.editing import Invitee, Repeat, new_event
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import FieldErrors, FieldKind, validate
from sekretar.kernel.i18n import LANGUAGES, Catalogues
from sekretar.mattermost.dialogs import LABEL_LIMIT, TITLE_LIMIT

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 3, 4, 9, 20, 30, tzinfo=UTC)
TARGETS = (Target(7, "Работа"), Target(8, "Личное", makes_rooms=True))
FULL = Draft(
    "Демо",
    datetime(2026, 3, 5, 12, 0, tzinfo=UTC),
    45,
    8,
    Guests((Guest("boris@example.com", "Борис", "boris", 2), Guest("x@example.org")), ("@no",), ("@vera",)),
    "Переговорная 3",
    "Повестка\nв две строки",
    10,
    Repeat.FORTNIGHTLY,
    telemost=True,
)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("45", 45), ("45m", 45), ("45 мин.", 45), ("1 ч", 60), ("1h", 60), ("1h 30m", 90), ("1h30", 90),
        ("1ч30м", 90),
        ("1,5 часа", 90), ("0.5 h", 30), ("1:30", 90), ("полчаса", 30), ("Час", 60), ("полтора  часа", 90),
        ("2 часа 15 минут", 135), ("24 ч", 1440),
    ],
)  # fmt: skip
def test_a_length_is_read_as_it_is_written(text: str, minutes: int) -> None:
    assert parse_length(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "0", "0 min", "вечность", "5 days", "-5", "1:75", "45 m x", "h", "99999"]
)
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(PersonError, match=r"calendars\.booking\.bad_length"):
        parse_length(text)


def test_a_meeting_is_no_longer_than_a_day() -> None:
    with pytest.raises(PersonError, match=r"calendars\.booking\.long_length"):
        parse_length("24 ч 1 мин")


def test_names_are_found_whatever_stands_between_them() -> None:
    typed = "@boris, @first.last-name; Vera <vera@example.com>,\nmailto:x@example.org @boris. (@chris) @"
    assert named(typed) == (
        "@boris", "@first.last-name", "Vera", "vera@example.com", "x@example.org", "@chris",
    )  # fmt: skip


def test_a_stored_draft_comes_back_as_it_was() -> None:
    plain = Draft("Demo", NOW, 60, 1)
    assert restored(stored(FULL)) == FULL
    assert restored(stored(plain)) == plain


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("draft", [None, FULL])
def test_the_form_is_accepted_as_it_is_offered(language: str, draft: Draft | None) -> None:
    t = Catalogues.load().translator(language)
    form = form_of(TARGETS, draft, t, MOSCOW, NOW)
    raw = {each.name: each.default for each in form.fields} | ({"title": "Демо"} if draft is None else {})
    checked = validate(form, raw, today=NOW.astimezone(MOSCOW).date())
    assert not isinstance(checked, FieldErrors), checked
    answers = answers_of(checked.values, TARGETS, MOSCOW, NOW)
    if draft is None:
        assert answers.draft == Draft("Демо", datetime(2026, 3, 4, 10, 0, tzinfo=UTC), 60, 7)
    else:
        assert answers.guests == "@boris x@example.org @vera @no"
        assert answers.draft == Draft(**{**FULL.__dict__, "guests": Guests()})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_quick_answer_is_an_answer(language: str) -> None:
    form = form_of(TARGETS, None, Catalogues.load().translator(language), MOSCOW, NOW)
    quick = {each.name: [choice.value for choice in each.quick] for each in form.fields if each.quick}
    assert quick["day"] == ["2026-03-04", "2026-03-05", "2026-03-06"]
    values = {each.name: each.default or "" for each in form.fields} | {"title": "Демо", "day": "2026-03-04"}
    starts = [answers_of(values | {"time": each}, TARGETS, MOSCOW, NOW).draft.start for each in quick["time"]]
    assert [f"{each.astimezone(MOSCOW):%d %H:%M}" for each in starts] == ["04 13:00", "04 13:20"]
    assert [parse_length(each) for each in quick["length"]] == [15, 30, 60, 90]


@pytest.mark.parametrize(
    ("day", "typed", "start"),
    [
        ("today", "через час", "05 00:40"),
        ("сегодня", "next full hour", "05 00:00"),
        ("tomorrow", "in two hours", "05 01:40"),
        ("in two days", "через полчаса", "06 00:10"),
        ("через два дня", "в 3 часа дня", "06 15:00"),
    ],
)
def test_what_is_counted_from_now_may_be_tomorrow(day: str, typed: str, start: str) -> None:
    late = datetime(2026, 3, 4, 20, 40, tzinfo=UTC)
    form = form_of(TARGETS, FULL, Catalogues.load().translator("en"), MOSCOW, late)
    raw = {each.name: each.default for each in form.fields} | {"day": day, "time": typed}
    checked = validate(form, raw, today=date(2026, 3, 4))
    assert not isinstance(checked, FieldErrors), checked
    assert (
        f"{answers_of(checked.values, TARGETS, MOSCOW, late).draft.start.astimezone(MOSCOW):%d %H:%M}"
        == start
    )


def test_what_is_on_workdays_begins_on_one_whatever_day_is_chosen() -> None:
    form = form_of(TARGETS, FULL, Catalogues.load().translator("en"), MOSCOW, NOW)
    values = {each.name: each.default or "" for each in form.fields} | {"repeat": "weekdays", "time": "10:00"}
    saturday = answers_of(values | {"day": "2026-03-07"}, TARGETS, MOSCOW, NOW).draft
    assert saturday.start == datetime(2026, 3, 9, 7, tzinfo=UTC)


def test_a_time_that_is_none_is_told_at_its_field() -> None:
    form = form_of(TARGETS, FULL, Catalogues.load().translator("en"), MOSCOW, NOW)
    raw = {each.name: each.default for each in form.fields} | {"time": "soon"}
    checked = validate(form, raw)
    assert isinstance(checked, FieldErrors)
    assert set(checked.errors) == {"time"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_fits_into_a_dialog(language: str) -> None:
    form = form_of(TARGETS, FULL, Catalogues.load().translator(language), MOSCOW, NOW)
    assert len(form.title) <= TITLE_LIMIT
    assert [each.label for each in form.fields if len(each.label) > LABEL_LIMIT] == []
    assert FieldKind.SECRET not in {each.kind for each in form.fields}


def test_one_calendar_is_not_asked_for_and_rooms_only_where_they_are_made() -> None:
    form = form_of(TARGETS[:1], None, Catalogues.load().translator("en"), MOSCOW, NOW)
    assert {"calendar", "telemost"}.isdisjoint(each.name for each in form.fields)


def test_the_next_full_hour_is_one_of_the_persons_own() -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")  # 05:45 ahead
    assert next_hour(NOW, kathmandu).astimezone(kathmandu).strftime("%H:%M:%S.%f") == "16:00:00.000000"
    assert next_hour(NOW.replace(minute=0), MOSCOW) == datetime(2026, 3, 4, 10, tzinfo=UTC)


def test_a_day_beyond_all_calendars_is_told_at_its_field() -> None:
    form = form_of(TARGETS, FULL, Catalogues.load().translator("en"), MOSCOW, NOW)
    raw = {each.name: each.default for each in form.fields} | {"day": "01.01.9999"}
    checked = validate(form, raw)
    assert not isinstance(checked, FieldErrors)
    with pytest.raises(PersonError) as refused:
        answers_of(checked.values, TARGETS, MOSCOW, NOW)
    assert set(at_field(refused.value)) == {"day"}


def test_what_is_written_to_the_calendar() -> None:
    text = new_event(event_of(FULL, MOSCOW, Invitee("anna@example.com", "Анна")), "uid-1", NOW)
    for line in (
        "TZID=Europe/Moscow:20260305T150000",
        "INTERVAL=2",
        "TRIGGER:-PT10M",
        "X-TELEMOST-REQUIRED:TRUE",
    ):
        assert line in text
    assert text.replace("\r\n ", "").count("ATTENDEE;") == 2
    assert FULL.end - FULL.start == timedelta(minutes=45)
