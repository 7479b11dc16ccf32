"""Which letters are filed together."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.dispatch.letters_known import letter

from sekretar.dispatch.intake.understanding import Understood
from sekretar.dispatch.intake.waves import MOST, Tied, apart, waves
from sekretar.dispatch.mail.letter import Receipt
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.mail.store import RawLetter

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


def tied(
    number: int,
    ties: str = "",
    to: int | None = None,
    *,
    incident_id: int | None = None,
    about: str = "power",
    **said: object,
) -> Tied:
    """A letter with these ties, each of one character, that answers the letter of that number."""
    raw = RawLetter(number, "towers", Direction.IN, NOW, b"", True, 0, frozenset(), incident_id)
    return Tied(Understood(raw, letter(**said)), frozenset(ties), about, number, to)


def numbers(letters: list[Tied]) -> list[list[int]]:
    return [[each.raw.id for each in wave] for wave in waves(letters)]


def test_letters_that_have_nothing_to_do_with_each_other_go_together() -> None:
    assert numbers([tied(1, "a"), tied(2, "b"), tied(3)]) == [[1, 2, 3]]
    many = numbers([tied(number) for number in range(MOST + 3)])
    assert [len(wave) for wave in many] == [MOST, 3]


def test_an_answer_comes_with_a_later_wave() -> None:
    assert numbers([tied(1, "a"), tied(2, "b"), tied(3, "a", 1), tied(4, "ac", 3)]) == [[1, 2], [3], [4]]


def test_who_has_to_do_with_another_over_a_third_waits_for_both() -> None:
    mixed = [tied(1, "a"), tied(2, "b"), tied(3, "ab", 1), tied(4, "b", 2)]
    assert numbers(mixed) == [[1], [2], [3], [4]]


def test_what_perhaps_begins_something_new_keeps_its_place() -> None:
    assert numbers([tied(1, "a"), tied(2, "a", 1, about="water"), tied(3, "b")]) == [[1], [2, 3]]
    assert numbers([tied(1, "a"), tied(2, "a", 1, subject="Fwd: power"), tied(3)]) == [[1], [2, 3]]
    # Strangers that name one code, and answers to a thread that may be closed.
    assert numbers([tied(1, "a"), tied(2, "a"), tied(3, "b")]) == [[1], [2, 3]]
    assert numbers([tied(1, "a", 9), tied(2, "a", 9), tied(3, "b")]) == [[1], [2, 3]]
    # In a wave, too: the answer to the later letter came first.
    mixed = [tied(1, "a"), tied(2, "b"), tied(3, "b", 2), tied(4, "a", 1)]
    assert numbers(mixed) == [[1, 2], [3, 4]]


def test_what_is_about_other_letters_stands_alone_in_its_place() -> None:
    seen = Receipt("<9@x>", "", "displayed")
    mixed = [tied(1), tied(2, receipt=seen), tied(3), tied(4, incident_id=5)]
    assert numbers(mixed) == [[1], [2], [3], [4]]


def test_of_several_in_a_row_those_are_apart_that_share_nothing_with_one_before() -> None:
    assert apart([{1}, {2}, {1, 3}, {3}, set()]) == [True, True, False, False, True]


@given(st.lists(st.sets(st.sampled_from("abcdef"), max_size=3), max_size=12))
def test_each_letter_comes_once_and_after_those_it_has_to_do_with(said: list[set[str]]) -> None:
    found = numbers([tied(number, "".join(ties)) for number, ties in enumerate(said)])
    wave_of = {number: at for at, wave in enumerate(found) for number in wave}
    assert sorted(number for wave in found for number in wave) == list(range(len(said)))
    for (one, first), (other, second) in combinations(enumerate(said), 2):
        if first & second:
            assert wave_of[one] < wave_of[other]
