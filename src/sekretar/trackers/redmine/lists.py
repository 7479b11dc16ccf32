"""Lists of Redmine: paging, filters and search.

A page holds a hundred at most, whatever is asked for. A filter that a Redmine does not know is ignored and the whole
list comes back, so only filters of every supported version are used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sekretar.kernel.errors import PeerInvalid
from sekretar.trackers.exchange import part, shaped
from sekretar.trackers.redmine.addresses import me_or_id
from sekretar.trackers.redmine.reading import Reader
from sekretar.trackers.redmine.wire import Wire
from sekretar.trackers.requests import Openness, Order, Query
from sekretar.trackers.values import Page, Ticket

PAGE = 100

#: The most entries of a directory that are fetched; a house has fewer projects than that.
MOST = 5_000

Item = Mapping[str, Any]

_STATUS = {Openness.OPEN: "open", Openness.CLOSED: "closed", Openness.ANY: "*"}


async def everything(wire: Wire, path: str, name: str, query: Mapping[str, str] | None = None) -> list[Item]:
    """All entries of a list, page by page."""
    found: list[Item] = []
    while len(found) < MOST:
        answer = await wire.get(path, {**(query or {}), "limit": str(PAGE), "offset": str(len(found))})
        with shaped(wire.peer):
            items = answer[name]
            found += items
            if not items or len(found) >= int(answer.get("total_count", 0)):
                break
    return found


async def some(wire: Wire, query: Mapping[str, str], offset: int, limit: int) -> tuple[int, list[Item]]:
    """How many tickets a query finds, and some of them."""
    answer = await wire.get("/issues.json", {**query, "offset": str(offset), "limit": str(limit)})
    with shaped(wire.peer):
        return int(answer["total_count"]), list(answer["issues"])


async def find(wire: Wire, reader: Reader, query: Query, page: str | None) -> Page[Ticket]:
    """Tickets that meet a query; a page is named by its offset."""
    offset = _offset(page, wire.peer)
    if query.text:
        total, items, seen = await _searched(wire, query, offset)
    elif query.order is Order.DUE and query.due_until is None:
        total, items = await _by_due_date(wire, query, offset)
        seen = len(items)
    else:
        sort = "due_date:asc,id:asc" if query.order is Order.DUE else "updated_on:desc,id:desc"
        total, items = await some(wire, {**_filters(query), "sort": sort}, offset, query.limit)
        seen = len(items)
    end = offset + seen
    return Page(tuple(map(reader.ticket, items)), total, str(end) if seen and end < total else None)


async def _by_due_date(wire: Wire, query: Query, offset: int) -> tuple[int, list[Item]]:
    """What is never due comes last; where it stands in Redmine's own order depends on the database."""
    filters = _filters(query)
    due = {**filters, "due_date": "*", "sort": "due_date:asc,id:asc"}
    never = {**filters, "due_date": "!*", "sort": "updated_on:desc,id:desc"}
    total, items = await some(wire, due, offset, query.limit)
    missing = query.limit - len(items)
    others, more = await some(wire, never, max(0, offset - total), max(1, missing))
    return total + others, items + more[:missing]


async def _searched(wire: Wire, query: Query, offset: int) -> tuple[int, list[Item], int]:
    """What Redmine's own search finds (subjects, descriptions, comments); the other conditions choose among it.

    Returns the number of hits, those that meet the other conditions, and how many hits were looked at.
    """
    path = f"/projects/{part(query.project)}/search.json" if query.project else "/search.json"
    asked = {"q": query.text, "issues": "1", "offset": str(offset), "limit": str(query.limit)}
    if query.openness is Openness.OPEN:
        asked["open_issues"] = "1"
    answer = await wire.get(path, asked)
    with shaped(wire.peer):
        hits: Sequence[Item] = answer["results"]
        keys = [str(hit["id"]) for hit in hits if str(hit["type"]).startswith("issue")]
        total = int(answer["total_count"])
    if not keys:
        return total, [], len(hits)
    _, items = await some(wire, {**_filters(query), "issue_id": ",".join(keys)}, 0, len(keys))
    found = {str(item["id"]): item for item in items}
    return total, [found[key] for key in keys if key in found], len(hits)


def _filters(query: Query) -> dict[str, str]:
    filters = {"status_id": _STATUS[query.openness]}
    if query.project is not None:
        filters["project_id"] = query.project
    if query.assignee is not None:
        filters["assigned_to_id"] = me_or_id(query.assignee)
    elif query.not_assignee is not None:
        filters["assigned_to_id"] = f"!{me_or_id(query.not_assignee)}"
    if query.author is not None:
        filters["author_id"] = me_or_id(query.author)
    if query.due_until is not None:
        filters["due_date"] = f"<={query.due_until.isoformat()}"
    return filters


def _offset(page: str | None, peer: str) -> int:
    if page is None:
        return 0
    if not page.isascii() or not page.isdigit():
        raise PeerInvalid(peer, "this is not a page")
    return int(page)
