"""The form of the settings: pre-filled, checked at each field, and true to what is answered."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.calendars.test_preferences import choices

from sekretar.calendars.settings.form import Part, chosen_in, form_of
from sekretar.calendars.settings.preferences import EVERY_DAY, Hours, Preferences
from sekretar.kernel.forms import FieldErrors, Form, Submission, validate
from sekretar.kernel.i18n import Catalogues
from sekretar.mattermost.dialogs import LABEL_LIMIT, TITLE_LIMIT, dialog

languages = st.sampled_from(["en", "ru"])
USUAL = Preferences()


def form(wanted: Preferences = USUAL, language: str = "ru", part: Part | None = None) -> Form:
    return form_of(wanted, Catalogues.load().translator(language), part)


def as_filled(asked: Form) -> dict[str, object]:
    """What a dialog sends when nobody changes anything."""
    return {field.name: field.default for field in asked.fields}


def submitted(asked: Form, **changes: object) -> dict[str, str | bool]:
    checked = validate(asked, as_filled(asked) | changes)
    assert isinstance(checked, Submission), checked
    return dict(checked.values)


@given(choices, languages, st.none() | st.sampled_from(list(Part)))
def test_saving_without_a_change_changes_nothing(
    wanted: Preferences, language: str, part: Part | None
) -> None:
    # A digest that is off keeps neither hour nor days in the form; a text may not begin or end with spaces.
    after = chosen_in(submitted(form(wanted, language, part)), wanted)
    assert after.schedule == wanted.schedule
    assert after.status_text == wanted.status_text.strip() or part not in (None, Part.STATUS)
    for name in (
        "reminders",
        "at_start",
        "own_alarms",
        "news",
        "working_hours",
        "lunch",
        "show_titles",
        "status_emoji",
    ):
        assert getattr(after, name) == getattr(wanted, name)


def test_what_is_answered_is_meant() -> None:
    answers = submitted(
        form(),
        reminders="за час и за 5 минут",
        at_start=True,
        own_alarms="true",
        digest_days="daily",
        digest_at="7.30",
        digest_only_if_meetings=False,
        news_edited=False,
        news_answers=False,
        status=True,
        status_text="  Совещаюсь ",
        status_emoji=":headphones:",
        do_not_disturb=True,
        working_hours="10-19",
        lunch="с 12:30 до 13",
        show_titles=True,
    )
    after = chosen_in(answers, USUAL)
    assert after.reminders == (60, 5)
    assert after.at_start
    assert after.own_alarms
    assert (after.digest_at, after.digest_days, after.digest_only_if_meetings) == (
        time(7, 30),
        EVERY_DAY,
        False,
    )
    assert sorted(after.news) == ["added", "cancelled", "moved"]
    assert (after.status, after.status_text, after.status_emoji) == (True, "Совещаюсь", "headphones")
    assert after.do_not_disturb
    assert after.show_titles
    assert after.working_hours == (*((Hours(time(10), time(19)),),) * 5, (), ())
    assert after.lunch == Hours(time(12, 30), time(13))


def test_a_part_leaves_the_rest_alone() -> None:
    before = Preferences(reminders=(30,), digest_at=None, show_titles=True)
    answers = submitted(form(before, part=Part.REMINDERS), reminders="10, 0")
    assert chosen_in(answers, before) == Preferences(
        reminders=(10,), at_start=True, digest_at=None, show_titles=True
    )


def test_the_digest_is_switched_off_by_its_days() -> None:
    assert chosen_in(submitted(form(), digest_days="off"), USUAL).schedule is None
    off = Preferences(digest_at=None)
    assert form(off).field("digest_days").default == "off"
    on_again = chosen_in(submitted(form(off), digest_days="workdays"), off)
    assert on_again.schedule == USUAL.schedule


def test_days_of_ones_own_can_be_kept() -> None:
    wanted = Preferences(digest_days=frozenset({0, 2}))
    shown = [choice.label for choice in form(wanted).field("digest_days").choices]
    assert shown == ["По будням", "Каждый день", "пн, ср", "Никогда"]


def test_each_mistake_is_told_at_its_field() -> None:
    checked = validate(
        form(),
        as_filled(form())
        | {
            "reminders": "скоро",
            "digest_at": "25:00",
            "status_emoji": "🦄",
            "working_hours": "18-9",
            "lunch": "пн 13-14",
        },
    )
    assert isinstance(checked, FieldErrors)
    assert {name: error.key for name, error in checked.errors.items()} == {
        "reminders": "calendars.settings.bad_offsets",
        "digest_at": "kernel.form.time",
        "status_emoji": "calendars.settings.bad_emoji",
        "working_hours": "calendars.settings.bad_hours",
        "lunch": "calendars.settings.bad_lunch",
    }


def test_the_longest_week_can_be_sent_as_it_is_shown() -> None:
    days = "пн", "вт", "ср", "чт", "пт", "сб", "вс"
    typed = "; ".join(f"{day} 8-9, 10-11, 12-13, 14-15:0{place}" for place, day in enumerate(days))
    wanted = chosen_in(submitted(form(), working_hours=typed), USUAL)
    shown = form(wanted).field("working_hours").default
    assert chosen_in(submitted(form(wanted), working_hours=shown), USUAL) == wanted


@pytest.mark.parametrize("language", ["en", "ru"])
def test_everything_fits_into_a_dialog(language: str) -> None:
    asked = form(language=language)
    shown = dialog(asked, Catalogues.load().translator(language), "state")
    assert len(asked.title) <= TITLE_LIMIT
    assert [field.label for field in asked.fields if len(field.label) > LABEL_LIMIT] == []
    elements = {each["name"]: each for each in shown["elements"]}
    assert [each["help_text"] for each in shown["elements"] if len(each["help_text"]) > 149] == []
    assert elements["reminders"]["default"] in ("10 min", "10 мин")
    assert elements["news_added"]["default"] == "true"
    assert elements["status"]["default"] == ""
