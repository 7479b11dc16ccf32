"""The addresses of a Redmine that people open, and what an address or a key they write means.

A Redmine often lives below a path (`https://example.org/redmine`), and people paste links with a note or a query at
the end. Sekretar may reach it by another address than people do: both are recognised, the public one is given out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from sekretar.trackers.links import page_below
from sekretar.trackers.requests import ME, Me, Openness, Order, Query
from sekretar.trackers.values import TicketRef

_KEY = re.compile(r"#?([1-9][0-9]{0,9})")
_TICKET_PATH = re.compile(r"/issues/([1-9][0-9]{0,9})/?")

_OPERATORS = {Openness.OPEN: "o", Openness.CLOSED: "c", Openness.ANY: "*"}
_SORTS = {Order.RECENT: "updated_on:desc,id:desc", Order.DUE: "due_date:asc,id:asc"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a Redmine is: `url` for Sekretar, `public_url` for browsers, both without a slash at the end."""

    name: str
    url: str
    public_url: str

    def ticket(self, key: str) -> str:
        return f"{self.public_url}/issues/{key}"

    def key_page(self) -> str:
        """Where a person sees their own key."""
        return f"{self.public_url}/my/account"

    def attachment(self, attachment_id: str) -> str:
        return f"{self.public_url}/attachments/{attachment_id}"

    def filter(self, query: Query) -> str:
        """Redmine's own list of what a query finds."""
        if query.text:
            return f"{self._issues(query, 'search')}?{urlencode({'q': query.text, 'issues': '1'})}"
        pairs = [("set_filter", "1"), ("sort", _SORTS[query.order]), *_filters(query)]
        return f"{self._issues(query, 'issues')}?{urlencode(pairs)}"

    def ref_of_key(self, text: str) -> TicketRef | None:
        found = _KEY.fullmatch(text.strip())
        return TicketRef(self.name, found[1]) if found else None

    def ref_of_link(self, url: str) -> TicketRef | None:
        for root in (self.public_url, self.url):
            found = _TICKET_PATH.fullmatch(page_below(url, root) or "")
            if found:
                return TicketRef(self.name, found[1])
        return None

    def _issues(self, query: Query, page: str) -> str:
        return (
            f"{self.public_url}/projects/{query.project}/{page}"
            if query.project
            else f"{self.public_url}/{page}"
        )


def _filters(query: Query) -> Iterator[tuple[str, str]]:
    """The conditions as Redmine's pages write them."""
    yield from _filter("status_id", _OPERATORS[query.openness])
    people = (
        ("assigned_to_id", "=", query.assignee),
        ("assigned_to_id", "!", query.not_assignee),
        ("author_id", "=", query.author),
    )
    for name, operator, who in people:
        if who is not None:
            yield from _filter(name, operator, me_or_id(who))
    if query.due_until is not None:
        yield from _filter("due_date", "<=", query.due_until.isoformat())


def _filter(name: str, operator: str, value: str = "") -> Iterator[tuple[str, str]]:
    yield "f[]", name
    yield f"op[{name}]", operator
    if value:
        yield f"v[{name}][]", value


def me_or_id(who: str | Me) -> str:
    """How Redmine's filters name a person."""
    return "me" if who is ME else str(who)
