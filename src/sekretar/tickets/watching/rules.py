"""Who hears of what happened to a ticket, and of what. Pure: events in, news out.

A ticket concerns its author and its assignee, and whoever was given it or relieved of it. Nobody is told what they
did themselves: what Sekretar does for a person is done by that person's account, so it counts as theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sekretar.trackers.values import Event, Field, FieldChange, Member, TicketRef


class Kind(StrEnum):
    """A kind of news that a person can switch off."""

    #: Given to the person, or taken away from them.
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    STATUS = "status"
    CLOSED = "closed"
    #: Priority, last day or subject.
    EDITED = "edited"
    #: The last day is near.
    DUE = "due"
    OVERDUE = "overdue"


#: Fields whose change is `Kind.EDITED`.
EDITED = frozenset({Field.PRIORITY, Field.DUE, Field.SUBJECT})


@dataclass(frozen=True, slots=True)
class Item:
    """Something that happened, as it concerns one reader."""

    kind: Kind
    #: The id of the event, which names it for good.
    event: str
    by: Member
    comment: str = ""
    #: None for a comment, and for a ticket that was somebody's from the beginning.
    change: FieldChange | None = None
    #: For `Kind.ASSIGNED`: the ticket was the reader's, and is not any more.
    relieved: bool = False


#: By the tracker's id of the member: what there is to tell them of one ticket, oldest first.
News = Mapping[str, tuple[Item, ...]]


def by_ticket(events: Iterable[Event]) -> dict[TicketRef, list[Event]]:
    """The events of each ticket, in their order."""
    found: dict[TicketRef, list[Event]] = defaultdict(list)
    for event in events:
        found[event.ticket.ref].append(event)
    return dict(found)


def news_of(events: Sequence[Event], closed: frozenset[str]) -> News:
    """What the events of one ticket are to whom. `closed`: the ids of statuses in which a ticket is closed."""
    found: dict[str, list[Item]] = defaultdict(list)
    for event in events:
        for member, item in _items(event, events, closed):
            if member != event.by.id:
                found[member].append(item)
    return {member: tuple(items) for member, items in found.items()}


def _items(event: Event, events: Sequence[Event], closed: frozenset[str]) -> Iterable[tuple[str, Item]]:
    ticket = event.ticket
    if event.created:
        first = first_assignee(events)
        return [(first, Item(Kind.ASSIGNED, event.id, event.by))] if first else []
    circle = sorted({ticket.author.id} | ({ticket.assignee.id} if ticket.assignee else set()))
    found: list[tuple[str, Item]] = []
    for change in event.changes:
        if change.field == Field.ASSIGNEE:
            found += _assigned(event, change)
        elif (kind := kind_of(change, closed)) is not None:
            found += [(each, Item(kind, event.id, event.by, change=change)) for each in circle]
    if event.comment:
        found += [(each, Item(Kind.COMMENTED, event.id, event.by, event.comment)) for each in circle]
    return found


def _assigned(event: Event, change: FieldChange) -> Iterable[tuple[str, Item]]:
    if change.new:
        yield change.new, Item(Kind.ASSIGNED, event.id, event.by, change=change)
    if change.old:
        yield change.old, Item(Kind.ASSIGNED, event.id, event.by, change=change, relieved=True)


def kind_of(change: FieldChange, closed: frozenset[str]) -> Kind | None:
    """What a change of a field is to those it concerns; None for what nobody is told."""
    if change.field == Field.STATUS:
        return Kind.CLOSED if change.new in closed and change.old not in closed else Kind.STATUS
    return Kind.EDITED if change.field in EDITED else None


def first_assignee(events: Sequence[Event]) -> str | None:
    """Whose a new ticket was: the events show it as it is now, and it may have changed hands since."""
    changes = (change for event in events for change in event.changes if change.field == Field.ASSIGNEE)
    first = next(changes, None)
    if first is not None:
        return first.old
    now = events[-1].ticket.assignee
    return now.id if now else None
