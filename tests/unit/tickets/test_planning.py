"""What would be made of a text: found, refused with a reason, or allowed with a warning."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.tickets.batches.grammar import Assignment, read
from sekretar.tickets.batches.planning import (
    SUBJECT_LIMIT,
    Addressee,
    Knowledge,
    Planned,
    line_of,
    plan,
    restored,
    stored,
)
from sekretar.trackers.requests import Draft
from sekretar.trackers.values import Field, Member, Priority, Project

TODAY = date(2026, 3, 4)
SITE = Project("1", "site", "Сайт")
OLD = Project("2", "old", "Старый сайт", open=False)
STRICT = Project("3", "strict", "Строгий")
DATED = Project("4", "dated", "Срочный")
LOW, NORMAL, HIGH, URGENT = (
    Priority(str(rank), name, rank)
    for rank, name in enumerate(("Низкий", "Нормальный", "Высокий", "Срочный"))
)
BOB = Addressee("bob", "Боб", 7, Member("70", "Боб Б."))
ANN = Addressee("ann", "Аня", 8, Member("80", "Аня А."))
NEW = Addressee("new", "Новый", 9, None)
KNOWLEDGE = Knowledge(
    projects=(SITE, OLD, STRICT, DATED),
    default=SITE,
    priorities=(LOW, NORMAL, HIGH, URGENT),
    addressees={"bob": BOB, "ann": ANN, "new": NEW},
    assignable={"1": frozenset({"70"})},
    lacking={"3": ("Заказчик",)},
    today=TODAY,
    demanded={"4": frozenset({Field.SUBJECT, Field.DUE, Field.ASSIGNEE})},
)


def row(text: str, knowledge: Knowledge = KNOWLEDGE) -> Planned:
    (planned,) = plan(read(text, TODAY).assignments, knowledge)
    return planned


def test_everything_is_found() -> None:
    planned = row("Смета @bob и @ann до 09.05.2026 #site !срочно")
    assert planned == Planned(1, "Смета", "", SITE, URGENT, BOB, (ANN,), date(2026, 5, 9))
    assert planned.draft("https://chat.example.com/pl/1") == Draft(
        project="1",
        subject="Смета",
        description="Аня\n\nhttps://chat.example.com/pl/1",
        priority="3",
        assignee="70",
        due=date(2026, 5, 9),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- @bob", "no_subject"),
        ("Смета @bob 30.02.2027", "no_such_day"),
        ("Смета @bob !вчера", "unknown_priority"),
        ("Смета @bob #nowhere", "unknown_project"),
        ("Смета @bob #old", "closed_project"),
        ("Смета #strict", "lacking"),
        ("Смета @bob #dated", "needs_due"),
        ("Смета до 09.05.2026 #dated", "needs_assignee"),
        ("Смета @nobody", "unknown_person"),
        ("Смета @bob и @nobody", "unknown_person"),
        ("Смета @new", "unlinked_person"),
        ("Смета @ann", "not_assignable"),
    ],
)
def test_what_keeps_a_row_from_becoming_a_ticket(text: str, problem: str) -> None:
    planned = row(text)
    assert [each.key for each in planned.problems] == [f"tickets.row.{problem}"]
    with pytest.raises(ValueError, match="cannot become"):
        planned.draft()


def test_without_a_default_a_row_has_to_name_a_project() -> None:
    nowhere = Knowledge((SITE,), None, (), {}, {}, {}, TODAY)
    assert [each.key for each in row("Смета", nowhere).problems] == ["tickets.row.no_project"]
    assert row("Смета #САЙТ", nowhere).project is SITE


def test_who_can_be_assignee_is_not_checked_where_the_tracker_does_not_tell() -> None:
    assert row("Смета @ann #Старый-сайт").problems[0].key == "tickets.row.closed_project"
    assert row("Смета @ann", Knowledge((SITE,), SITE, (), {"ann": ANN}, {}, {}, TODAY)).creatable


@pytest.mark.parametrize(
    ("written", "priority"),
    [
        ("!высокий", HIGH),
        ("!ВЫСОК", HIGH),
        ("!", HIGH),
        ("!!", URGENT),
        ("!!!", URGENT),
        ("!low", LOW),
        ("!blocker.", URGENT),
        ("!обычный", NORMAL),
    ],
)
def test_priorities_are_found_by_name_and_by_meaning(written: str, priority: Priority) -> None:
    assert row(f"Смета @bob {written}").priority == priority


def test_a_day_in_the_past_is_allowed_with_a_warning() -> None:
    planned = row("Смета 01.01.2020")
    assert planned.creatable
    assert [each.key for each in planned.warnings] == ["tickets.row.past"]


def test_a_long_subject_goes_on_in_the_description() -> None:
    text = "слово " * 100
    planned = row(text)
    assert len(planned.subject) <= SUBJECT_LIMIT
    assert planned.description == text.strip()
    assert [each.key for each in planned.warnings] == ["tickets.row.long"]


@given(
    st.builds(
        Assignment,
        st.integers(1, 200),
        st.text(max_size=400),
        st.text(max_size=50),
        st.lists(st.sampled_from(["bob", "ann", "new", "nobody"]), unique=True).map(tuple),
        st.none() | st.dates(),
        st.none() | st.sampled_from(["site", "old", "strict", "?"]),
        st.none() | st.sampled_from(["high", "!", "?"]),
        st.none() | st.just("30.02.2027"),
    )
)
def test_what_is_kept_is_what_was_planned(assignment: Assignment) -> None:
    (planned,) = plan([assignment], KNOWLEDGE)
    again = restored(json.loads(json.dumps(stored(planned))))
    assert again == planned
    if planned.creatable:
        assert again.draft() == planned.draft()


@given(
    st.lists(st.sampled_from(["bob", "ann"]), unique=True),
    st.none() | st.dates(TODAY, date(2099, 12, 31)),
    st.none() | st.sampled_from([LOW, HIGH]),
    st.sampled_from(["Смета", "Обновить до версии 2.4 и проверить", "Отчёт за 01.02.2026 по форме 3"]),
    st.sampled_from(["", "с приложениями", "раз\nдва"]),
)
def test_a_line_to_be_mended_reads_as_the_same_again(
    people: list[str], due: date | None, priority: Priority | None, subject: str, description: str
) -> None:
    addressees = [KNOWLEDGE.addressees[name] for name in people]
    planned = Planned(
        1,
        subject,
        description,
        SITE,
        priority,
        addressees[0] if addressees else None,
        tuple(addressees[1:]),
        due,
    )
    (again,) = plan(read(line_of(planned), TODAY).assignments, KNOWLEDGE)
    assert replace(again, problems=(), warnings=()) == planned
