"""Where a text may be cut without tearing apart what a reader sees as one character.

A simplification of the extended grapheme clusters of UAX #29: combining marks, emoji sequences, flags, Hangul
syllables and stray surrogate pairs stay whole. It errs on the side of keeping together.
"""

from __future__ import annotations

import unicodedata

ZERO_WIDTH_JOINER = "\u200d"

#: What belongs to the character before it, besides the combining marks: joiners, emoji skin tones, tags.
_EXTENDING = frozenset({"\u200c", ZERO_WIDTH_JOINER, "\u2060", "\uff9e", "\uff9f"})


def is_boundary(text: str, at: int) -> bool:
    """Whether the text may be cut before the code point at this index."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before == "\r" and after == "\n":
        return False
    if before == "\n" or after == "\n":
        return True
    if before == ZERO_WIDTH_JOINER or _extends(after):
        return False
    if _is_surrogate_pair(before, after) or _joins_hangul(before, after):
        return False
    return not (_is_regional(before) and _is_regional(after) and _regionals_before(text, at) % 2)


def last_boundary(text: str, limit: int) -> int:
    """The greatest index not above the limit at which the text may be cut."""
    at = min(limit, len(text))
    while not is_boundary(text, at):
        at -= 1
    return at


def _extends(character: str) -> bool:
    return (
        character in _EXTENDING
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in {"Mn", "Mc", "Me"}
    )


def _is_surrogate_pair(before: str, after: str) -> bool:
    return "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regionals_before(text: str, at: int) -> int:
    start = at
    while start and _is_regional(text[start - 1]):
        start -= 1
    return at - start


def _joins_hangul(before: str, after: str) -> bool:
    """Leading consonants take vowels and syllables, those take vowels and trailing consonants (GB6-8)."""
    syllable = "\uac00" <= before <= "\ud7a3"
    if "\u1100" <= before <= "\u115f":
        return "\u1100" <= after <= "\u11a7" or "\uac00" <= after <= "\ud7a3"
    if syllable or "\u1160" <= before <= "\u11a7":
        return "\u1160" <= after <= "\u11ff"
    return "\u11a8" <= before <= "\u11ff" and "\u11a8" <= after <= "\u11ff"
