"""Everything Sekretar says, in the person's language, from one catalogue per domain and language.

The code knows keys (`calendars.today.empty`), never sentences. The key's first word is the domain, the name
of the `.po` file that holds it: `locale/ru/calendars.po`. The English texts are a catalogue like the Russian
ones. A key that no catalogue has is a `KeyError`: a test compares the code with the catalogues, so that nobody
ever sees a key.

A text is filled in with `str.format`. Whatever is foreign in it is escaped on the way, once, here.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

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


class _Missing(gettext.NullTranslations):
    """The end of every catalogue: a key that is not there."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        raise KeyError(msgid1)


@dataclass(frozen=True)
class Translator:
    """Says things in one language. Made by `Catalogues.translator`."""

    language: str
    domains: Mapping[str, gettext.NullTranslations]

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
        return self._domain(key).gettext(key)

    def _plural_text(self, key: str, count: int) -> str:
        return self._domain(key).ngettext(key, key, count)

    def _domain(self, key: str) -> gettext.NullTranslations:
        domain = self.domains.get(key.partition(".")[0])
        if domain is None:
            raise KeyError(key)
        return domain


@dataclass(frozen=True)
class Catalogues:
    """All texts in all languages, read once at the start."""

    translators: Mapping[str, Translator]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that people can choose from."""
        return LANGUAGES

    @classmethod
    def load(cls, directory: Traversable | None = None) -> Catalogues:
        """Read `{language}/{domain}.po` below the directory: that of the package unless another is given.

        Raises:
            ValueError: a catalogue cannot be read.
        """
        if directory is None:
            return _shipped()
        return cls({language: _read_language(directory / language, language) for language in LANGUAGES})

    def translator(self, language: str) -> Translator:
        """The translator for a language tag such as `ru`, `ru_RU` or `en-AU`; English for any other."""
        tag = language.replace("_", "-").partition("-")[0].lower()
        return self.translators.get(tag, self.translators[DEFAULT_LANGUAGE])


@cache
def _shipped() -> Catalogues:
    return Catalogues.load(resources.files("sekretar") / "locale")


def _read_language(directory: Traversable, language: str) -> Translator:
    files = sorted(
        (entry for entry in directory.iterdir() if entry.name.endswith(".po")), key=lambda e: e.name
    )
    return Translator(language, {entry.name.removesuffix(".po"): _read(entry, language) for entry in files})


def _read(catalogue: Traversable, language: str) -> gettext.NullTranslations:
    """Read a `.po` file as gettext reads its compiled form, so that nothing has to be compiled beforehand."""
    compiled = io.BytesIO()
    with catalogue.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language, abort_invalid=True))
    compiled.seek(0)
    translations = gettext.GNUTranslations(compiled)
    translations.add_fallback(_Missing())
    return translations


def _escaped(params: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value if isinstance(value, int | float) else _markdown(value) for name, value in params.items()
    }


def _markdown(value: object) -> Markdown:
    return value if isinstance(value, Markdown) else escape(str(value))


def _without_count(params: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in params.items() if name != "count"}
