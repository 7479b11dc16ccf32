"""Templates of letters: what is filled in, what is left out, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.letters.subjects import answer_subject, bare_subject, new_subject, with_code
from sekretar.dispatch.letters.templates import (
    LONGEST,
    NAMES,
    checked_template,
    default_template,
    filled,
)
from sekretar.dispatch.letters.values import Purpose
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import LANGUAGES, Catalogues

TEMPLATE = (
    "Заявка {code}\n\nОБЪЕКТ\nОпора: {pole}\nАдрес: {address}, {region}\n\nПЕРЕПИСКА\n{history}\n\nКонец {{}}"
)


def test_lines_and_paragraphs_about_nothing_are_left_out() -> None:
    assert filled(TEMPLATE, {"code": "NT-7", "region": "Рязань"}) == (
        "Заявка NT-7\n\nОБЪЕКТ\nАдрес: , Рязань\n\nКонец {}"
    )
    assert filled(TEMPLATE, {}) == "Конец {}"


def test_what_is_filled_in_is_no_template() -> None:
    assert filled("{code} {{code}} {subject}", {"code": "{subject}", "subject": "{{x}}"}) == (
        "{subject} {code} {{x}}"
    )


@given(st.dictionaries(st.sampled_from(NAMES[Purpose.HANDED_OVER]), st.text(max_size=20)))
def test_every_value_that_is_known_stands_in_the_letter(values: dict[str, str]) -> None:
    template = "\n".join(f"{name}: {{{name}}}" for name in NAMES[Purpose.HANDED_OVER])
    text = filled(template, values)
    for name, value in values.items():
        assert (f"{name}: {value.rstrip()}" in text) or not value.strip("\n").strip()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", Purpose)
def test_the_usual_templates_are_good_ones(purpose: Purpose, language: str) -> None:
    template = default_template(purpose, Catalogues.load().translator(language))
    assert checked_template(purpose, template) == template


@pytest.mark.parametrize(
    ("purpose", "text", "key", "line"),
    [
        (Purpose.ACCEPTED, " \n\n", "dispatch.template.empty", None),
        (Purpose.ACCEPTED, "x" * (LONGEST + 1), "dispatch.template.too_long", None),
        (Purpose.ACCEPTED, "a\nb {pool}", "dispatch.template.unknown", 2),
        (Purpose.ACCEPTED, "{code.__class__}", "dispatch.template.unknown", 1),
        (Purpose.ACCEPTED, "{}", "dispatch.template.unknown", 1),
        (Purpose.ACCEPTED, "{history}", "dispatch.template.unknown", 1),
        (Purpose.ACCEPTED, "a\n\n{code", "dispatch.template.brace", 3),
        (Purpose.ACCEPTED, "code}", "dispatch.template.brace", 1),
        (Purpose.ACCEPTED, "{{{code}", "dispatch.template.brace", None),
        (Purpose.REPLY, "Здравствуйте. {signature}", "dispatch.template.needed", None),
    ],
)
def test_what_is_wrong_is_said_with_its_line(purpose: Purpose, text: str, key: str, line: int | None) -> None:
    if text == "{{{code}":
        # Two braces are one, and the field follows.
        assert filled(checked_template(purpose, text), {"code": "7"}) == "{7"
        return
    with pytest.raises(PersonError) as caught:
        checked_template(purpose, text)
    assert caught.value.key == key
    assert caught.value.params.get("line") == line
    assert Catalogues.load().translator("ru").error(caught.value)


@given(st.text(st.sampled_from("{}ac \n") | st.characters(), max_size=60))
def test_a_template_that_was_taken_can_be_filled(text: str) -> None:
    try:
        template = checked_template(Purpose.ACCEPTED, text)
    except PersonError:
        return
    filled(template, dict.fromkeys(NAMES[Purpose.ACCEPTED], "x"))


# --- subjects ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "Нет питания",
        "Re: Нет питания",
        "RE[5]: fwd: НА: Отв: Нет  питания",
        "Re: NT-7: Нет питания",
        "[NT-7] Нет питания",
        "Re: [EXTERNAL] nt-7: Re: [NT-7] Нет питания",
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
