"""Who gets the next incident: fair over any number of them, never to those who do not work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.assignment.choosing import Candidate, Hindrance, Presence, choose
from sekretar.dispatch.assignment.wording import why
from sekretar.kernel.i18n import Catalogues

START = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

_CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 50),
        st.just("anna"),
        on_shift=st.booleans(),
        on_leave=st.sampled_from([False, False, True]),
        active=st.integers(0, 6),
        waiting=st.integers(0, 6),
        limit=st.sampled_from([0, 0, 3, 8]),
        last_at=st.one_of(st.none(), st.integers(0, 99).map(lambda each: START + MINUTE * each)),
        presence=st.sampled_from(Presence),
    ),
    max_size=6,
    unique_by=lambda each: each.person_id,
)


def eligible(each: Candidate) -> bool:
    load = each.active + each.waiting * 0.5
    return each.on_shift and not each.on_leave and (not each.limit or load < each.limit)


@given(_CANDIDATES, st.randoms(use_true_random=False))
def test_whoever_may_be_chosen_and_nobody_else(candidates: list[Candidate], random: object) -> None:
    choice = choose(candidates, 0.5)
    assert len(choice.seen) == len(candidates)
    chosen = next((each for each in candidates if each.person_id == choice.person_id), None)
    assert (chosen is not None) is any(eligible(each) for each in candidates)
    if chosen is not None:
        assert eligible(chosen)
        rivals = [
            each for each in candidates if eligible(each) and each.presence.here == chosen.presence.here
        ]
        assert chosen.active + chosen.waiting * 0.5 == min(
            each.active + each.waiting * 0.5 for each in rivals
        )
    # The order in which people are listed decides nothing.
    assert choose(candidates[::-1], 0.5) == choice


@given(st.integers(1, 6), st.integers(1, 40))
def test_a_batch_spreads_evenly(people: int, batch: int) -> None:
    candidates = [Candidate(number, str(number), on_shift=True) for number in range(people)]
    for turn in range(batch):
        who = choose(candidates, 0.5).person_id
        candidates = [
            replace(each, active=each.active + 1, last_at=START + MINUTE * turn)
            if each.person_id == who
            else each
            for each in candidates
        ]
    loads = [each.active for each in candidates]
    assert sum(loads) == batch
    assert max(loads) - min(loads) <= 1


def test_the_least_loaded_then_the_longest_without_then_the_first() -> None:
    anna, boris, chris = (Candidate(number, str(number), on_shift=True) for number in (1, 2, 3))
    assert choose([boris, anna, chris], 0.5).person_id == 1
    assert choose([replace(anna, last_at=START), replace(boris, last_at=START - MINUTE)], 0.5).person_id == 2
    assert choose([replace(anna, active=1), replace(boris, waiting=1)], 0.5).person_id == 2
    assert choose([replace(anna, active=1), replace(boris, waiting=3)], 0.5).person_id == 1


@pytest.mark.parametrize("presence", [Presence.AWAY, Presence.BUSY, Presence.OFFLINE])
def test_presence_is_a_hint(presence: Presence) -> None:
    away = Candidate(1, "anna", on_shift=True, presence=presence)
    busy = Candidate(2, "boris", on_shift=True, active=9, presence=Presence.ONLINE)
    assert choose([away, busy], 0.5).person_id == 2
    assert choose([away], 0.5).person_id == 1


def test_why_nobody_was_chosen() -> None:
    full = Candidate(1, "anna", on_shift=True, active=3, limit=3)
    off = Candidate(2, "boris", on_shift=False)
    leave = Candidate(3, "chris", on_shift=True, on_leave=True)
    choice = choose([leave, off, full], 0.5)
    assert choice.person_id is None
    assert choice.all_at_limit
    assert {each.person_id: each.hindrance for each in choice.seen} == {
        1: Hindrance.AT_LIMIT,
        2: Hindrance.OFF_SHIFT,
        3: Hindrance.ON_LEAVE,
    }
    assert not choose([off, leave], 0.5).all_at_limit
    assert choose([], 0.5).person_id is None


def test_why_it_was_they_is_true_of_whoever_was_passed_over() -> None:
    t = Catalogues.load().translator("ru")
    busy = Candidate(1, "Борис", on_shift=True, active=11, presence=Presence.ONLINE)
    free = Candidate(2, "Вера", on_shift=True, presence=Presence.AWAY)
    assert why(choose([busy, free], 0.5), t) == (
        "наименьшая нагрузка среди тех, кто в сети (нагрузка: 11); отошли или не в сети: Вера"
    )
    here = replace(free, presence=Presence.ONLINE)
    assert why(choose([busy, here], 0.5), t) == "наименьшая нагрузка, на смене 2 диспетчера (нагрузка: 0)"
