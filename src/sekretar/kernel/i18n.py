"""Everything Sekretar says, in the person's language, from one catalogue per domain and language.

The code knows keys (`calendars.today.empty`), never sentences. The key's first word is the domain, the name
of the `.po` file that holds it: `locale/ru/calendars.po`. The English texts are a catalogue like the Russian
ones. A key that no catalogue has is a `KeyError`: a test compares the code with the catalogues, so that nobody
ever sees a key.

A text is filled in with `str.format`. Whatever is foreign in it is escaped on the way, once, here.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from sekretar.kernel.dates import (
    format_date,
    format_day,
    format_days,
    format_duration,
    format_relative,
    format_span,
    format_time,
    near_day,
)
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import Markdown, escape

__all__ = [
    "DEFAULT_LANGUAGE",
    "LANGUAGES",
    "Catalogues",
    "Translator",
    "format_date",
    "format_day",
    "format_days",
    "format_duration",
    "format_relative",
    "format_span",
    "format_time",
    "near_day",
]

LANGUAGES = ("en", "ru")
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True)
class Texts:
    """One catalogue: what stands under each key, and under those that count, each form of it."""

    single: Mapping[str, str]
    counted: Mapping[str, tuple[str, ...]]
    #: Which of the forms fits a count.
    form_of: Callable[[int], int]


class _Domains(dict[str, Texts]):
    """The catalogues of one language, each read when something of it is said for the first time.

    Reading all of them takes as long as everything else that a start does once it is loaded.
    """

    def __init__(self, directory: Traversable, language: str) -> None:
        super().__init__()
        self._directory, self._language = directory, language

    def __missing__(self, domain: str) -> Texts:
        file = self._directory / f"{domain}.po"
        if not file.is_file():
            raise KeyError(domain)
        self[domain] = texts = _read(file, self._language)
        return texts


@dataclass(frozen=True)
class Translator:
    """Says things in one language. Made by `Catalogues.translator`."""

    language: str
    domains: Mapping[str, Texts]

    def __call__(self, key: str, **params: object) -> Markdown:
        """The text for a post. Parameters that are not `Markdown` or numbers are escaped.

        Raises:
            KeyError: no catalogue has the key, or the text asks for a parameter that was not given.
        """
        return Markdown(self._text(key).format_map(_escaped(params)))

    def plural(self, key: str, count: int, **params: object) -> Markdown:
        """The text for a post in the form that fits the count, which the text may show as `{count}`."""
        return Markdown(self._plural_text(key, count).format_map(_escaped(params) | {"count": count}))

    def plain(self, key: str, **params: object) -> str:
        """The text for where no markdown is understood: labels, names of buttons, titles of dialogs."""
        return self._text(key).format_map(params)

    def plain_plural(self, key: str, count: int, **params: object) -> str:
        """`plain` in the form that fits the count."""
        return self._plural_text(key, count).format_map({**params, "count": count})

    def error(self, error: PersonError) -> Markdown:
        """What a person is told of their error, in a post. A parameter `count` chooses the plural form."""
        count = error.params.get("count")
        if isinstance(count, int):
            return self.plural(error.key, count, **_without_count(error.params))
        return self(error.key, **error.params)

    def plain_error(self, error: PersonError) -> str:
        """`error` for where no markdown is understood, such as below the field of a dialog."""
        count = error.params.get("count")
        if isinstance(count, int):
            return self.plain_plural(error.key, count, **_without_count(error.params))
        return self.plain(error.key, **error.params)

    def _text(self, key: str) -> str:
        return self._domain(key).single[key]

    def _plural_text(self, key: str, count: int) -> str:
        texts = self._domain(key)
        return texts.counted[key][texts.form_of(count)]

    def _domain(self, key: str) -> Texts:
        return self.domains[key.partition(".")[0]]


@dataclass(frozen=True)
class Catalogues:
    """All texts in all languages, each catalogue read once."""

    translators: Mapping[str, Translator]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that people can choose from."""
        return LANGUAGES

    @classmethod
    def load(cls, directory: Traversable | None = None) -> Catalogues:
        """What `{language}/{domain}.po` below the directory say: that of the package unless another is given.

        A catalogue that cannot be read is a `ValueError` of whoever first says something of it.
        """
        if directory is None:
            return _shipped()
        return cls(
            {each: Translator(each, _Domains(directory / each, each)) for each in LANGUAGES},
        )

    def translator(self, language: str) -> Translator:
        """The translator for a language tag such as `ru`, `ru_RU` or `en-AU`; English for any other."""
        tag = language.replace("_", "-").partition("-")[0].lower()
        return self.translators.get(tag, self.translators[DEFAULT_LANGUAGE])


@cache
def _shipped() -> Catalogues:
    return Catalogues.load(resources.files("sekretar") / "locale")


def _read(file: Traversable, language: str) -> Texts:
    """Read a `.po` file as it is, so that nothing has to be compiled beforehand."""
    # What reads catalogues is large, and no start waits for one.
    from babel.messages.pofile import read_po

    with file.open("rb") as source:
        catalogue = read_po(source, locale=language, abort_invalid=True)
    form_of = gettext.c2py(catalogue.plural_expr)
    single: dict[str, str] = {}
    counted: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if message.fuzzy:
            continue
        match message.id, message.string:
            case str(key), str(text) if key and text:
                single[key] = text
            case [str(key), *_], [str(), *_] as forms:
                counted[key] = tuple(forms)
                single[key] = forms[form_of(1)]
    return Texts(single, counted, form_of)


def _escaped(params: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value if isinstance(value, int | float) else _markdown(value) for name, value in params.items()
    }


def _markdown(value: object) -> Markdown:
    return value if isinstance(value, Markdown) else escape(str(value))


def _without_count(params: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in params.items() if name != "count"}
