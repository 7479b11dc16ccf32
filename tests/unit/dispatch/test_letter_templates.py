"""Templates of letters: what is filled in, what is left out, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
