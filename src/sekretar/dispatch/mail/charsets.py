"""Bytes of letters as text, whatever their label says.

Russian letters come in five encodings, under labels that no registry knows, under wrong ones and under none. So a
label is only the first thing to be tried, strictly; what does not fit is detected (chardet, limited to encodings
that mail is written in, because a short text fits dozens), and the last resort loses characters but not the letter.

A label of one byte per character fits everything. When it is wrong, the result is text that nobody writes
(«оПХБЕР», «Ïðèâåò»): such a reading gives way to a detected one in which the letters are far more like Russian.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import chardet

from sekretar.dispatch.mail.letter import Oddity
from sekretar.dispatch.mail.remarks import Remarks

_LAST_RESORT: Final = "cp1251"

_ALIASES: Final = {
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "koi-8": "koi8-r",
    "koi-8-r": "koi8-r",
    "x-koi8-r": "koi8-r",
    "koi8u": "koi8-u",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ukrainian": "mac-cyrillic",
    "utf8mb3": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-unicode-2-0-utf-8": "utf-8",
    # What calls itself by these names is written in their supersets.
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
}
#: Python knows them, but they are no charsets: a letter that names one would have its backslashes interpreted.
_NO_CHARSETS: Final = {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "mbcs", "oem"}
_NO_LABELS: Final = {"", "unknown-8bit", "x-unknown", "unknown", "default", "binary", "8bit", "none", "null"}

_RUSSIAN: Final = ("cp1251", "koi8-r", "cp866", "iso8859-5")
_DETECTABLE: Final = (
    "utf-8", *_RUSSIAN, "utf-16", "koi8-u", "mac-cyrillic", "cp1252", "cp1250", "gb18030", "shift_jis", "euc-kr",
    "big5", "cp1253", "cp1254", "cp1255", "cp1256",
)  # fmt: skip
#: As Russian as prose of a few words is.
_CONVINCING: Final = 0.4
#: A label is overruled by a reading that is more like Russian by this.
_BETTER: Final = 0.15
#: More than this says no more about the encoding.
_SAMPLE: Final = 4096

_CODE_PAGE = re.compile(r"(?:x-)?(?:cp|win|windows|ansi|ibm|dos)-?(\d{3,4})(?:-ru)?")
_NOT_IN_LABELS = re.compile(r"[^a-z0-9_.:+-]")
_SINGLE_BYTE = re.compile(r"cp125\d|iso8859|latin|koi8|cp866|mac|ascii")
_COMMON = re.compile("[оеаинтсрвл]")
_COMMON_CAPITALS = re.compile("[ОЕАИНТСРВЛ]")
#: Beyond ASCII and the signs of good typography.
_FOREIGN = re.compile("[^\\x00-\x7f\\s№«»“”„‘’–—…•]")
_SWAPPED_CASE = re.compile("[а-яё][А-ЯЁ]")
_BREAKS = re.compile(r"\r\n?")


@dataclass(frozen=True)
class Decoded:
    """Text, and how sure it is: the charset that was guessed (or None), and whether characters are lost."""

    text: str
    guessed: str | None = None
    is_lossy: bool = False


def decoded(data: bytes, label: str = "") -> Decoded:
    """`data` as text. `label` is the charset that the letter names, as it names it."""
    if data.isascii() and b"\x1b" not in data and not _is_wide(label):
        return Decoded(data.decode("ascii"))
    codec = known_codec(label)
    labelled = _strictly(data, codec) if codec else None
    if codec and labelled is not None and not _SINGLE_BYTE.search(codec):
        return Decoded(labelled)
    # Text in one of the others is never UTF-8 by chance.
    if (text := _strictly(data, "utf-8")) is not None:
        return Decoded(text, guessed="utf-8")
    if codec and labelled is not None:
        return _labelled_or_better(data, codec, labelled)
    if codec in {"utf-8", "ascii", None} and (mended := _mended_utf8(data)) is not None:
        return mended
    return _guessed(data)


def text_of(data: bytes, label: str, remarks: Remarks) -> str:
    """`data` as tidy text; what was odd about its charset is remarked."""
    result = decoded(data, label)
    if result.guessed is not None:
        remarks.add(Oddity.CHARSET_GUESSED, result.guessed)
    if result.is_lossy:
        remarks.add(Oddity.CHARSET_LOST, label)
    return tidy(result.text)


def tidy(text: str) -> str:
    """Without NUL and byte order marks, with `\\n` for every line end, no half surrogates, in form NFC."""
    text = _BREAKS.sub("\n", text.replace("\0", "").replace("\ufeff", ""))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    return text


@lru_cache(maxsize=256)
def known_codec(label: str) -> str | None:
    """Python's name of the charset, None if it knows none by that label."""
    label = _NOT_IN_LABELS.sub("", label.strip().lower())[:40]
    if label in _NO_LABELS:
        return None
    label = _ALIASES.get(label, label)
    if numbered := _CODE_PAGE.fullmatch(label):
        label = f"cp{numbered[1]}"
    try:
        codec = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    if codec.name.replace("_", "-") in _NO_CHARSETS or not getattr(codec, "_is_text_encoding", True):
        return None
    return _ALIASES.get(codec.name.replace("iso8859", "iso-8859"), codec.name)


def _is_wide(label: str) -> bool:
    """In these encodings ASCII bytes are not ASCII characters."""
    return (known_codec(label) or "").startswith(("utf-16", "utf-32", "utf-7", "cp037", "cp500", "hz"))


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _mended_utf8(data: bytes) -> Decoded | None:
    """UTF-8 with a few broken bytes, as left by whoever cuts text in the middle of a character."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    whole = sum(1 for c in text if c > "\x7f") - lost
    return Decoded(text, is_lossy=True) if whole > 10 * lost else None


def _labelled_or_better(data: bytes, codec: str, labelled: str) -> Decoded:
    guess, russianness = _russian(data)
    if russianness < _CONVINCING or russianness < _russianness(labelled[:_SAMPLE]) + _BETTER:
        return Decoded(labelled)
    text = _strictly(data, guess)
    return Decoded(labelled) if text is None or guess == codec else Decoded(text, guessed=guess)


def _guessed(data: bytes) -> Decoded:
    """Russian is told by its letters, which takes no more than a word; for everything else there is chardet."""
    guess, russianness = _russian(data)
    if russianness < _CONVINCING:
        found = chardet.detect(
            _telling(data), include_encodings=_DETECTABLE, prefer_superset=True, compat_names=False
        )
        guess = found["encoding"] if found["encoding"] and found["confidence"] > 0.1 else _LAST_RESORT
    text = _strictly(data, guess)
    if text is not None:
        return Decoded(text, guessed=guess)
    text = data.decode(_LAST_RESORT, "replace")
    return Decoded(text, guessed=_LAST_RESORT, is_lossy="\ufffd" in text)


def _russian(data: bytes) -> tuple[str, float]:
    """The encoding in which the bytes are most like Russian, and how much they are."""
    sample = _telling(data)
    scores = {codec: _russianness(sample.decode(codec, "replace")) for codec in _RUSSIAN}
    best = max(scores, key=lambda codec: scores[codec])
    return best, scores[best]


def _telling(data: bytes) -> bytes:
    """Of a long text, the beginning of those lines that are not ASCII."""
    if len(data) <= _SAMPLE:
        return data
    lines = data[: 16 * _SAMPLE].split(b"\n")
    return b"\n".join(line for line in lines if not line.isascii())[:_SAMPLE] or data[-_SAMPLE:]


def _russianness(text: str) -> float:
    """How many of the characters beyond ASCII are the ten commonest letters of Russian (0.6 in prose).

    Capitals count less and those within a word against it: koi8-r read as cp1251 is full of them.
    """
    foreign = len(_FOREIGN.findall(text))
    if foreign == 0:
        return 0.0
    capitals = 0.7 * len(_COMMON_CAPITALS.findall(text))
    return (len(_COMMON.findall(text)) + capitals - len(_SWAPPED_CASE.findall(text))) / foreign
