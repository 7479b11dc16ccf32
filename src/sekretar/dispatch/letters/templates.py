"""The texts of letters out, as a desk may change them.

A template is text with names in braces: `Request {code} is being worked on.` A line whose names all stand for nothing
is left out, and so is a whole paragraph, heading included: nobody reads `Address:` with nothing behind it. What is
filled in is never read as a template in turn. `{{` and `}}` are braces.

A wrong template is refused when it is written, with the line and what is wrong, never when a letter is due.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sekretar.dispatch.letters.values import Purpose
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import clean, truncate

LONGEST: Final = 8_000

_ALWAYS = ("code", "subject", "applicant", "signature")
_CARD = (
    "pole",
    "region",
    "address",
    "coordinates",
    "map",
    "station",
    "operators",
    "contractor",
    "registered",
    "deadline",
    "type",
    "type_description",
)

#: What may stand in braces, in the order in which it is offered.
NAMES: Final[Mapping[Purpose, tuple[str, ...]]] = {
    Purpose.ACCEPTED: (*_ALWAYS, *_CARD),
    Purpose.HANDED_OVER: (*_ALWAYS, *_CARD, "history", "files"),
    Purpose.CLOSED: (*_ALWAYS, *_CARD),
    Purpose.REPLY: (*_ALWAYS, "text"),
    Purpose.TOO_LATE: _ALWAYS,
}
#: Without this the letter would not say what it is for.
_NEEDED: Mapping[Purpose, str] = {Purpose.REPLY: "text"}

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}\n]*)\}|(?P<lonely>[{}])")
_DEFAULTS: Mapping[Purpose, str] = {
    Purpose.ACCEPTED: "dispatch.letters.text.accepted",
    Purpose.HANDED_OVER: "dispatch.letters.text.handed_over",
    Purpose.CLOSED: "dispatch.letters.text.closed",
    Purpose.REPLY: "dispatch.letters.text.reply",
    Purpose.TOO_LATE: "dispatch.letters.text.too_late",
}


def default_template(purpose: Purpose, t: Translator) -> str:
    """The template of a desk that has not written its own."""
    # The catalogue holds templates in the same notation; each name stands for itself.
    return t.plain(_DEFAULTS[purpose], **{name: f"{{{name}}}" for name in NAMES[purpose]})


def checked_template(purpose: Purpose, text: str) -> str:
    """The template as it is stored.

    Raises:
        PersonError: it is empty, too long, names something that there is not, lacks what it needs, or has a brace
            without its pair.
    """
    tidy = "\n".join(line.rstrip() for line in clean(text).split("\n")).strip("\n")
    if not tidy:
        raise PersonError("dispatch.template.empty")
    if len(tidy) > LONGEST:
        raise PersonError("dispatch.template.too_long", limit=LONGEST)
    for number, line in enumerate(tidy.split("\n"), 1):
        _check_line(purpose, number, line)
    needed = _NEEDED.get(purpose)
    if needed is not None and needed not in _names(tidy):
        raise PersonError("dispatch.template.needed", name=needed)
    return tidy


def filled(template: str, values: Mapping[str, str]) -> str:
    """The text of a letter. Names without a value stand for nothing."""
    paragraphs = [_filled_paragraph(each.split("\n"), values) for each in re.split(r"\n{2,}", template)]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _check_line(purpose: Purpose, number: int, line: str) -> None:
    known = NAMES[purpose]
    for token in _TOKEN.finditer(line):
        if token["lonely"]:
            raise PersonError("dispatch.template.brace", line=number)
        name = token["name"]
        if name is not None and name not in known:
            given, offered = truncate(name, 40), ", ".join(known)
            raise PersonError("dispatch.template.unknown", line=number, name=given, known=offered)


def _names(text: str) -> Iterator[str]:
    return (token["name"] for token in _TOKEN.finditer(text) if token["name"] is not None)


def _filled_paragraph(lines: list[str], values: Mapping[str, str]) -> str:
    names = [name for line in lines for name in _names(line)]
    if names and not any(values.get(name) for name in names):
        return ""
    return "\n".join(_filled_line(line, values) for line in lines if _says_something(line, values)).strip(
        "\n"
    )


def _says_something(line: str, values: Mapping[str, str]) -> bool:
    names = list(_names(line))
    return not names or any(values.get(name) for name in names)


def _filled_line(line: str, values: Mapping[str, str]) -> str:
    def value(token: re.Match[str]) -> str:
        return token[0][0] if token["name"] is None else values.get(token["name"], "")

    return _TOKEN.sub(value, line).rstrip()
