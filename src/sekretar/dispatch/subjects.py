"""Subjects: what two of them have in common, which incidents they name, and what letters out carry as theirs.

Mail programs put marks before a subject, gateways put tags, the desk puts the code of the incident: what is left is
what the sender meant. It is never the only reason to put two letters together; it is a reason to keep them apart.
In letters out the code stands once, so that every answer carries it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

from sekretar.dispatch.assets.spelling import capitals
from sekretar.dispatch.incidents import codes
from sekretar.kernel.text import clean, truncate

#: Subjects are cut on their way; so much of the beginning says that they are the same.
_ENOUGH: Final = 40
#: Characters of the subject of a letter out.
_LONGEST: Final = 200

_ANSWER = r"re|aw|sv|отв\.?|ответ(?: на)?|[нh][аa]|автоматический ответ|автоответ|automatic reply|autoreply|accepted"
_FORWARD = r"fwd?|wg|пересл\.?|пересылка|переслано"
_COUNTER = r"(?:\s*[\[(]\d+[\])])?"
_MARK = re.compile(rf"(?:{_ANSWER}|{_FORWARD}){_COUNTER}\s*[:：]", re.IGNORECASE)
_FORWARDED = re.compile(rf"(?:{_FORWARD}){_COUNTER}\s*[:：]", re.IGNORECASE)
#: What gateways put before: `[External]`, `[EXTERNAL EMAIL]`, `{Spam?}`, `***SPAM***`, `ВНЕШНЕЕ:`.
_TAG = re.compile(
    r"[\[{][\s!*]{0,5}(?:(?:external|ext|внешн\w*)(?: (?:e-?mail|mail|sender|message|письмо|почта|сообщение))?"
    r"|(?:possible |probable )?spam)[\s!*?]{0,5}[\]}]"
    r"|\*{2,}\s*spam\s*\*{2,}|(?:spam|external|внешнее(?: письмо)?|внешняя почта)\s?:",
    re.IGNORECASE,
)
_EDGES: Final = " \t-–—:;,.()«»\"'"


def normal(subject: str, prefixes: Collection[str]) -> str:
    """The subject without marks, tags and codes of incidents, in one spelling; empty when nothing is left.

    Args:
        subject: As it was written.
        prefixes: What codes of incidents begin with.
    """
    text = " ".join(unicodedata.normalize("NFKC", clean(subject)).casefold().split())
    for prefix in prefixes:
        code = rf"(?<![\w-]){codes.pattern(prefix)}-\d+(?![\w-])"
        text = re.sub(rf"\[{code}\]|{code}", " ", text)
    while True:
        shorter = text.lstrip(_EDGES)
        for pattern in (_MARK, _TAG):
            if found := pattern.match(shorter):
                shorter = shorter[found.end() :]
        if shorter == text:
            return " ".join(text.strip(_EDGES + "[]*").split())
        text = shorter


def is_same(one: str, other: str) -> bool:
    """Whether two normal subjects are the same; one that is empty is the same as any."""
    if not one or not other or one == other:
        return True
    shorter, longer = sorted((one.rstrip("….").rstrip(), other), key=len)
    return len(shorter) >= _ENOUGH and longer.startswith(shorter)


def is_among(subject: str, others: Iterable[str]) -> bool:
    """Whether a normal subject is one of those of a conversation; of none at all it is too."""
    known = list(others)
    return not known or any(is_same(subject, other) for other in known)


def is_forward(subject: str) -> bool:
    """Whether the outermost mark says that the letter was forwarded."""
    text = subject.lstrip(_EDGES)
    while tag := _TAG.match(text):
        text = text[tag.end() :].lstrip(_EDGES)
    return _FORWARDED.match(text) is not None


def codes_in(text: str, prefix: str) -> tuple[str, ...]:
    """The codes of a desk's incidents that a text names, each once, in their order, whatever alphabet they are in."""
    code = rf"(?<![\w-]){codes.pattern(prefix)}-0*([1-9]\d{{0,17}})(?![\w-])"
    return tuple(dict.fromkeys(f"{prefix}-{found[1]}" for found in re.finditer(code, capitals(text))))


# --- letters out


def bare_subject(subject: str, code: str) -> str:
    """The subject as it was in the beginning: without marks of answers and without this code, words as written."""
    text = " ".join(clean(subject).split())
    spelled = codes.pattern(code)
    with_code = re.compile(rf"(?:\[{spelled}\]|{spelled}(?![\w-]))\s*:?")
    while True:
        shorter = text
        for pattern in (_MARK, _TAG, with_code):
            if found := pattern.match(shorter):
                shorter = shorter[found.end() :].lstrip()
        if shorter == text:
            return text
        text = shorter


def answer_subject(subject: str, code: str) -> str:
    """Of an answer: `Re: INC-7: No power`."""
    return f"Re: {new_subject(subject, code)}"


def new_subject(subject: str, code: str) -> str:
    """Of a letter that begins a conversation: `INC-7: No power`."""
    bare = bare_subject(subject, code)
    return truncate(f"{code}: {bare}" if bare else code, _LONGEST)


def with_code(subject: str, code: str) -> str:
    """What a person wrote as the subject, with the code if they took it away."""
    line = " ".join(clean(subject).split())
    if re.search(rf"(?<![\w-]){re.escape(code)}(?![\w-])", line, re.IGNORECASE):
        return truncate(line, _LONGEST)
    return answer_subject(line, code) if _MARK.match(line) else new_subject(line, code)
