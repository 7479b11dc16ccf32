"""One code, many spellings; and the numbers of a letter that are no codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.dispatch.assets.samples import POLES, STATIONS, codes, spelled

from sekretar.dispatch.assets.spelling import MOST_WORDS, code_key, code_words, name_key


def keys(text: str) -> list[str]:
    return [word.key for word in code_words(text)]


@given(codes(), st.data())
def test_every_spelling_of_a_code_has_the_key_of_the_code(code: str, data: st.DataObject) -> None:
    assert code_key(data.draw(spelled(code))) == code_key(code)


@given(codes(), st.data())
def test_every_spelling_is_seen_in_a_sentence(code: str, data: st.DataObject) -> None:
    written = data.draw(spelled(code))
    before, after = (
        data.draw(st.sampled_from(["авария на ", "№", "Опора: ", "(", "«", "[T2] ", "БС "])),
        " нет ВЭС",
    )
    assert code_key(code) in keys(before + written + after)


@given(codes(), codes(), st.data())
def test_codes_that_are_joined_by_a_slash_are_both_seen(one: str, other: str, data: st.DataObject) -> None:
    text = f"Т2 Отсутствует ВЭС {data.draw(spelled(one))}/{data.draw(spelled(other))}, срочно"
    assert {code_key(one), code_key(other)} <= set(keys(text))


@pytest.mark.parametrize(
    "text",
    [
        "Тел. 8 (912) 345-67-89, моб. +7 912 345 67 89",
        "тел.: 23-29-95 доб. 1234",
        "+7(495)1234567",
        "8-800-555-35-35",
        "(495) 123-45-67",
        "+375 29 123-45-67",
        "с 03.11.2025 по 2025-11-04 14:05",
        "2025-11-04T14:05:00Z и 03-11-2025",
        "в 2023 году и в 2024-2025 годах",
        "цена 1 200 000 руб., 4 шт., 5G, 24/7",
        "mail.30175@example.com https://example.com/KI0075/41960-P-43-1-1",
        "IP: 10.20.30.40",
        "с 10-12 часов",
    ],
)
def test_other_numbers_are_no_codes(text: str) -> None:
    assert keys(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("тел. 23-29-95 59475-30-61-4-2", ["59475-30-61-4-2"]),
        ("8 59475-30-61-4-2", ["59475-30-61-4-2"]),
        ("моб. 8 912 345 67 89, опора 41960", ["41960"]),
        ("БС № 2023", ["2023"]),
        ("БС30175 и БС-KI0075", ["30175", "KI0075"]),
        ("KI\u00ad0075", ["KI0075"]),
        ("ＫＩ００７５", ["KI0075"]),
    ],
)
def test_codes_are_seen_beside_other_numbers(text: str, expected: list[str]) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    ("text", "completes"),
    [
        ("41960-P-43", True),
        ("опора 41960", True),
        ("шифр опоры: 41960", True),
        ("опора № 41960", True),
        ("41960", False),
        ("заплатили 41960 руб.", False),
        ("БС 2023", False),
        ("KI0075", False),
    ],
)
def test_only_what_is_clearly_a_code_may_be_completed(text: str, completes: bool) -> None:
    assert [word.completes for word in code_words(text)] == [completes]


@pytest.mark.parametrize("code", [*POLES, *STATIONS])
def test_the_codes_of_the_facts_are_codes(code: str) -> None:
    assert keys(code) == [code]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    for word in code_words(text):
        assert word.key == code_key(word.key)
        assert word.key


def test_a_table_of_numbers_is_not_read_to_its_end() -> None:
    assert len(code_words(" ".join(f"{n}-{n}" for n in range(1000, 3000)))) == MOST_WORDS


def test_names_of_companies_keep_their_letters() -> None:
    assert name_key(" ООО  «Вышка» ") == name_key("ооо «вышка»")
    assert name_key("СОКОЛ") != name_key("COKOЛ")
