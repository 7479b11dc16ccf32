"""The catalogues against each other and against the code.

How a key gets into the code, so that this test finds it: as a whole literal wherever it stands (an argument, a
table, an enum, a quoted word in a template), or as an f-string that begins with the literal first words
(`f"calendars.trouble.{kind}"`), which uses every key that begins so.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

import sekretar
from sekretar.kernel.i18n import LANGUAGES, Catalogues

SOURCES = Path(sekretar.__file__).parent
DOMAINS = sorted(path.stem for path in (SOURCES / "locale" / "en").glob("*.po"))
PLURAL_FORMS = {"en": 2, "ru": 3}

#: Calls whose first argument is a key.
ASKING = {"t", "translator", "_t", "plural", "plain", "plain_plural", "PersonError"}


@cache
def catalogue(language: str, domain: str) -> Catalog:
    with (SOURCES / "locale" / language / f"{domain}.po").open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def messages(language: str, domain: str) -> dict[str, Message]:
    return {_key(message): message for message in catalogue(language, domain) if message.id}


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


def _texts(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string,)


def _placeholders(message: Message) -> set[str]:
    names = {
        name for text in _texts(message) for _, name, _, _ in Formatter().parse(text) if name is not None
    }
    # A plural form may say "one meeting" where the other counts.
    return names - {"count"} if message.pluralizable else names


def known_keys() -> set[str]:
    return {key for domain in DOMAINS for key in messages("en", domain)}


@cache
def _trees() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple((path, ast.parse(path.read_text("utf-8"))) for path in sorted(SOURCES.rglob("*.py")))


def _is_key(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_KEY.fullmatch(node.value))


_KEY = re.compile(rf"(?:{'|'.join(DOMAINS)})(?:\.\w+)+")
_BEGINNING = re.compile(rf"(?:{'|'.join(DOMAINS)})(?:\.\w+)*[._]\w*")


def keys_asked_for() -> Iterator[tuple[str, str]]:
    """Every literal that is certainly meant as a key, with the place where it stands."""
    for path, tree in _trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            meant = [keyword.value for keyword in node.keywords if (keyword.arg or "").endswith("_key")]
            meant += node.args[:1] if called in ASKING else []
            for value in meant:
                if _is_key(value):
                    yield value.value, f"{path.relative_to(SOURCES)}:{value.lineno}"  # type: ignore[attr-defined]


def literals() -> set[str]:
    in_code = {node.value for _, tree in _trees() for node in ast.walk(tree) if _is_key(node)}  # type: ignore[attr-defined]
    templates = [path.read_text("utf-8") for path in SOURCES.rglob("*.html")]
    return in_code | {key for text in templates for key in re.findall(rf"[\"']({_KEY.pattern})[\"']", text)}


def beginnings() -> set[str]:
    """What f-strings that build a key begin with."""
    found = set()
    for _, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                first = node.values[0].value
                if isinstance(first, str) and _BEGINNING.fullmatch(first):
                    found.add(first)
    return found


def test_both_languages_have_the_same_domains() -> None:
    for language in LANGUAGES:
        assert sorted(path.stem for path in (SOURCES / "locale" / language).glob("*.po")) == DOMAINS


@pytest.mark.parametrize("domain", DOMAINS)
class TestDomain:
    def test_both_languages_have_the_same_keys(self, domain: str) -> None:
        assert set(messages("ru", domain)) == set(messages("en", domain))

    def test_keys_belong_to_the_domain(self, domain: str) -> None:
        assert [key for key in messages("en", domain) if not key.startswith(f"{domain}.")] == []

    def test_both_languages_have_the_same_placeholders(self, domain: str) -> None:
        russian = messages("ru", domain)
        differing = {
            key: (_placeholders(message), _placeholders(russian[key]))
            for key, message in messages("en", domain).items()
            if key in russian and _placeholders(message) != _placeholders(russian[key])
        }
        assert differing == {}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_text_is_there(self, domain: str, language: str) -> None:
        for key, message in messages(language, domain).items():
            assert not message.fuzzy, key
            assert all(_texts(message)), key
            if message.pluralizable:
                assert message.id == (key, key), key
                assert len(_texts(message)) == PLURAL_FORMS[language], key
            assert all(name.isidentifier() for name in _placeholders(message)), key

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_nothing_is_shouted(self, domain: str, language: str) -> None:
        lines = [
            line
            for m in messages(language, domain).values()
            for text in _texts(m)
            for line in text.split("\n")
        ]
        assert [line for line in lines if line.rstrip().endswith("!")] == []

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_what_is_read_at_the_start_is_all_of_it(self, domain: str, language: str) -> None:
        translator = Catalogues.load().translator(language)
        for key, message in messages(language, domain).items():
            values = dict.fromkeys(_placeholders(message), "x")
            if message.pluralizable:
                assert translator.plain_plural(key, 5, **values)
            else:
                assert translator.plain(key, **values)

    def test_no_key_is_unused(self, domain: str) -> None:
        used, started = literals(), tuple(beginnings())
        unused = {key for key in messages("en", domain) if key not in used and not key.startswith(started)}
        assert unused == set()


def test_every_key_asked_for_exists() -> None:
    known = known_keys()
    assert [f"{key} ({place})" for key, place in keys_asked_for() if key not in known] == []


def test_every_built_key_can_exist() -> None:
    known = known_keys()
    assert [start for start in beginnings() if not any(key.startswith(start) for key in known)] == []
