"""What is said about the tickets that a post speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape, link, truncate
from sekretar.mattermost.messages import Attachment, Button, Colour, Message
from sekretar.tickets.references.model import Mode, Named
from sekretar.tickets.words import linked_key, spoken_key
from sekretar.trackers.values import Ticket, TicketRef

SHOW = "tickets.references.show"

_SUBJECT_SHOWN = 200
_STATUS_SHOWN = 60


def reply(
    named: Sequence[Named], tickets: Mapping[TicketRef, Ticket], post_id: str, t: Translator
) -> Message:
    """The reply in the thread, for everybody in the channel."""
    if not named:
        return Message(t("tickets.references.none"))
    lines = [full(tickets[each.ref]) if each.open else linked_key(tickets[each.ref]) for each in named]
    text = Markdown("\n").join(_listed(lines))
    return Message(text) if all(each.open for each in named) else Message(text, (_show(post_id, t),))


def _listed(lines: Sequence[Markdown]) -> Sequence[Markdown]:
    return lines if len(lines) == 1 else [Markdown(f"* {line}") for line in lines]


def _show(post_id: str, t: Translator) -> Attachment:
    button = Button(t.plain("tickets.references.show"), SHOW, {"post": post_id}, anyone=True)
    return Attachment(color=Colour.BLUE, text=t("tickets.references.closed"), actions=(button,))


def full(ticket: Ticket) -> Markdown:
    """A ticket in a line."""
    subject = escape(truncate(ticket.subject, _SUBJECT_SHOWN))
    return Markdown(f"{linked_key(ticket)} {subject} · {escape(truncate(ticket.status.name, _STATUS_SHOWN))}")


def personal(lines: Sequence[Markdown]) -> Message:
    """What one reader sees of them."""
    return Message(Markdown("\n").join(_listed(lines)))


def hidden(ref: TicketRef, address: str, t: Translator) -> Markdown:
    """A ticket that this reader may not see."""
    return t("tickets.references.hidden", ticket=link(spoken_key(ref.key), address))


def mode(mode: Mode, t: Translator) -> Message:
    """What is done in the channel, and how it is changed."""
    return Message(
        Markdown("\n\n").join([t(f"tickets.references.is_{mode}"), t("tickets.references.change")])
    )
