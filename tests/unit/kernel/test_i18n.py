"""Finding the text, filling it in, and escaping what is foreign in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import LANGUAGES, Catalogues
from sekretar.kernel.text import Markdown

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: {plural}\\n"\n\n'
PLURALS = {
    "en": "nplurals=2; plural=(n != 1);",
    "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);",
}
TEXTS = {
    "en": 'msgid "test.hello"\nmsgstr "Hello **{name}**"\n\nmsgid "test.days"\nmsgid_plural "test.days"\n'
    'msgstr[0] "{count} day of {what}"\nmsgstr[1] "{count} days of {what}"\n\n'
    '#, fuzzy\nmsgid "test.fuzzy"\nmsgstr "unsure"\n',
    "ru": 'msgid "test.hello"\nmsgstr "Здравствуйте, **{name}**"\n\nmsgid "test.days"\nmsgid_plural "test.days"\n'
    'msgstr[0] "{count} день {what}"\nmsgstr[1] "{count} дня {what}"\nmsgstr[2] "{count} дней {what}"\n',
}


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
        text = HEADER.format(plural=PLURALS[language]) + TEXTS[language]
        (tmp_path / language / "test.po").write_text(text, "utf-8")
    return Catalogues.load(tmp_path)


def test_foreign_parameters_are_escaped_once(catalogues: Catalogues) -> None:
    t = catalogues.translator("en")
    assert t("test.hello", name="a*b") == r"Hello **a\*b**"
    assert isinstance(t("test.hello", name="x"), Markdown)
    assert t("test.hello", name=Markdown("*b*")) == "Hello ***b***"
    assert t("test.hello", name=t("test.hello", name="a_")) == r"Hello **Hello **a\_****"
    assert t("test.hello", name=5) == "Hello **5**"
    assert t("test.hello", name=ValueError("a*b")) == r"Hello **a\*b**"


def test_plain_text_is_not(catalogues: Catalogues) -> None:
    assert catalogues.translator("en").plain("test.hello", name="a*b") == "Hello **a*b**"


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (0, "0 days", "0 дней"),
        (1, "1 day", "1 день"),
        (2, "2 days", "2 дня"),
        (5, "5 days", "5 дней"),
        (11, "11 days", "11 дней"),
        (21, "21 days", "21 день"),
        (22, "22 days", "22 дня"),
        (112, "112 days", "112 дней"),
    ],
)
def test_plural_forms(catalogues: Catalogues, count: int, english: str, russian: str) -> None:
    assert catalogues.translator("en").plural("test.days", count, what="x") == f"{english} of x"
    assert catalogues.translator("ru").plain_plural("test.days", count, what="x") == f"{russian} x"


def test_errors_choose_the_plural_form_by_their_count(catalogues: Catalogues) -> None:
    t = catalogues.translator("ru")
    assert t.error(PersonError("test.days", count=2, what="a*b")) == r"2 дня a\*b"
    assert t.plain_error(PersonError("test.days", count=5, what="a*b")) == "5 дней a*b"
    assert t.error(PersonError("test.hello", name="a*b")) == r"Здравствуйте, **a\*b**"
    assert t.plain_error(PersonError("test.hello", name="a*b")) == "Здравствуйте, **a*b**"


@pytest.mark.parametrize("key", ["test.nothing", "nothing.at_all", "", "test", "test.fuzzy"])
def test_an_unknown_key_is_an_error(catalogues: Catalogues, key: str) -> None:
    t = catalogues.translator("en")
    for ask in (
        lambda: t(key),
        lambda: t.plain(key),
        lambda: t.plural(key, 1),
        lambda: t.plain_plural(key, 1),
    ):
        with pytest.raises(KeyError):
            ask()


def test_a_missing_parameter_is_an_error(catalogues: Catalogues) -> None:
    with pytest.raises(KeyError, match="name"):
        catalogues.translator("en")("test.hello")


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ru", "ru"), ("ru_RU", "ru"), ("RU-ru", "ru"), ("en-AU", "en"), ("de", "en"), ("", "en")],
)
def test_languages_are_found_by_tag(catalogues: Catalogues, tag: str, language: str) -> None:
    assert catalogues.translator(tag).language == language


def test_the_shipped_catalogues_are_read_once() -> None:
    assert Catalogues.load() is Catalogues.load()
    assert Catalogues.load().languages == ("en", "ru")
