"""How tickets are named in messages: the same everywhere."""

from __future__ import annotations

from datetime import date

from sekretar.kernel.dates import format_date, near_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, link
from sekretar.trackers.values import Ticket

NAME_LIMIT = 40


def spoken_key(key: str) -> str:
    """`#10`, `DESK-12`: as people say it."""
    return f"#{key}" if key.isdigit() else key


def linked_key(ticket: Ticket) -> Markdown:
    """The key of a ticket, leading to its page."""
    return link(spoken_key(ticket.ref.key), ticket.link)


def is_overdue(ticket: Ticket, today: date) -> bool:
    """Whether its last day has passed and it is not done."""
    return ticket.due is not None and ticket.due < today and not ticket.status.closed


def due_of(ticket: Ticket, t: Translator, today: date) -> Markdown:
    """The last day, marked when it has passed; empty for none."""
    if ticket.due is None:
        return Markdown("")
    day = near_day(ticket.due, today, t.language) or format_date(ticket.due, t.language, today)
    return t("tickets.due.overdue" if is_overdue(ticket, today) else "tickets.due.day", day=day)
