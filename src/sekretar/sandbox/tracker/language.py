"""The query language as documented: conditions, AND, OR, brackets, functions, comparison, not, order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sekretar.sandbox.tracker.conditions import Condition, Conditions
from sekretar.sandbox.tracker.refusals import Refused

_TOKEN = re.compile(
    r'\s*(?:"(?P<text>[^"]*)"|(?P<sign>\.\.|[<>]=?|[():,!])|(?P<word>[^\s():,"<>!]+(?:\(\))?))'
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


@dataclass
class Parsed:
    """A query: what issues must be, and in which order they come (field, ascending)."""

    condition: Condition
    order: list[tuple[str, bool]] = field(default_factory=list)


def parse(query: str, conditions: Conditions) -> Parsed:
    """Read a query. 400 when it is not one."""
    parser = _Parser(_tokens(query), conditions)
    condition = parser.alternatives()
    if parser.next is not None:
        raise Refused(400, [f"The query is not understood at {parser.next.text}."])
    return Parsed(condition, parser.order)


def _tokens(query: str) -> list[_Token]:
    found, end = [], 0
    query = query.rstrip()
    while end < len(query):
        match = _TOKEN.match(query, end)
        if match is None:
            raise Refused(400, [f"The query is not understood at {query[end:]}."])
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind]))
        end = match.end()
    return found


class _Parser:
    def __init__(self, tokens: Sequence[_Token], conditions: Conditions) -> None:
        self._tokens, self._conditions = tokens, conditions
        self._at = 0
        self.order: list[tuple[str, bool]] = []

    @property
    def next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def alternatives(self) -> Condition:
        found = [self._together()]
        while self._takes("word", "OR"):
            found.append(self._together())
        return lambda issue: any(each(issue) for each in found)

    def _together(self) -> Condition:
        found = [self._single()]
        while self.next is not None and self.next.text not in ("OR", ")"):
            self._takes("word", "AND")
            found.append(self._single())
        return lambda issue: all(each(issue) for each in found)

    def _single(self) -> Condition:
        if self._takes("sign", "("):
            inner = self.alternatives()
            self._must(")")
            return inner
        name = self._word()
        self._must(":")
        if name.lower() == "sort by":
            return self._sorted()
        field_name = self._conditions.name(name)
        if self.next is not None and self.next.kind == "sign" and self.next.text in ("<", "<=", ">", ">="):
            sign = self._advance().text
            value = self._word()
            low, high = (value, None) if sign.startswith(">") else (None, value)
            return self._conditions.between(field_name, low, high)
        if self._takes("sign", "!"):
            excluded = self._conditions.one_of(field_name, [self._word()])
            return lambda issue: not excluded(issue)
        values = [self._word()]
        if self._takes("sign", ".."):
            return self._conditions.between(field_name, values[0], self._word())
        while self._takes("sign", ","):
            values.append(self._word())
        return self._conditions.one_of(field_name, values)

    def _sorted(self) -> Condition:
        name = self._conditions.name(self._word())
        descending = self._takes("word", "DESC")
        if not descending:
            self._takes("word", "ASC")
        self.order.append((name, not descending))
        return lambda _issue: True

    def _word(self) -> str:
        token = self._advance()
        if token.kind == "sign":
            raise Refused(400, [f"The query is not understood at {token.text}."])
        return token.text

    def _takes(self, kind: str, text: str) -> bool:
        if self.next == _Token(kind, text):
            self._at += 1
            return True
        return False

    def _must(self, text: str) -> None:
        if self._advance().text != text:
            raise Refused(400, [f"The query lacks {text}."])

    def _advance(self) -> _Token:
        token = self.next
        if token is None:
            raise Refused(400, ["The query ends too early."])
        self._at += 1
        return token
