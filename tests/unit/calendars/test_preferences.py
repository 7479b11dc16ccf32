"""What is chosen is stored, and what is stored today is still understood tomorrow."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.digest.schedule import Schedule
from sekretar.calendars.reminders.rules import Offsets
from sekretar.calendars.settings.preferences import (
    _CHOSEN,
    EVERY_DAY,
    LONGEST_OFFSET,
    Hours,
    News,
    Preferences,
    normal_offsets,
)

clock = st.times().map(lambda at: at.replace(second=0, microsecond=0))
offsets = st.lists(st.integers(1, LONGEST_OFFSET), max_size=8).map(normal_offsets)
LONG, SHORT, EVENING = Hours(time(9), time(18)), Hours(time(10), time(12, 30)), Hours(time(14), time(19))
working = st.sampled_from([(), (LONG,), (SHORT,), (SHORT, EVENING)])
choices = st.builds(
    Preferences,
    reminders=offsets,
    at_start=st.booleans(),
    own_alarms=st.booleans(),
    digest_at=st.none() | clock,
    digest_days=st.frozensets(st.integers(0, 6)),
    digest_only_if_meetings=st.booleans(),
    news=st.frozensets(st.sampled_from(list(News))),
    status_text=st.text(max_size=20),
    status_emoji=st.sampled_from(["", "bento"]),
    show_titles=st.booleans(),
    working_hours=st.tuples(*[working] * 7),
    lunch=st.sampled_from([None, SHORT]),
)
codec = _CHOSEN._codec


@given(choices)
def test_it_comes_back_as_it_was(wanted: Preferences) -> None:
    stored = json.loads(json.dumps(codec.encode(wanted)))
    assert codec.decode(stored) == replace(wanted, status=False, do_not_disturb=False)


def test_what_is_not_chosen_is_not_stored_so_that_defaults_may_change() -> None:
    assert codec.encode(Preferences()) == {}
    assert codec.encode(Preferences(at_start=True)) == {"at_start": True}


@pytest.mark.parametrize(
    "stored",
    [
        {"reminders": "10", "at_start": True},
        {"reminders": [-1], "at_start": True},
        {"reminders": [True], "at_start": True},
        {"reminders": None, "at_start": True},
        {"digest_at": "25:00", "at_start": True},
        {"digest_at": 9, "at_start": True},
        {"digest_days": [7], "at_start": True},
        {"news": ["eclipses"], "at_start": True},
        {"working_hours": [["18:00", "09:00"]] * 7, "at_start": True},
        {"working_hours": [["09:00"]] * 7, "at_start": True},
        {"working_hours": [None], "at_start": True},
        {"working_hours": [[["09:00", "13:00"], ["12:00", "18:00"]]] * 7, "at_start": True},
        {"working_hours": [[["14:00", "18:00"], ["09:00", "13:00"]]] * 7, "at_start": True},
        {"working_hours": [[[]]] * 7, "at_start": True},
        {"lunch": ["14:00", "13:00"], "at_start": True},
        {"lunch": "noon", "at_start": True},
        {"status_text": 5, "at_start": True},
        {"of_a_later_release": 1, "at_start": True},
    ],
)
def test_one_value_that_means_nothing_costs_no_other(stored: dict[str, object]) -> None:
    assert codec.decode(stored) == Preferences(at_start=True)


def test_hours_of_earlier_releases_are_read_and_one_stretch_is_stored_as_they_read_it() -> None:
    office = [["09:00", "18:00"]] * 4 + [["10:00", "12:30"], None, None]
    stored = {"working_hours": office}
    wanted = codec.decode(stored)
    assert wanted.working_hours == ((LONG,),) * 4 + ((SHORT,), (), ())
    assert codec.encode(wanted) == stored


@pytest.mark.parametrize("stored", [None, [], "x", 5])
def test_what_is_no_object_is_refused(stored: object) -> None:
    with pytest.raises(ValueError):
        codec.decode(stored)


def test_hours_that_end_before_they_begin_cannot_be_made() -> None:
    with pytest.raises(ValueError):
        Hours(time(18), time(9))


def test_nobody_who_has_chosen_nothing_is_touched_more_than_expected() -> None:
    usual = Preferences()
    switches = {each.name: getattr(usual, each.name) for each in fields(usual) if each.type == "bool"}
    assert switches == {
        "at_start": False,
        "own_alarms": False,
        "digest_only_if_meetings": True,
        "status": False,
        "do_not_disturb": False,
        "show_titles": False,
    }
    assert usual.offsets == Offsets((10,))
    assert all(usual.tells(kind) for kind in ("added", "moved", "edited", "cancelled", "answers"))


def test_what_follows_from_them() -> None:
    assert Preferences(reminders=(10, 1), at_start=True).offsets == Offsets((10, 1, 0))
    assert Preferences(digest_at=None).schedule is None
    assert Preferences(digest_days=frozenset()).schedule is None
    assert Preferences(digest_at=time(7), digest_days=EVERY_DAY).schedule == Schedule(time(7), EVERY_DAY)
    assert not Preferences(news=frozenset({News.MOVED})).tells("added")
