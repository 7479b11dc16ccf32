"""What subjects have in common, which incidents they name, and what those of letters out look like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.subjects import (
    answer_subject,
    bare_subject,
    codes_in,
    is_among,
    is_forward,
    is_same,
    new_subject,
    normal,
    with_code,
)


@pytest.mark.parametrize(
    "subject",
    [
        "Нет питания",
        "Re: Нет питания",
        "RE: Fwd: НЕТ  ПИТАНИЯ",
        "Re[5]: Нет питания",
        "Re (2): Нет питания",
        "Отв: Ответ: Нет питания",
        "НА: Нет питания",
        "HA: Нет питания",
        "Пересл: Нет питания",
        "AW: WG: Нет питания",
        "[External] Re: Нет питания",
        "Re: [Внешнее письмо] Нет питания",
        "NT-12: Нет питания",
        "Re: [NT-12] Нет питания",
        "Re: NT-12: Re: Нет питания",
        "Нет питания (NT-12)",
        "***SPAM*** Нет питания",
        "Re: НТ-12: Нет питания (нт-12)",
        "Автоматический ответ: Нет питания",
        "Отв.: Ответ на: Нет питания",
        "Пересл.: Переслано: Нет питания",
        "[EXTERNAL EMAIL] {Spam?} Re: Нет питания",
        "Re: ВНЕШНЕЕ: Нет питания",
        "Нет\u00a0питания",
    ],
)
def test_what_mail_programs_add_is_no_part_of_a_subject(subject: str) -> None:
    assert normal(subject, ["NT"]) == "нет питания"


@pytest.mark.parametrize(
    ("subject", "left"),
    [
        ("Re:", ""),
        ("", ""),
        ("Ремонт: опора 5", "ремонт: опора 5"),
        ("Наклон опоры", "наклон опоры"),
        ("[KI0075] авария", "ki0075] авария"),
        ("Заявка ANT-12", "заявка ant-12"),
        ("Заявка NT-12-3", "заявка nt-12-3"),
    ],
)
def test_what_a_sender_meant_stays(subject: str, left: str) -> None:
    assert normal(subject, ["NT"]) == left


def test_subjects_that_were_cut_are_the_same() -> None:
    long = "отсутствует питание на опоре 41960-p-43-1-1 с десяти часов утра"
    assert is_same(long, long[:45])
    assert is_same(long[:45] + "…", long)
    assert not is_same(long, long[:20])
    assert not is_same("авария", "авария волс")
    assert is_same("", "авария")
    assert is_among("авария", [])
    assert is_among("авария", ["другое", "авария"])
    assert not is_among("авария", ["другое"])


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Re: NT-12: нет питания", ("NT-12",)),
        ("nt-12, NТ–13 и [NT-0014]", ("NT-12", "NT-13", "NT-14")),
        ("NT-12 NT-12", ("NT-12",)),
        ("НТ-12, нт-13", ("NT-12", "NT-13")),
        ("ГНТ-12 НТ12 ТН-12", ()),
        ("№NТ-12", ("NT-12",)),
        ("ANT-12 NT-12-3 NT-0 NT- NT-12a 5-NT-12", ()),
        ("NT-1234567890123456789", ()),
    ],
)
def test_codes_are_known_in_either_alphabet(text: str, codes: tuple[str, ...]) -> None:
    assert codes_in(text, "NT") == codes


def test_only_the_outermost_mark_says_that_a_letter_was_forwarded() -> None:
    assert all(
        map(is_forward, ("Fwd: a", "FW: Re: a", "Пересл: a", " fwd[2]: a", "[External] [SPAM] Fwd: a"))
    )
    assert not any(map(is_forward, ("Re: Fwd: a", "a Fwd: b", "Forward motion: a", "")))


@given(st.text(max_size=60))
def test_a_normal_subject_is_its_own_normal_subject(subject: str) -> None:
    once = normal(subject, ["NT"])
    assert is_same(normal(once, ["NT"]), once)
    assert is_same(normal(f"Re: {subject}", ["NT"]), once)


# --- of letters out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "Нет питания",
        "Re: Нет питания",
        "RE[5]: fwd: НА: Отв: Нет  питания",
        "Re: NT-7: Нет питания",
        "[NT-7] Нет питания",
        "Re: [EXTERNAL] nt-7: Re: [NT-7] Нет питания",
        "Re: НТ-7: Нет питания",
        "[nт-7] Нет питания",
    ],
)
def test_marks_and_codes_do_not_pile_up(subject: str) -> None:
    assert bare_subject(subject, "NT-7") == "Нет питания"
    assert answer_subject(subject, "NT-7") == "Re: NT-7: Нет питания"
    assert new_subject(subject, "NT-7") == "NT-7: Нет питания"


@pytest.mark.parametrize("subject", ["NT-71: Нет питания", "NT-7-1 Нет питания", "Реле: нет", "Навес: упал"])
def test_what_only_looks_alike_stays(subject: str) -> None:
    assert bare_subject(subject, "NT-7") == subject


def test_a_subject_by_hand_keeps_its_words_and_has_the_code() -> None:
    assert with_code("Вопрос по NT-7", "NT-7") == "Вопрос по NT-7"
    assert with_code("Re: вопрос", "NT-7") == "Re: NT-7: вопрос"
    assert with_code("вопрос\r\nBcc: all", "NT-7") == "NT-7: вопрос Bcc: all"
    assert with_code("NT-77", "NT-7") == "NT-7: NT-77"
    assert with_code("", "NT-7") == "NT-7"


@given(st.text(max_size=300))
def test_every_subject_becomes_a_line_with_the_code_at_its_place(subject: str) -> None:
    made = answer_subject(subject, "NT-7")
    assert made.startswith("Re: NT-7")
    assert len(made) <= 210
    assert "\n" not in made
    assert answer_subject(made, "NT-7") == made
