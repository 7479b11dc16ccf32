"""What is looked for, in Tracker's query language: the same text asks the API and opens the list in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sekretar.trackers.requests import Me, Openness, Order, Query

_SORTS = {Order.RECENT: "Updated DESC", Order.DUE: "Deadline ASC"}

#: Tracker calls a ticket closed by its resolution; statuses are named as every house likes.
_OPENNESS = {Openness.OPEN: "Resolution: empty()", Openness.CLOSED: "Resolution: notEmpty()"}


def written(query: Query, *more: str, names: Mapping[str, str] | None = None) -> str:
    """A query as a text.

    `more` are further conditions. `names` are the logins of people by their ids: the language speaks of people by
    login or name.
    """

    def who(person: str | Me) -> str:
        return "me()" if isinstance(person, Me) else _quoted((names or {}).get(person, person))

    conditions = " AND ".join([*_conditions(query, who), *more])
    return f'{conditions} "Sort by": {_SORTS[query.order]}'.strip()


def people_in(query: Query) -> set[str]:
    """The ids of the people that a query names."""
    named = (query.assignee, query.not_assignee, query.author)
    return {person for person in named if isinstance(person, str)}


def _conditions(query: Query, who: Callable[[str | Me], str]) -> Iterator[str]:
    if query.project is not None:
        yield f"Queue: {_quoted(query.project)}"
    if query.openness in _OPENNESS:
        yield _OPENNESS[query.openness]
    if query.assignee is not None:
        yield f"Assignee: {who(query.assignee)}"
    elif query.not_assignee is not None:
        yield f"(Assignee: empty() OR Assignee: !{who(query.not_assignee)})"
    if query.author is not None:
        yield f"Author: {who(query.author)}"
    if query.due_until is not None:
        yield f'Deadline: <= "{query.due_until.isoformat()}"'
    if query.text:
        yield f"(Summary: {_quoted(query.text)} OR Description: {_quoted(query.text)})"


def _quoted(text: str) -> str:
    """A value as it stands in a query: the language has no way to write its own quotation marks."""
    return '"' + " ".join(text.replace('"', " ").replace("\\", " ").split()) + '"'
