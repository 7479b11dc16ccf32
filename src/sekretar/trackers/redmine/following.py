"""What has changed, by polling: `history.py` knows what to ask and what is news, this module asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerForbidden, PeerNotFound
from sekretar.trackers.cursor import Cursor, moment
from sekretar.trackers.exchange import shaped
from sekretar.trackers.redmine import lists
from sekretar.trackers.redmine.history import events_of
from sekretar.trackers.redmine.reading import Reader
from sekretar.trackers.redmine.wire import Wire
from sekretar.trackers.values import Changes, Event

#: Tickets read at the same time.
_AT_ONCE = 4

_SECOND = timedelta(seconds=1)

Item = Mapping[str, Any]


class Following:
    """Reads changes as one account."""

    def __init__(self, wire: Wire, reader: Reader, clock: Clock) -> None:
        self._wire, self._reader, self._clock = wire, reader, clock
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def changes_since(self, text: str | None, project: str | None) -> Changes:
        scope = {"status_id": "*", **({"project_id": project} if project else {})}
        if text is None:
            # Redmine tells seconds: what else happens in the second of the last change is news, what did is not.
            _, begun, _ = await self._look(scope, await self._begin(scope))
            return Changes((), begun.write(), more=False)
        events, after, behind = await self._look(scope, Cursor.read(text, self._wire.peer))
        return Changes(tuple(events), after.write(), more=behind)

    async def _look(self, scope: Mapping[str, str], cursor: Cursor) -> tuple[list[Event], Cursor, bool]:
        """What is new since a cursor, the cursor after it, and whether there is more."""
        now = self._clock.now()
        items, until, behind = await self._listed(scope, cursor)
        with shaped(self._wire.peer):
            unread = [item for item in items if cursor.must_read(str(item["id"]), item["updated_on"])]
        issues = await asyncio.gather(*(self._read(str(item["id"])) for item in unread))
        events = self._events([issue for issue in issues if issue is not None], cursor)
        # What was read is noted as it was listed: a change in between shows in the next list.
        seen = {str(item["id"]): str(item["updated_on"]) for item in items}
        return events, cursor.after(until, now, seen, events, behind=behind), behind

    async def _begin(self, scope: Mapping[str, str]) -> Cursor:
        """A cursor before the second of the last change there is: the clock of the tracker is not ours."""
        _, items = await lists.some(self._wire, {**scope, "sort": "updated_on:desc"}, 0, 1)
        with shaped(self._wire.peer):
            begun = moment(items[0]["updated_on"]) - _SECOND if items else datetime.fromtimestamp(0, UTC)
        return Cursor(begun, begun, begun)

    async def _listed(
        self, scope: Mapping[str, str], cursor: Cursor
    ) -> tuple[Sequence[Item], datetime, bool]:
        """Tickets that changed since the cursor, until when they are complete, and whether there are more."""
        since = _written(cursor.since)
        query = {**scope, "updated_on": f">={since}", "sort": "updated_on:asc,id:asc"}
        total, items = await lists.some(self._wire, query, 0, lists.PAGE)
        with shaped(self._wire.peer):
            moments = [moment(item["updated_on"]) for item in items]
        last = max(moments, default=cursor.until)
        if total <= len(items):
            return items, max(last, cursor.until), False
        if last > cursor.since:
            return items, last, True
        return await self._second(scope, cursor.since), cursor.since + _SECOND, True

    async def _second(self, scope: Mapping[str, str], second: datetime) -> list[Item]:
        """All that changed within a second which is too full for a page, by their numbers.

        Redmine stores fractions of a second that it does not tell, and compares with them: it begins the list up to
        a second too early, and sorts by what cannot be seen. Only a range and the numbers leave nothing out.
        """
        found: list[Item] = []
        while True:
            query = {
                **scope,
                "updated_on": f"><{_written(second)}|{_written(second + _SECOND)}",
                "issue_id": f">={int(found[-1]['id']) + 1 if found else 1}",
                "sort": "id:asc",
            }
            total, items = await lists.some(self._wire, query, 0, lists.PAGE)
            found += items
            if total <= len(items) or not items:
                return found

    async def _read(self, key: str) -> Item | None:
        """A ticket with its journals; None when it went out of sight since it was listed."""
        async with self._slots:
            try:
                answer = await self._wire.get(f"/issues/{key}.json", {"include": "journals"})
            except (PeerNotFound, PeerForbidden):
                return None
        with shaped(self._wire.peer):
            issue: Item = answer["issue"]
            return issue

    def _events(self, issues: Sequence[Item], cursor: Cursor) -> list[Event]:
        with shaped(self._wire.peer):
            found = [event for issue in issues for event in events_of(issue, self._reader, cursor)]
        return sorted(found, key=lambda event: (event.at, event.id))


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
