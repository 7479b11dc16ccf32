"""Reading what has changed: the issues with a younger `updatedAt`, and the changelog of each.

Tracker can call (`Can.PUSH`), without a signature and without trying again; what has happened is always read here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerForbidden, PeerNotFound
from sekretar.trackers.cursor import Cursor, moment
from sekretar.trackers.exchange import shaped
from sekretar.trackers.values import Changes, Event, FieldChange, Ticket
from sekretar.trackers.yandex import reading
from sekretar.trackers.yandex.reading import Reader
from sekretar.trackers.yandex.wire import Item, Wire
from sekretar.trackers.yandex.writing import field_key

_PAGE = 100
#: Issues read at the same time.
_AT_ONCE = 4
#: What the changelog notes besides what people have set; the status tells the rest.
_UNTOLD = frozenset({"statusStartTime", "resolvedAt", "previousStatus", "lastCommentUpdatedAt", "updatedAt"})


class Following:
    """Reads changes as one account."""

    def __init__(self, wire: Wire, reader: Reader, clock: Clock) -> None:
        self._wire, self._reader, self._clock = wire, reader, clock
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def changes_since(self, text: str | None, project: str | None) -> Changes:
        scope = {"queue": project} if project else {}
        if text is None:
            return Changes((), (await self._begin(scope)).write(), more=False)
        cursor = Cursor.read(text, self._wire.peer)
        now = self._clock.now()
        items, until, behind = await self._listed(scope, cursor)
        with shaped(self._wire.peer):
            unread = [item for item in items if cursor.must_read(str(item["id"]), item["updatedAt"])]
            seen = {str(item["id"]): str(item["updatedAt"]) for item in items}
        histories = await asyncio.gather(*(self._history(item) for item in unread))
        events = sorted(
            (event for history in histories for event in history if cursor.is_news(event)),
            key=lambda event: (event.at, event.id),
        )
        after = cursor.after(until, now, seen, events, behind=behind)
        return Changes(tuple(events), after.write(), more=behind)

    async def _begin(self, scope: dict[str, str]) -> Cursor:
        """A cursor at the last change there is: the clock of Tracker is not ours."""
        rows = await self._wire.search({"filter": scope, "order": ["-updatedAt"]}, {"perPage": "1"})
        with shaped(self._wire.peer):
            begun = moment(rows.items[0]["updatedAt"]) if rows.items else datetime.fromtimestamp(0, UTC)
        return Cursor(begun, begun, begun)

    async def _listed(self, scope: dict[str, str], cursor: Cursor) -> tuple[Sequence[Item], datetime, bool]:
        """Issues that changed since the cursor, until when they are complete, and whether there are more."""
        wanted = {"filter": {**scope, "updatedAt": {"from": _written(cursor.since)}}, "order": ["+updatedAt"]}
        found: list[Item] = []
        last, page = cursor.until, 0
        while True:
            page += 1
            rows = await self._wire.search(wanted, {"perPage": str(_PAGE), "page": str(page)})
            found += rows.items
            with shaped(self._wire.peer):
                last = max((moment(item["updatedAt"]) for item in rows.items), default=last)
            if not rows.items or len(found) >= rows.total:
                return found, max(last, cursor.until), False
            if last > cursor.since:
                return found, last, True

    async def _history(self, item: Item) -> list[Event]:
        """What happened to an issue, oldest first; nothing when it went out of sight since it was listed."""
        async with self._slots:
            with shaped(self._wire.peer):
                path = f"/issues/{item['key']}"
            try:
                entries = await self._wire.list(f"{path}/changelog")
                texts = await self._texts(path) if any(each.get("comments") for each in entries) else {}
            except (PeerNotFound, PeerForbidden):
                return []
        ticket = self._reader.ticket(item)
        with shaped(self._wire.peer):
            return list(self._events(item, ticket, entries, texts))

    async def _texts(self, path: str) -> dict[str, str]:
        """The comments below an issue, by id: the changelog has only their beginnings."""
        comments = await self._wire.list(f"{path}/comments")
        with shaped(self._wire.peer):
            return {str(each["id"]): each.get("text", "") for each in comments}

    def _events(
        self, item: Item, ticket: Ticket, entries: Sequence[Item], texts: dict[str, str]
    ) -> Iterator[Event]:
        yield Event(f"c{item['id']}", ticket, ticket.created, ticket.author, True, "", ())
        for entry in entries:
            added = (entry.get("comments") or {}).get("added") or ()
            comment = "\n\n".join(filter(None, (texts.get(str(each["id"]), "") for each in added)))
            changes = tuple(filter(None, map(_change, entry.get("fields") or ())))
            if (comment or changes) and entry["type"] != "IssueCreated":
                by = self._reader.person(entry.get("updatedBy"))
                yield Event(
                    f"l{entry['id']}", ticket, moment(entry["updatedAt"]), by, False, comment, changes
                )


def _change(item: Item) -> FieldChange | None:
    name = str(item["field"]["id"])
    if name in _UNTOLD:
        return None
    old, new = (", ".join(reading.values(item.get(side))) or None for side in ("from", "to"))
    return FieldChange(field_key(name), old, new)


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"
