"""How lists of tickets look: a table for each tracker, and below it what leads on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sekretar.kernel.forms import Choice
from sekretar.kernel.i18n import Translator
from sekretar.kernel.signing import JsonScalar
from sekretar.kernel.text import Markdown, link, table, truncate
from sekretar.mattermost.messages import Action, Attachment, Button, Colour, Message, Select
from sekretar.tickets.lists.collecting import Part, Place, Wanted
from sekretar.tickets.lists.kinds import Kind
from sekretar.tickets.words import NAME_LIMIT, due_of, linked_key, spoken_key
from sekretar.trackers.values import Member, Page, Ticket

#: Turns to another page of a list; the record says which.
PAGE = "tickets.list.page"
#: Shows one ticket; the record names the tracker, the chosen value the key.
OPEN = "tickets.open"

SUBJECT_SHOWN = 80
_STATUS_SHOWN = 30
_CHOICE_LIMIT = 60
_WORDS_SHOWN = 60

#: Who is of interest: for tickets of mine, who gave them; for others, who has them.
_FROM = frozenset({Kind.MINE, Kind.OVERDUE})


def listing(wanted: Wanted, parts: Sequence[Part], t: Translator, today: date) -> Message:
    """A list, as far as the trackers have answered."""
    telling = [part for part in parts if part.page is None or part.page.items or part.place.cursor]
    words = truncate(wanted.words, _WORDS_SHOWN)
    if not telling:
        return Message(t(f"tickets.lists.none_{wanted.kind}", words=words))
    shown = tuple(_part(wanted, part, t, today) for part in telling)
    return Message(t(f"tickets.lists.title_{wanted.kind}", words=words), shown)


def _part(wanted: Wanted, part: Part, t: Translator, today: date) -> Attachment:
    if part.page is None:
        trouble = t.error(part.trouble) if part.trouble else ""
        text = t("tickets.lists.trouble", tracker=part.place.tracker, said=trouble)
        again = Button(t.plain("tickets.lists.again"), PAGE, _record(wanted, part.place))
        return Attachment(color=Colour.RED, text=text, actions=(again,))
    heading = _heading(part, part.page, t)
    return Attachment(
        text=Markdown(f"{heading}\n\n{_table(wanted.kind, part.page.items, t, today)}"),
        fallback=heading,
        actions=tuple(_actions(wanted, part.place, part.page, t)),
    )


def _heading(part: Part, page: Page[Ticket], t: Translator) -> Markdown:
    first, last = part.place.before + 1, part.place.before + len(page.items)
    whole = part.place.before == 0 and page.next is None
    words = [
        Markdown(f"**{t('tickets.lists.tracker', tracker=part.place.tracker)}**"),
        t.plural("tickets.lists.count", len(page.items))
        if whole
        else t("tickets.lists.some", first=first, last=last, total=page.total),
        link(t("tickets.lists.there"), part.link) if part.link else "",
    ]
    return Markdown(" · ").join(each for each in words if each)


def _table(kind: Kind, tickets: Iterable[Ticket], t: Translator, today: date) -> Markdown:
    who = "from" if kind in _FROM else "whose"
    columns = ("key", "subject", "project", "status", "due", who)
    rows = (_cells(each, each.author if kind in _FROM else each.assignee, t, today) for each in tickets)
    return table([t(f"tickets.column.{each}") for each in columns], rows)


def _cells(ticket: Ticket, who: Member | None, t: Translator, today: date) -> list[str]:
    return [
        linked_key(ticket),
        truncate(ticket.subject, SUBJECT_SHOWN),
        truncate(ticket.project.name, NAME_LIMIT),
        truncate(ticket.status.name, _STATUS_SHOWN),
        due_of(ticket, t, today),
        truncate(who.name, NAME_LIMIT) if who else "",
    ]


def _actions(wanted: Wanted, place: Place, page: Page[Ticket], t: Translator) -> Iterable[Action]:
    if page.items:
        choices = tuple(Choice(each.ref.key, _choice(each)) for each in page.items)
        yield Select(t.plain("tickets.lists.open"), OPEN, {"tracker": place.tracker}, choices)
    if place.cursor is not None:
        yield Button(t.plain("tickets.lists.first"), PAGE, _record(wanted, None))
    if page.next is not None:
        following = Place(place.tracker, page.next, place.before + len(page.items))
        yield Button(t.plain("tickets.lists.more"), PAGE, _record(wanted, following))


def _choice(ticket: Ticket) -> str:
    return truncate(f"{spoken_key(ticket.ref.key)} {ticket.subject}", _CHOICE_LIMIT)


def _record(wanted: Wanted, place: Place | None) -> dict[str, JsonScalar]:
    """Where a button leads: to a page of one tracker, or without a place to the beginning of all."""
    record: dict[str, JsonScalar] = {"list": wanted.kind.value, "words": wanted.words}
    if place is None:
        return record
    return record | {"tracker": place.tracker, "page": place.cursor, "before": place.before}
