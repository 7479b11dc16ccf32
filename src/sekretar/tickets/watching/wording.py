"""How news of tickets is told: one ticket to a message, what happened to it line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sekretar.kernel.dates import format_date, near_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape, escape_block, link, truncate
from sekretar.mattermost.messages import Attachment, Button, Message
from sekretar.tickets.watching.rules import Item, Kind
from sekretar.trackers.values import Field, Priority, Status, Ticket

SETTINGS = "tickets.settings"

#: The rest of a subject or a comment is in the ticket.
_SUBJECT_SHOWN = 120
_COMMENT_SHOWN = 1000


@dataclass(frozen=True)
class Names:
    """What the tracker's ids mean to people, by field."""

    by_field: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: The ids of statuses in which a ticket is closed.
    closed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, statuses: Iterable[Status], priorities: Iterable[Priority]) -> Names:
        known = tuple(statuses)
        return cls(
            {
                Field.STATUS: {each.id: each.name for each in known},
                Field.PRIORITY: {each.id: each.name for each in priorities},
            },
            frozenset(each.id for each in known if each.closed),
        )

    def say(self, name: str, value: str | None, t: Translator) -> str:
        """A value of a field as people know it; a text of the tracker, or `Markdown` where it has none."""
        if not value:
            return t("tickets.news.nothing")
        if name == Field.DUE:
            return _day(value, t)
        return truncate(self.by_field.get(name, {}).get(value, value), _SUBJECT_SHOWN)


def news(ticket: Ticket, items: Sequence[Item], names: Names, t: Translator) -> Message:
    """What happened to a ticket that concerns the reader."""
    return Message(Markdown("\n").join([heading(ticket), *(_line(item, ticket, names, t) for item in items)]))


def near(ticket: Ticket, t: Translator, today: date) -> Message:
    """The last day of a ticket is today, tomorrow, or comes before the reader's next morning."""
    assert ticket.due is not None
    day = near_day(ticket.due, today, t.language) or format_date(ticket.due, t.language, today)
    return Message(Markdown(f"{heading(ticket)}\n⏰ {t('tickets.news.near', day=day)}"))


def overdue(ticket: Ticket, t: Translator, today: date) -> Message:
    """The last day of a ticket has passed."""
    assert ticket.due is not None
    day = format_date(ticket.due, t.language, today)
    return Message(Markdown(f"{heading(ticket)}\n⚠️ {t('tickets.news.overdue', day=day)}"))


def heading(ticket: Ticket) -> Markdown:
    """The ticket, leading to its page."""
    return Markdown(f"**{key_link(ticket)}** {escape(truncate(ticket.subject, _SUBJECT_SHOWN))}")


def key_link(ticket: Ticket) -> Markdown:
    """The key alone, leading to the page of the ticket."""
    key = ticket.ref.key
    return link(f"#{key}" if key.isdigit() else key, ticket.link)


def _line(item: Item, ticket: Ticket, names: Names, t: Translator) -> Markdown:
    by = item.by.name
    if item.kind is Kind.COMMENTED:
        return Markdown(f"{t('tickets.news.commented', by=by)}\n{_quoted(item.comment)}")
    if item.kind is Kind.ASSIGNED:
        return _assigned(item, ticket, t)
    assert item.change is not None
    shown = {name: names.say(item.change.field, value, t) for name, value in
             (("old", item.change.old), ("new", item.change.new))}  # fmt: skip
    if item.kind is Kind.CLOSED:
        return t("tickets.news.closed", by=by, new=shown["new"])
    return t(f"tickets.news.{item.change.field}", by=by, **shown)


def _assigned(item: Item, ticket: Ticket, t: Translator) -> Markdown:
    if not item.relieved:
        due = t("tickets.assigned.due", day=format_date(ticket.due, t.language)) if ticket.due else ""
        given = t("tickets.news.assigned", by=item.by.name)
        return Markdown(f"{given} ({due})") if due else given
    now = ticket.assignee.name if ticket.assignee else t("tickets.news.nobody")
    return t("tickets.news.relieved", by=item.by.name, now=now)


def _quoted(text: str) -> Markdown:
    """A comment as it was written, set apart."""
    lines = escape_block(truncate(text.strip(), _COMMENT_SHOWN)).splitlines()
    return Markdown("\n".join(f"> {line}" for line in lines)) + Markdown("\n")


def _day(value: str, t: Translator) -> str:
    try:
        return format_date(date.fromisoformat(value), t.language)
    except ValueError:
        return value


def key_refused(tracker: str, t: Translator) -> Message:
    """The tracker does not take the person's key any more; nothing of it reaches them until they give another."""
    connect = Button(t.plain("tickets.accounts.relink"), "tickets.link", {"tracker": tracker})
    return Message(t("tickets.news.key_refused", tracker=tracker), (Attachment(actions=(connect,)),))
