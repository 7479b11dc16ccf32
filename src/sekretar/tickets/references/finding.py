"""References to tickets in what people write: `#t10`, `DESK-12`, the address of a ticket's page.

Only what is said counts: not what stands in code, within a link or a word. A key with the right form may still be
something else (`UTF-8`, `COVID-19`): whether a ticket with it exists is asked of the tracker later. This runs over
every post of every channel the bot is in, so a post without any candidate costs one scan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sekretar.trackers.values import TicketRef

#: In one post; the rest is left alone, so that nobody floods a channel with a list.
MOST = 10

#: Where the key stands in a notation.
KEY = "{key}"

#: Keys as the trackers form them. Cyrillic look-alikes are not accepted: a key is copied or typed in Latin.
NUMBERED = r"[1-9][0-9]{0,8}"
QUEUED = r"[A-Z][A-Z0-9]{0,14}-[1-9][0-9]{0,8}"


@dataclass(frozen=True)
class Notation:
    """How people write the keys of one tracker.

    Attributes:
        tracker: The configured name of the tracker.
        template: What is written, with `{key}` in it: `#t{key}`, `RM{key}`, `{key}`.
        key: The form of its keys, as a regular expression without groups.
        link: The ticket whose page an address is; None when it is another page.
    """

    tracker: str
    template: str
    key: str
    link: Callable[[str], TicketRef | None]


class References:
    """Finds references by the notations of all trackers."""

    def __init__(self, notations: Sequence[Notation]) -> None:
        """Earlier notations win where two would read the same words."""
        self._notations = tuple(notations)
        self._key = re.compile(
            "|".join(_pattern(index, each) for index, each in enumerate(notations)) or r"(?!)"
        )

    def find(self, text: str) -> tuple[TicketRef, ...]:
        """The tickets that a post speaks of, each once, in order; at most `MOST`."""
        if not self._key.search(text) and "://" not in text:
            return ()
        found = dict.fromkeys(self._candidates(text))
        return tuple(found)[:MOST]

    def put_links(self, text: str, links: Mapping[TicketRef, str]) -> str:
        """The text with links in place of what is written for these tickets; all else stays as it is.

        What stands in code, within a link or as an address is left alone, so a second time changes nothing, where
        there is something between the references.
        """
        written = _NOT_WORDS.sub(_blank, _CODE.sub(_blank, text))
        parts, at = [], 0
        for mark in self._key.finditer(written):
            link = links.get(self._meant(mark))
            if link is not None:
                parts += [text[at : mark.start()], f"[{mark[0]}]({link})"]
                at = mark.end()
        return "".join([*parts, text[at:]])

    def _meant(self, mark: re.Match[str]) -> TicketRef:
        index = next(int(name[1:]) for name, key in mark.groupdict().items() if key is not None)
        return TicketRef(self._notations[index].tracker, mark[f"k{index}"])

    def _candidates(self, text: str) -> Iterable[TicketRef]:
        spoken = _CODE.sub(_blank, text)
        marks = [
            (link.start(), ref) for link in _ADDRESS.finditer(spoken) if (ref := self._linked(link["url"]))
        ]
        words = _NOT_WORDS.sub(_blank, spoken)
        marks += [(mark.start(), self._meant(mark)) for mark in self._key.finditer(words)]
        return (ref for _, ref in sorted(marks, key=lambda each: each[0]))

    def _linked(self, url: str) -> TicketRef | None:
        refs = (each.link(url.rstrip(".,;:!?'\"*_")) for each in self._notations)
        return next((ref for ref in refs if ref is not None), None)


def _pattern(index: int, notation: Notation) -> str:
    before, key, after = notation.template.partition(KEY)
    if not key:
        raise ValueError(f"A notation of tickets needs {KEY}: {notation.template!r}")
    written = rf"{re.escape(before)}(?P<k{index}>{notation.key}){re.escape(after)}"
    return rf"(?<![^\W_]|[#/@.~-]){written}(?![^\W_]|[/@-]|\.\w)"


def _blank(found: re.Match[str]) -> str:
    """As long as what was there, so that places stay the same; lines stay lines."""
    return re.sub(r"[^\n]", " ", found[0])


#: Fenced code (also unclosed), indented code after an empty line, and code within a line.
_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}+|~{3,}+)[^\n]*\n(?:.*?^ {0,3}(?P=fence)[`~]*[ \t]*$|.*)"
    r"|(?:\A|(?<=\n\n))(?:(?: {4}|\t)[^\n]*(?:\n|\Z))+"
    r"|(?<!`)(?P<ticks>`++)(?:(?!\n\n).)+?(?<!`)(?P=ticks)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_ADDRESS = re.compile(r"(?P<url>https?://[^\s<>()\[\]|]+)", re.IGNORECASE)
#: Links with what they are called, and bare addresses: a key in them says nothing by itself.
_NOT_WORDS = re.compile(
    r"!?\[[^\]\n]{0,500}\]\([^)\n]{0,2000}\)|<?(?:[a-z][a-z0-9+.-]{1,20}://|www\.|mailto:)\S+", re.IGNORECASE
)
