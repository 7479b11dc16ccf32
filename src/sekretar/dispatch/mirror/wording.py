"""What the mirror writes into tickets: the first letter as description, every other letter as a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sekretar.dispatch.letters.values import Filed
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import truncate
from sekretar.trackers.port import TrackerKind

LONGEST_TEXT = 30_000
_LONGEST_ADDRESSES = 500


class Page:
    """Writes in the markup of a tracker and the language of a desk."""

    def __init__(self, kind: TrackerKind, t: Translator, zone: ZoneInfo) -> None:
        self._markdown = kind is TrackerKind.YANDEX
        self._t, self._zone = t, zone

    def letter(self, filed: Filed, left_out: Sequence[str] = ()) -> str:
        """A letter: its head as a table, then the new words alone. The number tells it from every other letter."""
        letter = filed.letter
        subject = letter.subject or self._t.plain("dispatch.mirror.no_subject")
        sign = "📤" if filed.is_ours else "📧"
        rows = [
            ("from", str(letter.sender)),
            ("to", ", ".join(map(str, letter.to))),
            ("cc", ", ".join(map(str, letter.cc))),
            ("date", filed.at.astimezone(self._zone).strftime("%d.%m.%Y %H:%M")),
            ("letter", f"№ {filed.id}"),
        ]
        parts = [f"{sign} {self._bold(_plain(subject))}", self._table([row for row in rows if row[1]])]
        fresh = letter.fresh.strip()
        parts.append(self._block(fresh) if fresh else self._t.plain("dispatch.mirror.no_text"))
        if left_out:
            names = ", ".join(map(_plain, left_out))
            parts.append(self._t.plain("dispatch.mirror.left_out", names=names))
        return "\n\n".join(parts)

    def trouble(self, why: str) -> str:
        """Why something that was asked for was not done."""
        return f"⚠️ {_plain(why)}"

    def merged(self, code: str, key: str) -> str:
        """Which incident goes on in place of this one, and its ticket if there is one."""
        if not key:
            return self._t.plain("dispatch.mirror.merged", code=code)
        return self._t.plain("dispatch.mirror.merged_ticket", code=code, ticket=self._ticket(key))

    def continues(self, key: str) -> str:
        """Which ticket this one stands in for."""
        return self._t.plain("dispatch.mirror.continues", ticket=self._ticket(key))

    def _ticket(self, key: str) -> str:
        """As the tracker makes a link of it."""
        return key if self._markdown else f"#{key}"

    def text(self, text: str) -> str:
        """A text of somebody else's, without effect."""
        return self._block(text.strip()) if text.strip() else ""

    def _table(self, rows: Sequence[tuple[str, str]]) -> str:
        cells = [
            (self._t.plain(f"dispatch.mirror.head.{name}"), _cell(truncate(value, _LONGEST_ADDRESSES)))
            for name, value in rows
        ]
        lines = [f"| {name} | {value} |" for name, value in cells]
        if self._markdown:
            lines.insert(1, "|---|---|")
        return "\n".join(lines)

    def _bold(self, text: str) -> str:
        return f"**{text}**" if self._markdown else f"*{text}*"

    def _block(self, text: str) -> str:
        text = truncate(text, LONGEST_TEXT)
        if not self._markdown:
            return f"<pre>\n{text.replace('</pre', '</ pre')}\n</pre>"
        longest = max((len(run) for run in re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}text\n{text}\n{fence}"


def _plain(text: str) -> str:
    """On one line, without what trackers read as markup or as a mention."""
    return re.sub(r"[*_`|<>@#\[\]]", " ", " ".join(text.split())).strip()


def _cell(text: str) -> str:
    """In a table; an address keeps its @, in brackets that no tracker takes for a tag."""
    return " ".join(text.split()).replace("|", "/").replace("<", "(").replace(">", ")").replace("`", "'")
