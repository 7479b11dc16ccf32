"""One code, many spellings: how people write the codes of poles and base stations, and what is none.

The same pole is written `41960-P-43-1-1`, `41960–р–43–1–1` (a Russian keyboard, a word processor's dashes),
`№41960_P_43_1_1`, `(41960-P-43-1-1)`; the same station `KI0075`, `кi0075`, `БС-KI0075`. So codes are never compared
as they are written but by their key, in the register and in letters alike: look-alike letters are Latin, letters are
capitals, whatever stands between them is one hyphen.

A letter is full of numbers that are no codes: phones, dates, years, prices. What looks like one of these is not
looked up, whatever the register has; a bare number only when it is long or a word such as «опора» stands before it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from sekretar.kernel.text import clean

_LATIN = str.maketrans(
    "АВЕКМНОРСТУХІЈЅЁ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "ABEKMHOPCTYXIJSE" + "ABEZHIKMNOPTYX",
)
_DASHES = re.compile("[‐‑‒–—―⸺⸻−⁃־᠆﹘﹣－˗➖]")

_PIECE = re.compile(r"[^\W_]+")
#: «БС» before a station's own number; what is left has to have a digit.
_MARKS_BEGIN = ("Б", "B")
_STATION_MARK = re.compile(r"(?:БC-?|(?:BS|BTS)-)(?=.*\d)")

#: As much of a letter is read; codes are named at its beginning.
LONGEST_TEXT = 50_000
#: As many different words of it are looked up.
MOST_WORDS = 300


def fold(text: str) -> str:
    """Capitals, Latin where Cyrillic or Greek looks the same, one kind of dash, nothing invisible."""
    return _latin(capitals(text))


def _latin(plain: str) -> str:
    return plain if plain.isascii() else plain.translate(_LATIN)


def capitals(text: str) -> str:
    """The same with all letters as they are: replacing them is slow, and few words of a letter may be codes."""
    return _DASHES.sub("-", unicodedata.normalize("NFKC", clean(text).replace("№", " ")).upper())


def look_alikes(letter: str) -> frozenset[str]:
    """The capitals of other alphabets of which `fold` makes this Latin one."""
    return frozenset(chr(each) for each, latin in _LATIN.items() if latin == ord(letter))


def code_key(written: str) -> str:
    """What all spellings of a code have in common; empty when there is no letter and no digit in it."""
    return _key(fold(written))


def _key(folded: str) -> str:
    key = folded if folded.isalnum() else "-".join(_PIECE.findall(folded))
    mark = _STATION_MARK.match(key) if key[:1] in _MARKS_BEGIN else None
    return key[mark.end() :] if mark else key


def name_key(written: str) -> str:
    """The same for names of companies, in which look-alike letters mean what they are."""
    return " ".join(unicodedata.normalize("NFKC", clean(written)).casefold().split())


@dataclass(frozen=True)
class Word:
    """A word of a letter that may be a code.

    Attributes:
        key: Its `code_key`.
        completes: Whether it may also be the beginning of a code, up to a hyphen.
    """

    key: str
    completes: bool

    def cuts(self) -> Iterator[tuple[str, str]]:
        """Two codes that may be joined in it by a hyphen or an underscore."""
        at = self.key.find("-")
        while at != -1:
            yield self.key[:at], self.key[at + 1 :]
            at = self.key.find("-", at + 1)


def code_words(text: str) -> list[Word]:
    """The words of a text that may be codes, each once, in their order."""
    plain = _without_other_numbers(capitals(text[:LONGEST_TEXT]))
    found: dict[str, Word] = {}
    for match in _FROM_DIGIT.finditer(plain):
        at = _word_start(plain, match.start())
        word = _latin(plain[at : match.end()]).strip("-_")
        key = _key(word)
        made = _as_code(key, named=word[0] in _MARKS_BEGIN and bool(_STATION_MARK.match(word)))
        if (made is None or not made.completes) and _is_named(plain, at):
            made = _as_code(key, named=True)
        if made is not None and (made.key not in found or made.completes):
            found[made.key] = made
            if len(found) >= MOST_WORDS:
                break
    return list(found.values())


def _word_start(plain: str, digit: int) -> int:
    """Where the word begins whose first digit stands here: most words have none, and are never looked at."""
    at = digit
    while at and (plain[at - 1].isalnum() or plain[at - 1] in "-_"):
        at -= 1
    return at


def _is_named(plain: str, at: int) -> bool:
    """Whether a word such as «опора» stands before this place."""
    if at > 1 and plain[at - 2].isdecimal():
        return False  # What stands before has a digit in it, as in dates and addresses.
    before = plain[max(at - _NAMED_WITHIN, 0) : at].rsplit(None, 1)
    while before:
        word = _latin(before.pop().strip(_PUNCTUATION))
        if word in _NAMING:
            return True
        if word and word not in _FILLING:
            return False
        before = before[0].rsplit(None, 1) if before else []
    return False


def _as_code(key: str, *, named: bool) -> Word | None:
    if key.isdecimal():
        fits = len(key) >= (_FEWEST_NAMED if named else _FEWEST_DIGITS)
        return Word(key, completes=named and not _YEAR.fullmatch(key)) if fits else None
    digits = len(_DIGIT.findall(key))
    only_digits = digits == len(key) - key.count("-")
    fewest = _FEWEST_NAMED if named else _FEWEST_DIGITS if only_digits else _FEWEST_WITH_LETTERS
    if digits < fewest or _DATE.fullmatch(key):
        return None
    return Word(key, completes=digits >= _ENOUGH_TO_COMPLETE and (named or "-" in key))


#: Digits that a code has: after a word such as «опора», without letters (less is a time, a span, a price), with them.
_FEWEST_NAMED, _FEWEST_DIGITS, _FEWEST_WITH_LETTERS = 2, 5, 3
_ENOUGH_TO_COMPLETE = 4

#: A word with two digits, from the first on; all but letters, digits, hyphens and underscores stands between words.
_FROM_DIGIT = re.compile(r"\d[\w-]*\d[\w-]*")
_DIGIT = re.compile(r"\d")
#: In characters.
_NAMED_WITHIN = 40
_PUNCTUATION = ".,:;#*=/|\\()[]{}<>«»“”\"'`!?-_"
_NAMING = frozenset(
    fold(
        "опора опоры опоре опору опорой опор оп шифр шифра шифром бс станция станции станцию сайт сайта сайте"
        " площадка площадки площадке площадку объект объекта объекте pole tower site station bs bts"
    ).split()
)
_FILLING = frozenset(fold("номер номера опоры опора бс код no number code").split())

_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(
    r"(?:19|20)\d\d-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])(?:T\d.*)?"
    r"|(?:0?[1-9]|[12]\d|3[01])-(?:0?[1-9]|1[0-2])-(?:(?:19|20)?\d\d)"
    r"|(?:19|20)\d\d-(?:19|20)\d\d"
)
_ADDRESSES = re.compile(r"(?<!\S)\S+@\S+|(?:HTTPS?://|WWW\.)\S+")
#: As phones are written in Russia, with the code of a town in brackets, and in other countries.
_PHONES = re.compile(
    r"(?=[+(78])(?<![\w-])(?:"
    r"(?:\+ ?7|7|8)[ -]?\(?\d{3}\)?[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}"
    r"|(?:\+ ?7|7|8)?[ -]?\(\d{3,5}\)[ -]?\d{1,3}[ -]?\d{2}[ -]?\d{2}"
    r"|\+\d[\d() -]{8,16}\d"
    r")(?![\w-])"
)
_ANNOUNCED_PHONE = re.compile(
    rf"(?=[ТМФДTMFP])(?<!\w)(?:{'|'.join('тел моб факс доб tel mob fax phone'.upper().split())})"
    r"[^\W\d]*[.: ]{0,3}\+?[\d(][\d() -]{2,}?\d(?![\w-])"
)


def _without_other_numbers(folded: str) -> str:
    if "@" in folded or "://" in folded or "WWW." in folded:
        folded = _ADDRESSES.sub(" | ", folded)
    return _ANNOUNCED_PHONE.sub(" | ", _PHONES.sub(" | ", folded))
