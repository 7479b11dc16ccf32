"""The new words of an answer, without what the mail program has put below or between them.

Every program introduces what it quotes in a way of its own and in the language of its user. The openers below are
those of Gmail, Yandex, Mail.ru, Thunderbird, Apple Mail, Outlook, Roundcube and The Bat in Russian and English.
Cutting too much is worse than cutting too little: an opener counts only when there are words above it, an answer
that goes on between the quoted lines stays whole, and three lines make a header block, not a sentence that begins
with «От:».

What is cut here is cut for the eye and for the search; the whole text is kept beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

#: A line that the reader of HTML puts where a mail program has marked the beginning of a quote, and nobody types.
QUOTE_BEGINS: Final = "\ue002"

#: What follows `--` is a signature unless it is longer than this, in lines that are not empty.
_LONGEST_SIGNATURE: Final = 30
#: Nobody writes more above what they quote.
_MOST_LINES: Final = 5_000
_LONGEST_OPENER: Final = 400

_SPACES = re.compile("[\u00a0\u2000-\u200b\u202f\u205f\u3000\t]")
_MARKS = re.compile(r"^[\s>|]*>[\s>|]*|^\s+")

_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[AaPp]\.?[Mm]\.?)?"
_WEEKDAYS = "понедельник|вторник|среда|четверг|пятница|суббота|воскресенье"
_ADDRESS = r"[^\s<>@]{1,100}@[^\s<>@]{1,200}"
_DAY = r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{2,4}|\d{1,2} [а-я]{3,8}\.? \d{4}(?: ?г\.?)?"
_ATTRIBUTIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Gmail, ru; may be without the zone's «в».
        rf"(?:пн|вт|ср|чт|пт|сб|вс|{_WEEKDAYS})\.?,? \d{{1,2}} [а-я]{{3,8}}\.? \d{{4}} ?г?\.?,?(?: в)? "
        rf"{_CLOCK}.*{_ADDRESS}>?:",
        # Yandex, with or without a name; Mail.ru's short form.
        rf"\d{{1,2}}\.\d{{1,2}}\.\d{{2,4}},?(?: в)? {_CLOCK}(?: \([^)]*\))?(?:,| от) .*<?{_ADDRESS}>?:",
        rf"\d{{1,2}}\.\d{{1,2}}\.\d{{2,4}},?(?: в)? {_CLOCK}, \".*\":",
        # Yandex on a telephone.
        rf"{_CLOCK}, \d{{1,2}} [а-я]{{3,8}}\.? \d{{4}} ?г?\.?, .*{_ADDRESS}>?:",
        # Mail.ru.
        rf"(?:{_WEEKDAYS}), \d{{1,2}} [а-я]{{3,8}} \d{{4}}(?: ?г\.?)?,?(?: в)? {_CLOCK}.* от .*:",
        # Roundcube, and The Bat.
        rf".{{1,200}} писал(?:а|\(а\)|и)? (?:{_DAY}),? {_CLOCK}:",
        rf"вы писали (?:{_DAY}),?(?: в)? {_CLOCK}:",
    )
)
#: What Thunderbird and Apple Mail end with after a date, and Gmail in English, which begins with «On».
_SAYS_WROTE: Final = tuple(
    f"{word}:" for word in ("пишет", "писал", "писала", "писал(а)", "написали", "wrote", "writes")
)
_DIGIT = re.compile(r"\d")
_EXACT = re.compile(r"\d{1,2}:\d{2}|@")
_DATED = re.compile(r"\b\d{4}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2}|\b\d{1,2} [а-я]{3,8}\b", re.IGNORECASE)
_FORWARD = (
    r"(?:original message|исходное сообщение|пересылаемое сообщение|пересланное сообщение|пересылаемое письмо"
    r"|пересланное письмо|перенаправленное сообщение|forwarded message|forwarded letter|конец исходного сообщения)"
)
_SEPARATOR = re.compile(rf"-{{2,}} ?{_FORWARD} ?:?-{{2,}}|-{{5,}} ?{_FORWARD}", re.IGNORECASE)
_BEGIN_FORWARD = re.compile(
    r"(?:begin forwarded message|начало (?:переадресованного|пересланного|пересылаемого) (?:сообщения|письма)):",
    re.IGNORECASE,
)
_BARE_FORWARD = re.compile(_FORWARD + ":?", re.IGNORECASE)
_RULE = re.compile(r"_{20,}|-{10,}")
_HEADER = re.compile(
    r"\*{0,2}(от|from|отправлено|отправленные|sent|дата|date|кому|to|копия|cc|тема|subject"
    r"|важность|importance)\*{0,2} ?:\*{0,2} ?[^\s*;].*",
    re.IGNORECASE,
)
_FIRST_OF_BLOCK: Final = {"от", "from", "кому", "to"}
_NEEDED_IN_BLOCK: Final = {"тема", "subject", "кому", "to"}
_SHORTEST_BLOCK: Final = 3

_EMPTY_LINES = re.compile(r"\n{3,}")
_DASHES = re.compile(r"--\s*|—\s*")
_SENT_FROM = re.compile(
    r"(?:отправлено (?:с|из|через|при помощи) (?:.{0,30}\b)?(?:iphone|ipad|ios|android|мобильн\w*|моего|моей|samsung"
    r"|galaxy|xiaomi|redmi|huawei|honor|realme|почт\w*|яндекс\w*|mail(?:\.ru)?|outlook|gmail|myoffice|мойофис"
    r"|устройства|планшета|телефона|смартфона)\b"
    r"|sent (?:from|via|with|using) (?:my |the )?(?:iphone|ipad|mobile|android|samsung|galaxy|phone|mail|outlook"
    r"|yandex|yahoo|gmail|proton|huawei|xiaomi|blackberry|windows|device|tablet)\b"
    r"|get outlook for |(?:скачать|загрузить|получить|скачайте) outlook для ).{0,80}",
    re.IGNORECASE,
)


def fresh(text: str) -> str:
    """What is new in `text`: without the quoted letter and the signature."""
    lines = text.split("\n")
    bare = [_bare(line) for line in lines]
    end = _cut_at(lines, bare)
    if end is None:
        end = _without_trailing_quotes(lines)
    end = _without_signature(bare, end)
    kept = "\n".join(lines[:end]).strip()
    return without_marks(kept) if kept else without_marks(text)


def without_marks(text: str) -> str:
    """The text as it may be shown."""
    if QUOTE_BEGINS not in text:
        return text
    kept = "\n".join(line for line in text.split("\n") if _bare(line) != QUOTE_BEGINS).replace(
        QUOTE_BEGINS, ""
    )
    return _EMPTY_LINES.sub("\n\n", kept).strip("\n")


def _bare(line: str) -> str:
    """A line without the marks of quoting before it and blanks around it, its odd blanks made plain."""
    return _MARKS.sub("", _SPACES.sub(" ", line)).rstrip()


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _cut_at(lines: Sequence[str], bare: Sequence[str]) -> int | None:
    """The line with which the quoted letter begins; None if nothing is to be cut."""
    has_words = False
    for at, line in enumerate(islice(bare, _MOST_LINES)):
        length = _opener(bare, at) if line else 0
        if length and has_words:
            return None if _goes_on_between(lines, bare, at + length) else at
        if length:
            return None
        has_words = has_words or bool(line and not _is_quoted(lines[at]))
    return None


def _goes_on_between(lines: Sequence[str], bare: Sequence[str], start: int) -> bool:
    """There are words of the answer after or between the quoted lines that follow the opener."""
    end = _without_signature(bare, len(lines))
    seen_quote = False
    for at in range(start, end):
        if not bare[at]:
            continue
        if not _is_quoted(lines[at]):
            return seen_quote  # where nothing marks what is quoted, all of it is
        seen_quote = True
    return False


def _without_trailing_quotes(lines: Sequence[str]) -> int:
    end = len(lines)
    while end and (not lines[end - 1].strip() or _is_quoted(lines[end - 1])):
        end -= 1
    return end or len(lines)


def _without_signature(bare: Sequence[str], end: int) -> int:
    """Where the signature begins that ends at `end`."""
    words = 0
    best = end
    for at in range(end - 1, -1, -1):
        if _DASHES.fullmatch(bare[at]) or _SENT_FROM.fullmatch(bare[at]):
            best = at
        words += bool(bare[at])
        if words > _LONGEST_SIGNATURE:
            break
    return best if any(bare[:best]) else end


# --- openers ----------------------------------------------------------------------------------------------


def _opener(bare: Sequence[str], at: int) -> int:
    """How many lines the opener has that begins at this line; 0 if none does."""
    return next((length for test in _OPENERS if (length := test(bare, at))), 0)


def _marked(bare: Sequence[str], at: int) -> int:
    return int(bare[at] == QUOTE_BEGINS)


def _attribution(bare: Sequence[str], at: int) -> int:
    """Who wrote when, on one line or wrapped to three."""
    joined = ""
    for length in range(1, 4):
        if at + length > len(bare) or not bare[at + length - 1]:
            return 0
        joined = f"{joined} {bare[at + length - 1]}".strip()
        if len(joined) > _LONGEST_OPENER:
            return 0
        if joined.endswith(":") and _is_attribution(joined, bare[at]):
            return length
    return 0


def _is_attribution(line: str, first: str) -> bool:
    """Whether this says who wrote when; `first` is how much of it stands on its first line."""
    lower = line.lower()
    if lower.endswith(_SAYS_WROTE):
        is_english = lower.endswith(("wrote:", "writes:"))
        if is_english:
            return _DIGIT.search(line) is not None and lower.startswith("on ")
        # The words of the answer may stand right above it, and people tell who wrote what on which day.
        return _EXACT.search(line) is not None and (line == first or _DATED.search(first) is not None)
    return any(pattern.fullmatch(line) for pattern in _ATTRIBUTIONS)


def _separator(bare: Sequence[str], at: int) -> int:
    line = bare[at]
    if len(line) > _LONGEST_OPENER:
        return 0
    if _SEPARATOR.fullmatch(line) or _BEGIN_FORWARD.fullmatch(line):
        return 1
    return int(bool(_BARE_FORWARD.fullmatch(line)) and len(_headers_after(bare, at + 1)) > 1)


def _rule(bare: Sequence[str], at: int) -> int:
    """A line drawn by Outlook or Yandex, with headers below it."""
    if not _RULE.fullmatch(bare[at]):
        return 0
    names = _headers_after(bare, at + 1)
    return 1 + len(names) if len(names) > 1 else 0


def _header_block(bare: Sequence[str], at: int) -> int:
    names = _headers(bare, at)
    is_block = (
        len(names) >= _SHORTEST_BLOCK and names[0] in _FIRST_OF_BLOCK and _NEEDED_IN_BLOCK & set(names[1:])
    )
    return len(names) if is_block else 0


def _headers_after(bare: Sequence[str], at: int) -> list[str]:
    while at < len(bare) and not bare[at]:
        at += 1
    return _headers(bare, at)


def _headers(bare: Sequence[str], at: int) -> list[str]:
    """The names of the headers that stand here line by line."""
    names: list[str] = []
    while at < len(bare) and len(names) < 10 and (found := _HEADER.fullmatch(bare[at])):
        names.append(found[1].lower())
        at += 1
    return names


_OPENERS: Final[tuple[Callable[[Sequence[str], int], int], ...]] = (
    _marked,
    _separator,
    _rule,
    _header_block,
    _attribution,
)
