"""The outer syntax of iCalendar: lines, parameters, components (RFC 5545 §3.1), read with forgiveness.

icalendar's own component parser is not used on what servers send. It registers every VTIMEZONE it meets under
its name for the whole process, so that one person's odd calendar would set the clock of everybody else's, and
it spends a millisecond on each event where the few properties needed here cost a tenth. The tests use it, and
recurring-ical-events, as a second opinion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE = re.compile(r'([A-Za-z][A-Za-z0-9-]*)((?:;(?:"[^"]*"|[^":])*)?):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=\s*("[^"]*"|[^";]*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CARET = re.compile(r"\^([n'^])")
_CARETS = {"n": "\n", "'": '"', "^": "^"}
_FOLD = re.compile(rb"\r?\n[ \t]")

#: More components inside each other than any calendar has.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One property."""

    name: str
    raw_parameters: str
    value: str

    @property
    def parameters(self) -> dict[str, str]:
        """By upper case name; of several values of one parameter the text with its commas."""
        return {
            name.upper(): _CARET.sub(lambda m: _CARETS[m.group(1)], value.strip().strip('"'))
            for name, value in _PARAMETER.findall(self.raw_parameters)
        }

    @property
    def text(self) -> str:
        """A TEXT value without its escapes."""
        return unescape(self.value)


@dataclass(slots=True)
class Component:
    """BEGIN to END with what is inside."""

    name: str
    lines: list[Line] = field(default_factory=list)
    inner: list[Component] = field(default_factory=list)

    def named(self, name: str) -> Iterator[Line]:
        """All properties of this name."""
        return (line for line in self.lines if line.name == name)

    def first(self, name: str) -> Line | None:
        """The first property of this name."""
        return next(self.named(name), None)


def unescape(text: str) -> str:
    """RFC 5545 §3.3.11."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: "\n" if m.group(1) in "nN" else m.group(1), text)


def read_line(text: str) -> Line | None:
    """One unfolded line; None for what is none."""
    match = _LINE.fullmatch(text)
    return Line(match.group(1).upper(), match.group(2), match.group(3)) if match else None


def unfold(data: str | bytes) -> str:
    """The text with its folded lines joined.

    Folding may have cut through a character, so it is undone in bytes.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    return _FOLD.sub(b"", raw.removeprefix(b"\xef\xbb\xbf")).decode("utf-8", "replace")


def components(data: str | bytes) -> list[Component]:
    """The outermost components. What does not look like a line continues the line before it."""
    root = Component("")
    stack = [root]
    for name, parameters, value in _lines(unfold(data)):
        if name == "BEGIN":
            _open(stack, value.strip().upper())
        elif name == "END":
            _close(stack, value.strip().upper())
        else:
            stack[-1].lines.append(Line(name, parameters, value))
    return root.inner


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    pending: tuple[str, str, str] | None = None
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            # A text broken into lines by a program that knew nothing of folding.
            if pending is not None and pending[0] not in ("BEGIN", "END"):
                pending = (pending[0], pending[1], f"{pending[2]}\n{line}")
            continue
        if pending is not None:
            yield pending
        pending = (match.group(1).upper(), match.group(2), match.group(3))
    if pending is not None:
        yield pending


def _open(stack: list[Component], name: str) -> None:
    component = Component(name)
    if len(stack) <= _DEEPEST:
        stack[-1].inner.append(component)
    stack.append(component)


def _close(stack: list[Component], name: str) -> None:
    """Leave the innermost component of this name; an END without its BEGIN is ignored."""
    if any(each.name == name for each in stack[1:]):
        while len(stack) > 1 and stack.pop().name != name:
            pass


def written(component: Component) -> str:
    """The component as lines again, for what is recognised by its whole text."""
    inner = [written(each) for each in component.inner]
    lines = [f"{line.name}{line.raw_parameters}:{line.value}" for line in component.lines]
    return "\n".join((f"BEGIN:{component.name}", *lines, *inner, f"END:{component.name}"))
