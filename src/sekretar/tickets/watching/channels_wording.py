"""What is said about subscriptions of channels, and what only channels are told."""

from __future__ import annotations

from collections.abc import Sequence

from sekretar.kernel.dates import format_date
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import Message
from sekretar.tickets.watching.model import TicketSubscription
from sekretar.trackers.values import Event, Ticket


def created(event: Event, ticket: Ticket, t: Translator) -> Markdown:
    """Who made a ticket, for whom and until when."""
    parts = [t("tickets.channel.created", by=event.by.name)]
    if ticket.assignee is not None:
        parts.append(t("tickets.channel.for", name=ticket.assignee.name))
    if ticket.due is not None:
        parts.append(t("tickets.assigned.due", day=format_date(ticket.due, t.language)))
    return Markdown(" · ").join(parts)


def subscribed(row: TicketSubscription, by: Person, t: Translator) -> Message:
    """For the channel: from now on it hears of the project."""
    return Message(
        t("tickets.channel.subscribed", by=_at(by), project=row.project_name, kinds=kinds(row.kinds, t))
    )


def unsubscribed(row: TicketSubscription, by: Person, t: Translator) -> Message:
    """For the channel: it hears no more."""
    return Message(t("tickets.channel.unsubscribed", by=_at(by), project=row.project_name))


def standing(row: TicketSubscription, owner: Person, t: Translator) -> Message:
    """For the channel: the subscription pauses because the subscriber does not see the project, or goes on."""
    key = "paused" if row.paused else "resumed"
    return Message(t(f"tickets.channel.{key}", project=row.project_name, owner=_at(owner)))


def paused(row: TicketSubscription, t: Translator) -> Message:
    """For the subscriber: nothing is told in the channel, why, and what mends it."""
    reason = t(f"tickets.channel.why_{row.paused}", tracker=row.tracker)
    return Message(t("tickets.channel.paused_owner", project=row.project_name, reason=reason))


def listing(rows: Sequence[TicketSubscription], t: Translator) -> Message:
    """What the channel hears of."""
    if not rows:
        return Message(t("tickets.channel.none"))
    lines = [
        t(
            "tickets.channel.paused_line" if row.paused else "tickets.channel.line",
            project=row.project_name,
            name=row.project_key,
            tracker=row.tracker,
            kinds=kinds(row.kinds, t),
        )
        for row in rows
    ]
    return Message(Markdown("\n").join([t("tickets.channel.title"), *lines]))


def kinds(chosen: Sequence[str], t: Translator) -> str:
    """Kinds of news, named."""
    return ", ".join(t.plain(f"tickets.channel.kind_{kind}") for kind in chosen)


def _at(person: Person) -> Markdown:
    return Markdown(f"@{person.username}")
