"""Values that tests of messages share."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Signer
from sekretar.mattermost.messages import Renderer

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
SIGNER = Signer([b"0123456789abcdef"])


def person(language: str = "en", *, id: int = 7, username: str = "anna.k-1", name: str = "Anna") -> Person:
    return Person(id, "https://chat.example", "u" * 26, username, name, language, ZoneInfo("UTC"), True)


def translator(language: str) -> Translator:
    return Catalogues.load().translator(language)


def numbered() -> Callable[[], str]:
    """Nonces that are the same in every run."""
    numbers = itertools.count(1)
    return lambda: f"nonce{next(numbers)}"


def renderer() -> Renderer:
    return Renderer(SIGNER, "https://sekretar.example/", numbered())
