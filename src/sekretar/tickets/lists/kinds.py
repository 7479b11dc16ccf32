"""Which lists there are, and what each asks of a tracker."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from sekretar.trackers.requests import ME, Openness, Order, Query

#: Tickets of one tracker in one message: more is no longer a glance.
PER_PAGE = 15


class Kind(StrEnum):
    """A list that a person can ask for."""

    MINE = "mine"
    BY_ME = "by_me"
    OVERDUE = "overdue"
    FOUND = "found"


def query_of(kind: Kind, words: str, today: date) -> Query:
    """What a tracker is asked for. `today` is the day at the person's place; `words` are what is searched for."""
    match kind:
        case Kind.MINE:
            return Query(assignee=ME, order=Order.DUE, limit=PER_PAGE)
        case Kind.BY_ME:
            return Query(author=ME, not_assignee=ME, limit=PER_PAGE)
        case Kind.OVERDUE:
            yesterday = today - timedelta(days=1)
            return Query(assignee=ME, due_until=yesterday, order=Order.DUE, limit=PER_PAGE)
        case Kind.FOUND:
            return Query(text=words, openness=Openness.ANY, limit=PER_PAGE)
