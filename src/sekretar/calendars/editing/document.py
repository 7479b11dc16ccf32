"""A calendar object as text that can be changed in places and stays as it was in all others.

What a server stores belongs to other programs too: properties Sekretar has never heard of, alarms of a phone,
rooms of an office suite. So an edit never writes an event from what was understood of it. It exchanges single
lines, and every line that is not meant goes back as it came, folds included; only the line ends become CRLF,
which XML has taken from them on the way here (RFC 5545 §3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sekretar.calendars.editing.values import Uneditable
from sekretar.calendars.ics.contentlines import Line, read_line, unfold
from sekretar.calendars.ics.reading import LARGEST_OBJECT

_BREAK = re.compile(r"\r\n|\n|\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SEGMENT = re.compile(r';(?:"[^"]*"|[^";])*')
_CARETS = {"^": "^^", "\n": "^n", '"': "^'"}
_NEEDS_QUOTES = re.compile(r"[,;:]")

#: Octets of a line without its end (RFC 5545 §3.1).
_WIDTH = 75

#: More components inside each other than any calendar has.
_DEEPEST = 8


@dataclass(slots=True)
class Leaf:
    """A property, or what stands in the place of one."""

    #: The lines as they are written, without the last line end.
    raw: str
    #: What they say; None when they cannot be read.
    line: Line | None


class Node:
    """A component. Children are properties and components in the order of the text."""

    __slots__ = ("children", "last", "name", "opening")

    def __init__(self, name: str, opening: str = "", last: str = "") -> None:
        self.name = name
        self.opening = opening or f"BEGIN:{name}"
        self.last = last or f"END:{name}"
        self.children: list[Leaf | Node] = []

    def leaves(self, *names: str) -> Iterator[tuple[Leaf, Line]]:
        """The properties of these names with what they say; all properties when none is given."""
        for child in self.children:
            if isinstance(child, Leaf) and child.line is not None and (not names or child.line.name in names):
                yield child, child.line

    def nodes(self, name: str) -> list[Node]:
        """The components of this name."""
        return [child for child in self.children if isinstance(child, Node) and child.name == name]

    def first(self, name: str) -> Line | None:
        """The first property of this name."""
        return next((line for _, line in self.leaves(name)), None)

    def put(self, line: Line) -> None:
        """Write a property in the place of those of its name; unchanged, it stays as it was."""
        found = [leaf for leaf, _ in self.leaves(line.name)]
        if not found:
            self.add(line)
            return
        kept = found[0]
        if kept.line != line:
            kept.raw, kept.line = fold(line), line
        self.drop(*found[1:])

    def add(self, line: Line) -> None:
        """Write one more property, behind the others and before the components."""
        place = next(
            (index for index, child in enumerate(self.children) if isinstance(child, Node)),
            len(self.children),
        )
        self.children.insert(place, Leaf(fold(line), line))

    def remove(self, *names: str) -> None:
        """Leave out the properties of these names."""
        self.drop(*(leaf for leaf, _ in self.leaves(*names)) if names else ())

    def drop(self, *children: Leaf | Node) -> None:
        """Leave out these children."""
        gone = {id(child) for child in children}
        self.children = [child for child in self.children if id(child) not in gone]

    def copy(self) -> Node:
        """The same text, to be changed apart."""
        twin = Node(self.name, self.opening, self.last)
        twin.children = [
            child.copy() if isinstance(child, Node) else Leaf(child.raw, child.line)
            for child in self.children
        ]
        return twin

    def lines(self) -> Iterator[str]:
        """The text in pieces that CRLF joins."""
        yield self.opening
        for child in self.children:
            if isinstance(child, Node):
                yield from child.lines()
            else:
                yield child.raw
        yield self.last


def read(data: str) -> list[Leaf | Node]:
    """The outermost components of a text, and whatever stands between them.

    Raises `Uneditable` when the text is too large or nested beyond reason.
    """
    if len(data) > LARGEST_OBJECT:
        raise Uneditable(f"larger than {LARGEST_OBJECT} bytes")
    root = Node("")
    stack = [root]
    for raw in _logical(data):
        first, *rest = unfold(raw).replace("\r\n", "\n").split("\n")
        line = read_line(first)
        if line is not None and line.name == "BEGIN":
            node = Node(line.value.strip().upper(), raw)
            stack[-1].children.append(node)
            stack.append(node)
            if len(stack) > _DEEPEST:
                raise Uneditable("components inside components without end")
        elif line is not None and line.name == "END" and _closed(stack, line.value.strip().upper(), raw):
            continue
        else:
            value = "\n".join([line.value, *filter(None, rest)]) if line is not None else ""
            said = Line(line.name, line.raw_parameters, value) if line is not None else None
            stack[-1].children.append(Leaf(raw, said))
    return root.children


def written(children: Iterable[Leaf | Node]) -> str:
    """The text again."""
    pieces: list[str] = []
    for child in children:
        pieces.extend(child.lines() if isinstance(child, Node) else [child.raw])
    return "\r\n".join([*pieces, ""])


def _logical(data: str) -> Iterator[str]:
    """Lines with what continues them: folds, and pieces of a text that was broken without folding."""
    pending: list[str] = []
    for folded in _folded(data):
        # Only whole can a line be judged: a fold may stand before its colon.
        if pending and read_line(unfold(folded)) is not None:
            yield "\r\n".join(pending)
            pending = []
        if pending or folded:
            pending.append(folded)
    while pending and not pending[-1]:
        pending.pop()
    if pending:
        yield "\r\n".join(pending)


def _folded(data: str) -> Iterator[str]:
    """Lines with their folds."""
    pending: list[str] = []
    for line in _BREAK.split(data.removeprefix("\ufeff")):
        if pending and line[:1] not in (" ", "\t"):
            yield "\r\n".join(pending)
            pending = []
        pending.append(line)
    yield "\r\n".join(pending)


def _closed(stack: list[Node], name: str, raw: str) -> bool:
    """Leave the innermost component of this name; False for an END without its BEGIN."""
    if not any(node.name == name for node in stack[1:]):
        return False
    while stack[-1].name != name:
        stack.pop()
    stack.pop().last = raw
    return True


def fold(line: Line) -> str:
    """The line as it is written: folded to 75 octets, never inside a character."""
    pieces: list[str] = []
    piece, used = "", 0
    for character in f"{line.name}{line.raw_parameters}:{line.value}":
        size = len(character.encode("utf-8", "replace"))
        if used + size > _WIDTH:
            pieces.append(piece)
            # The space that marks a continuation is the first of its octets.
            piece, used = " ", 1
        piece += character
        used += size
    return "\r\n".join([*pieces, piece])


def text_line(name: str, text: str) -> Line:
    """A property of type TEXT (RFC 5545 §3.3.11)."""
    clean = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    escaped = clean.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return Line(name, "", escaped)


def parameter(name: str, value: str) -> str:
    """`;NAME=value`, quoted and encoded as it needs to be (RFC 6868)."""
    clean = "".join(_CARETS.get(character, character) for character in _CONTROL.sub(" ", value))
    return f';{name}="{clean}"' if _NEEDS_QUOTES.search(clean) else f";{name}={clean}"


def with_parameter(line: Line, name: str, value: str | None) -> Line:
    """The line with one parameter set, or removed; the others stay as they are written."""
    kept: list[str] = []
    placed = value is None
    for segment in _SEGMENT.findall(line.raw_parameters):
        if segment[1:].partition("=")[0].strip().upper() != name:
            kept.append(segment)
        elif not placed and value is not None:
            kept.append(parameter(name, value))
            placed = True
    if not placed and value is not None:
        kept.append(parameter(name, value))
    return Line(line.name, "".join(kept), line.value)
