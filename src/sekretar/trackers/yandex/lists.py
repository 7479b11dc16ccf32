"""Lists of issues: what a person looks for, page by page, and many issues by their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound
from sekretar.trackers.exchange import part
from sekretar.trackers.requests import Order, Query
from sekretar.trackers.values import Page, Ticket, TicketRef
from sekretar.trackers.yandex import queries, reading
from sekretar.trackers.yandex.reading import Reader
from sekretar.trackers.yandex.wire import Item, Wire

#: Keys asked for at once.
_KEYS = 100

#: What Tracker may say of a key that is nobody's, or somebody else's.
_OUT_OF_SIGHT = (PeerNotFound, PeerForbidden, PeerInvalid)

#: The last row that Tracker shows page by page.
_LAST_ROW = 10_000


class Lists:
    """Reads lists as one account."""

    def __init__(self, wire: Wire, reader: Reader) -> None:
        self._wire, self._reader = wire, reader

    async def find(self, query: Query, page: str | None, names: Mapping[str, str]) -> Page[Ticket]:
        """Tickets that meet a query; a page is named by its offset, `names` are the logins of people by id."""
        offset = _offset(page, self._wire.peer)
        if query.order is Order.DUE and query.due_until is None:
            total, items = await self._by_due_date(query, offset, names)
        else:
            total, items = await self._some(
                queries.written(query, names=names), offset, query.limit, query.limit
            )
        end = offset + len(items)
        following = str(end) if items and end < min(total, _LAST_ROW) else None
        return Page(tuple(map(self._reader.ticket, items)), total, following)

    async def by_keys(self, refs: Sequence[TicketRef]) -> dict[TicketRef, Ticket]:
        """Those of the tickets that are there, also by the keys they had before they were moved."""
        keys = list(dict.fromkeys(ref.key for ref in refs))
        found: dict[str, Ticket] = {}
        for start in range(0, len(keys), _KEYS):
            for item in await self._named(keys[start : start + _KEYS]):
                ticket = self._reader.ticket(item)
                found |= dict.fromkeys(reading.keys_of(item), ticket)
        return {ref: found[ref.key] for ref in refs if ref.key in found}

    async def _named(self, keys: Sequence[str]) -> Sequence[Item]:
        """Issues by their keys, in one request; one by one where a single key spoils it."""
        try:
            return (await self._wire.search({"keys": list(keys)}, {"perPage": str(_KEYS)})).items
        except _OUT_OF_SIGHT:
            found = [await self._one(key) for key in keys]
            return [item for item in found if item is not None]

    async def _one(self, key: str) -> Item | None:
        try:
            issue: Item = await self._wire.get(f"/issues/{part(key)}")
        except _OUT_OF_SIGHT:
            return None
        return issue

    async def _by_due_date(
        self, query: Query, offset: int, names: Mapping[str, str]
    ) -> tuple[int, list[Item]]:
        """What is never due comes last, wherever Tracker's own order puts it."""
        due = queries.written(query, "Deadline: notEmpty()", names=names)
        never = queries.written(query, "Deadline: empty()", names=names)
        total, items = await self._some(due, offset, query.limit, query.limit)
        missing = query.limit - len(items)
        others, more = await self._some(never, max(0, offset - total), max(1, missing), query.limit)
        return total + others, items + more[:missing]

    async def _some(self, query: str, offset: int, wanted: int, size: int) -> tuple[int, list[Item]]:
        """So many issues from an offset on, and how many there are: one page, or the two that they lie on."""
        number, skipped = divmod(offset, size)
        rows = await self._wire.search({"query": query}, _page(number, size))
        found = list(rows.items[skipped:])
        if len(found) < wanted and (number + 1) * size < rows.total:
            further = await self._wire.search({"query": query}, _page(number + 1, size))
            found += further.items
        return rows.total, found[:wanted]


def _page(number: int, size: int) -> dict[str, str]:
    return {"perPage": str(size), "page": str(number + 1)}


def _offset(page: str | None, peer: str) -> int:
    if page is None:
        return 0
    if not page.isascii() or not page.isdigit() or int(page) >= _LAST_ROW:
        raise PeerInvalid(peer, "this is not a page")
    return int(page)
