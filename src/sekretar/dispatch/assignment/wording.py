"""What is said of incidents that change hands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sekretar.dispatch.assignment.choosing import Choice, Hindrance
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.incidents.wording import heading
from sekretar.dispatch.telling import Reader
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import Message


def why(choice: Choice, t: Translator) -> str:
    """Why it was they, for the history."""
    there = [each for each in choice.seen if each.hindrance in (None, Hindrance.AT_LIMIT)]
    return t.plain_plural("dispatch.assignment.why", len(there), load=f"{choice.seen[0].load:g}")


def given(incident: Incident, reason: str, other: str, reader: Reader) -> Message:
    """To whoever is responsible now; `other` was before."""
    return _about(incident, reader.t(f"dispatch.assignment.new.{reason}", name=other))


def taken(incident: Incident, reason: str, other: str, reader: Reader) -> Message:
    """To whoever was responsible before; `other` is now."""
    return _about(incident, reader.t(f"dispatch.assignment.old.{reason}", name=other))


def alarm(kind: str, count: int, at: datetime | None, names: Sequence[str], reader: Reader) -> Message:
    """To everybody in the channel: nobody can be given what waits. `at` is when the next shift begins."""
    text = reader.t.plural(f"dispatch.assignment.{kind}", count)
    following = (
        reader.t("dispatch.assignment.next_shift", when=reader.moment(at), names=", ".join(names))
        if at is not None
        else reader.t("dispatch.assignment.no_shift")
    )
    return Message(Markdown(f"🚨 {text} {following}"))


def _about(incident: Incident, text: Markdown) -> Message:
    return Message(Markdown(f"{heading(incident)}\n{text}"))
