"""What attendees have answered between looks: each new answer once, nobody's that was not given."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given as for_all
from hypothesis import strategies as st

from sekretar.calendars.answers.diff import Given, Roll, given, others

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
DAY = timedelta(days=1)
WORDS = ("ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION", "DELEGATED")
GIVEN = WORDS[:3]
PEOPLE = ("anna@x.example", "boris@x.example", "vera@x.example")

Look = list[dict[str, str]]


def roll(number: int, answers: dict[str, str], **changes: object) -> Roll:
    start = NOW + number * DAY
    attendees = tuple({"address": each, "name": each[:4], "answer": word} for each, word in answers.items())
    values = {
        "recurrence_id": str(number),
        "start": start,
        "end": start + timedelta(hours=1),
        "cancelled": False,
    }
    return Roll(**(values | changes), attendees=attendees)  # type: ignore[arg-type]


def rolls(look: Look) -> list[Roll]:
    return [roll(number, answers) for number, answers in enumerate(look)]


looks = st.lists(
    st.lists(st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(WORDS)), min_size=3, max_size=3),
    min_size=2,
    max_size=6,
)


@for_all(looks)
def test_what_is_told_is_what_became_different(history: list[Look]) -> None:
    for before, after in itertools.pairwise(history):
        told = given(rolls(before), rolls(after), NOW)
        changed = {
            (address, word, number)
            for number, answers in enumerate(after)
            for address, word in answers.items()
            if word in GIVEN and before[number].get(address, word) != word
        }
        assert {(each.address, each.answer) for each in told} == {(one, word) for one, word, _ in changed}
        assert len({(each.address, each.answer) for each in told}) == len(told), "each once"
        for each in told:
            where = [number for one, word, number in changed if (one, word) == (each.address, each.answer)]
            assert each.start == (NOW + where[0] * DAY if len(where) == 1 else None)
        assert given(rolls(after), rolls(after), NOW) == (), "heard of again, it is no news"


def test_what_is_over_or_off_or_new_is_not_told() -> None:
    before, after = {PEOPLE[0]: "NEEDS-ACTION"}, {PEOPLE[0]: "ACCEPTED"}
    for changes in ({"cancelled": True}, {"end": NOW}):
        assert given([roll(0, before)], [roll(0, after, **changes)], NOW) == ()
    assert given([roll(0, before)], [roll(0, before), roll(1, after)], NOW) == ()
    assert given([roll(0, {})], [roll(0, after)], NOW) == ()


def test_ones_own_answer_is_not_told_under_any_address() -> None:
    told = given(
        [roll(0, dict.fromkeys(PEOPLE, "NEEDS-ACTION"))], [roll(0, dict.fromkeys(PEOPLE, "ACCEPTED"))], NOW
    )
    assert [each.address for each in others(told, ["ANNA@x.example", "mailto:vera@x.example"])] == [PEOPLE[1]]
    assert others((Given("", "?", "ACCEPTED"),), []) != ()
