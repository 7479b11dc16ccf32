"""The subject of letters out: the code of the incident stands in it, once, so that every answer carries it."""

from __future__ import annotations

import re

from sekretar.kernel.text import clean, truncate

#: What mail programs put before a subject; letters that look alike in both alphabets are taken for each other.
_MARK = re.compile(
    r"\s*(?:(?:re|fwd?|aw|wg|отв|ответ|[нhНH][аaАA]|пересл)\s*(?:\[\d+\]|\(\d+\))?\s*:"
    r"|\[(?:external|внешн\w*|внешнее письмо|spam)\])\s*",
    re.IGNORECASE,
)
_LONGEST = 200


def bare_subject(subject: str, code: str) -> str:
    """The subject as it was in the beginning: without marks of answers and without the code."""
    text = " ".join(clean(subject).split())
    with_code = re.compile(rf"\s*(?:\[{re.escape(code)}\]|{re.escape(code)}(?![\w-]))\s*:?\s*", re.IGNORECASE)
    while True:
        shorter = text
        for pattern in (_MARK, with_code):
            if found := pattern.match(shorter):
                shorter = shorter[found.end() :]
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
