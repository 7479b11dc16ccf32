"""Reading what people type after a slash command, as kindly as a person would.

Phones turn "--all" into "—all" and straight quotes into curly ones, people double their spaces, write е for ё
and forget to switch the keyboard layout. None of that changes the meaning, so none of it may change the
answer.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CLOSING = {'"': '"', "“": "”", "„": "“”", "«": "»", "”": "”"}
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
_CYRILLIC = "ёйцукенгшщзхъфывапролджэячсмитьбю"
_SWAP = str.maketrans(_LATIN + _CYRILLIC, _CYRILLIC + _LATIN)
#: Below this likeness a suggestion looks like mockery.
_LIKENESS = 0.6


@dataclass(frozen=True)
class Arguments:
    """The words after the subcommand, quotes taken off, and the same text as it was typed."""

    words: tuple[str, ...] = ()
    rest: str = ""

    def __len__(self) -> int:
        return len(self.words)

    def get(self, place: int, default: str = "") -> str:
        """The word at a place, counted from 0."""
        return self.words[place] if place < len(self.words) else default


def fold(word: str) -> str:
    """The form in which two words are compared: no case, ё is е, nothing invisible."""
    return _INVISIBLE.sub("", word).strip().casefold().replace("ё", "е")


def swap_layout(word: str) -> str:
    """The word as it would read had the other keyboard layout (Russian, English) been on."""
    return word.casefold().translate(_SWAP)


def split_first(text: str) -> tuple[str, Arguments]:
    """The first word and everything after it."""
    tidy = tidied(text)
    head, _, rest = tidy.partition(" ")
    return head, Arguments(tuple(words(rest)), rest.strip())


def tidied(text: str) -> str:
    """The text with single spaces and without invisible characters."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def words(text: str) -> list[str]:
    """Split at spaces; a phrase in quotes of any kind is one word, an unclosed quote is a character."""
    found: list[str] = []
    rest = tidied(text)
    while rest:
        closing = _CLOSING.get(rest[0], "")
        end = min((at for mark in closing if (at := rest.find(mark, 1)) > 0), default=0)
        if end and rest[end + 1 : end + 2] in ("", " "):
            found.append(rest[1:end])
            rest = rest[end + 1 :].strip()
            continue
        word, _, rest = rest.partition(" ")
        found.append(_plain_dashes(word))
    return found


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The registered words that were probably meant, best first: wrong layout, then misspelling."""
    spelled = {fold(each): each for each in known if each}
    swapped = fold(swap_layout(word))
    if swapped in spelled:
        return [spelled[swapped]]
    found: list[str] = []
    for attempt in (fold(word), swapped):
        found += difflib.get_close_matches(attempt, spelled, n=most, cutoff=_LIKENESS)
    if not found and len(word) > 1:
        found = [each for each in spelled if each.startswith(fold(word))]
    return [spelled[each] for each in dict.fromkeys(found)][:most]


def match(word: str, options: Sequence[tuple[str, ...]]) -> int | None:
    """Which of the options has this word among its names."""
    meant = fold(word)
    for place, names in enumerate(options):
        if any(fold(name) == meant for name in names):
            return place
    return None


def _plain_dashes(word: str) -> str:
    """Undo what phones make of a leading "--" and "-"."""
    if word.startswith("—"):
        return "--" + word.lstrip("—-")
    if len(word) > 1 and word[0] in "–−‑‐":
        return "-" + word[1:]
    return word
