"""What the thread of an incident says about each thing that happens to it.

One short line for one event: whoever reads the thread at night wants to know what was done, by whom and why.
What the card shows anyway (that something is unread) is not told.
"""

from __future__ import annotations

from typing import Final

from sekretar.dispatch.incidents.values import Actor, ActorKind, Event, EventKind, Status
from sekretar.dispatch.incidents.wording import status_name
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape, escape_block, truncate
from sekretar.mattermost.messages import Attachment, Colour, Message

_SILENT: Final = frozenset({EventKind.OPENED, EventKind.BEGUN, EventKind.READ, EventKind.UNREAD})
#: What can be taken away.
_EMPTIED: Final = frozenset(
    {
        EventKind.TYPE,
        EventKind.RESPONSIBLE,
        EventKind.POLE,
        EventKind.STATION,
        EventKind.CONTRACTOR,
        EventKind.APPLICANT,
    }
)
_VALUE_SHOWN = 200
_WHY_SHOWN = 500
_LETTER_SHOWN = 2500


def is_told(event: Event) -> bool:
    """Whether the thread speaks of it."""
    return event.kind not in _SILENT


def told(event: Event, t: Translator) -> Message:
    """The line for an event without a letter."""
    line = _line(event, t)
    if event.why:
        line = Markdown(f"{line}\n> {escape(truncate(' '.join(event.why.split()), _WHY_SHOWN))}")
    return Message(line)


def _line(event: Event, t: Translator) -> Markdown:
    old, new = _values(event, t)
    kind = event.kind.value
    if event.kind in (EventKind.LINKED, EventKind.UNLINKED):
        old = t.plain(f"dispatch.chat.link_kind.{event.old}")
    gone = "_gone" if event.kind in _EMPTIED and not new else ""
    return t(f"dispatch.chat.event.{kind}{gone}", who=who(event.actor, t), old=old, new=new)


def _values(event: Event, t: Translator) -> tuple[str, str]:
    if event.kind is EventKind.STATUS:
        return status_name(t, Status(event.old)), status_name(t, Status(event.new))
    return truncate(event.old, _VALUE_SHOWN), truncate(event.new, _VALUE_SHOWN)


def who(actor: Actor, t: Translator) -> str:
    """Who did it, plain."""
    if actor.kind is ActorKind.PERSON and actor.name:
        return actor.name
    if actor.kind is ActorKind.SYSTEM:
        return t.plain("dispatch.chat.system")
    return actor.name or t.plain(f"dispatch.chat.actor.{actor.kind.value}")


def letter_told(
    sender: str, subject: str, fresh: str, files: tuple[str, ...], refused: tuple[str, ...], t: Translator
) -> Message:
    """A letter, as the thread shows it: the new words, not the quoted ones."""
    parts = [
        escape_block(truncate(fresh.strip(), _LETTER_SHOWN)) if fresh.strip() else t("dispatch.chat.empty")
    ]
    if files:
        parts.append(t("dispatch.chat.files", names=", ".join(files)))
    if refused:
        parts.append(t("dispatch.chat.refused", names=", ".join(refused)))
    body = Attachment(
        color=Colour.BLUE,
        author_name=truncate(sender, _VALUE_SHOWN),
        title=truncate(subject or t.plain("dispatch.chat.no_subject"), _VALUE_SHOWN),
        text=Markdown("\n\n").join(parts),
    )
    return Message(attachments=(body,))
