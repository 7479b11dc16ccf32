"""What a list changes in the register, and when it is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.assets.registry.keeping import next_time
from sekretar.dispatch.assets.registry.planning import Known, Plan, objection, plan, renamed_poles
from sekretar.dispatch.settings import FeedSettings

registers = st.dictionaries(st.integers(0, 20), st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12)
lists = st.dictionaries(st.integers(0, 20), st.sampled_from("abc"), max_size=12)


@given(registers, lists)
def test_carrying_out_a_plan_makes_the_register_the_list(
    before: dict[int, tuple[str, bool]], wanted: dict[int, str]
) -> None:
    known = {key: Known(100 + key, digest, gone) for key, (digest, gone) in before.items()}
    changes = plan(known, wanted)
    after = {100 + key: digest for key, (digest, gone) in before.items() if not gone}
    for number in changes.gone:
        del after[number]
    after |= {number: wanted[key] for number, key in changes.updated.items()}
    after |= {100 + key: wanted[key] for key in changes.created}
    assert after == {100 + key: digest for key, digest in wanted.items()}
    assert changes.returned <= set(changes.updated)
    assert changes.unchanged + len(changes.updated) + len(changes.created) == len(wanted)
    again = plan({key: Known(100 + key, digest, gone=False) for key, digest in wanted.items()}, wanted)
    assert again == Plan((), {}, frozenset(), (), unchanged=len(wanted), present=len(wanted))


def test_a_pole_that_is_called_otherwise_stays_the_pole_that_it_was() -> None:
    known = {"A": Known(1, "a", gone=False, site="17"), "B": Known(2, "b", gone=False, site="18")}
    renamed = renamed_poles(known, {"C": "17", "B": "18", "D": ""})
    assert renamed == {"C": 1}
    changes = plan(known, {"C": "c", "B": "b", "D": "d"}, renamed)
    assert (changes.created, changes.updated, changes.gone) == (("D",), {1: "C"}, ())


@pytest.mark.parametrize(
    ("rows", "present", "lost", "key"),
    [
        (0, 0, 0, "empty"),
        (0, 100, 100, "empty"),
        (9, 0, 0, "short"),
        (100, 100, 11, "shrinks"),
        (100, 100, 10, None),
        (100, 0, 0, None),
    ],
)
def test_lists_that_are_not_believed(rows: int, present: int, lost: int, key: str | None) -> None:
    settings = FeedSettings(url="https://example.com/list", at_least=10, largest_loss_percent=10)
    found = objection(settings, rows, present, lost)
    assert (found.key if found else None) == (f"dispatch.registry.{key}" if key else None)


def test_after_failures_a_list_is_read_sooner_but_less_and_less_often() -> None:
    now, day = datetime(2026, 3, 2, 9, tzinfo=UTC), timedelta(days=1)
    pauses = [next_time(now, day, failures) - now for failures in range(14)]
    assert pauses[:4] == [day, timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert sorted(pauses[1:]) == pauses[1:]
    assert max(pauses) == day
