"""How a text of assignments is understood; the first part are the sentences that earlier tools stumbled over."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.tickets.batches.grammar import Assignment, Reading, read

#: A Wednesday.
TODAY = date(2026, 3, 4)
NEW_YEAR = date(2030, 1, 1)


def rows(text: str) -> list[Assignment]:
    return list(read(text, TODAY).assignments)


def row(text: str) -> Assignment:
    (assignment,) = rows(text)
    return assignment


@pytest.mark.parametrize(
    ("text", "subject", "people", "due"),
    [
        ("1. Купить хлеб @bob 09.05.2030", "Купить хлеб", "bob", date(2030, 5, 9)),
        ("Купить хлеб @bob 09.05.2030", "Купить хлеб", "bob", date(2030, 5, 9)),
        ("a @bob 9.5.2030", "a", "bob", date(2030, 5, 9)),
        ("a @bob 09.05.30", "a", "bob", date(2030, 5, 9)),
        ("a @bob 01.01.2030 хвост", "a хвост", "bob", NEW_YEAR),
        ("a @bob 01.01.2030 хвост 5", "a хвост 5", "bob", NEW_YEAR),
        ("a @bob, 01.01.2030", "a", "bob", NEW_YEAR),
        ("a @bob до 01.01.2030", "a", "bob", NEW_YEAR),
        ("a @bob\n01.01.2030", "a", "bob", NEW_YEAR),
        ("1. a @bob\n01.01.2030", "a", "bob", NEW_YEAR),
        ("a @bob 2030-01-01", "a", "bob", NEW_YEAR),
        (
            "Поднять версии 2. Потом проверить @bob 01.01.2030",
            "Поднять версии 2. Потом проверить",
            "bob",
            NEW_YEAR,
        ),
        ("Отчёт за 01.02.2026 и выводы @bob 01.01.2030", "Отчёт за 01.02.2026 и выводы", "bob", NEW_YEAR),
        ("a @bob и @ann 01.01.2030", "a", "bob ann", NEW_YEAR),
        ("1. a\n@bob 01.01.2030", "a", "bob", NEW_YEAR),
        ("1) a @bob 01.01.2030", "a", "bob", NEW_YEAR),
        ("a @bob", "a", "bob", None),
        ("a 01.01.2030", "a", "", NEW_YEAR),
        ("просто текст", "просто текст", "", None),
        ("a @bob 01.01.2020", "a", "bob", date(2020, 1, 1)),
    ],
)
def test_what_earlier_grammars_could_not_read(text: str, subject: str, people: str, due: date | None) -> None:
    understood = row(text)
    assert (understood.subject, " ".join(understood.people), understood.due) == (subject, people, due)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- Позвонить @vera.k завтра", Assignment(1, "Позвонить", "", ("vera.k",), date(2026, 3, 5))),
        ("Call the bank @ann-b by Friday", Assignment(1, "Call the bank", "", ("ann-b",), date(2026, 3, 6))),
        ("Отчёт @bob к пятнице.", Assignment(1, "Отчёт", "", ("bob",), date(2026, 3, 6))),
        ("@bob: отчёт до 9 мая", Assignment(1, "отчёт", "", ("bob",), date(2026, 5, 9))),
        (
            "@bob подготовить до пятницы отчёт",
            Assignment(1, "подготовить отчёт", "", ("bob",), date(2026, 3, 6)),
        ),
        (
            "Отчёт @bob 9.5 #site !high",
            Assignment(1, "Отчёт", "", ("bob",), date(2026, 5, 9), "site", "high"),
        ),
        ("Отчёт !срочно #дом-2 @bob", Assignment(1, "Отчёт", "", ("bob",), None, "дом-2", "срочно")),
        ("Отчёт @bob !", Assignment(1, "Отчёт", "", ("bob",), None, None, "!")),
        ("Спросить у @ann про договор @bob", Assignment(1, "Спросить у @ann про договор", "", ("bob",))),
        ("Передать @bob ключи", Assignment(1, "Передать @bob ключи", "", ("bob",))),
        ("Передать @bob ключи завтра", Assignment(1, "Передать @bob ключи", "", ("bob",), date(2026, 3, 5))),
        ("Завтра позвонить @bob", Assignment(1, "позвонить", "", ("bob",), date(2026, 3, 5))),
        ("Смета @bob, срок: 9.5", Assignment(1, "Смета", "", ("bob",), date(2026, 5, 9))),
        ("Смета @bob не позднее 10.05.2026", Assignment(1, "Смета", "", ("bob",), date(2026, 5, 10))),
        ("Смета (@bob, до среды)", Assignment(1, "Смета", "", ("bob",), date(2026, 3, 11))),
        ("Смета @bob через 3 дня", Assignment(1, "Смета", "", ("bob",), date(2026, 3, 7))),
        ("Смета @bob через две недели", Assignment(1, "Смета", "", ("bob",), date(2026, 3, 18))),
        ("Смета @bob через месяц", Assignment(1, "Смета", "", ("bob",), date(2026, 4, 4))),
        ("Смета через 2 месяца @bob", Assignment(1, "Смета", "", ("bob",), date(2026, 5, 4))),
        ("Смета @bob через полгода", Assignment(1, "Смета", "", ("bob",), date(2026, 9, 4))),
        ("Budget @bob in a year", Assignment(1, "Budget", "", ("bob",), date(2027, 3, 4))),
        ("Budget @bob in half a year", Assignment(1, "Budget", "", ("bob",), date(2026, 9, 4))),
        ("Budget in a month @bob", Assignment(1, "Budget", "", ("bob",), date(2026, 4, 4))),
        ("Budget @bob in two months", Assignment(1, "Budget", "", ("bob",), date(2026, 5, 4))),
        ("Bill @bob no later than May 9", Assignment(1, "Bill", "", ("bob",), date(2026, 5, 9))),
        ("Bill @bob due date: 9th of May", Assignment(1, "Bill", "", ("bob",), date(2026, 5, 9))),
        ("Bill @bob the day after tomorrow", Assignment(1, "Bill", "", ("bob",), date(2026, 3, 6))),
        ("Смета @bob срок — 9 мая 2026 г.", Assignment(1, "Смета", "", ("bob",), date(2026, 5, 9))),
        ("Смета @bob в пт", Assignment(1, "Смета", "", ("bob",), date(2026, 3, 6))),
        ("Купить хлеб 9.5", Assignment(1, "Купить хлеб", "", (), date(2026, 5, 9))),
        ("Обновить Python до версии 3.12", Assignment(1, "Обновить Python до версии 3.12")),
        ("Поставить версию 9.5 @bob", Assignment(1, "Поставить версию 9.5", "", ("bob",))),
        ("Сделать 3/4 работы @bob", Assignment(1, "Сделать 3/4 работы", "", ("bob",))),
        ("Окрасить 1/2", Assignment(1, "Окрасить 1/2")),
        ("Плановая среда", Assignment(1, "Плановая среда")),
        ("Разобрать #t12 и #15 @bob", Assignment(1, "Разобрать #t12 и #15", "", ("bob",))),
        ("Написать на bob@example.com @ann", Assignment(1, "Написать на bob@example.com", "", ("ann",))),
        ("Таблица | a | b | @bob", Assignment(1, "Таблица | a | b |", "", ("bob",))),
        ("Отчёт @bob 30.02.2027", Assignment(1, "Отчёт", "", ("bob",), no_such_day="30.02.2027")),
        ("Адрес 192.168.10.1 закрыть @bob", Assignment(1, "Адрес 192.168.10.1 закрыть", "", ("bob",))),
        ("- [ ] Пропуска @bob", Assignment(1, "Пропуска", "", ("bob",))),
        ("@bob @bob отчёт", Assignment(1, "отчёт", "", ("bob",))),
    ],
)
def test_one_line(text: str, expected: Assignment) -> None:
    assert row(text) == expected


def test_several_in_one_line() -> None:
    first, second = rows("1. a @b 01.01.2030 2. c @d 02.01.2030")
    assert (first.subject, first.people, first.due) == ("a", ("b",), NEW_YEAR)
    assert (second.row, second.subject, second.people) == (2, "c", ("d",))


def test_lines_without_numbers_are_assignments_of_their_own() -> None:
    assert [each.subject for each in rows("a @bob 01.01.2030\nc\n\nd @ann")] == ["a", "c", "d"]


def test_a_line_without_number_continues_a_numbered_one() -> None:
    first, second = rows("1. Смета @bob\nс приложениями\n  и подписью\n2. Акт")
    assert (first.subject, first.description, first.people) == (
        "Смета",
        "с приложениями\nи подписью",
        ("bob",),
    )
    assert second.subject == "Акт"


def test_an_indented_line_continues_the_one_before() -> None:
    assert [(each.subject, each.description) for each in rows("Смета\n   с приложениями\nАкт")] == [
        ("Смета", "с приложениями"),
        ("Акт", ""),
    ]


def test_a_heading_is_no_assignment_and_is_told() -> None:
    assert read("Итоги:\n1. Смета\n2. Акт", TODAY) == Reading(
        (Assignment(1, "Смета"), Assignment(2, "Акт")), ("Итоги:",)
    )


def test_who_and_when_may_stand_at_the_end_of_the_first_or_the_last_line() -> None:
    for text in ("1. Смета @bob до пятницы\nс приложениями", "1. Смета\nс приложениями @bob до пятницы"):
        assert row(text) == Assignment(1, "Смета", "с приложениями", ("bob",), date(2026, 3, 6))


def test_a_number_without_text_is_a_row_that_lacks_a_text() -> None:
    assert rows("1. Смета\n2. @bob")[1] == Assignment(2, "", "", ("bob",))


def test_the_empty_text() -> None:
    assert read(" \n\n- \n", TODAY) == Reading(())


WORDS = st.text(st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=9)
PLAIN = st.lists(WORDS, min_size=1, max_size=8).map(lambda words: "Дело " + " ".join(words) + " тоже")
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}([._-][a-z0-9]{1,4})?", fullmatch=True)
DAYS = st.dates(TODAY, TODAY + timedelta(days=3000))
SPELLINGS = st.sampled_from(
    ["{:%d.%m.%Y}", "до {:%d.%m.%Y}", "by {:%Y-%m-%d}", "{:%Y-%m-%d}", ", срок {:%d.%m.%Y}"]
)


@given(
    st.lists(st.tuples(PLAIN, NAMES, DAYS, SPELLINGS), min_size=1, max_size=6),
    st.sampled_from(["{}. ", "{}) ", "- ", ""]),
)
def test_what_is_written_after_the_subject_is_understood(
    lines: list[tuple[str, str, date, str]], marker: str
) -> None:
    text = "\n".join(
        marker.format(number) + f"{subject} @{name} {spelling.format(day)}"
        for number, (subject, name, day, spelling) in enumerate(lines, 1)
    )
    understood = [(each.people, each.due) for each in rows(text)]
    assert understood == [((name,), day) for _, name, day, _ in lines]


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_any_text_is_read_and_no_word_disappears(text: str) -> None:
    reading = read(text, TODAY)
    kept = " ".join(f"{each.subject} {each.description}" for each in reading.assignments)
    kept += " ".join(reading.headings)
    for word in text.split():
        if word.isalpha() and len(word) > 12:
            assert word in kept
