"""What is said of incidents that change hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sekretar.dispatch.assignment.choosing import Choice, Hindrance
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.incidents.wording import heading
from sekretar.dispatch.telling import Reader
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import Message

#: In one message; the queue shows the others.
_MOST_LINES: Final = 30
#: `Reason.OPENED`.
_OPENED: Final = "opened"


def why(choice: Choice, t: Translator) -> str:
    """Why it was they, for the history."""
    chosen = choice.seen[0]
    there = [each for each in choice.seen if each.hindrance in (None, Hindrance.AT_LIMIT)]
    passed_over = [
        each.name
        for each in there
        if chosen.presence.here and not each.presence.here and each.load < chosen.load
    ]
    if passed_over:
        names = ", ".join(passed_over)
        return t.plain("dispatch.assignment.why_here", load=f"{chosen.load:g}", names=names)
    return t.plain_plural("dispatch.assignment.why", len(there), load=f"{chosen.load:g}")


@dataclass(frozen=True)
class Told:
    """An incident that changed hands, as one of the two hears of it.

    Attributes:
        reason: Why it was given away, a `Reason`.
        other: The name of the other one; empty when there is none.
        is_theirs: It is the reader's now, and was not before; else the other way round.
    """

    incident: Incident
    reason: str
    other: str
    is_theirs: bool

    def text(self, reader: Reader) -> Markdown:
        side = "new" if self.is_theirs else "old"
        return reader.t(f"dispatch.assignment.{side}.{self.reason}", name=self.other)


def handed(told: Sequence[Told], reader: Reader) -> Message:
    """What changed hands, to one of those whose hands they are; of several a list."""
    if len(told) == 1:
        return Message(Markdown(f"{heading(told[0].incident)}\n{told[0].text(reader)}"))
    sides = ([each for each in told if each.is_theirs], [each for each in told if not each.is_theirs])
    return Message(Markdown("\n\n".join(_listed(side, reader) for side in sides if side)))


def _listed(told: Sequence[Told], reader: Reader) -> str:
    kind = "given" if told[0].is_theirs else "taken"
    lines = [reader.t.plural(f"dispatch.assignment.together.{kind}", len(told))]
    for each in told[:_MOST_LINES]:
        # Most are new, and of those there is nothing more to say.
        why = "" if each.reason == _OPENED else f": {each.text(reader)}"
        lines.append(Markdown(f"* {heading(each.incident)}{why}"))
    if len(told) > _MOST_LINES:
        more = reader.t("dispatch.assignment.together.more", count=len(told) - _MOST_LINES)
        lines.append(Markdown(f"* {more}"))
    return "\n".join(lines)


def alarm(kind: str, count: int, at: datetime | None, names: Sequence[str], reader: Reader) -> Message:
    """To everybody in the channel: nobody can be given what waits. `at` is when the next shift begins."""
    text = reader.t.plural(f"dispatch.assignment.{kind}", count)
    following = (
        reader.t("dispatch.assignment.next_shift", when=reader.moment(at), names=", ".join(names))
        if at is not None
        else reader.t("dispatch.assignment.no_shift")
    )
    return Message(Markdown(f"🚨 {text} {following}"))
